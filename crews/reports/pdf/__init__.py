"""The PDF of a report, set by Typst."""
