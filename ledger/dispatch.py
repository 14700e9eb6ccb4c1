"""The doorbells that are owed: one row a step, which the relay rings for when it is due."""

from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, update
from sqlalchemy.orm import Session

from ledger.db import insert_into, now_in, owe_doorbell
from ledger.schema import DispatchRow

_TABLE = cast(Table, DispatchRow.__table__)
_HEAR = (
    update(_TABLE)
    .where(_TABLE.c.step_id == bindparam("step"), _TABLE.c.rung_at.is_(None))
    .values(rung_at=bindparam("now"))
)
_FORGET = delete(_TABLE).where(_TABLE.c.step_id == bindparam("step"))


def owe_dispatch(session: Session, step_id: str, *, due_at: datetime | None = None) -> None:
    """Has the relay ring for this step, again if it has rung before: now, or when it is due."""
    owed_at = max(now_in(session), due_at) if due_at else now_in(session)
    row = {"step_id": step_id, "owed_at": owed_at, "rings": 0}
    session.connection().execute(_owing(insert_into(session)), row)
    if due_at is None:
        owe_doorbell(session)


def hear_dispatch(session: Session, step_id: str) -> None:
    """Somebody works on the step: nothing need be rung for it any more."""
    session.connection().execute(_HEAR, {"step": step_id, "now": now_in(session)})


def forget_dispatch(session: Session, step_id: str) -> None:
    session.connection().execute(_FORGET, {"step": step_id})


@cache
def _owing(insert: Any) -> Any:
    # One statement: a row that was looked at first may be gone by the time it is written.
    owe = insert(_TABLE)
    again = {"rung_at": None, "owed_at": owe.excluded.owed_at}
    return owe.on_conflict_do_update(index_elements=["step_id"], set_=again)
