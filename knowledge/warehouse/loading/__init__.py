"""From a product's source to its published rows: extract, conform, check, publish.

What is published conforms to the product's columns and has passed every check that blocks; whatever does not
is kept back with its reasons, and the last good version goes on being served.
"""
