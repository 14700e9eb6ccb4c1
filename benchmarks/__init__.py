"""Measures what the design promises: `python -m benchmarks`. Nothing of the product imports this."""
