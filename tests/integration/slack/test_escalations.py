"""The card of a request that was handed over: it reaches its owner in Slack, once, with all they need."""

from datetime import timedelta
from typing import Any

import pytest

from bots.delivering import Deliverer
from bots.posting import SlackPoster
from ledger.escalation_cards import remind_overdue
from ledger.escalations import HandOff, hand_over
from ledger.people import PeopleFile, Person, find_principal, sync_people
from tests.integration.slack.desk import ASKER, Desk
from tests.stand_ins.faults import LoseResponse
from tests.stand_ins.slack import Message, User

OWNER = "owner@shop.example"


@pytest.fixture
def owner(desk: Desk) -> User:
    user = desk.slack.add_user(OWNER)
    person = Person(email=OWNER, name="Owner", slack=user.id, groups=("everyone", "books"))
    groups = {**desk.workspace.people.groups, "books": "The books"}
    sync_people(desk.db, PeopleFile(groups=groups, people=(*desk.workspace.people.people, person)))
    return user


def handed(desk: Desk, **changes: Any) -> int:
    card = {
        "task": "The <!channel> reports are missing & I need them.",
        "context": "Asker may read them.",
        "error": "no rows, see https://evil.example/x",
        "attempted": ("Looked the pipeline up.",),
        "priority": 1,
        "urgency": "A board meeting.",
        "expertise": "Reports",
        "expected": "The reports are there.",
        "team": "Reporting",
        "contact": "reporting@shop.example",
        "group": "books",
        "due_at": desk.clock.now() + timedelta(hours=2),
        **changes,
    }
    return hand_over(desk.db, find_principal(desk.db, ASKER), HandOff.model_validate(card), "key")


def said_to(desk: Desk, user: User) -> list[Message]:
    return desk.from_bot(desk.slack.direct_channel(user))


def deliver_all(desk: Desk, after_s: float = 0.0) -> None:
    desk.clock.advance(after_s)
    deliverer = Deliverer(desk.db, SlackPoster(desk.client))
    while deliverer.deliver_next():
        pass


def test_the_owner_gets_all_they_need_in_a_direct_message(desk: Desk, owner: User) -> None:
    handed(desk)
    deliver_all(desk)
    [card] = said_to(desk, owner)
    shown = f"{card.text} {card.blocks}"
    for told in (
        "*Escalation 1*, priority 1, for Reporting",
        "Due by Monday 02 November 2026, 11:00 UTC",
        "Looked the pipeline up.",
        "A board meeting.",
        "The reports are there.",
        f"Asked by {ASKER}",
        "crewdesk escalations acknowledge 1",
    ):
        assert told in shown
    assert "<!channel>" not in shown
    assert "https://evil.example" not in shown
    deliver_all(desk, after_s=3600)
    assert len(said_to(desk, owner)) == 1


def test_a_card_whose_response_was_lost_is_found_and_not_sent_again(desk: Desk, owner: User) -> None:
    handed(desk)
    desk.slack.fail("chat.postMessage", LoseResponse())
    deliver_all(desk)
    deliver_all(desk, after_s=2)
    deliver_all(desk, after_s=3600)
    assert len(said_to(desk, owner)) == 1
    assert [call.method for call in desk.slack.calls].count("chat.postMessage") == 1


def test_a_channel_that_is_the_contact_gets_the_card_and_the_reminder(desk: Desk, owner: User) -> None:
    handed(desk, contact=desk.channel.id)
    desk.slack.fail("chat.postMessage", LoseResponse())
    deliver_all(desk)
    deliver_all(desk, after_s=2)
    [card] = desk.from_bot(desk.channel)
    assert card.thread_ts is None
    desk.clock.advance(2 * 3600)
    assert remind_overdue(desk.db) == 1
    deliver_all(desk)
    _, reminder = desk.from_bot(desk.channel)
    assert reminder.text.startswith(
        "Escalation 1 is overdue: it should have been settled by 02 November 2026"
    )
    assert said_to(desk, owner) == []
