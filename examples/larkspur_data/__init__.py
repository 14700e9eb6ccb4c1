"""The sample company's figures: about three years of an invented retailer's tables, made anew each day.

The same `today` gives the same bytes, and a day that is over has the same rows on whichever later day they
are made, so a question about a past quarter keeps its answer.
"""
