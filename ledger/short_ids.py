"""From what a person typed of an id to the whole of it: `short_id` the other way round."""

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from ledger.db import Database
from ledger.errors import InvalidInput, NotFound
from ledger.schema import DecisionRow, RunRow

_FEWEST = 4
_LISTED = {"run": "runs", "decision": "decisions list"}


def resolve_run_id(db: Database, given: str) -> str:
    """The full id of the run whose id is, or ends with, what a person typed. Raises NotFound,
    InvalidInput."""
    return _resolve(db, RunRow.id, "run", given)


def resolve_decision_id(db: Database, given: str) -> str:
    """Raises NotFound, InvalidInput."""
    return _resolve(db, DecisionRow.id, "decision", given)


def _resolve(db: Database, column: InstrumentedAttribute[str], noun: str, given: str) -> str:
    ending = given.strip().lower()
    if len(ending) < _FEWEST or not set(ending) <= set("0123456789abcdef-"):
        raise InvalidInput(
            f"'{given}' is not a {noun} id; give at least the last four characters of one from "
            f"`crewdesk {_LISTED[noun]}`."
        )
    with db.read() as session:
        found = list(session.scalars(select(column).where(column.endswith(ending)).limit(2)))
    if not found:
        raise NotFound(f"There is no {noun} {given}.")
    if len(found) > 1:
        raise InvalidInput(f"More than one {noun} ends with '{given}'; give more of its id.")
    return found[0]
