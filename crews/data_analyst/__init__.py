"""Answers with governed numbers: metrics first, guarded SQL second."""
