"""Answers from the company's documents, and only from them."""
