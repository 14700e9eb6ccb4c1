"""What must hold of a product's rows before anybody gets a number out of them.

A check never raises for bad rows or for being a bad check: it says in a sentence what it found, or why it
could not look. No sentence, measure or example holds a value of a column that is personal or confidential.
"""

from knowledge.warehouse.checks.profile import profile_rows
from knowledge.warehouse.checks.run import run_checks

__all__ = ["profile_rows", "run_checks"]
