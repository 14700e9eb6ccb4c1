"""Governed numbers: data products, their quality, and the metrics defined over them.

The only way from a question to a figure. What a principal may see is applied to a product's table before
anything else reads it, and every figure carries its as-of, its quality and where it comes from.
"""
