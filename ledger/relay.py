"""Rings the doorbells the ledger owes when they are due, lets what waited go on, sweeps up after the dead and
has people reminded of what is overdue.

The only publisher. Ringing twice does no harm, so a relay needs no lock and there may be two.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Row, Table, bindparam, select, update
from sqlalchemy.orm import Session

from ledger.db import Database, now_in
from ledger.due import due_in, pass_steps
from ledger.errors import DatabaseUnavailable
from ledger.escalation_cards import remind_overdue
from ledger.log import get_logger
from ledger.queue import BrokerUnavailable
from ledger.schema import DispatchRow
from ledger.sweep import sweep_steps

_log = get_logger(__name__)

SWEEP_EVERY_S = 2.0
_BATCH = 200
_PAUSE_S = 1.0
_OWED = (
    select(DispatchRow.step_id, DispatchRow.owed_at)
    .where(DispatchRow.rung_at.is_(None), DispatchRow.owed_at <= bindparam("now"))
    .order_by(DispatchRow.owed_at)
    .limit(_BATCH)
)
_TABLE = cast(Table, DispatchRow.__table__)
_RUNG = (
    update(_TABLE)
    .where(_TABLE.c.step_id == bindparam("step"), _TABLE.c.owed_at == bindparam("at"))
    .values(rung_at=bindparam("now"), rings=_TABLE.c.rings + 1)
)


class Relay:
    """`ring` sends one step id to the workers and raises BrokerUnavailable if it cannot."""

    def __init__(self, db: Database, ring: Callable[[str], None], poll_s: float = 0.1) -> None:
        self._db = db
        self._ring = ring
        self._poll_s = poll_s

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. A database or broker that is away is waited for, and what nobody foresaw is
        logged: without its relay an installation stands still."""
        sweep_in_s = 0.0
        while not stop.is_set():
            try:
                with self._db.read() as session:
                    owed, due = _owed_in(session), due_in(session)
                # First, as somebody may have just asked; what goes on then wakes this loop again.
                self._ring_for(owed)
                pass_steps(self._db, due)
                if sweep_in_s <= 0:
                    sweep_steps(self._db)
                    remind_overdue(self._db)
                    sweep_in_s = SWEEP_EVERY_S
            except (BrokerUnavailable, DatabaseUnavailable) as error:
                _log.warning("relay_waited", code=error.code, reason=str(error))
                stop.wait(_PAUSE_S)
            except Exception:  # noqa: BLE001 - the last resort: nobody would start this thread again
                _log.exception("relay_broke")
                stop.wait(_PAUSE_S)
            self._db.dispatched.wait(self._poll_s)
            self._db.dispatched.clear()
            sweep_in_s -= self._poll_s

    def ring_due(self) -> int:
        """Rings for every step that is owed a ring by now; returns how many. Raises BrokerUnavailable."""
        with self._db.read() as session:
            owed = _owed_in(session)
        self._ring_for(owed)
        return len(owed)

    def _ring_for(self, owed: Sequence[Row[str, datetime]]) -> None:
        for step_id, owed_at in owed:
            self._ring(step_id)
            self._mark_rung(step_id, owed_at)

    def _mark_rung(self, step_id: str, owed_at: datetime) -> None:
        # After the ring, never before: a crash in between rings twice, which is harmless. A ring that has
        # come to be owed meanwhile, because the step was given back at once, stays owed.
        with self._db.record() as session:
            rung = {"step": step_id, "at": owed_at, "now": now_in(session)}
            session.connection().execute(_RUNG, rung)


def _owed_in(session: Session) -> Sequence[Row[str, datetime]]:
    return session.execute(_OWED, {"now": now_in(session)}).all()
