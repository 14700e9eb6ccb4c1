"""Sends a question to the specialist who can answer it."""
