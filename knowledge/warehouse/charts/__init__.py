"""Pictures of governed results: from a choice of columns to a Vega-Lite spec to PNG or SVG.

A spec is made here and nowhere else, of fields and texts of our own; it holds its data, no address and no
expression.
"""
