"""Escalations on both databases: handed over once, with a card for whom they concern, and a clock."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ledger.audit import verify_audit
from ledger.db import Database
from ledger.deliveries import claim_delivery, confirm_delivery
from ledger.errors import InvalidInput, NotFound, NotPermitted
from ledger.escalation_cards import card_in, remind_overdue
from ledger.escalation_views import EscalationState
from ledger.escalations import (
    EscalationStateRefused,
    HandOff,
    acknowledge_escalation,
    get_escalation,
    hand_over,
    list_escalations,
    number_handed_over_by,
    resolve_escalation,
    withdraw_escalation,
)
from ledger.people import PeopleFile, Principal, find_principal, sync_people
from ledger.schema import AuditRow, DeliveryRow
from ledger.ticket_changes import change_ticket, comment_on_ticket, withdraw_ticket
from ledger.ticket_views import TicketState
from ledger.tickets import TicketRequest, get_ticket, list_tickets, open_ticket
from tests.unit.ledger.world import SLACK_PLACE, ask, at_once, furnish

PEOPLE = PeopleFile.model_validate(
    {
        "groups": {"everyone": "all", "books": "the reports"},
        "people": [
            {"email": "ann@shop.example", "name": "Ann", "slack": "UANN"},
            {"email": "bob@shop.example", "name": "Bob"},
            {"email": "owner@shop.example", "name": "Owner", "slack": "UOWNER", "groups": ["books"]},
            {"email": "second@shop.example", "name": "Second", "slack": "USECOND", "groups": ["books"]},
            {"email": "quiet@shop.example", "name": "Quiet", "groups": ["books"]},
            {"email": "steward@shop.example", "name": "Steward", "roles": ["employee", "steward"]},
            {"email": "guest@shop.example", "name": "Guest", "roles": []},
        ],
    }
)
CARD: dict[str, Any] = {
    "task": "The quarterly reports are missing.",
    "context": "Ann may read them; the pipeline failed.",
    "error": "no rows for three stores",
    "attempted": ("Looked the pipeline up.",),
    "priority": 1,
    "urgency": "Priority 1: a board meeting.",
    "expertise": "Reporting",
    "expected": "The reports are there, and Ann is told.",
    "team": "Reporting",
    "contact": "reporting@shop.example",
    "group": "books",
}


@pytest.fixture
def desk(db: Database) -> Database:
    sync_people(db, PEOPLE)
    return db


def who(db: Database, name: str) -> Principal:
    return find_principal(db, f"{name}@shop.example")


def handed(db: Database, name: str = "ann", key: str = "1", **changes: Any) -> int:
    due = db.clock.now() + timedelta(hours=2)
    card = HandOff.model_validate({**CARD, "due_at": due, **changes})
    return hand_over(db, who(db, name), card, key)


def places(db: Database) -> list[str]:
    with db.read() as session:
        rows = session.scalars(select(DeliveryRow).order_by(DeliveryRow.created_at, DeliveryRow.id))
        return sorted(row.target["channel"] for row in rows)


def notices(db: Database) -> list[str | None]:
    with db.read() as session:
        return [row.notice for row in session.scalars(select(DeliveryRow)) if row.notice]


def test_the_same_key_hands_over_once_and_owes_each_card_once(desk: Database) -> None:
    assert [handed(desk), handed(desk), handed(desk, "ann", "2", task="Another.")] == [1, 1, 2]
    assert number_handed_over_by(desk, "1") == 1
    assert number_handed_over_by(desk, "3") is None
    # Each who is known on Slack, but not who asked.
    assert places(desk) == ["UOWNER", "UOWNER", "USECOND", "USECOND"]
    verify_audit(desk)


def test_two_workers_hand_over_the_same_once(desk: Database) -> None:
    assert set(at_once(*[lambda: handed(desk)] * 4)) == {1}
    assert places(desk) == ["UOWNER", "USECOND"]


def test_whoever_asked_gets_no_card_of_their_own_request(desk: Database) -> None:
    handed(desk, "owner")
    assert places(desk) == ["USECOND"]


def test_a_contact_that_is_a_channel_gets_the_card_alone(desk: Database) -> None:
    handed(desk, contact="C0REPORTS")
    assert places(desk) == ["C0REPORTS"]
    claim = claim_delivery(desk, "slack")
    assert claim is not None
    shown = card_in(desk, claim.target)
    assert (shown.number, shown.task, shown.requester) == (1, CARD["task"], "ann@shop.example")


def test_it_is_there_for_its_group_its_requester_and_stewards_alone(desk: Database) -> None:
    handed(desk)
    for name in ("ann", "owner", "quiet", "steward"):
        seen = get_escalation(desk, who(desk, name), 1)
        assert (seen.error, seen.attempted, seen.expected) == (
            CARD["error"],
            CARD["attempted"],
            CARD["expected"],
        )
    with pytest.raises(NotFound, match="no escalation 1 that you may see"):
        get_escalation(desk, who(desk, "bob"), 1)
    assert list_escalations(desk, who(desk, "bob")) == []
    with pytest.raises(NotPermitted):
        handed(desk, "guest", "2")
    with pytest.raises(NotPermitted, match="Only the group books"):
        acknowledge_escalation(desk, who(desk, "ann"), 1)
    with pytest.raises(NotFound):
        resolve_escalation(desk, who(desk, "bob"), 1, "Done.")


def test_those_due_first_are_at_the_top(desk: Database) -> None:
    handed(desk, key="1")
    handed(desk, key="2", due_at=desk.clock.now() + timedelta(minutes=5))
    assert [item.number for item in list_escalations(desk, who(desk, "owner"))] == [2, 1]


def test_it_moves_with_its_ticket_and_its_requester_hears_of_it(desk: Database) -> None:
    furnish(desk)
    sync_people(desk, PEOPLE.model_copy(update={"people": (*PEOPLE.people, *_larkspur())}))
    run = ask(desk, deliver_to=SLACK_PLACE).run_id
    request = TicketRequest(
        title="Reports",
        text="Reports are missing.",
        category="reports",
        priority=1,
        priority_reason="x",
        group="books",
        run_id=run,
    )
    number = open_ticket(desk, who(desk, "ann"), request, "t").number
    handed(desk, run_id=run, ticket=number)
    taken = acknowledge_escalation(desk, who(desk, "owner"), 1)
    assert (taken.state, taken.acknowledged_by) == ("acknowledged", "owner@shop.example")
    assert acknowledge_escalation(desk, who(desk, "second"), 1).acknowledged_by == "owner@shop.example"
    with pytest.raises(InvalidInput):
        resolve_escalation(desk, who(desk, "owner"), 1, "  ")
    done = resolve_escalation(desk, who(desk, "owner"), 1, "It ran through at 11.")
    assert (done.state, done.note, done.ticket) == ("resolved", "It ran through at 11.", number)
    ticket = get_ticket(desk, who(desk, "ann"), number)
    assert ticket.state == "resolved"
    assert [event.kind for event in ticket.history] == ["opened", "escalated", "acknowledged", "resolved"]
    assert sorted(filter(None, notices(desk))) == [
        f"Ticket {number}: It ran through at 11.",
        f"Ticket {number}: Reporting has taken this up.",
    ]
    for again in (
        lambda: acknowledge_escalation(desk, who(desk, "owner"), 1),
        lambda: resolve_escalation(desk, who(desk, "owner"), 1, "Once more."),
    ):
        with pytest.raises(EscalationStateRefused, match="is resolved already"):
            again()
    with desk.read() as session:
        actions = session.scalars(select(AuditRow.action).order_by(AuditRow.seq)).all()
    assert [action for action in actions if action.startswith("escalation.")] == [
        "escalation.opened",
        "escalation.acknowledged",
        "escalation.resolved",
    ]


def _larkspur() -> tuple[Any, ...]:
    person = {"email": "employee@larkspur.example", "name": "Employee"}
    return PeopleFile.model_validate({"groups": {"everyone": "all"}, "people": [person]}).people


def test_who_handles_it_is_reminded_once_when_it_is_overdue(desk: Database) -> None:
    past = desk.clock.now() - timedelta(minutes=1)
    handed(desk, key="in time")
    handed(desk, key="settled", due_at=past)
    resolve_escalation(desk, who(desk, "owner"), 2, "Done.")
    assert remind_overdue(desk) == 0
    handed(desk, key="late", due_at=past, task="Missing [here](http://evil.example/x) <!channel>")
    seen = [get_escalation(desk, who(desk, "owner"), number).overdue for number in (1, 2, 3)]
    assert seen == [False, False, True]
    assert sorted(at_once(lambda: remind_overdue(desk), lambda: remind_overdue(desk))) == [0, 1]
    assert remind_overdue(desk) == 0
    told = notices(desk)
    assert len(told) == 2
    started = "Escalation 3 is overdue: it should have been settled by"
    assert all((text or "").startswith(started) for text in told)
    assert not any("evil.example" in (text or "") for text in told)


def test_nobody_is_reminded_of_what_its_ticket_says_is_solved(desk: Database) -> None:
    request = TicketRequest(
        title="Reports", text="Missing.", category="reports", priority=1, priority_reason="x", group="books"
    )
    number = open_ticket(desk, who(desk, "ann"), request, "t").number
    handed(desk, ticket=number, due_at=desk.clock.now() - timedelta(minutes=1))
    change_ticket(desk, who(desk, "ann"), number, TicketState.RESOLVED)
    assert (remind_overdue(desk), get_escalation(desk, who(desk, "owner"), 1).overdue) == (0, False)
    change_ticket(desk, who(desk, "ann"), number, TicketState.REOPENED)
    assert get_escalation(desk, who(desk, "owner"), 1).overdue
    assert remind_overdue(desk) == 1


def test_who_has_its_card_hears_that_it_was_withdrawn_and_nobody_else_gets_one(desk: Database) -> None:
    handed(desk)
    first = claim_delivery(desk, "slack")
    assert first is not None
    confirm_delivery(desk, first, {"ts": "1.1"})
    assert withdraw_escalation(desk, "1") == 1
    assert withdraw_escalation(desk, "1") is None
    told = claim_delivery(desk, "slack")
    assert told is not None
    assert (told.target, told.notice) == (
        {"channel": first.target["channel"]},
        "Escalation 1 is withdrawn: whoever asked has cancelled the request.",
    )
    assert claim_delivery(desk, "slack") is None
    verify_audit(desk)


def test_a_card_that_arrived_stays_sent_when_the_key_comes_again(desk: Database) -> None:
    handed(desk, contact="C0REPORTS")
    claim = claim_delivery(desk, "slack")
    assert claim is not None
    confirm_delivery(desk, claim, {"ts": "1.1"})
    handed(desk, contact="C0REPORTS")
    assert claim_delivery(desk, "slack") is None


def test_what_a_cancelled_run_has_done_is_taken_back_with_its_history(desk: Database) -> None:
    request = TicketRequest(
        title="Reports", text="Missing.", category="reports", priority=1, priority_reason="x", group="books"
    )
    number = open_ticket(desk, who(desk, "ann"), request, "t").number
    handed(desk, ticket=number, due_at=desk.clock.now() - timedelta(minutes=1))
    assert (withdraw_escalation(desk, "1"), withdraw_ticket(desk, "t")) == (1, number)
    assert (withdraw_escalation(desk, "1"), withdraw_ticket(desk, "t")) == (None, None)
    assert (withdraw_escalation(desk, "other"), withdraw_ticket(desk, "other")) == (None, None)
    assert get_escalation(desk, who(desk, "owner"), 1).state is EscalationState.WITHDRAWN
    assert list_escalations(desk, who(desk, "owner")) == list_tickets(desk, who(desk, "owner")) == []
    ticket = get_ticket(desk, who(desk, "ann"), number)
    assert [event.kind for event in ticket.history] == ["opened", "escalated", "withdrawn"]
    assert remind_overdue(desk) == 0
    assert comment_on_ticket(desk, who(desk, "ann"), number, "I need it.").state is TicketState.REOPENED
