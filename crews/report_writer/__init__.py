"""Writes the words of a report from typed facts, and never from pages."""
