"""Personal data: where it stands in a text, what a workspace wants done about it, and tokens in its place."""
