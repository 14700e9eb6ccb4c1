"""Keeps a run to one transaction at a time, for whoever gives out something that is numbered within it."""

from typing import cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from ledger.schema import RunRow

_RUNS = cast(Table, RunRow.__table__)
_LOCK = select(_RUNS.c.id).where(_RUNS.c.id == bindparam("run")).with_for_update(key_share=True)


def lock_run(session: Session, run_id: str) -> None:
    """Until the transaction ends."""
    session.connection().execute(_LOCK, {"run": run_id}).one()
