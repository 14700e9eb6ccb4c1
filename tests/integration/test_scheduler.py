"""The scheduler's own process does what nobody asks for: it follows tickets up."""

import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import update

from ledger.db import Database, now_in
from ledger.migrate import migrate
from ledger.people import find_principal, sync_people
from ledger.schema import TicketRow
from ledger.ticket_changes import change_ticket
from ledger.ticket_follow_up import open_follow_ups
from ledger.ticket_views import TicketState
from ledger.tickets import TicketRequest, open_ticket
from ledger.workspace import open_workspace

LARKSPUR = Path(__file__).parents[2] / "examples" / "larkspur"
EMPLOYEE = "employee@larkspur.example"
TICKET = TicketRequest(
    title="VPN",
    text="It says timeout.",
    category="network",
    priority=2,
    priority_reason="One person cannot work.",
    group="it",
)


def test_a_ticket_resolved_a_week_ago_is_asked_about(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'crewdesk.db'}")
    migrate(db)
    sync_people(db, open_workspace(LARKSPUR).people)
    requester = find_principal(db, EMPLOYEE)
    open_ticket(db, requester, TICKET, "1")
    change_ticket(db, requester, 1, TicketState.RESOLVED)
    with db.write() as session:
        session.execute(update(TicketRow).values(resolved_at=now_in(session) - timedelta(days=7)))
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CREWDESK_")},
        "CREWDESK_WORKSPACE": str(LARKSPUR),
        "CREWDESK_VAR": str(tmp_path),
        # Nothing is rung for, so nobody has to be there.
        "CREWDESK_BROKER_URL": "redis://127.0.0.1:1/0",
    }
    scheduler = subprocess.Popen([sys.executable, "-m", "crews.scheduler"], env=env)
    try:
        deadline = time.monotonic() + 60
        while not any(seen.asked_at for seen in open_follow_ups(db)[1]):
            assert scheduler.poll() is None
            assert time.monotonic() < deadline, "the ticket was not followed up"
            threading.Event().wait(0.05)
    finally:
        scheduler.terminate()
        assert scheduler.wait(timeout=30) == 0
        db.close()
