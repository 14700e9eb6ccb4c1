"""Who works on a step: claims, leases, fences, retries and the end of a run, on both databases."""

import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ledger.cancel import cancel_run
from ledger.db import Database, now_in
from ledger.dispatch import owe_dispatch
from ledger.errors import LeaseLost
from ledger.people import sync_people
from ledger.pii_tokens import PersonalValue, assign_tokens
from ledger.reading import get_run
from ledger.relay import Relay
from ledger.run_state import start_run
from ledger.runs import submit_run
from ledger.schema import AuditRow, DeliveryRow, DispatchRow, RunRow, StepRow
from ledger.spans import list_spans, unshipped_spans
from ledger.steps import (
    LEASE_S,
    MAX_ATTEMPTS,
    ClaimedStep,
    claim_longest_ready,
    claim_step,
    complete_step,
    extend_lease,
    fail_step,
)
from ledger.sweep import RING_AGAIN_S, count_open_runs, release_leases, sweep_steps
from tests.unit.ledger.world import (
    ANSWER,
    EMPLOYEE,
    SLACK_PLACE,
    ask,
    at_once,
    claim,
    dispatch_row,
    furnish,
    pass_time,
    people_file,
    request,
    step_row,
    try_claim,
)


@pytest.fixture
def run_id(db: Database) -> str:
    return ask(furnish(db)).run_id


def _states(db: Database, run_id: str) -> dict[str, str]:
    return {step.key: step.state for step in get_run(db, run_id).timings.steps}


def _outlive_lease(db: Database) -> None:
    pass_time(db, LEASE_S + 1)


def _audited(db: Database, subject: str) -> list[str]:
    with db.read() as session:
        query = select(AuditRow.action).where(AuditRow.subject == subject).order_by(AuditRow.seq)
        return list(session.scalars(query))


# Claims


def test_who_is_free_claims_what_has_been_ready_the_longest(db: Database, run_id: str) -> None:
    later = ask(db, "2").run_id
    claimed = [claim_longest_ready(db, "worker") for _ in range(3)]
    assert [one and one.run_id for one in claimed] == [run_id, later, None]


def test_who_is_free_claims_nothing_that_is_held_blocked_not_due_called_off_or_over(db: Database) -> None:
    furnish(db)
    held, given_back, called_off, over = (ask(db, name).run_id for name in ("1", "2", "3", "4"))
    claim(db, held)
    with db.write() as session:
        later = session.get_one(StepRow, step_row(db, given_back, "answer").id)
        later.due_at = now_in(session) + timedelta(seconds=60)
    cancel_run(db, called_off, EMPLOYEE)
    complete_step(db, claim(db, over), ANSWER)
    assert claim_longest_ready(db, "worker") is None
    pass_time(db, 61)
    now_due = claim_longest_ready(db, "worker")
    assert now_due is not None
    assert now_due.run_id == given_back


def test_of_many_who_are_free_each_has_another_step_or_none(db: Database, run_id: str) -> None:
    runs = {run_id, *(ask(db, f"{number}").run_id for number in range(2, 5))}
    seen: list[str] = []
    while len(seen) < len(runs):
        results = at_once(*[lambda: claim_longest_ready(db, "worker")] * 4)
        seen += [result.run_id for result in results if isinstance(result, ClaimedStep)]
    assert sorted(seen) == sorted(runs)


def test_of_many_workers_exactly_one_gets_a_step(db: Database, run_id: str) -> None:
    for key in (run_id, *(ask(db, f"{number}").run_id for number in range(2, 7))):
        results = at_once(*[lambda key=key: try_claim(db, key)] * 6)
        assert sum(isinstance(result, ClaimedStep) for result in results) == 1, results
        assert results.count(None) == 5


def test_of_many_workers_exactly_one_takes_over_from_a_dead_one(db: Database, run_id: str) -> None:
    claim(db, run_id)
    _outlive_lease(db)
    results = at_once(*[lambda: try_claim(db, run_id)] * 6)
    assert [result.attempt for result in results if isinstance(result, ClaimedStep)] == [2]


def test_a_claim_starts_the_run_and_is_refused_to_others_while_it_lasts(db: Database, run_id: str) -> None:
    first = claim(db, run_id, owner="one")
    assert (first.attempt, first.fence) == (1, 1)
    assert get_run(db, run_id).state == "running"
    pass_time(db, LEASE_S - 5)
    assert try_claim(db, run_id, owner="two") is None


def test_a_step_that_is_blocked_or_unknown_is_not_claimed(db: Database) -> None:
    run_id = ask(furnish(db), workflow="diamond").run_id
    assert try_claim(db, run_id, "join") is None
    assert claim_step(db, "no-such-step", "worker") is None
    assert claim_step(db, "\x00", "worker") is None


def test_heartbeats_keep_a_step_and_end_with_it(db: Database, run_id: str) -> None:
    held = claim(db, run_id)
    for _ in range(3):
        pass_time(db, LEASE_S - 5)
        assert extend_lease(db, held)
    assert try_claim(db, run_id) is None
    complete_step(db, held, ANSWER)
    assert not extend_lease(db, held)


def test_a_late_heartbeat_does_not_take_a_step_back(db: Database, run_id: str) -> None:
    stale = claim(db, run_id)
    _outlive_lease(db)
    fresh = claim(db, run_id)
    assert not extend_lease(db, stale)
    assert extend_lease(db, fresh)


# Fences


@pytest.mark.parametrize("again", [True, False])
def test_a_stale_worker_is_refused_and_changes_nothing(db: Database, run_id: str, again: bool) -> None:
    stale = claim(db, run_id)
    _outlive_lease(db)
    fresh = claim(db, run_id)
    with pytest.raises(LeaseLost, match="taken over by another worker"):
        complete_step(db, stale, {**ANSWER, "answer": "stale"})
    with pytest.raises(LeaseLost):
        fail_step(db, stale, "stale", try_again=again)
    complete_step(db, fresh, ANSWER)
    with pytest.raises(LeaseLost):
        complete_step(db, stale, {**ANSWER, "answer": "stale"})
    run = get_run(db, run_id)
    assert (run.state, run.answer, run.failure) == ("answered", ANSWER["answer"], None)


def test_a_worker_whose_lease_ran_out_unnoticed_may_still_finish(db: Database, run_id: str) -> None:
    held = claim(db, run_id)
    _outlive_lease(db)
    complete_step(db, held, ANSWER)
    assert get_run(db, run_id).state == "answered"


def test_the_same_result_sent_twice_at_once_is_committed_once(db: Database, run_id: str) -> None:
    held = claim(db, run_id)
    results = at_once(*[lambda: complete_step(db, held, ANSWER)] * 4)
    assert results.count(None) == 1
    assert sum(isinstance(result, LeaseLost) for result in results) == 3
    assert _audited(db, run_id) == ["run.submitted", "run.answered"]


# Graphs


def test_a_diamond_is_walked_in_order_and_its_join_reads_both_sides(db: Database) -> None:
    run_id = ask(furnish(db), workflow="diamond").run_id
    complete_step(db, claim(db, run_id, "start"), {"n": 1})
    assert _states(db, run_id) == {"start": "done", "left": "ready", "right": "ready", "join": "blocked"}
    left, right = claim(db, run_id, "left"), claim(db, run_id, "right")
    assert left.inputs == {"start": {"n": 1}}
    complete_step(db, left, {"n": 2})
    assert _states(db, run_id)["join"] == "blocked"
    complete_step(db, right, {"n": 3})
    join = claim(db, run_id, "join")
    assert join.inputs == {"left": {"n": 2}, "right": {"n": 3}}
    complete_step(db, join, ANSWER)
    run = get_run(db, run_id)
    assert (run.state, run.outcome, run.answer) == ("answered", "answered", ANSWER["answer"])
    assert dispatch_row(db, run_id, "join") is None


def test_parallel_steps_that_finish_together_unblock_the_join_once(db: Database) -> None:
    furnish(db)
    for number in range(12):
        run_id = ask(db, str(number), workflow="pair").run_id
        sides = [claim(db, run_id, "left"), claim(db, run_id, "right")]
        told = at_once(*[lambda side=side: complete_step(db, side, {}, owner="me") for side in sides])
        assert _states(db, run_id)["join"] == "running"
        [join] = [claimed for claimed in told if claimed]
        complete_step(db, join, ANSWER)
        assert _audited(db, run_id) == ["run.submitted", "run.answered"]


def test_who_goes_on_has_the_first_step_that_became_ready(db: Database) -> None:
    furnish(db)
    run_id = ask(db, workflow="diamond").run_id
    start = claim(db, run_id, "start")
    assign_tokens(db, run_id, [PersonalValue("email", "a@b.example")])
    left = complete_step(db, start, {"found": 1}, owner="who goes on")
    assert left is not None
    assert (left.key, left.attempt, left.fence) == ("left", 1, start.fence)
    assert step_row(db, run_id, "left").lease_owner == "who goes on"
    assert dispatch_row(db, run_id, "left") is None
    assert extend_lease(db, left)
    assert _states(db, run_id) == {"start": "done", "left": "running", "right": "ready", "join": "blocked"}
    # Whoever comes for the other one is told the same of the run.
    right = claim(db, run_id, "right")
    assert left == replace(right, step_id=left.step_id, key="left")
    assert left.inputs == {"start": {"found": 1}}
    # One whose lease ran out is handed to the next, as any other.
    _outlive_lease(db)
    assert sweep_steps(db) == 2
    again = claim(db, run_id, "left")
    assert (again.attempt, again.fence) == (2, left.fence + 1)
    with pytest.raises(LeaseLost):
        complete_step(db, left, {}, owner="who goes on")


def test_nobody_goes_on_for_somebody_who_has_left(db: Database) -> None:
    furnish(db)
    run_id = ask(db, workflow="diamond").run_id
    start = claim(db, run_id, "start")
    sync_people(db, people_file(employee=None))
    assert complete_step(db, start, {}, owner="me") is None
    assert dispatch_row(db, run_id, "left") is not None
    assert try_claim(db, run_id, "left") is None
    assert "no longer in the workspace" in (get_run(db, run_id).failure or "")


def test_nobody_goes_on_with_a_run_that_was_cancelled(db: Database) -> None:
    furnish(db)
    run_id = ask(db, workflow="diamond").run_id
    start = claim(db, run_id, "start")
    cancel_run(db, run_id, EMPLOYEE)
    assert complete_step(db, start, {}, owner="me") is None
    assert get_run(db, run_id).state == "cancelled"


def test_nobody_rings_for_a_step_that_was_claimed_without_a_doorbell(db: Database, run_id: str) -> None:
    rung: list[str] = []
    relay = Relay(db, rung.append)
    claim(db, run_id)
    assert relay.ring_due() == 0
    assert rung == []


@pytest.mark.parametrize("outcome", ["answered", "abstained", "escalated"])
def test_the_last_step_decides_how_the_run_ends(db: Database, run_id: str, outcome: str) -> None:
    complete_step(db, claim(db, run_id), {**ANSWER, "outcome": outcome})
    run = get_run(db, run_id)
    assert (run.state, run.outcome, run.is_open) == (outcome, outcome, False)
    root = list_spans(db, run_id)[0]
    assert (root.state, root.output["answer"]) == ("ok", ANSWER["answer"])
    assert root.ended_at == run.finished_at


def test_a_result_that_is_none_leaves_the_step_with_its_worker(db: Database, run_id: str) -> None:
    held = claim(db, run_id)
    with pytest.raises(ValueError, match="outcome"):
        complete_step(db, held, {"answer": "no outcome"})
    assert _states(db, run_id) == {"answer": "running"}
    complete_step(db, held, ANSWER)


# Failures


def test_a_step_given_back_is_rung_for_again_until_its_attempts_are_used_up(
    db: Database, run_id: str
) -> None:
    for attempt in range(1, MAX_ATTEMPTS):
        held = claim(db, run_id)
        assert held.attempt == attempt
        fail_step(db, held, "The model was away.", try_again=True)
        doorbell = dispatch_row(db, run_id, "answer")
        assert doorbell is not None
        assert doorbell.rung_at is None
    fail_step(db, claim(db, run_id), "The model was away.", try_again=True)
    run = get_run(db, run_id)
    assert (run.state, run.failure) == ("failed", "The model was away.")
    assert _states(db, run_id) == {"answer": "failed"}
    assert list_spans(db, run_id)[0].state == "error"


def test_a_failure_not_worth_retrying_ends_the_run_at_once(db: Database, run_id: str) -> None:
    fail_step(db, claim(db, run_id), "A NUL \x00 and half a pair \ud800.", try_again=False)
    run = get_run(db, run_id)
    assert (run.state, run.failure) == ("failed", "A NUL \ufffd and half a pair \ufffd.")
    assert try_claim(db, run_id) is None
    assert sweep_steps(db) == 0


@pytest.mark.parametrize("again", [True, False])
def test_a_parallel_step_that_fails_later_does_not_change_how_the_run_ended(
    db: Database, again: bool
) -> None:
    run_id = ask(furnish(db), workflow="pair", deliver_to=SLACK_PLACE).run_id
    left, right = claim(db, run_id, "left"), claim(db, run_id, "right")
    fail_step(db, left, "The first reason.", try_again=False)
    before = get_run(db, run_id)
    fail_step(db, right, "Another reason.", try_again=again)
    after = get_run(db, run_id)
    assert (after.state, after.failure, after.finished_at) == (
        "failed",
        "The first reason.",
        before.finished_at,
    )
    assert _audited(db, run_id) == ["run.submitted", "run.failed"]
    assert _states(db, run_id)["right"] == "failed"


def test_parallel_steps_that_fail_together_end_the_run_once(db: Database) -> None:
    furnish(db)
    for number in range(8):
        run_id = ask(db, str(number), workflow="pair", deliver_to=SLACK_PLACE).run_id
        calls = [
            lambda side=side: fail_step(db, side, f"{side.key} failed.", try_again=False)
            for side in (claim(db, run_id, "left"), claim(db, run_id, "right"))
        ]
        assert at_once(*calls) == [None, None]
        assert _audited(db, run_id) == ["run.submitted", "run.failed"]
        with db.read() as session:
            owed = session.scalars(select(DeliveryRow).where(DeliveryRow.run_id == run_id)).all()
        assert len(owed) == 1


def test_a_step_parked_while_its_sibling_fails_ends_the_run_once(db: Database) -> None:
    furnish(db)
    for number in range(8):
        run_id = ask(db, str(number), workflow="pair", deliver_to=SLACK_PLACE).run_id
        for _ in range(MAX_ATTEMPTS):
            claim(db, run_id, "left")
            _outlive_lease(db)
        right = claim(db, run_id, "right")
        results = at_once(
            lambda: sweep_steps(db), lambda right=right: fail_step(db, right, "Failed.", try_again=False)
        )
        assert results in ([1, None], [0, None]), results
        sweep_steps(db)
        assert [action for action in _audited(db, run_id) if action != "run.submitted"] == ["run.failed"]


def test_a_run_that_has_ended_is_not_started_again(db: Database) -> None:
    run_id = ask(furnish(db), workflow="pair").run_id
    fail_step(db, claim(db, run_id, "left"), "It cannot be done.", try_again=False)
    with db.write() as session:
        start_run(session, session.get_one(RunRow, run_id), frozenset())
    assert get_run(db, run_id).state == "failed"


def test_nothing_rings_for_a_run_that_has_ended(db: Database) -> None:
    run_id = ask(furnish(db), workflow="diamond").run_id
    complete_step(db, claim(db, run_id, "start"), {})
    left, right = claim(db, run_id, "left"), claim(db, run_id, "right")
    fail_step(db, left, "It cannot be done.", try_again=False)
    complete_step(db, right, {})
    assert _states(db, run_id) == {"start": "done", "left": "failed", "right": "done", "join": "blocked"}
    pass_time(db, 1000)
    assert sweep_steps(db) == release_leases(db) == 0
    with db.read() as session:
        assert session.scalars(select(DispatchRow)).all() == []


def test_a_ready_step_of_a_run_that_has_ended_is_left_alone(db: Database) -> None:
    run_id = ask(furnish(db), workflow="pair").run_id
    fail_step(db, claim(db, run_id, "left"), "It cannot be done.", try_again=False)
    pass_time(db, 1000)
    assert sweep_steps(db) == 0
    assert try_claim(db, run_id, "right") is None


def test_a_worker_that_dies_after_its_run_has_ended_is_swept_up_once(db: Database) -> None:
    run_id = ask(furnish(db), workflow="pair").run_id
    left, right = claim(db, run_id, "left"), claim(db, run_id, "right")
    fail_step(db, left, "It cannot be done.", try_again=False)
    _outlive_lease(db)
    assert [sweep_steps(db), sweep_steps(db)] == [1, 0]
    assert _states(db, run_id)["right"] == "failed"
    assert get_run(db, run_id).failure == "It cannot be done."
    with pytest.raises(LeaseLost):
        complete_step(db, right, {})


def test_whoever_left_the_workspace_is_not_answered(db: Database, run_id: str) -> None:
    sync_people(db, people_file(employee=None))
    assert try_claim(db, run_id) is None
    run = get_run(db, run_id)
    assert (run.state, run.principal) == ("failed", "employee@larkspur.example")
    assert run.failure is not None
    assert "no longer in the workspace" in run.failure


# Sweeping


def test_a_step_that_keeps_killing_its_worker_is_parked_with_a_sentence(db: Database, run_id: str) -> None:
    for _ in range(MAX_ATTEMPTS):
        claim(db, run_id)
        _outlive_lease(db)
    assert try_claim(db, run_id) is None
    assert sweep_steps(db) == 1
    assert sweep_steps(db) == 0
    run = get_run(db, run_id)
    assert run.state == "failed"
    assert run.failure is not None
    assert "died 3 times" in run.failure
    assert run_id[-8:] in run.failure
    step = step_row(db, run_id, "answer")
    assert (step.state, step.lease_owner) == ("parked", None)
    assert _audited(db, step.id) == ["step.parked"]
    assert dispatch_row(db, run_id, "answer") is None


@pytest.mark.parametrize("killer", ["left", "right"])
def test_parking_a_step_sweeps_up_the_dead_beside_it_too(db: Database, killer: str) -> None:
    run_id = ask(furnish(db), workflow="pair").run_id
    other = "right" if killer == "left" else "left"
    claim(db, run_id, other)
    for _ in range(MAX_ATTEMPTS):
        claim(db, run_id, killer)
        _outlive_lease(db)
    waiting = step_row(db, run_id, other).id
    with db.write() as session:
        owe_dispatch(session, waiting)
    assert [sweep_steps(db), sweep_steps(db)] == [2, 0]
    assert _states(db, run_id) == {killer: "parked", other: "failed", "join": "blocked"}


def test_several_sweepers_at_once_park_a_step_once(db: Database) -> None:
    furnish(db)
    run_ids = [ask(db, str(number), deliver_to=SLACK_PLACE).run_id for number in range(4)]
    for run_id in run_ids:
        for _ in range(MAX_ATTEMPTS):
            claim(db, run_id)
            _outlive_lease(db)
    results = at_once(*[lambda: sweep_steps(db)] * 4)
    assert all(isinstance(result, int) for result in results), results
    assert sum(result for result in results if isinstance(result, int)) == 4
    assert [get_run(db, run_id).state for run_id in run_ids] == ["failed"] * 4


def _rung(db: Database, run_id: str, key: str = "answer") -> None:
    with db.write() as session:
        row = session.get_one(DispatchRow, step_row(db, run_id, key).id)
        row.rung_at, row.rings = step_row(db, run_id, key).started_at or row.owed_at, row.rings + 1


def test_an_unheard_doorbell_is_rung_again_after_a_while(db: Database, run_id: str) -> None:
    assert sweep_steps(db) == 0
    _rung(db, run_id)
    assert sweep_steps(db) == 0
    pass_time(db, RING_AGAIN_S + 1)
    assert [sweep_steps(db), sweep_steps(db)] == [1, 0]
    doorbell = dispatch_row(db, run_id, "answer")
    assert doorbell is not None
    assert (doorbell.rung_at, doorbell.rings) == (None, 1)


def test_a_dead_worker_is_found_by_its_lease(db: Database, run_id: str) -> None:
    _rung(db, run_id)
    claim(db, run_id)
    pass_time(db, LEASE_S - 5)
    assert sweep_steps(db) == 0
    pass_time(db, 10)
    assert [sweep_steps(db), sweep_steps(db)] == [1, 0]
    assert claim(db, run_id).attempt == 2


def test_sweeping_beside_workers_that_finish_breaks_neither(db: Database) -> None:
    furnish(db)
    run_ids = [ask(db, str(number)).run_id for number in range(10)]
    held = []
    for run_id in run_ids:
        _rung(db, run_id)
        held.append(claim(db, run_id))
    _outlive_lease(db)
    done = threading.Event()

    def finish() -> None:
        for one in held:
            complete_step(db, one, ANSWER)
        done.set()

    def sweep() -> None:
        while not done.is_set():
            sweep_steps(db)

    assert at_once(finish, sweep, sweep) == [None, None, None]
    assert {get_run(db, run_id).state for run_id in run_ids} == {"answered"}


def test_a_new_process_frees_what_the_dead_one_held(db: Database, run_id: str) -> None:
    other = ask(db, "2").run_id
    done = ask(db, "3").run_id
    complete_step(db, claim(db, done), ANSWER)
    claim(db, run_id)
    for key in (run_id, other):
        _rung(db, key)
    assert release_leases(db) == 2
    for key in (run_id, other):
        doorbell = dispatch_row(db, key, "answer")
        assert doorbell is not None
        assert doorbell.rung_at is None
    assert claim(db, run_id).attempt == 2
    assert claim(db, other).attempt == 1
    assert try_claim(db, done) is None


def test_open_runs_are_counted(db: Database, run_id: str) -> None:
    ask(db, "2")
    assert count_open_runs(db) == 2
    complete_step(db, claim(db, run_id), ANSWER)
    assert count_open_runs(db) == 1


# What leaves


def test_the_record_of_a_run_holds_no_secret(db: Database) -> None:
    secret = "sk-" + "a" * 40
    furnish(db)
    run_id = submit_run(db, request(question=f"Is {secret} still valid?")).run_id
    fail_step(db, claim(db, run_id), f"The key {secret} was refused.", try_again=False)
    spans = unshipped_spans(db, 10)
    assert [span.kind for span in spans] == ["run"]
    assert secret not in json.dumps([[span.input, span.output] for span in spans])


def test_a_doorbell_wakes_the_relay_after_the_commit_and_only_then(db: Database) -> None:
    furnish(db)
    db.dispatched.clear()
    with pytest.raises(ValueError, match="source"):
        ask(db, source="carrier pigeon")
    assert not db.dispatched.is_set()
    held: Any = claim(db, ask(db, workflow="diamond").run_id, "start")
    assert db.dispatched.is_set()
    db.dispatched.clear()
    complete_step(db, held, {})
    assert db.dispatched.is_set()
