"""Several messages in one thread: who comes when, and what becomes of a further one, on both databases."""

import pytest
from sqlalchemy import select

from ledger.audit import verify_audit
from ledger.cancel import cancel_run
from ledger.db import Database
from ledger.decision_views import list_decisions
from ledger.decisions import decide
from ledger.deliveries import DeliveryTarget, list_open_run_targets
from ledger.errors import LeaseLost
from ledger.people import find_principal, sync_people
from ledger.reading import get_run, get_run_for_delivery
from ledger.runs import ADDED, BUSY, LINED_UP, MAX_QUESTION_CHARS, STOPPING, keep_masked_question
from ledger.schema import OPEN_RUN_STATES, AuditRow, DeliveryRow, RunRow
from ledger.steps import complete_step, fail_step
from ledger.thread_queue import ThreadBusy
from ledger.workflow import WorkflowSpec
from ledger.workflows import publish_workflow
from tests.unit.ledger.world import (
    ANSWER,
    EMPLOYEE,
    ENGINEER,
    SLACK_PLACE,
    ask,
    at_once,
    claim,
    dispatch_row,
    furnish,
    pass_time,
    people_file,
    step_row,
    try_claim,
)

THREAD = {"source": "slack", "thread": "C1:1.2", "audience_groups": ("everyone",), "deliver_to": SLACK_PLACE}

ROUTED = WorkflowSpec.model_validate(
    {
        "name": "routed",
        "description": "for tests",
        "steps": [
            {"key": "route", "kind": "crew", "uses": "router"},
            {"key": "answer", "kind": "crew", "uses": "desk", "needs": ["route"]},
        ],
    }
)


@pytest.fixture
def company(db: Database) -> Database:
    furnish(db)
    publish_workflow(db, ROUTED)
    return db


def _notices(db: Database) -> list[str]:
    with db.read() as session:
        rows = session.scalars(select(DeliveryRow).where(DeliveryRow.notice.is_not(None)))
        return sorted(row.notice or "" for row in rows)


def _awaits_turn(db: Database, run_id: str) -> bool:
    with db.read() as session:
        return session.get_one(RunRow, run_id).awaits_turn


def _finish(db: Database, run_id: str, key: str = "answer") -> None:
    complete_step(db, claim(db, run_id, key), ANSWER)


def test_a_second_message_begins_when_the_first_has_ended(company: Database) -> None:
    first, second, third = (ask(company, name, **THREAD).run_id for name in "123")
    assert [_awaits_turn(company, run_id) for run_id in (first, second, third)] == [False, True, True]
    assert dispatch_row(company, second, "answer") is None
    assert try_claim(company, second) is None
    assert get_run(company, second).state == "queued"
    assert [target.run_id for target in list_open_run_targets(company, "slack")] == [first]
    _finish(company, first)
    assert dispatch_row(company, second, "answer") is not None
    assert try_claim(company, third) is None
    _finish(company, second)
    _finish(company, third)
    assert {get_run(company, run_id).state for run_id in (first, second, third)} == {"answered"}
    assert _notices(company) == [LINED_UP, LINED_UP]
    verify_audit(company)


@pytest.mark.parametrize("end", ["fails", "is cancelled", "is cancelled at work", "waits"])
def test_the_next_begins_however_the_one_before_ends(company: Database, end: str) -> None:
    first = ask(company, "1", workflow="whole" if end == "waits" else "ask", **THREAD).run_id
    second = ask(company, "2", **THREAD).run_id
    if end == "fails":
        fail_step(company, claim(company, first), "It broke.", try_again=False)
    elif end == "is cancelled":
        cancel_run(company, first, EMPLOYEE)
    elif end == "is cancelled at work":
        at_work = claim(company, first)
        cancel_run(company, first, EMPLOYEE)
        assert try_claim(company, second) is None
        fail_step(company, at_work, "stopped", code="cancelled", try_again=False)
    else:
        complete_step(company, claim(company, first, "start"), {"go": False, "items": []})
        assert get_run(company, first).state == "waiting"
    _finish(company, second)
    assert get_run(company, second).state == "answered"


def test_one_that_waited_and_goes_on_is_at_work_again(company: Database) -> None:
    waiting, second = ask(company, "1", workflow="whole", **THREAD).run_id, ask(company, "2", **THREAD).run_id
    complete_step(company, claim(company, waiting, "start"), {"go": False, "items": ["one"]})
    complete_step(company, claim(company, waiting, "part.1"), {})
    assert not _awaits_turn(company, second)
    _finish(company, second)
    [decision] = list_decisions(company)
    decide(company, decision.id, find_principal(company, ENGINEER), "yes")
    pass_time(company, 30)
    assert get_run(company, waiting).state == "waiting"
    third = ask(company, "3", **THREAD).run_id
    assert not _awaits_turn(company, third)


def test_a_run_in_line_can_be_cancelled_and_is_passed_over(company: Database) -> None:
    first, second, third = (ask(company, name, **THREAD).run_id for name in "123")
    assert cancel_run(company, second, EMPLOYEE) == "cancelled"
    assert _awaits_turn(company, third)
    _finish(company, first)
    _finish(company, third)
    assert [get_run(company, run_id).state for run_id in (first, second, third)] == [
        "answered",
        "cancelled",
        "answered",
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"source": "api"},
        {"thread": "C1:9.9"},
        {"thread": None},
        {"audience_groups": None},
    ],
)
def test_other_threads_are_not_waited_for(company: Database, other: dict[str, object]) -> None:
    ask(company, "1", **THREAD)
    assert not _awaits_turn(company, ask(company, "2", **{**THREAD, **other}).run_id)


def test_private_threads_of_two_people_are_two_though_they_are_named_alike(company: Database) -> None:
    mine, yours, mine_again = (
        ask(company, name, thread="work", principal=person).run_id
        for name, person in (("1", EMPLOYEE), ("2", ENGINEER), ("3", EMPLOYEE))
    )
    assert [_awaits_turn(company, run_id) for run_id in (mine, yours, mine_again)] == [False, False, True]


def test_many_at_once_are_worked_on_one_after_another(company: Database) -> None:
    made = at_once(*[lambda n=n: ask(company, str(n), **THREAD) for n in range(6)])  # type: ignore[misc]
    run_ids = {item.run_id for item in made}  # type: ignore[union-attr]
    assert len(run_ids) == 6
    for _ in range(6):
        [ready] = [run_id for run_id in run_ids if step_row(company, run_id, "answer").state == "ready"]
        _finish(company, ready)
    assert {get_run(company, run_id).state for run_id in run_ids} == {"answered"}


def test_ends_cancels_and_new_messages_at_the_same_moment_leave_nobody_behind(company: Database) -> None:
    for number in range(8):
        first, second = (ask(company, f"{number} {name}", **THREAD).run_id for name in "ab")
        at_work = claim(company, first)
        third: list[str] = []
        came = at_once(
            lambda work=at_work: complete_step(company, work, ANSWER),  # type: ignore[misc]
            lambda run=second: cancel_run(company, run, EMPLOYEE),  # type: ignore[misc]
            lambda n=number, ids=third: ids.append(ask(company, f"{n} c", **THREAD).run_id),  # type: ignore[misc]
        )
        assert not [error for error in came if isinstance(error, BaseException)], came
        assert get_run(company, second).state == "cancelled"
        _finish(company, third[0])


def test_a_message_is_added_to_a_question_nobody_has_begun(company: Database) -> None:
    merge = {**THREAD, "workflow": "routed", "when_busy": "merge"}
    run_id = ask(company, "1", question="How do I sign in?", **merge).run_id
    added = ask(company, "2", question="On the VPN, I mean.", **merge)
    assert (added.run_id, added.created) == (run_id, False)
    assert ask(company, "2", question="On the VPN, I mean.", **merge).run_id == run_id
    assert claim(company, run_id, "route").question == "How do I sign in?\nOn the VPN, I mean."
    assert _notices(company) == [ADDED]
    with company.read() as session:
        actions = session.scalars(select(AuditRow.action).where(AuditRow.subject == run_id)).all()
    assert actions.count("run.question_added") == 1


def test_who_was_chosen_for_half_the_question_is_chosen_anew(company: Database) -> None:
    merge = {**THREAD, "workflow": "routed", "when_busy": "merge"}
    run_id = ask(company, "1", question="How do I sign in?", **merge).run_id
    early = claim(company, run_id, "route")
    ask(company, "2", question="On the VPN.", **merge)
    keep_masked_question(company, run_id, early.question, early.question)
    with pytest.raises(LeaseLost):
        complete_step(company, early, {})
    again = claim(company, run_id, "route")
    assert (again.question, again.masked_question) == ("How do I sign in?\nOn the VPN.", None)
    complete_step(company, again, {})
    _finish(company, run_id)
    assert get_run_for_delivery(company, run_id).question == "How do I sign in?\nOn the VPN."


@pytest.mark.parametrize("why", ["begun", "answering", "too long", "another workflow", "waits"])
def test_what_cannot_be_added_comes_next(company: Database, why: str) -> None:
    merge = {**THREAD, "when_busy": "merge"}
    workflow = {"begun": "ask", "answering": "routed", "waits": "whole"}.get(why, "routed")
    first = ask(company, "1", workflow=workflow, **merge).run_id
    if why == "begun":
        claim(company, first)
    elif why == "answering":
        complete_step(company, claim(company, first, "route"), {})
        claim(company, first)
    elif why == "waits":
        complete_step(company, claim(company, first, "start"), {"go": False, "items": []})
    question = "x" * (MAX_QUESTION_CHARS - 5) if why == "too long" else "And then?"
    other = "ask" if why in ("begun", "another workflow", "waits") else "routed"
    second = ask(company, "2", question=question, workflow=other, **merge)
    assert second.created
    assert get_run_for_delivery(company, first).question == "How do I reset my password?"
    assert _awaits_turn(company, second.run_id) == (why != "waits")


@pytest.mark.parametrize(
    ("asker", "other", "added"),
    [
        (["everyone"], ["everyone", "finance"], True),
        (["everyone", "finance"], ["everyone"], False),
    ],
)
def test_another_persons_message_is_added_if_they_may_do_all_the_asker_may(
    company: Database, asker: list[str], other: list[str], added: bool
) -> None:
    changes = {
        "employee": {"groups": asker},
        "engineer": {"groups": other, "roles": ["employee", "engineer"]},
    }
    sync_people(company, people_file(**changes))
    merge = {**THREAD, "when_busy": "merge"}
    first = ask(company, "1", **merge)
    second = ask(company, "2", principal=ENGINEER, question="For me too?", **merge)
    assert (second.run_id == first.run_id) == added
    assert get_run(company, first.run_id).principal == EMPLOYEE


def test_the_asker_may_interrupt_their_own_question(company: Database) -> None:
    interrupt = {**THREAD, "when_busy": "interrupt"}
    first, second = ask(company, "1", **interrupt).run_id, ask(company, "2", **THREAD).run_id
    at_work = claim(company, first)
    third = ask(company, "3", **interrupt).run_id
    assert get_run(company, second).state == "cancelled"
    assert get_run(company, first).progress.cancelling
    assert try_claim(company, third) is None
    fail_step(company, at_work, "stopped", code="cancelled", try_again=False)
    _finish(company, third)
    assert [get_run(company, run_id).state for run_id in (first, third)] == ["cancelled", "answered"]
    assert _notices(company) == [LINED_UP, STOPPING]


def test_an_interruption_that_was_broken_off_is_made_up_for_when_the_message_comes_again(
    company: Database,
) -> None:
    first = ask(company, "1", **THREAD).run_id
    second = ask(company, "2", **THREAD).run_id
    assert ask(company, "2", **{**THREAD, "when_busy": "interrupt"}).run_id == second
    assert get_run(company, first).state == "cancelled"
    _finish(company, second)
    assert ask(company, "2", **{**THREAD, "when_busy": "interrupt"}).run_id == second
    assert get_run(company, second).state == "answered"


def test_nobody_interrupts_somebody_else(company: Database) -> None:
    interrupt = {**THREAD, "when_busy": "interrupt"}
    first = ask(company, "1", **interrupt).run_id
    second = ask(company, "2", principal=ENGINEER, **interrupt).run_id
    assert get_run(company, first).state in OPEN_RUN_STATES
    assert not get_run(company, first).progress.cancelling
    assert _awaits_turn(company, second)
    assert _notices(company) == [LINED_UP]


def test_a_busy_thread_may_refuse(company: Database) -> None:
    reject = {**THREAD, "when_busy": "reject"}
    first = ask(company, "1", **reject).run_id
    with pytest.raises(ThreadBusy) as refused:
        ask(company, "2", **reject)
    assert str(refused.value) == BUSY
    _finish(company, first)
    second = ask(company, "2", **reject)
    assert second.created
    assert not _awaits_turn(company, second.run_id)


def test_who_has_no_place_to_be_told_is_told_nothing(company: Database) -> None:
    for name in "12":
        ask(company, name, source="api", thread="work")
    assert _notices(company) == []
    with company.read() as session:
        assert session.scalars(select(DeliveryRow)).all() == []


def test_the_place_to_reply_to_is_the_senders(company: Database) -> None:
    ask(company, "1", **THREAD)
    elsewhere = DeliveryTarget(channel="slack", place={"channel": "C1", "thread_ts": "1.2", "for": "second"})
    ask(company, "2", **{**THREAD, "deliver_to": elsewhere})
    with company.read() as session:
        [notice] = session.scalars(select(DeliveryRow).where(DeliveryRow.notice.is_not(None)))
    assert notice.target == elsewhere.place
