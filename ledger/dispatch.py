"""The doorbells that are owed: one row a step, which the relay rings for when it is due."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ledger.db import insert_into, now_in, owe_doorbell
from ledger.schema import DispatchRow


def owe_dispatch(
    session: Session, step_id: str, *, due_at: datetime | None = None, wake: bool = True
) -> None:
    """Has the relay ring for this step, again if it has rung before: now, or when it is due; at its next look
    without `wake`."""
    # One statement: a row that was looked at first may be gone by the time it is written.
    owed_at = max(now_in(session), due_at) if due_at else now_in(session)
    values = {"step_id": step_id, "owed_at": owed_at, "rings": 0}
    session.execute(
        insert_into(session)(DispatchRow)
        .values(**values)
        .on_conflict_do_update(index_elements=["step_id"], set_={"rung_at": None, "owed_at": owed_at})
    )
    if wake and due_at is None:
        owe_doorbell(session)


def forget_dispatch(session: Session, step_id: str) -> None:
    session.execute(delete(DispatchRow).where(DispatchRow.step_id == step_id))
