"""The workbook of a report: the data behind each figure."""
