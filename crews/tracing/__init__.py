"""The record of a crew's work: CrewAI's events, and the copy for Langfuse."""
