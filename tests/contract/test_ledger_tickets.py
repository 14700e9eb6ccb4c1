"""Tickets and incidents on both databases: opened once, seen by whom they concern, with all that happened."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from ledger.audit import verify_audit
from ledger.db import Database
from ledger.errors import InvalidInput, NotFound, NotPermitted
from ledger.incidents import gather_incident, list_incidents, update_incident
from ledger.people import PeopleFile, Principal, find_principal, sync_people
from ledger.schema import AuditRow, DeliveryRow
from ledger.ticket_changes import TicketStateRefused, change_ticket, comment_on_ticket
from ledger.ticket_views import TicketState
from ledger.tickets import (
    TicketKeyReused,
    TicketRequest,
    get_ticket,
    list_tickets,
    open_ticket,
    recent_tickets,
    visible_numbers,
)
from tests.unit.ledger.world import SLACK_PLACE, ask, at_once, furnish

PEOPLE = PeopleFile.model_validate(
    {
        "groups": {"everyone": "all", "it": "the desk", "hr": "people"},
        "people": [
            {"email": "ann@shop.example", "name": "Ann"},
            {"email": "bob@shop.example", "name": "Bob"},
            {"email": "desk@shop.example", "name": "Desk", "groups": ["everyone", "it"]},
            {"email": "hr@shop.example", "name": "HR", "groups": ["everyone", "hr"]},
            {"email": "steward@shop.example", "name": "Steward", "roles": ["employee", "steward"]},
            {"email": "admin@shop.example", "name": "Admin", "roles": ["admin"]},
            {"email": "guest@shop.example", "name": "Guest", "roles": []},
        ],
    }
)
VPN: dict[str, Any] = {
    "title": "VPN does not connect",
    "text": "The VPN client says timeout.",
    "category": "network",
    "priority": 2,
    "priority_reason": "One person cannot work.",
    "group": "it",
}


@pytest.fixture
def desk(db: Database) -> Database:
    sync_people(db, PEOPLE)
    return db


def who(db: Database, name: str) -> Principal:
    return find_principal(db, f"{name}@shop.example")


def opened(db: Database, name: str = "ann", key: str = "1", **changes: Any) -> int:
    return open_ticket(db, who(db, name), TicketRequest.model_validate({**VPN, **changes}), key).number


def kinds(db: Database, number: int) -> list[str]:
    return [event.kind for event in get_ticket(db, who(db, "admin"), number).history]


def test_the_same_key_opens_one_ticket(desk: Database) -> None:
    request = TicketRequest.model_validate(VPN)
    first = open_ticket(desk, who(desk, "ann"), request, "run/step")
    again = open_ticket(desk, who(desk, "ann"), request.model_copy(update={"similar": (9,)}), "run/step")
    assert (first.is_new, again.is_new) == (True, False)
    assert first.number == again.number == 1
    assert kinds(desk, 1) == ["opened"]
    verify_audit(desk)


@pytest.mark.parametrize("change", [{"text": "Another matter."}, {"category": "hardware"}])
def test_the_same_key_for_something_else_is_refused(desk: Database, change: dict[str, Any]) -> None:
    opened(desk)
    with pytest.raises(TicketKeyReused, match="ticket 1, which asks for something else"):
        opened(desk, **change)
    with pytest.raises(TicketKeyReused):
        opened(desk, "bob")
    assert len(list_tickets(desk, who(desk, "admin"))) == 1


def test_tickets_opened_at_once_get_numbers_of_their_own(desk: Database) -> None:
    calls = [lambda key=key: opened(desk, key=key) for key in ("a", "b", "c", "a", "b")]
    numbers = at_once(*calls)
    assert sorted(set(numbers)) == [1, 2, 3]
    assert (numbers[0], numbers[1]) == (numbers[3], numbers[4])


def test_a_ticket_is_seen_by_whom_it_concerns(desk: Database) -> None:
    mine, other = opened(desk), opened(desk, "bob", "2", group="hr", similar=(1,))
    seen = {
        name: {ticket.number for ticket in list_tickets(desk, who(desk, name))}
        for name in ("ann", "bob", "desk", "hr", "steward", "admin", "guest")
    }
    both = {mine, other}
    assert seen == {
        "ann": {mine},
        "bob": {other},
        "desk": {mine},
        "hr": {other},
        "steward": both,
        "admin": both,
        "guest": set(),
    }
    for name, numbers in seen.items():
        assert visible_numbers(desk, who(desk, name), [mine, other, 99]) == numbers
        for number in both - numbers:
            with pytest.raises(NotFound, match=f"no ticket {number} that you may see"):
                get_ticket(desk, who(desk, name), number)
            with pytest.raises(NotFound):
                comment_on_ticket(desk, who(desk, name), number, "Hello")
            with pytest.raises(NotFound):
                change_ticket(desk, who(desk, name), number, TicketState.RESOLVED)
    # A similar ticket of somebody else is not even named.
    assert get_ticket(desk, who(desk, "bob"), other).similar == ()
    assert get_ticket(desk, who(desk, "admin"), other).similar == (mine,)


def test_who_may_not_ask_opens_nothing(desk: Database) -> None:
    with pytest.raises(NotPermitted, match="right to ask"):
        opened(desk, "guest")
    assert list_tickets(desk, who(desk, "admin")) == []


def test_the_life_of_a_ticket_is_its_history(desk: Database) -> None:
    number = opened(desk, text="My key is sk-abcdefghijklmnopqrstuvwx")
    ann, desk_agent = who(desk, "ann"), who(desk, "desk")
    with pytest.raises(NotPermitted, match="Only the group it"):
        change_ticket(desk, ann, number, TicketState.WAITING)
    assert change_ticket(desk, desk_agent, number, TicketState.WAITING, "Which version?").state == "waiting"
    assert comment_on_ticket(desk, desk_agent, number, "Still waiting.").state == "waiting"
    assert comment_on_ticket(desk, ann, number, "Version 3.").state == "open"
    resolved = change_ticket(desk, desk_agent, number, TicketState.RESOLVED, "Updated it.")
    assert resolved.resolved_at is not None
    assert change_ticket(desk, desk_agent, number, TicketState.RESOLVED, "Again.") == resolved
    reopened = comment_on_ticket(desk, ann, number, "It is back.")
    assert (reopened.state, reopened.resolved_at) == ("reopened", None)
    change_ticket(desk, ann, number, TicketState.RESOLVED)
    closed = change_ticket(desk, ann, number, TicketState.CLOSED)
    assert [(event.kind, event.actor.partition("@")[0]) for event in closed.history] == [
        ("opened", "ann"),
        ("waiting", "desk"),
        ("commented", "desk"),
        ("commented", "ann"),
        ("resolved", "desk"),
        ("commented", "ann"),
        ("resolved", "ann"),
        ("closed", "ann"),
    ]
    assert "sk-" not in closed.text
    with desk.read() as session:
        actions = session.scalars(
            select(AuditRow.action).where(AuditRow.subject == "ticket 1").order_by(AuditRow.seq)
        ).all()
    assert actions[:2] == ["ticket.opened", "ticket.waiting"]
    verify_audit(desk)


def test_a_state_that_cannot_follow_is_refused(desk: Database) -> None:
    number = opened(desk)
    with pytest.raises(
        TicketStateRefused, match="is open, so it cannot be closed; it can be resolved or waiting"
    ):
        change_ticket(desk, who(desk, "ann"), number, TicketState.CLOSED)
    assert kinds(desk, number) == ["opened"]


@pytest.mark.parametrize("text", ["", "  ", "x" * 8_001])
def test_a_note_has_a_length(desk: Database, text: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 8,000 characters"):
        comment_on_ticket(desk, who(desk, "ann"), opened(desk), text)


def test_the_most_pressing_come_first(desk: Database) -> None:
    for key, priority in (("1", 3), ("2", 1), ("3", 3)):
        opened(desk, key=key, priority=priority)
    assert [ticket.number for ticket in list_tickets(desk, who(desk, "ann"))] == [2, 3, 1]
    change_ticket(desk, who(desk, "ann"), 2, TicketState.RESOLVED)
    assert [ticket.number for ticket in list_tickets(desk, who(desk, "ann"), limit=1)] == [3]
    assert [t.number for t in list_tickets(desk, who(desk, "ann"), states=[TicketState.RESOLVED])] == [2]


def test_an_update_of_an_incident_reaches_every_ticket(desk: Database) -> None:
    furnish(desk)
    run_id = ask(desk, deliver_to=SLACK_PLACE).run_id
    sync_people(desk, PEOPLE)
    numbers = [opened(desk, "ann", "1", run_id=run_id), opened(desk, "bob", "2"), opened(desk, "ann", "3")]
    incident = gather_incident(desk, "VPN", numbers[:2])
    assert gather_incident(desk, "Other words", numbers) == gather_incident(desk, "VPN", numbers)
    assert [(each.number, each.title, each.people) for each in list_incidents(desk, who(desk, "bob"))] == [
        (incident.number, "VPN", 2)
    ]
    assert list_incidents(desk, who(desk, "hr")) == []
    change_ticket(desk, who(desk, "ann"), numbers[2], TicketState.RESOLVED)
    update = update_incident(desk, who(desk, "desk"), incident.number, "The gateway is being restarted.")
    assert update.tickets == tuple(numbers[:2])
    over = update_incident(desk, who(desk, "desk"), incident.number, "It works again.", resolves=True)
    assert (over.tickets, over.incident.state) == (tuple(numbers[:2]), "resolved")
    assert kinds(desk, numbers[0]) == ["opened", "joined", "updated", "resolved"]
    assert get_ticket(desk, who(desk, "bob"), numbers[1]).state == "resolved"
    with desk.read() as session:
        notices = session.scalars(select(DeliveryRow.notice).order_by(DeliveryRow.created_at)).all()
    assert notices == ["Ticket 1: The gateway is being restarted.", "Ticket 1: It works again."]
    verify_audit(desk)
    # One that comes back may be part of the next incident.
    comment_on_ticket(desk, who(desk, "bob"), numbers[1], "It is back.")
    assert gather_incident(desk, "VPN again", [numbers[1]]).number == incident.number + 1


def test_an_incident_is_of_one_category_and_for_those_who_handle_it(desk: Database) -> None:
    numbers = [opened(desk, key="1"), opened(desk, key="2", category="hardware")]
    for some in (numbers, [99], []):
        with pytest.raises(InvalidInput, match="of one category"):
            gather_incident(desk, "VPN", some)
    incident = gather_incident(desk, "VPN", numbers[:1])
    for name in ("ann", "hr"):
        with pytest.raises(NotFound, match=f"no incident {incident.number} that you handle"):
            update_incident(desk, who(desk, name), incident.number, "Hello.")


def test_recent_tickets_are_those_since_then_of_a_category(desk: Database) -> None:
    opened(desk, key="1")
    opened(desk, key="2", category="hardware")
    since = get_ticket(desk, who(desk, "ann"), 1).created_at
    assert [ticket.number for ticket in recent_tickets(desk, since)] == [2, 1]
    assert [ticket.number for ticket in recent_tickets(desk, since, "hardware", limit=1)] == [2]


STEPS = st.lists(
    st.tuples(st.sampled_from(["ann", "bob", "desk"]), st.sampled_from([*TicketState, "comment"])), max_size=8
)


@given(steps=STEPS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_tried_the_history_tells_the_state(
    sqlite_db: Database, steps: list[tuple[str, str]]
) -> None:
    """On one ticket more each time: only what was allowed left a line, and the last line has the state."""
    sync_people(sqlite_db, PEOPLE)
    number = opened(sqlite_db, key=str(len(recent_tickets(sqlite_db, sqlite_db.clock.now(), limit=1_000))))
    for name, step in steps:
        before = get_ticket(sqlite_db, who(sqlite_db, "admin"), number)
        try:
            if step == "comment":
                comment_on_ticket(sqlite_db, who(sqlite_db, name), number, "Hello.")
            else:
                change_ticket(sqlite_db, who(sqlite_db, name), number, TicketState(step))
        except (NotFound, NotPermitted, TicketStateRefused):
            assert get_ticket(sqlite_db, who(sqlite_db, "admin"), number) == before
            continue
        assert name != "bob"
        after = get_ticket(sqlite_db, who(sqlite_db, "admin"), number)
        assert after.history[-1].state == after.state
        assert (after.resolved_at is None) == (after.state in ("open", "waiting", "reopened"))
        assert len(after.history) - len(before.history) == (step != before.state)
