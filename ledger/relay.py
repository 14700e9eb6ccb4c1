"""Rings the doorbells the ledger owes when they are due, lets what waited go on, sweeps up after the dead and
has people reminded of what is overdue.

The only publisher. Ringing twice does no harm, so a relay needs no lock and there may be two.
"""

import threading
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import bindparam, select, update

from ledger.db import Database, now_in
from ledger.due import pass_due
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
                # First, as somebody may have just asked; what `pass_due` lets go on wakes this loop again.
                self.ring_due()
                pass_due(self._db)
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
            due = session.execute(_OWED, {"now": now_in(session)}).all()
        for step_id, owed_at in due:
            self._ring(step_id)
            self._mark_rung(step_id, owed_at)
        return len(due)

    def _mark_rung(self, step_id: str, owed_at: datetime) -> None:
        # After the ring, never before: a crash in between rings twice, which is harmless. A ring that has
        # come to be owed meanwhile, because the step was given back at once, stays owed.
        with self._db.record() as session:
            session.execute(
                update(DispatchRow)
                .where(DispatchRow.step_id == step_id, DispatchRow.owed_at == owed_at)
                .values(rung_at=now_in(session), rings=DispatchRow.rings + 1)
            )
