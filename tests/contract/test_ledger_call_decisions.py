"""A model's calls that a person decides about: asked once, by whom, and what becomes of the step, on both
databases."""

from dataclasses import replace
from typing import Any

import pytest
from alembic import command
from sqlalchemy import select

from ledger.audit import verify_audit
from ledger.call_decisions import (
    APPROVE,
    EXPIRES_S,
    REJECT,
    WantedCall,
    Word,
    ask_about_call,
    awaits_decision,
    decision_on,
    list_call_decisions,
    want_decision,
)
from ledger.cancel import cancel_run
from ledger.db import Database
from ledger.decision_views import Decision, list_decisions, list_decisions_for
from ledger.decisions import DecisionClosed, decide
from ledger.due import pass_due
from ledger.effects import confirm_effect, intend_effect
from ledger.errors import LeaseLost, NotPermitted
from ledger.migrate import alembic_config, migrate
from ledger.people import find_principal, sync_people
from ledger.reading import get_run
from ledger.schema import DeliveryRow
from ledger.steps import LEASE_S, MAX_ATTEMPTS, ClaimedStep, complete_step
from ledger.sweep import sweep_steps
from ledger.workflow import WorkflowSpec
from ledger.workflows import publish_workflow
from tests.unit.ledger.world import (
    ANSWER,
    EMPLOYEE,
    ENGINEER,
    GUEST,
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

CALL = WantedCall(
    tool="send",
    digest="a" * 64,
    given={"to": "all"},
    right="ask",
    by=f"person:{EMPLOYEE}",
    question="May send be carried out?",
    why="It hands something to somebody outside.",
    detail='{"to": "all"}',
)
OTHER = replace(CALL, digest="b" * 64)
THIRD = replace(CALL, digest="c" * 64)


@pytest.fixture
def held(db: Database) -> ClaimedStep:
    return claim(furnish(db), ask(db).run_id)


def waiting(db: Database, held: ClaimedStep, call: WantedCall = CALL) -> Decision:
    """The open question, after the attempt that wanted it has ended."""
    assert want_decision(db, held, call) is Word.ASKED
    ask_about_call(db, held)
    [asked] = [one for one in list_decisions(db, run_id=held.run_id) if one.state == "open"]
    return asked


def say(db: Database, asked: Decision, choice: str, email: str = EMPLOYEE) -> Decision:
    return decide(db, asked.id, find_principal(db, email), choice)


def word_on(db: Database, held: ClaimedStep, call: WantedCall = CALL) -> Word | None:
    known = decision_on(db, held, call.tool, call.digest)
    return None if known is None else known.word


def test_what_is_wanted_is_asked_when_the_attempt_has_ended(db: Database, held: ClaimedStep) -> None:
    assert want_decision(db, held, CALL) is Word.ASKED
    assert list_decisions(db) == list_decisions(db, run_id=held.run_id) == []
    ask_about_call(db, held)
    [asked] = list_decisions_for(db, find_principal(db, EMPLOYEE))
    assert (asked.question, asked.why, asked.detail) == (CALL.question, CALL.why, CALL.detail)
    assert (asked.options, asked.by, asked.digest) == ((APPROVE, REJECT), CALL.by, CALL.digest)
    assert asked.expires_at is not None
    assert (asked.expires_at - asked.asked_at).total_seconds() == EXPIRES_S
    run, step = get_run(db, held.run_id), step_row(db, held.run_id, "answer")
    assert (run.state, [one.id for one in run.decisions]) == ("waiting", [asked.id])
    assert (step.state, step.lease_owner, step.lease_until) == ("waiting", None, None)
    assert dispatch_row(db, held.run_id, "answer") is None
    assert try_claim(db, held.run_id) is None
    with pytest.raises(LeaseLost):
        complete_step(db, held, ANSWER)


@pytest.mark.parametrize(("choice", "word"), [(APPROVE, Word.APPROVED), (REJECT, Word.REJECTED)])
def test_the_step_begins_anew_with_what_was_said(
    db: Database, held: ClaimedStep, choice: str, word: Word
) -> None:
    asked = waiting(db, held)
    assert say(db, asked, choice).choice == choice
    assert get_run(db, held.run_id).state == "running"
    assert dispatch_row(db, held.run_id, "answer") is not None
    again = claim(db, held.run_id)
    assert (again.attempt, word_on(db, again), word_on(db, again, OTHER)) == (2, word, None)
    [told] = list_call_decisions(db, held.run_id, "answer")
    assert (told.tool, told.given, told.word) == ("send", {"to": "all"}, word)
    assert list_call_decisions(db, held.run_id, "another") == []
    complete_step(db, again, ANSWER)
    assert get_run(db, held.run_id).state == "answered"
    verify_audit(db)


def test_having_asked_is_no_strike(db: Database, held: ClaimedStep) -> None:
    say(db, waiting(db, held), APPROVE)
    second = claim(db, held.run_id)
    say(db, waiting(db, second, OTHER), APPROVE)
    for _ in range(MAX_ATTEMPTS):
        assert try_claim(db, held.run_id) is not None
        pass_time(db, LEASE_S + 1)
        sweep_steps(db)
    assert get_run(db, held.run_id).state == "failed"
    assert step_row(db, held.run_id, "answer").attempt == 2 + MAX_ATTEMPTS


def test_a_question_nobody_answers_counts_as_rejected(db: Database, held: ClaimedStep) -> None:
    asked = waiting(db, held)
    assert pass_due(db) == 0
    pass_time(db, EXPIRES_S + 1)
    with pytest.raises(DecisionClosed, match="time to decide this is over"):
        say(db, asked, APPROVE)
    assert pass_due(db) == 1
    [expired] = list_decisions(db, run_id=held.run_id)
    assert (expired.state, expired.choice, expired.decided_by) == ("expired", REJECT, None)
    assert word_on(db, claim(db, held.run_id)) is Word.EXPIRED


def test_of_several_calls_one_is_asked_about_at_a_time_and_two_in_all(
    db: Database, held: ClaimedStep
) -> None:
    assert want_decision(db, held, CALL) is Word.ASKED
    assert want_decision(db, held, CALL) is Word.ASKED
    assert want_decision(db, held, OTHER) is Word.LATER
    ask_about_call(db, held)
    [asked] = list_decisions(db)
    say(db, asked, APPROVE)
    second = claim(db, held.run_id)
    assert want_decision(db, second, CALL) is Word.APPROVED
    say(db, waiting(db, second, OTHER), REJECT)
    third = claim(db, held.run_id)
    assert want_decision(db, third, THIRD) is Word.NO_MORE
    assert [want_decision(db, third, call) for call in (CALL, OTHER)] == [Word.APPROVED, Word.REJECTED]
    assert len(list_decisions(db, run_id=held.run_id)) == 2


def test_of_many_who_want_the_same_at_once_one_question_comes(db: Database, held: ClaimedStep) -> None:
    came = at_once(*([lambda: want_decision(db, held, CALL)] * 5))
    assert came == [Word.ASKED] * 5
    ask_about_call(db, held)
    assert len(list_decisions(db)) == 1


def test_what_a_dead_worker_wanted_is_asked_once(db: Database, held: ClaimedStep) -> None:
    want_decision(db, held, CALL)
    assert not awaits_decision(db, claim(db, ask(db, "2").run_id))
    pass_time(db, LEASE_S + 1)
    sweep_steps(db)
    again = claim(db, held.run_id, owner="another")
    assert awaits_decision(db, again)
    assert want_decision(db, again, CALL) is Word.ASKED
    for late in (want_decision, lambda db, held, _: ask_about_call(db, held)):
        with pytest.raises(LeaseLost):
            late(db, held, CALL)
    ask_about_call(db, again)
    [asked] = list_decisions(db)
    say(db, asked, APPROVE)
    assert not awaits_decision(db, claim(db, held.run_id))


def test_cancelling_while_it_waits_withdraws_the_question(db: Database, held: ClaimedStep) -> None:
    asked = waiting(db, held)
    assert cancel_run(db, held.run_id, EMPLOYEE) == "cancelled"
    [withdrawn] = list_decisions(db, run_id=held.run_id)
    assert (withdrawn.id, withdrawn.state) == (asked.id, "withdrawn")
    with pytest.raises(DecisionClosed, match="the run has ended"):
        say(db, asked, APPROVE)
    assert try_claim(db, held.run_id) is None


def test_cancelling_before_anybody_was_asked_asks_nobody(db: Database, held: ClaimedStep) -> None:
    want_decision(db, held, CALL)
    assert cancel_run(db, held.run_id, EMPLOYEE) == "running"
    ask_about_call(db, held)
    assert get_run(db, held.run_id).state == "cancelled"
    assert [one.state for one in list_decisions(db, run_id=held.run_id)] == ["withdrawn"]
    assert _messages(db) == []


def test_an_approved_call_is_done_once_whatever_was_done_before_it(db: Database, held: ClaimedStep) -> None:
    confirm_effect(db, intend_effect(db, held, "send", 0, "before"), {"status": "found"})
    asked = waiting(db, held)
    say(db, asked, APPROVE)
    again = claim(db, held.run_id)
    key = intend_effect(db, again, "send", asked.id, CALL.digest)
    confirm_effect(db, key, {"status": "found"})
    assert key not in {intend_effect(db, again, "send", 1, "c")}


# Who decides


def _messages(db: Database) -> list[dict[str, Any]]:
    with db.read() as session:
        rows = session.scalars(select(DeliveryRow).where(DeliveryRow.decision_id.is_not(None)))
        return [row.target for row in rows]


def test_whoever_asked_is_asked_in_slack_and_nobody_else_may_decide(db: Database, held: ClaimedStep) -> None:
    asked = waiting(db, held)
    assert _messages(db) == [{"channel": "U1"}]
    for email in (ENGINEER, GUEST):
        assert list_decisions_for(db, find_principal(db, email)) == []
        with pytest.raises(NotPermitted, match=f"for the person {EMPLOYEE} to decide"):
            say(db, asked, APPROVE, email)


def test_where_a_role_decides_whoever_asked_does_not(db: Database, held: ClaimedStep) -> None:
    sync_people(db, people_file(employee={"roles": ["engineer"]}))
    asked = waiting(db, held, replace(CALL, by="role:engineer"))
    assert _messages(db) == [{"channel": "U2"}]
    with pytest.raises(NotPermitted, match="asked for this yourself"):
        say(db, asked, APPROVE)
    assert say(db, asked, APPROVE, ENGINEER).decided_by == ENGINEER


@pytest.mark.parametrize("change", [{"right": "manage"}, {"readers": (("finance",),)}])
def test_nobody_decides_without_the_right_of_the_tool_or_what_was_read(
    db: Database, held: ClaimedStep, change: dict[str, Any]
) -> None:
    asked = waiting(db, held, replace(CALL, by="group:everyone", **change))
    assert _messages(db) == []
    with pytest.raises(NotPermitted):
        say(db, asked, APPROVE, ENGINEER)
    sync_people(db, people_file(engineer={"roles": ["admin"], "groups": ["everyone", "finance"]}))
    assert say(db, asked, REJECT, ENGINEER).state == "decided"


def test_decisions_and_their_messages_survive_the_change_of_their_table(
    db: Database, held: ClaimedStep
) -> None:
    steps = [
        {
            "key": "choose",
            "kind": "decision",
            "ask": {"question": "May it?", "options": ["yes", "no"], "by": "role:engineer"},
        },
        {"key": "last", "kind": "function", "uses": "end", "needs": ["choose"]},
    ]
    spec = {"name": "choosing", "description": "for tests", "steps": steps}
    publish_workflow(db, WorkflowSpec.model_validate(spec))
    run_id = ask(db, "2", workflow="choosing").run_id
    waiting(db, held)
    assert len(_messages(db)) == 2
    config = alembic_config()
    with db.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0013")
    migrate(db)
    # A question about a call is one that the release before could not have asked.
    assert [one.run_id for one in list_decisions(db)] == [run_id]
    assert _messages(db) == [{"channel": "U2"}]
    say(db, list_decisions(db)[0], "yes", ENGINEER)
