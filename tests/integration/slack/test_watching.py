"""Data that was not fit for a figure: the thread is offered an answer for later, and may take it up."""

import pytest

from bots.service import SlackFrontDoor
from ledger.reading import list_runs
from ledger.watches import ask_again, open_watches
from tests.integration.slack.desk import QUESTION, Desk
from tests.stand_ins.slack import Message
from tests.unit.ledger.world import end_blocked


def says(words: str, desk: Desk) -> Message:
    return desk.slack.wait_for_message(
        desk.channel, lambda message: message.from_bot and words in message.text
    )


@pytest.fixture
def blocked(desk: Desk, door: SlackFrontDoor) -> str:
    """The time stamp of a thread whose question met data that was not fit."""
    assert door.failure is None
    asked = desk.slack.mention(desk.asker, desk.channel, "How much did we sell?")
    desk.slack.wait_for_ack(asked)
    [claim] = desk.claim_all()
    end_blocked(desk.db, claim, "sales.orders")
    assert "*tell me*" in says("There is no figure.", desk).text
    assert asked.message is not None
    return asked.message.ts


@pytest.mark.parametrize("words", ["tell me", "Yes, please tell me when it is back!", "TELL ME THEN."])
def test_whoever_wants_to_be_told_is_answered_in_the_thread_later(
    desk: Desk, blocked: str, words: str
) -> None:
    told = desk.slack.mention(desk.asker, desk.channel, words, thread_ts=blocked)
    for envelope in (told, desk.slack.redeliver(told)):
        desk.slack.wait_for_ack(envelope)
    assert says("I will.", desk).thread_ts == blocked
    [watch] = open_watches(desk.db)
    assert watch.products == ("sales.orders",)
    assert len(list_runs(desk.db)) == 1
    ask_again(desk.db, watch)
    desk.answer_all()
    assert says("Tills have a warranty", desk).thread_ts == blocked


def test_anything_else_is_a_question(desk: Desk, blocked: str) -> None:
    asked = desk.slack.mention(desk.asker, desk.channel, f"tell me {QUESTION}", thread_ts=blocked)
    desk.slack.wait_for_ack(asked)
    assert len(list_runs(desk.db)) == 2
    assert open_watches(desk.db) == []


@pytest.mark.usefixtures("door")
def test_without_such_a_run_it_is_a_question_too(desk: Desk) -> None:
    desk.slack.wait_for_ack(desk.slack.mention(desk.asker, desk.channel, "tell me"))
    [run] = list_runs(desk.db)
    assert run.state == "queued"
