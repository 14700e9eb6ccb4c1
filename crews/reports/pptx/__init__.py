"""The slides of a report."""
