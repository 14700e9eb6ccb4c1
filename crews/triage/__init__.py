"""What triage stands on: categories learned from examples, priorities by rule, who has access to what, how
systems fare, and tickets.
"""
