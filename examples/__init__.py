"""What a newcomer meets first: a sample workspace and a demonstration on it."""
