"""Answers from what others publish about the market, and never from the company's own documents."""
