"""The Word document of a report."""
