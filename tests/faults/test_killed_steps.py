"""Workers die in the middle of a step that runs for each item of a list, and runs are cancelled in the
middle of every kind of step: each item is done once and joined once, and of a cancelled run nothing is
left."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger.audit import verify_audit
from ledger.cancel import cancel_run
from ledger.db import Database
from ledger.decision_views import list_decisions
from ledger.decisions import decide
from ledger.due import pass_due
from ledger.errors import LeaseLost
from ledger.people import find_principal
from ledger.reading import get_run
from ledger.runs import submit_run
from ledger.schema import DispatchRow, StepRow
from ledger.steps import LEASE_S, ClaimedStep, complete_step, fail_step
from ledger.sweep import sweep_steps
from ledger.workflow import WorkflowSpec
from ledger.workflows import publish_workflow
from tests.unit.ledger.world import EMPLOYEE, ENGINEER, ask, claim, furnish, pass_time, request, step_row

FAN = {
    "name": "fan",
    "description": "for tests",
    "steps": [
        {"key": "start", "kind": "crew", "uses": "desk"},
        {"key": "each", "kind": "crew", "uses": "desk", "needs": ["start"], "each": "start.items"},
        {"key": "last", "kind": "crew", "uses": "desk", "needs": ["each"]},
    ],
}
KILLS_S = (0.01, 0.02, 0.03, 0.045, 0.06, 0.08, 0.1, 0.13)


def test_workers_killed_at_the_items_of_a_list_give_one_join(sqlite_url: str, tmp_path: Path) -> None:
    db = Database(sqlite_url)
    publish_workflow(furnish(db), WorkflowSpec.model_validate(FAN))
    command = [sys.executable, "-m", "tests.faults.stepping"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as helper:
        assert helper.stdin is not None
        assert helper.stdout is not None
        assert helper.stdout.readline() == "ready\n"
        deaths = 0
        for trial, kill_s in enumerate(KILLS_S):
            run_id = submit_run(db, request(str(trial), workflow="fan")).run_id
            journal = tmp_path / f"journal-{trial}"
            journal.touch()
            # After two deaths a step has one attempt left, and whoever comes last is left alone.
            for after_s in (kill_s, kill_s, 0.0):
                job = {"url": sqlite_url, "run_id": run_id, "journal": str(journal), "kill_after_s": after_s}
                helper.stdin.write(json.dumps(job) + "\n")
                helper.stdin.flush()
                deaths += sum(json.loads(helper.stdout.readline()))
            _check_joined_once(db, run_id, journal)
        helper.stdin.close()
    assert deaths > len(KILLS_S) // 2, "hardly anybody was killed, so this shows little"
    verify_audit(db)
    db.close()


def _check_joined_once(db: Database, run_id: str, journal: Path) -> None:
    view = get_run(db, run_id)
    assert view.state == "answered", view.failure
    with db.read() as session:
        steps = {row.key: row for row in session.scalars(select(StepRow).where(StepRow.run_id == run_id))}
    assert sorted(steps) == sorted(["start", "each", "last", *(f"each.{number}" for number in range(1, 9))])
    items = [steps[f"each.{number}"].output for number in range(1, 9)]
    assert [item["item"] for item in items if item] == list(range(8))
    assert steps["each"].output == {"items": items}
    noted = [line.partition(" ") for line in journal.read_text().splitlines()]
    # One that died after its commit could not note it; nobody did it again.
    assert len({key for key, _, _ in noted}) == len(noted)
    joins = [json.loads(inputs) for key, _, inputs in noted if key == "last"]
    assert joins in ([], [{"each": items}])


STAGES = ("start", "maybe", "pause", "approve", "part.1", "late", "join", "start.undo")


@pytest.mark.parametrize("worker", ["gives in", "finishes", "dies"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_cancel_in_the_middle_of_any_step_leaves_nothing(
    sqlite_db: Database, stage: str, worker: str
) -> None:
    db = furnish(sqlite_db)
    run_id = ask(db, workflow="whole").run_id
    held = _drive_to(db, run_id, stage)
    cancel_run(db, run_id, EMPLOYEE)
    if worker == "dies":
        pass_time(db, LEASE_S + 1)
        sweep_steps(db)
    for one in held if worker != "dies" else []:
        if worker == "gives in":
            fail_step(db, one, "The step was cancelled.", code="step_cancelled", try_again=False)
        else:
            complete_step(db, one, {})
    _undo(db, run_id)
    _check_nothing_is_left(db, run_id)
    for one in held:
        with pytest.raises(LeaseLost):
            complete_step(db, one, {})


def _drive_to(db: Database, run_id: str, stage: str) -> list[ClaimedStep]:
    """What workers hold when this step is the one at work."""
    start = claim(db, run_id, "start")
    if stage == "start":
        return [start]
    complete_step(db, start, {"go": True, "items": ["a", "b"]})
    if stage == "start.undo":
        cancel_run(db, run_id, EMPLOYEE)
        return []
    if stage in ("pause", "approve"):
        return []
    maybe = claim(db, run_id, "maybe")
    if stage == "maybe":
        return [maybe]
    parts = [claim(db, run_id, key) for key in ("part.1", "part.2")]
    complete_step(db, maybe, {})
    if stage == "part.1":
        return parts
    for part in parts:
        complete_step(db, part, {})
    pass_time(db, 21)
    pass_due(db)
    late = claim(db, run_id, "late")
    if stage == "late":
        return [late]
    complete_step(db, late, {})
    decide(db, list_decisions(db, run_id=run_id)[0].id, find_principal(db, ENGINEER), "yes")
    return [claim(db, run_id, "join")]


def _undo(db: Database, run_id: str) -> None:
    for _ in range(10):
        with db.read() as session:
            query = select(StepRow.key).where(StepRow.run_id == run_id, StepRow.state == "ready")
            ready = session.scalar(query)
        if ready is None:
            return
        complete_step(db, claim(db, run_id, ready), {})


def _check_nothing_is_left(db: Database, run_id: str) -> None:
    assert get_run(db, run_id).state == "cancelled"
    with db.read() as session:
        rows = list(session.scalars(select(StepRow).where(StepRow.run_id == run_id)))
        assert session.scalars(select(DispatchRow)).all() == []
    assert {row.state for row in rows} <= {"done", "cancelled"}
    assert not [row for row in rows if row.lease_owner]
    assert list_decisions(db) == []
    pass_time(db, 100_000)
    assert (pass_due(db), sweep_steps(db)) == (0, 0)
    undone = {row.undoes for row in rows if row.undoes}
    done = {row.key for row in rows if row.state == "done" and not row.undoes}
    assert undone == {key for key in done if key in ("start", "late") or key.startswith("part.")}
    assert step_row(db, run_id, "join").output is None or "join" in done
