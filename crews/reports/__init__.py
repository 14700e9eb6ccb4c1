"""Reports: a document model, what fills it, and its renderers.

Nothing here asks a model, a clock or the database: equal material makes an equal report, and an equal report
makes equal bytes in every format.
"""
