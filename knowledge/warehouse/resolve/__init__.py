"""From a question in words to governed queries, by rule alone.

Nothing here reads a row or makes up a name: every part of a query comes from the catalog, the index of its
values or the calendar. A word that none of them explains is told of and costs confidence.
"""
