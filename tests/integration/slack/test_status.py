"""Whoever asked sees that somebody is at work, and no longer than that."""

import threading

import pytest

from bots.status import StatusBoard
from ledger.deliveries import DeliveryTarget
from ledger.runs import RunRequest, submit_run
from tests.integration.slack.desk import ASKER, QUESTION, Desk
from tests.stand_ins.faults import HoldAfter
from tests.stand_ins.journal import Latch
from tests.stand_ins.slack import api_error


@pytest.mark.usefixtures("door")
def test_somebody_is_seen_to_be_at_work_within_a_second(desk: Desk) -> None:
    asked = desk.slack.mention(desk.asker, desk.channel, QUESTION)
    [shown] = desk.slack.statuses.wait_for(1, timeout_s=5)
    assert asked.message is not None
    assert (shown.channel, shown.thread_ts) == (desk.channel.id, asked.message.ts)
    assert shown.status
    [call] = [call for call in desk.slack.calls if call.method == "assistant.threads.setStatus"]
    assert call.received_at_s - desk.slack.deliveries[0].sent_at_s < 1


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def open_run(desk: Desk) -> str:
    question = desk.slack.mention(desk.asker, desk.channel, QUESTION).message
    assert question is not None
    place = {"channel": desk.channel.id, "thread_ts": question.ts}
    target = DeliveryTarget(channel="slack", place=place)
    request = RunRequest(principal=ASKER, question="?", source="slack", external_id="one", deliver_to=target)
    return submit_run(desk.db, request).run_id


@pytest.mark.usefixtures("open_run")
def test_a_status_is_shown_again_before_slack_takes_it_away(desk: Desk) -> None:
    clock = Seconds()
    board = StatusBoard(desk.db, desk.client, clock)
    for at, calls in ((0.0, 1), (59.0, 1), (60.0, 2), (61.0, 2)):
        clock.now = at
        board.refresh()
        assert len(desk.slack.statuses) == calls
    desk.answer_all()
    clock.now = 200.0
    board.refresh()
    assert len(desk.slack.statuses) == 2


@pytest.mark.usefixtures("open_run")
def test_a_status_slack_refuses_is_tried_again_later(desk: Desk) -> None:
    clock = Seconds()
    board = StatusBoard(desk.db, desk.client, clock)
    desk.slack.fail("assistant.threads.setStatus", api_error("internal_error"))
    board.refresh()
    board.refresh()
    assert len(desk.slack.calls) == 1
    clock.now = 10.0
    board.refresh()
    assert len(desk.slack.statuses) == 1


@pytest.mark.usefixtures("open_run")
def test_a_status_that_came_after_the_answer_is_taken_away(desk: Desk) -> None:
    latch = Latch()
    desk.slack.fail("assistant.threads.setStatus", HoldAfter(latch))
    speaking = threading.Thread(target=StatusBoard(desk.db, desk.client).refresh)
    speaking.start()
    latch.wait_reached()
    desk.answer_all()
    latch.release()
    speaking.join(10)
    assert [bool(shown.status) for shown in desk.slack.statuses] == [True, False]
