"""A small invented company to try the ledger on, and ways to look at what the ledger keeps inside."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import select, text

from ledger.clock import ManualClock
from ledger.db import Database
from ledger.deliveries import DeliveryTarget
from ledger.evidence import BLOCKED, Finding, record_evidence
from ledger.people import PeopleFile, sync_people
from ledger.result import AbstainReason, RunResult
from ledger.runs import RunRequest, Submission, submit_run
from ledger.schema import DispatchRow, StepRow
from ledger.steps import ClaimedStep, claim_step, complete_step
from ledger.workflow import WorkflowSpec
from ledger.workflows import publish_workflow

T = TypeVar("T")

EMPLOYEE = "employee@larkspur.example"
ENGINEER = "engineer@larkspur.example"
GUEST = "guest@larkspur.example"

ANSWER: dict[str, Any] = {
    "outcome": "answered",
    "answer": "Reset it on the sign-in page.",
    "claims": [{"text": "Reset it on the sign-in page.", "evidence": ["E1"]}],
}
SLACK_PLACE = DeliveryTarget(channel="slack", place={"channel": "C1", "thread_ts": "1.2"})


def people_file(**changes: dict[str, Any] | None) -> PeopleFile:
    """The company's people; `changes` are given by role-like name and None removes somebody."""
    people: dict[str, dict[str, Any] | None] = {
        "employee": {"email": EMPLOYEE, "name": "Employee", "slack": "U1"},
        "engineer": {"email": ENGINEER, "name": "Engineer", "slack": "U2", "roles": ["engineer"]},
        "guest": {"email": GUEST, "name": "Guest", "roles": []},
    }
    for name, change in changes.items():
        people[name] = None if change is None else {**(people.get(name) or {}), **change}
    listed = [person for person in people.values() if person is not None]
    groups = {"everyone": "all", "finance": "the books"}
    return PeopleFile.model_validate({"groups": groups, "people": listed})


def workflow(name: str, **needs: list[str]) -> WorkflowSpec:
    """Steps in the given order, each with the keys it needs."""
    steps = [{"key": key, "kind": "crew", "uses": "desk", "needs": keys} for key, keys in needs.items()]
    return WorkflowSpec.model_validate({"name": name, "description": "for tests", "steps": steps})


ASK = workflow("ask", answer=[])
PAIR = workflow("pair", left=[], right=[], join=["left", "right"])
DIAMOND = workflow("diamond", start=[], left=["start"], right=["start"], join=["left", "right"])

# Every kind of step: `start` puts out what the others read.
WHOLE = WorkflowSpec.model_validate(
    {
        "name": "whole",
        "description": "for tests",
        "steps": [
            {"key": "start", "kind": "crew", "uses": "desk", "undo": "take_back"},
            {"key": "maybe", "kind": "crew", "uses": "desk", "needs": ["start"], "when": "start.go"},
            {"key": "pause", "kind": "wait", "needs": ["start"], "for_s": 20},
            {
                "key": "approve",
                "kind": "decision",
                "needs": ["start"],
                "ask": {
                    "question": "May this go out?",
                    "options": ["yes", "no"],
                    "by": "role:engineer",
                    "expires_s": 100,
                    "on_expiry": "no",
                },
            },
            {
                "key": "part",
                "kind": "crew",
                "uses": "item",
                "needs": ["start"],
                "each": "start.items",
                "most": 3,
                "undo": "take_back",
            },
            {
                "key": "late",
                "kind": "crew",
                "uses": "desk",
                "needs": ["pause", "maybe"],
                "retries": [{"on": ["away"], "times": 2, "after_s": 10}],
                "undo": "take_back",
            },
            {
                "key": "join",
                "kind": "crew",
                "uses": "desk",
                "needs": ["part", "late", "approve", "maybe"],
            },
        ],
    }
)


def furnish(db: Database) -> Database:
    """People and workflows, so that runs can be submitted."""
    sync_people(db, people_file())
    for spec in (ASK, PAIR, DIAMOND, WHOLE):
        publish_workflow(db, spec)
    return db


def request(external_id: str = "1", **changes: Any) -> RunRequest:
    values = {"principal": EMPLOYEE, "question": "How do I reset my password?", "source": "api"}
    return RunRequest.model_validate({**values, "external_id": external_id, **changes})


def ask(db: Database, external_id: str = "1", **changes: Any) -> Submission:
    return submit_run(db, request(external_id, **changes))


def end_blocked(
    db: Database, step: ClaimedStep, *products: str, reason: AbstainReason = AbstainReason.BLOCKED
) -> None:
    """Ends a run's one step as if its queries had met data that was not fit."""
    for name in products:
        finding = Finding(BLOCKED, name, "quality", f"{name} is late.", None, {"products": [name]})
        record_evidence(db, step, [finding])
    result = RunResult(outcome="abstained", answer="There is no figure.", reason=reason)
    complete_step(db, step, result.model_dump(mode="json"))


def step_row(db: Database, run_id: str, key: str) -> StepRow:
    with db.read() as session:
        return session.scalars(select(StepRow).where(StepRow.run_id == run_id, StepRow.key == key)).one()


def dispatch_row(db: Database, run_id: str, key: str) -> DispatchRow | None:
    step = step_row(db, run_id, key)
    with db.read() as session:
        return session.get(DispatchRow, step.id)


def try_claim(db: Database, run_id: str, key: str = "answer", owner: str = "worker") -> ClaimedStep | None:
    return claim_step(db, step_row(db, run_id, key).id, owner)


def claim(db: Database, run_id: str, key: str = "answer", owner: str = "worker") -> ClaimedStep:
    claimed = try_claim(db, run_id, key, owner)
    assert claimed is not None, f"{key} could not be claimed"
    return claimed


_MOMENTS = (
    "steps.lease_until",
    "steps.due_at",
    "dispatches.rung_at",
    "dispatches.owed_at",
    "deliveries.due_at",
    "decisions.expires_at",
    "firings.lease_until",
    "tickets.resolved_at",
    "tickets.asked_at",
)


def pass_time(db: Database, seconds: float) -> None:
    """On SQLite the clock is ours; on PostgreSQL, whose clock decides, what was noted moves into the past."""
    if isinstance(db.clock, ManualClock):
        db.clock.advance(seconds)
        return
    with db.write() as session:
        for column in _MOMENTS:
            table, name = column.split(".")
            session.execute(
                text(f"UPDATE {table} SET {name} = {name} - make_interval(secs => :s)"), {"s": seconds}
            )


def at_once(*calls: Callable[[], T]) -> list[T | BaseException]:
    """What each call gave or raised when all were let go together."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T | BaseException:
        gate.wait(timeout=30)
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test wants to see it
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
