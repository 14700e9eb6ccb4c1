"""A reply in a ticket's thread is taken in with what it does to the ticket, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bots.intake import Intake
from bots.posts import Post
from ledger.db import Database
from ledger.people import find_principal, sync_people
from ledger.reading import list_runs
from ledger.steps import complete_step
from ledger.ticket_changes import change_ticket
from ledger.ticket_views import TicketState, TicketView
from ledger.tickets import TicketRequest, get_ticket, open_ticket
from ledger.workspace import open_workspace
from tests.stand_ins.warehouse import write_workspace
from tests.unit.ledger.world import ANSWER, EMPLOYEE, SLACK_PLACE, ask, claim, furnish, people_file

DESK = "desk@larkspur.example"


class _Died(Exception):
    """The process did, at this moment."""


@pytest.fixture
def intake(sqlite_db: Database, tmp_path: Path) -> Intake:
    """A ticket of an answered run is resolved in its thread."""
    furnish(sqlite_db)
    desk = {"email": DESK, "name": "Desk", "groups": ["everyone", "finance"]}
    sync_people(sqlite_db, people_file(desk=desk))
    run_id = ask(sqlite_db, deliver_to=SLACK_PLACE, thread="C1:1.2").run_id
    complete_step(sqlite_db, claim(sqlite_db, run_id), ANSWER)
    request = TicketRequest(
        title="Till",
        text="The till is dark.",
        category="hardware",
        priority=2,
        priority_reason="Customers wait.",
        group="finance",
        run_id=run_id,
    )
    open_ticket(sqlite_db, find_principal(sqlite_db, EMPLOYEE), request, "1")
    change_ticket(sqlite_db, find_principal(sqlite_db, DESK), 1, TicketState.RESOLVED)
    write_workspace(tmp_path / "shop", ("everyone", "finance"), {})
    return Intake(sqlite_db, open_workspace(tmp_path / "shop"), on_accepted=lambda: None)


def ticket(db: Database) -> TicketView:
    return get_ticket(db, find_principal(db, EMPLOYEE), 1)


@contextmanager
def dying_at(db: Database, statement: str) -> Iterator[None]:
    def die(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        if text.startswith(statement):
            raise _Died

    event.listen(db.engine, "before_cursor_execute", die)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", die)


@pytest.mark.parametrize("dies_at", ["INSERT INTO inbox", "UPDATE tickets", "INSERT INTO audit"])
@pytest.mark.parametrize(("text", "state"), [("Still not working.", "reopened"), ("thanks, works", "closed")])
def test_a_reply_that_comes_again_after_a_death_is_no_question(
    sqlite_db: Database, intake: Intake, dies_at: str, text: str, state: str
) -> None:
    post = Post(team="T1", channel="C1", ts="1.3", thread_ts="1.2", user="U1", question=text, is_direct=False)
    with dying_at(sqlite_db, dies_at), pytest.raises(_Died):
        intake.take(post)
    assert ticket(sqlite_db).state == "resolved"
    intake.take(post)
    intake.take(post)
    assert ticket(sqlite_db).state == state
    assert [happened.kind for happened in ticket(sqlite_db).history] == ["opened", "resolved", state]
    assert len(list_runs(sqlite_db)) == 1
