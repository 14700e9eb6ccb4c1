"""Learns categories from a workspace's labelled examples, and says how sure it is.

Training is deterministic; a model is kept in a file of numbers and words, never as pickled code.
"""
