"""When a resolved ticket is asked about, and closed: after as many business hours as the workspace says."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from crews.triage.due_time import BusinessHours, due_time
from crews.triage.follow_up import FollowUpKeeper
from ledger.clock import ManualClock
from ledger.db import Database
from ledger.errors import WorkspaceInvalid
from ledger.people import find_principal
from ledger.ticket_changes import change_ticket
from ledger.ticket_views import TicketState
from ledger.tickets import TicketRequest, get_ticket, open_ticket
from tests.unit.crews.triage_world import triage_workspace
from tests.unit.ledger.world import EMPLOYEE, furnish, pass_time

# Monday 2 March 2026, 09:00.
FRIDAY_NOON_S = (4 * 24 + 3) * 3600
HOUR_S = 3600


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return triage_workspace(tmp_path / "shop").folder


@pytest.fixture
def resolved(sqlite_db: Database) -> Database:
    """Ticket 1 is resolved on a Friday at noon."""
    requester = find_principal(furnish(sqlite_db), EMPLOYEE)
    request = TicketRequest(
        title="VPN",
        text="It says timeout.",
        category="network",
        priority=2,
        priority_reason="One person cannot work.",
        group="finance",
    )
    open_ticket(sqlite_db, requester, request, "1")
    pass_time(sqlite_db, FRIDAY_NOON_S)
    change_ticket(sqlite_db, requester, 1, TicketState.RESOLVED)
    return sqlite_db


def say(folder: Path, line: str) -> None:
    path = folder / "triage" / "categories.yaml"
    path.write_text(f"{line}\n{path.read_text()}")


def state(db: Database) -> tuple[str, str]:
    ticket = get_ticket(db, find_principal(db, EMPLOYEE), 1)
    return ticket.state, ticket.history[-1].kind


def test_a_ticket_is_asked_about_and_closed_after_business_hours(resolved: Database, folder: Path) -> None:
    say(folder, "follow_up_after_h: 8")
    keeper = FollowUpKeeper(resolved, folder)
    assert keeper.look() == 0
    # Six hours are left of Friday, so it is Monday at 10:00: 70 hours later.
    pass_time(resolved, 70 * HOUR_S - 1)
    assert keeper.look() == 0
    pass_time(resolved, 1)
    assert (keeper.look(), keeper.look()) == (1, 0)
    assert state(resolved) == ("resolved", "asked")
    pass_time(resolved, 8 * HOUR_S - 1)
    assert keeper.look() == 0
    pass_time(resolved, 1)
    assert (keeper.look(), keeper.look()) == (1, 0)
    assert state(resolved) == ("closed", "closed")


def test_the_workspaces_own_hours_count(resolved: Database, folder: Path) -> None:
    say(folder, "follow_up_after_h: 2\nbusiness_hours: {days: [saturday], opens: 10:00, closes: 14:00}")
    keeper = FollowUpKeeper(resolved, folder)
    pass_time(resolved, 24 * HOUR_S - 1)
    assert keeper.look() == 0
    pass_time(resolved, 1)
    assert keeper.look() == 1


def test_without_a_triage_nothing_is_followed_up(resolved: Database, tmp_path: Path) -> None:
    pass_time(resolved, 10_000 * HOUR_S)
    assert FollowUpKeeper(resolved, tmp_path).look() == 0


def test_a_file_that_cannot_be_read_is_told_of(resolved: Database, folder: Path) -> None:
    say(folder, "follow_up_after_h: 0")
    with pytest.raises(WorkspaceInvalid, match="follow_up_after_h"):
        FollowUpKeeper(resolved, folder).look()


def test_two_schedulers_that_look_at_once_make_one_move(resolved: Database, folder: Path) -> None:
    other = Database(resolved.url, ManualClock(resolved.clock.now()))
    pass_time(resolved, 1_000 * HOUR_S)
    pass_time(other, 1_000 * HOUR_S)
    assert FollowUpKeeper(resolved, folder).look() + FollowUpKeeper(other, folder).look() == 1
    other.close()


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-03-06T17:00", 1, "2026-03-06T18:00"),
        ("2026-03-06T17:30", 1, "2026-03-09T08:30"),
        ("2026-03-07T12:00", 1, "2026-03-09T09:00"),
        ("2026-03-09T03:00", 25, "2026-03-11T13:00"),
    ],
)
def test_hours_are_counted_within_business_hours(start: str, hours: float, end: str) -> None:
    moment = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert due_time(moment, hours, BusinessHours()) == datetime.fromisoformat(end).replace(tzinfo=UTC)
