"""The specialists: agents, tools, workflows, the model gateway and the Celery worker that runs their steps.

Importing this package loads nothing heavy; CrewAI comes in with the first crew that is built.
"""
