"""A further message in a thread whose question is still being worked on, as each kind of channel has it."""

from dataclasses import replace

import pytest

from ledger.reading import get_run, get_run_for_delivery, list_runs
from ledger.runs import ADDED, BUSY, LINED_UP, STOPPING
from ledger.steps import fail_step
from ledger.thread_queue import WhenBusy
from ledger.workspace import Channel, WorkspaceFile
from tests.integration.slack.desk import QUESTION, WARRANTY, Desk, open_door, wait_until

FURTHER = "and the scanner's?"


def _with_policy(desk: Desk, when_busy: WhenBusy) -> Desk:
    file = WorkspaceFile(name="Shop", channels={desk.channel.id: Channel(when_busy=when_busy)})
    return replace(desk, workspace=replace(desk.workspace, file=file))


def _ask_twice(desk: Desk) -> None:
    root = desk.slack.mention(desk.asker, desk.channel, QUESTION)
    desk.slack.wait_for_ack(root)
    assert root.message is not None
    further = desk.slack.mention(desk.asker, desk.channel, FURTHER, thread_ts=root.message.ts)
    desk.slack.wait_for_ack(further)


def _said(desk: Desk) -> list[str]:
    return [message.text for message in desk.from_bot(desk.channel)]


def _wait_for(desk: Desk, *texts: str) -> None:
    wait_until(lambda: all(any(text in said for said in _said(desk)) for text in texts))


@pytest.mark.usefixtures("door")
def test_by_default_it_is_answered_after_the_first_and_its_sender_is_told(desk: Desk) -> None:
    _ask_twice(desk)
    _wait_for(desk, LINED_UP)
    assert [claim.question for claim in desk.answer_all()] == [QUESTION]
    assert [claim.question for claim in desk.answer_all()] == [FURTHER]
    wait_until(lambda: sum(WARRANTY in said for said in _said(desk)) == 2)
    assert {message.thread_ts for message in desk.from_bot(desk.channel)} == {
        desk.slack.messages(desk.channel)[0].ts
    }


def test_where_messages_are_merged_one_answer_comes_for_both(desk: Desk) -> None:
    desk = _with_policy(desk, WhenBusy.MERGE)
    with open_door(desk):
        _ask_twice(desk)
        _wait_for(desk, ADDED)
        assert [claim.question for claim in desk.answer_all()] == [f"{QUESTION}\n{FURTHER}"]
        _wait_for(desk, WARRANTY)
        assert len(_said(desk)) == 2


def test_where_messages_interrupt_the_first_is_cancelled(desk: Desk) -> None:
    desk = _with_policy(desk, WhenBusy.INTERRUPT)
    with open_door(desk):
        root = desk.slack.mention(desk.asker, desk.channel, QUESTION)
        desk.slack.wait_for_ack(root)
        [at_work] = desk.claim_all()
        assert root.message is not None
        further = desk.slack.mention(desk.asker, desk.channel, FURTHER, thread_ts=root.message.ts)
        desk.slack.wait_for_ack(further)
        _wait_for(desk, STOPPING)
        assert get_run(desk.db, at_work.run_id).progress.cancelling
        fail_step(desk.db, at_work, "It was stopped.", code="cancelled", try_again=False)
        assert [claim.question for claim in desk.answer_all()] == [FURTHER]
        _wait_for(desk, WARRANTY)
        assert get_run(desk.db, at_work.run_id).state == "cancelled"


def test_where_busy_threads_refuse_the_sender_is_told_to_ask_again(desk: Desk) -> None:
    desk = _with_policy(desk, WhenBusy.REJECT)
    with open_door(desk):
        _ask_twice(desk)
        _wait_for(desk, BUSY)
        [run] = list_runs(desk.db)
        assert get_run_for_delivery(desk.db, run.run_id).question == QUESTION
        desk.answer_all()
        _wait_for(desk, WARRANTY)
