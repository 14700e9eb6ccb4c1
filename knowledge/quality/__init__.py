"""The quality gate: what a document's text has to pass before anybody is answered from it."""
