"""Tells what answers a question from what is only about the same matter, and whether two passages
disagree."""
