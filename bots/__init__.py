"""The Slack front door: a mention or direct message becomes a run whose answer goes into the thread, once."""
