"""What moves a run on besides its workers: conditions, lists, dates, people, retry rules and cancelling, on
both databases."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, select
from structlog.testing import capture_logs

from ledger.advance import advance_run
from ledger.cancel import RunEnded, cancel_run, cancel_run_for, is_stopped
from ledger.db import Database
from ledger.decision_views import Decision, list_decisions
from ledger.decisions import DecisionClosed, decide
from ledger.due import pass_due
from ledger.errors import InvalidInput, LeaseLost, NotFound, NotPermitted
from ledger.people import find_principal, sync_people
from ledger.progress import read_progress
from ledger.reading import get_run, list_runs
from ledger.relay import Relay
from ledger.replays import submit_replay
from ledger.schema import AuditRow, DecisionRow, DeliveryRow, DispatchRow, RunRow, StepRow
from ledger.step_plan import steps_of_run
from ledger.steps import LEASE_S, MAX_ATTEMPTS, claim_step, complete_step, fail_step
from ledger.sweep import count_open_runs, release_leases, sweep_steps
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
    furnish,
    pass_time,
    people_file,
    step_row,
    try_claim,
)

Step = dict[str, Any]
START: Step = {"key": "start", "kind": "crew", "uses": "desk"}


def begin(db: Database, *steps: Step, **changes: Any) -> str:
    """A run of a workflow with these steps."""
    spec = {"name": "graph", "description": "for tests", "steps": steps}
    publish_workflow(furnish(db), WorkflowSpec.model_validate(spec))
    return ask(db, workflow="graph", **changes).run_id


def last(*needs: str) -> Step:
    return {"key": "last", "kind": "crew", "uses": "desk", "needs": list(needs)}


def states(db: Database, run_id: str) -> dict[str, str]:
    return {step.key: step.state for step in get_run(db, run_id).timings.steps}


def audited(db: Database, subject: str) -> list[str]:
    with db.read() as session:
        query = select(AuditRow.action).where(AuditRow.subject == subject).order_by(AuditRow.seq)
        return list(session.scalars(query))


def nothing_is_owed(db: Database, run_id: str) -> bool:
    with db.read() as session:
        of_run = select(StepRow.id).where(StepRow.run_id == run_id)
        return session.scalars(select(DispatchRow).where(DispatchRow.step_id.in_(of_run))).all() == []


# Conditions


@pytest.mark.parametrize("kind", ["figures", "words"])
def test_a_step_whose_condition_is_false_is_skipped_and_read_as_nothing(db: Database, kind: str) -> None:
    only = {"key": "only", "kind": "crew", "uses": "desk", "needs": ["start"]}
    run_id = begin(db, START, {**only, "when": "start.kind == 'figures'"}, last("start", "only"))
    said = {"output": {"kind": kind}, "crew": "desk"}
    complete_step(db, claim(db, run_id, "start"), said)
    if kind == "figures":
        complete_step(db, claim(db, run_id, "only"), {"n": 1})
    assert states(db, run_id)["only"] == ("done" if kind == "figures" else "skipped")
    joined = claim(db, run_id, "last")
    assert joined.inputs == {"start": said, "only": {"n": 1} if kind == "figures" else None}
    complete_step(db, joined, ANSWER)
    assert get_run(db, run_id).state == "answered"


def test_steps_are_skipped_in_a_row(db: Database) -> None:
    first = {"key": "first", "kind": "crew", "uses": "desk", "needs": ["start"], "when": "start.go"}
    second = {"key": "second", "kind": "wait", "for_s": 60, "needs": ["first"], "when": "first"}
    run_id = begin(db, START, first, second, last("second"))
    complete_step(db, claim(db, run_id, "start"), {"go": False})
    assert states(db, run_id) == {"start": "done", "first": "skipped", "second": "skipped", "last": "ready"}


# Lists

EACH: Step = {"key": "each", "kind": "crew", "uses": "item.crew", "needs": ["start"], "each": "start.items"}


def test_a_step_runs_once_for_each_item_and_its_outputs_come_in_order(db: Database) -> None:
    run_id = begin(db, START, EACH, last("each"))
    items = [{"crew": "one"}, {"crew": "two"}, None]
    complete_step(db, claim(db, run_id, "start"), {"items": items})
    parts = {f"each.{number}": "ready" for number in (1, 2, 3)}
    assert states(db, run_id) == {"start": "done", "each": "spread", **parts, "last": "blocked"}
    held = [claim(db, run_id, f"each.{number}") for number in (3, 1, 2)]
    assert [part.item for part in held] == [None, items[0], items[1]]
    assert held[0].inputs == {"start": {"items": items}}
    for part in held:
        assert states(db, run_id)["last"] == "blocked"
        complete_step(db, part, {"of": part.key})
    joined = claim(db, run_id, "last")
    assert joined.inputs == {"each": [{"of": "each.1"}, {"of": "each.2"}, {"of": "each.3"}]}


@pytest.mark.parametrize("items", [[], None])
def test_of_no_items_there_are_no_outputs(db: Database, items: list[Any] | None) -> None:
    run_id = begin(db, START, EACH, last("each"))
    complete_step(db, claim(db, run_id, "start"), {"items": items})
    assert claim(db, run_id, "last").inputs == {"each": []}


def test_items_that_finish_together_are_joined_once(db: Database) -> None:
    run_id = begin(db, START, EACH, last("each"))
    for number in range(4):
        run_id = ask(db, f"together {number}", workflow="graph").run_id
        complete_step(db, claim(db, run_id, "start"), {"items": ["a", "b", "c"]})
        parts = [claim(db, run_id, f"each.{number}") for number in (1, 2, 3)]
        told = at_once(*[lambda part=part: complete_step(db, part, {}, owner="me") for part in parts])
        assert [claimed.key for claimed in told if claimed] == ["last"]


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ("one", "The step 'each' runs for each of 'start.items', which is not a list."),
        (
            ["x"] * 3,
            "The step 'each' may run for 2 items, and 'start.items' has 3; ask for less at once.",
        ),
    ],
)
def test_what_cannot_be_spread_fails_the_run_with_a_sentence(db: Database, items: Any, sentence: str) -> None:
    run_id = begin(db, START, {**EACH, "most": 2}, last("each"))
    complete_step(db, claim(db, run_id, "start"), {"items": items})
    run = get_run(db, run_id)
    assert (run.state, run.failure) == ("failed", sentence)
    assert states(db, run_id) == {"start": "done", "each": "failed", "last": "blocked"}
    assert nothing_is_owed(db, run_id)


# Dates


def test_a_wait_holds_nobody_and_ends_when_it_is_due(db: Database) -> None:
    run_id = begin(db, {"key": "pause", "kind": "wait", "for_s": 3600}, last("pause"))
    assert (get_run(db, run_id).state, count_open_runs(db)) == ("waiting", 0)
    assert try_claim(db, run_id, "pause") is None
    pass_time(db, 3590)
    assert pass_due(db) == 0
    assert (sweep_steps(db), release_leases(db)) == (0, 0)
    pass_time(db, 11)
    assert at_once(*[lambda: pass_due(db)] * 4).count(1) == 1
    assert get_run(db, run_id).state == "queued"
    assert list(claim(db, run_id, "last").inputs["pause"]) == ["waited_until"]
    assert get_run(db, run_id).state == "running"


@pytest.mark.parametrize(
    ("until", "waits"),
    [("2000-01-01", False), ("start.date", False), ("2999-01-01T00:00:00+02:00", True)],
)
def test_a_wait_may_be_until_a_date(db: Database, until: str, waits: bool) -> None:
    run_id = begin(
        db, START, {"key": "pause", "kind": "wait", "until": until, "needs": ["start"]}, last("pause")
    )
    complete_step(db, claim(db, run_id, "start"), {"date": "2001-02-03"})
    pass_due(db)
    assert states(db, run_id)["last"] == ("blocked" if waits else "ready")


@pytest.mark.parametrize("date", ["soon", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"])
def test_a_date_that_is_none_fails_the_run_with_a_sentence(db: Database, date: str) -> None:
    pause = {"key": "pause", "kind": "wait", "until": "start.date", "needs": ["start"]}
    run_id = begin(db, START, pause, last("pause"))
    complete_step(db, claim(db, run_id, "start"), {"date": date})
    assert get_run(db, run_id).failure == "The step 'pause' waits until 'start.date', which is not a date."


def test_the_relay_lets_what_is_due_go_on_and_rings_for_it(db: Database) -> None:
    run_id = begin(db, {"key": "pause", "kind": "wait", "for_s": 60}, last("pause"))
    rung: list[str] = []
    relay = Relay(db, rung.append)
    relay.ring_due()
    pass_time(db, 61)
    pass_due(db)
    relay.ring_due()
    assert rung == [step_row(db, run_id, "last").id]


# People

DECIDE: Step = {
    "key": "approve",
    "kind": "decision",
    "ask": {"question": "May it go out?", "options": ["yes", "no"], "by": "role:engineer"},
}


def the_decision(db: Database, run_id: str) -> Decision:
    [decision] = list_decisions(db, run_id=run_id)
    return decision


def test_a_run_waits_for_a_person_and_goes_on_with_what_was_chosen(db: Database) -> None:
    run_id = begin(db, DECIDE, last("approve"))
    decision = the_decision(db, run_id)
    assert list_decisions(db) == [decision]
    assert (decision.question, decision.options, decision.state) == ("May it go out?", ("yes", "no"), "open")
    pass_time(db, 100_000)
    assert (pass_due(db), get_run(db, run_id).state) == (0, "waiting")
    made = decide(db, decision.id, find_principal(db, ENGINEER), "yes")
    assert (made.state, made.choice, made.decided_by) == ("decided", "yes", ENGINEER)
    assert claim(db, run_id, "last").inputs["approve"] == {"choice": "yes", "by": ENGINEER, "expired": False}
    assert audited(db, decision.id) == ["decision.made"]
    assert list_decisions(db) == []


@pytest.mark.parametrize(
    ("by", "who", "sentence"),
    [
        ("role:engineer", EMPLOYEE, "This is for the role engineer to decide."),
        ("group:finance", ENGINEER, "This is for the group finance to decide."),
        (f"person:{ENGINEER}", EMPLOYEE, f"This is for the person {ENGINEER} to decide."),
        ("group:everyone", EMPLOYEE, "You asked for this yourself, so somebody else has to decide it."),
        ("role:caretaker", ENGINEER, "This is for the role caretaker to decide."),
    ],
)
def test_whoever_may_not_decide_is_told_so(db: Database, by: str, who: str, sentence: str) -> None:
    run_id = begin(db, {**DECIDE, "ask": {**DECIDE["ask"], "by": by}}, last("approve"))
    with pytest.raises(NotPermitted) as caught:
        decide(db, the_decision(db, run_id).id, find_principal(db, who), "yes")
    assert str(caught.value) == sentence
    assert the_decision(db, run_id).state == "open"


@pytest.mark.parametrize("by", ["group:everyone", f"person:{ENGINEER}"])
def test_a_group_or_a_person_may_be_asked(db: Database, by: str) -> None:
    run_id = begin(db, {**DECIDE, "ask": {**DECIDE["ask"], "by": by}}, last("approve"))
    decide(db, the_decision(db, run_id).id, find_principal(db, ENGINEER), "no")
    assert states(db, run_id)["last"] == "ready"


def test_the_second_click_is_refused_and_an_option_that_is_none(db: Database) -> None:
    sync_people(db, people_file())
    run_id = begin(db, DECIDE, last("approve"))
    decision, engineer = the_decision(db, run_id), find_principal(db, ENGINEER)
    with pytest.raises(InvalidInput, match="'maybe' is not on offer; choose one of: yes, no"):
        decide(db, decision.id, engineer, "maybe")
    results = at_once(*[lambda: decide(db, decision.id, engineer, "yes")] * 5)
    assert sum(isinstance(result, Decision) for result in results) == 1, results
    assert sum(isinstance(result, DecisionClosed) for result in results) == 4
    with pytest.raises(DecisionClosed, match=f"{ENGINEER} decided this before: yes"):
        decide(db, decision.id, engineer, "no")
    with pytest.raises(NotFound):
        decide(db, "no-such-decision", engineer, "no")


def test_a_decision_nobody_makes_expires_as_declared(db: Database) -> None:
    asked = {**DECIDE["ask"], "expires_s": 600, "on_expiry": "no"}
    run_id = begin(db, {**DECIDE, "ask": asked}, last("approve"))
    decision, engineer = the_decision(db, run_id), find_principal(db, ENGINEER)
    pass_time(db, 601)
    with pytest.raises(DecisionClosed, match="time to decide this is over"):
        decide(db, decision.id, engineer, "yes")
    assert (pass_due(db), pass_due(db)) == (1, 0)
    assert claim(db, run_id, "last").inputs["approve"] == {"choice": "no", "by": None, "expired": True}
    assert (the_decision(db, run_id).state, audited(db, decision.id)) == ("expired", ["decision.expired"])
    with pytest.raises(DecisionClosed, match="over"):
        decide(db, decision.id, engineer, "yes")


def test_a_run_that_ends_takes_its_open_decisions_back(db: Database) -> None:
    run_id = begin(db, START, DECIDE, last("start", "approve"))
    decision = the_decision(db, run_id)
    fail_step(db, claim(db, run_id, "start"), "It cannot be done.", try_again=False)
    assert the_decision(db, run_id).state == "withdrawn"
    with pytest.raises(DecisionClosed, match="the run has ended"):
        decide(db, decision.id, find_principal(db, ENGINEER), "yes")


def test_a_step_that_cannot_go_on_ends_its_run_and_is_in_nobodys_way(db: Database) -> None:
    asking = {**DECIDE, "ask": {**DECIDE["ask"], "expires_s": 60, "on_expiry": "no"}}
    broken, sound = begin(db, asking, last("approve")), ask(db, "2", workflow="graph").run_id
    with db.write() as session:
        session.execute(delete(DeliveryRow).where(DeliveryRow.run_id == broken))
        session.execute(delete(DecisionRow).where(DecisionRow.run_id == broken))
    pass_time(db, 61)
    with capture_logs() as logged:
        assert (pass_due(db), pass_due(db)) == (2, 0)
    [event] = logged
    assert (event["event"], event["exc_info"]) == ("step_broke", True)
    run = get_run(db, broken)
    assert (run.state, states(db, broken)["approve"]) == ("failed", "failed")
    assert (run.failure or "").endswith(f"error id {event['error_id']}.")
    assert states(db, sound)["last"] == "ready"


# Retry rules

RULED: Step = {
    "key": "last",
    "kind": "crew",
    "uses": "desk",
    "retries": [{"on": ["away", "late"], "times": 4, "after_s": 60}],
}


def test_a_rule_says_how_often_and_after_what_wait_a_step_is_tried_again(db: Database) -> None:
    run_id = begin(db, RULED)
    for code in ("away", "late", "away", "away"):
        fail_step(db, claim(db, run_id, "last"), "Away.", code=code, try_again=False)
        assert try_claim(db, run_id, "last") is None
        assert (Relay(db, _nobody_rings).ring_due(), sweep_steps(db)) == (0, 0)
        assert (release_leases(db), count_open_runs(db)) == (1, 0)
        assert Relay(db, _nobody_rings).ring_due() == 0
        pass_time(db, 61)
        assert count_open_runs(db) == 1
        rung: list[str] = []
        Relay(db, rung.append).ring_due()
        assert rung == [step_row(db, run_id, "last").id]
    fail_step(db, claim(db, run_id, "last"), "Away for good.", code="away", try_again=True)
    run = get_run(db, run_id)
    assert (run.state, run.failure) == ("failed", "Away for good.")


def test_attempts_a_rule_gave_back_are_no_deaths(db: Database) -> None:
    run_id = begin(db, RULED)
    for _ in range(4):
        fail_step(db, claim(db, run_id, "last"), "Away.", code="away", try_again=False)
        pass_time(db, 61)
    for _ in range(MAX_ATTEMPTS):
        claim(db, run_id, "last")
        pass_time(db, LEASE_S + 1)
    assert try_claim(db, run_id, "last") is None
    assert [sweep_steps(db), sweep_steps(db)] == [1, 0]
    failure = get_run(db, run_id).failure
    assert failure is not None
    assert "died 3 times" in failure


def test_a_failure_no_rule_names_is_tried_again_as_it_was_without_rules(db: Database) -> None:
    run_id = begin(db, RULED)
    fail_step(db, claim(db, run_id, "last"), "Odd.", code="odd", try_again=True)
    fail_step(db, claim(db, run_id, "last"), "Odd.", code="odd", try_again=False)
    assert get_run(db, run_id).state == "failed"


def _nobody_rings(_step_id: str) -> None:
    raise AssertionError("it was rung before it was due")


# Cancelling

UNDO: Step = {"undo": "take_back"}


def test_a_run_nobody_works_on_is_cancelled_at_once(db: Database) -> None:
    pause = {"key": "pause", "kind": "wait", "for_s": 60}
    run_id = begin(db, START, DECIDE, pause, last("start", "approve", "pause"), deliver_to=SLACK_PLACE)
    assert cancel_run(db, run_id, EMPLOYEE) == "cancelled"
    assert cancel_run(db, run_id, EMPLOYEE) == "cancelled"
    assert set(states(db, run_id).values()) == {"cancelled"}
    assert audited(db, run_id) == ["run.submitted", "run.cancel_requested", "run.cancelled"]
    assert the_decision(db, run_id).state == "withdrawn"
    assert try_claim(db, run_id, "start") is None
    pass_time(db, 10_000)
    assert (pass_due(db), sweep_steps(db), release_leases(db)) == (0, 0, 0)
    assert nothing_is_owed(db, run_id)


@pytest.mark.parametrize("ends", ["done", "failed", "again", "dead"])
def test_what_is_at_work_ends_as_it_may_and_nothing_follows(db: Database, ends: str) -> None:
    run_id = begin(db, START, last("start"))
    held = claim(db, run_id, "start")
    assert cancel_run(db, run_id, EMPLOYEE) == "running"
    assert is_stopped(db, run_id)
    assert read_progress(db, run_id).cancelling
    if ends == "done":
        complete_step(db, held, {})
    elif ends == "dead":
        pass_time(db, LEASE_S + 1)
        assert try_claim(db, run_id, "start") is None
        assert [sweep_steps(db), sweep_steps(db)] == [1, 0]
        with pytest.raises(LeaseLost):
            complete_step(db, held, {})
    else:
        fail_step(db, held, "The step was cancelled.", try_again=ends == "again")
    assert get_run(db, run_id).state == "cancelled"
    assert states(db, run_id) == {"start": "done" if ends == "done" else "cancelled", "last": "cancelled"}
    assert nothing_is_owed(db, run_id)


def test_an_answer_that_comes_after_the_cancel_is_not_given(db: Database) -> None:
    run_id = begin(db, last())
    held = claim(db, run_id, "last")
    cancel_run(db, run_id, EMPLOYEE)
    complete_step(db, held, ANSWER)
    run = get_run(db, run_id)
    assert (run.state, run.answer) == ("cancelled", None)


def test_what_is_done_is_undone_one_after_another_the_last_first(db: Database) -> None:
    run_id = begin(db, {**START, **UNDO}, {**EACH, **UNDO}, {**last("each"), **UNDO})
    complete_step(db, claim(db, run_id, "start"), {"items": ["a", "b"]})
    pass_time(db, 1)
    complete_step(db, claim(db, run_id, "each.2"), {"done": 2})
    pass_time(db, 1)
    held = claim(db, run_id, "each.1")
    assert cancel_run(db, run_id, EMPLOYEE) == "running"
    assert "each.2.undo" not in states(db, run_id)
    complete_step(db, held, {"done": 1})
    undone = []
    for _ in range(3):
        [key] = [key for key, state in states(db, run_id).items() if state == "ready"]
        undoing = claim(db, run_id, key)
        undone.append((undoing.uses, undoing.undoes, undoing.inputs, undoing.item))
        assert get_run(db, run_id).state == "running"
        complete_step(db, undoing, {})
    start = {"start": {"items": ["a", "b"]}}
    assert undone == [
        ("take_back", "each.1", {"each.1": {"done": 1}}, "a"),
        ("take_back", "each.2", {"each.2": {"done": 2}}, "b"),
        ("take_back", "start", start, None),
    ]
    run = get_run(db, run_id)
    assert (run.state, run.failure) == ("cancelled", None)
    assert nothing_is_owed(db, run_id)


@pytest.mark.parametrize("how", ["fails", "dies"])
def test_what_cannot_be_undone_is_said_and_the_rest_is_undone(db: Database, how: str) -> None:
    second = {"key": "second", "kind": "crew", "uses": "desk", "needs": ["start"], **UNDO}
    run_id = begin(db, {**START, **UNDO}, second, last("second"))
    complete_step(db, claim(db, run_id, "start"), {})
    complete_step(db, claim(db, run_id, "second"), {})
    cancel_run(db, run_id, EMPLOYEE)
    if how == "fails":
        fail_step(db, claim(db, run_id, "second.undo"), "No.", try_again=False)
    else:
        for _ in range(MAX_ATTEMPTS):
            claim(db, run_id, "second.undo")
            pass_time(db, LEASE_S + 1)
        assert [sweep_steps(db), sweep_steps(db)] == [1, 0]
    complete_step(db, claim(db, run_id, "start.undo"), {})
    run = get_run(db, run_id)
    sentence = "This was cancelled, but these steps could not be undone: second."
    assert (run.state, run.failure) == ("cancelled", sentence)


def test_one_cancels_ones_own_runs_and_an_administrator_any(db: Database) -> None:
    run_id = begin(db, last())
    with pytest.raises(NotFound, match="There is no run"):
        cancel_run_for(db, run_id, find_principal(db, ENGINEER))
    with pytest.raises(NotFound):
        cancel_run_for(db, "no-such-run", find_principal(db, EMPLOYEE))
    sync_people(db, people_file(engineer={"roles": ["admin"]}))
    assert cancel_run_for(db, run_id, find_principal(db, ENGINEER)) == "cancelled"
    mine = ask(db, "mine", workflow="graph").run_id
    assert cancel_run_for(db, mine, find_principal(db, EMPLOYEE)) == "cancelled"


def test_what_has_ended_is_not_cancelled(db: Database) -> None:
    run_id = begin(db, last())
    complete_step(db, claim(db, run_id, "last"), ANSWER)
    with pytest.raises(RunEnded, match=r"This run has ended \(answered\)"):
        cancel_run(db, run_id, EMPLOYEE)
    with pytest.raises(NotFound):
        cancel_run(db, "no-such-run", EMPLOYEE)


def test_cancelling_beside_claims_decisions_and_ends_leaves_nothing(db: Database) -> None:
    begin(db, START, DECIDE, {**EACH, **UNDO}, last("each", "approve"))
    engineer = find_principal(db, ENGINEER)
    for number in range(5):
        run_id = ask(db, f"race {number}", workflow="graph").run_id
        complete_step(db, claim(db, run_id, "start"), {"items": ["a", "b"]})
        held = claim(db, run_id, "each.1")
        waiting, decision = step_row(db, run_id, "each.2").id, the_decision(db, run_id)
        results = at_once(
            partial(cancel_run, db, run_id, EMPLOYEE),
            partial(complete_step, db, held, {}),
            partial(claim_step, db, waiting, "worker"),
            partial(decide, db, decision.id, engineer, "yes"),
        )
        odd = [one for one in results if isinstance(one, Exception) and not isinstance(one, DecisionClosed)]
        assert odd == []
        _work_off(db, run_id)
        assert get_run(db, run_id).state == "cancelled"
        left = set(states(db, run_id).values())
        assert left <= {"done", "cancelled"}, left
        assert states(db, run_id)["each.1.undo"] == "done"
        assert nothing_is_owed(db, run_id)


def _work_off(db: Database, run_id: str) -> None:
    """Whoever is at work has died; what undoes is done."""
    pass_time(db, LEASE_S + 1)
    sweep_steps(db)
    for _ in range(3):
        for key, state in states(db, run_id).items():
            if state == "ready":
                complete_step(db, claim(db, run_id, key), {})


# What is shown


def test_progress_counts_steps_and_names_them_for_people(db: Database) -> None:
    pause = {
        "key": "pause",
        "kind": "wait",
        "for_s": 60,
        "needs": ["each"],
        "when": "start",
        "label": "Resting",
    }
    pause["needs"] = ["each", "start"]
    run_id = begin(db, {**START, "label": "Having a look"}, EACH, pause, last("pause"))
    assert (read_progress(db, run_id).done, read_progress(db, run_id).total) == (0, 4)
    held = claim(db, run_id, "start")
    assert read_progress(db, run_id).at_work == ("Having a look",)
    complete_step(db, held, {"items": ["a", "b"]})
    for key in ("each.1", "each.2"):
        complete_step(db, claim(db, run_id, key), {})
    progress = read_progress(db, run_id)
    assert (progress.done, progress.total, progress.state) == (3, 5, "waiting")
    assert [(step.label, step.state) for step in progress.steps] == [
        ("Having a look", "done"),
        ("Each", "done"),
        ("Each", "done"),
        ("Resting", "waiting"),
        ("Last", "blocked"),
    ]
    assert get_run(db, run_id).progress == progress
    [summary] = list_runs(db)
    assert (summary.state, summary.steps_done, summary.steps_total) == ("waiting", 3, 5)


def test_events_tell_what_happened_in_order_with_n_of_m(db: Database) -> None:
    only = {"key": "only", "kind": "crew", "uses": "desk", "needs": ["start"], "when": "start.go"}
    run_id = begin(db, START, only, last("only"))
    complete_step(db, claim(db, run_id, "start"), {"go": False})
    pass_time(db, 5)
    complete_step(db, claim(db, run_id, "last"), ANSWER)
    events = read_progress(db, run_id).events()
    assert [(event.kind, event.label, event.done, event.total) for event in events] == [
        ("started", "Start", 0, 3),
        ("finished", "Start", 1, 3),
        ("skipped", "Only", 2, 3),
        ("started", "Last", 2, 3),
        ("finished", "Last", 3, 3),
    ]
    with pytest.raises(NotFound):
        read_progress(db, "no-such-run")


def test_a_run_of_an_earlier_release_goes_on(db: Database) -> None:
    """Its steps were written without what this release keeps of them."""
    run_id = ask(furnish(db), workflow="pair").run_id
    with db.write() as session:
        for step in session.scalars(select(StepRow).where(StepRow.run_id == run_id)):
            step.plan = None
    complete_step(db, claim(db, run_id, "left"), {})
    complete_step(db, claim(db, run_id, "right"), {})
    complete_step(db, claim(db, run_id, "join"), ANSWER)
    with db.write() as session:
        run, steps = session.get_one(RunRow, run_id), steps_of_run(session, run_id)
        assert advance_run(session, run, steps).ready == []
        assert session.scalars(select(DecisionRow)).all() == []
    assert get_run(db, run_id).state == "answered"


# Replays


MAYBE: Step = {**DECIDE, "needs": ["start"], "when": "start.asks"}
PAUSE: Step = {"key": "pause", "kind": "wait", "for_s": 60, "needs": ["approve"]}


def _replayed(db: Database, run_id: str) -> str:
    return submit_replay(db, run_id, find_principal(db, EMPLOYEE), None)


def test_a_replay_goes_on_with_what_was_decided_and_waits_for_nobody(db: Database) -> None:
    run_id = begin(db, START, MAYBE, PAUSE, last("pause"))
    complete_step(db, claim(db, run_id, "start"), {"asks": True})
    decide(db, the_decision(db, run_id).id, find_principal(db, ENGINEER), "no")
    pass_time(db, 61)
    pass_due(db)
    complete_step(db, claim(db, run_id, "last"), ANSWER)
    again = _replayed(db, run_id)
    complete_step(db, claim(db, again, "start"), {"asks": True})
    assert list_decisions(db, run_id=again) == []
    assert states(db, again) == {"start": "done", "approve": "done", "pause": "done", "last": "ready"}
    for key in ("approve", "pause"):
        assert step_row(db, again, key).output == step_row(db, run_id, key).output
    complete_step(db, claim(db, again, "last"), ANSWER)
    assert get_run(db, again).state == "answered"


def test_a_replay_does_not_make_up_what_nobody_decided(db: Database) -> None:
    run_id = begin(db, START, MAYBE, last("approve"))
    complete_step(db, claim(db, run_id, "start"), {"asks": False})
    complete_step(db, claim(db, run_id, "last"), ANSWER)
    again = _replayed(db, run_id)
    complete_step(db, claim(db, again, "start"), {"asks": True})
    assert "never came to the step 'approve'" in (get_run(db, again).failure or "")
