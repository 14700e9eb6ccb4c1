"""Who may decide about what: only somebody who may read all of it, and of exactly what was asked about."""

import hashlib
import json
from typing import Any

import pytest

from ledger.db import Database
from ledger.decision_views import list_decisions
from ledger.decisions import decide
from ledger.errors import NotPermitted
from ledger.people import find_principal
from ledger.schema import AuditRow, RunRow, StepRow
from ledger.steps import complete_step
from ledger.workflow import WorkflowSpec
from ledger.workflows import publish_workflow
from tests.unit.ledger.world import ENGINEER, ask, claim, furnish, step_row

ISSUE: dict[str, Any] = {
    "name": "issue",
    "description": "for tests",
    "steps": [
        {"key": "made", "kind": "crew", "uses": "desk"},
        {
            "key": "approve",
            "kind": "decision",
            "needs": ["made"],
            "ask": {
                "question": "May this go out?",
                "options": ["yes", "no"],
                "by": "role:engineer",
                "about": "made.document",
                "readers": "made.readers",
            },
        },
        {"key": "last", "kind": "function", "uses": "f", "needs": ["approve"]},
    ],
}
DOCUMENT = {"title": "Ours", "figures": [1, 2]}


def asked(db: Database, readers: Any) -> str:
    publish_workflow(furnish(db), WorkflowSpec.model_validate(ISSUE))
    run_id = ask(db, workflow="issue").run_id
    complete_step(db, claim(db, run_id, "made"), {"document": DOCUMENT, "readers": readers})
    return run_id


def decided(db: Database, run_id: str) -> None:
    [decision] = list_decisions(db, run_id=run_id)
    decide(db, decision.id, find_principal(db, ENGINEER), "yes")


@pytest.mark.parametrize("readers", [[], [["everyone"]], [["finance", "everyone"], ["everyone"]]])
def test_who_is_in_one_group_of_each_list_decides(db: Database, readers: Any) -> None:
    run_id = asked(db, readers)
    decided(db, run_id)
    content = json.dumps(DOCUMENT, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(content.encode()).hexdigest()
    assert step_row(db, run_id, "approve").output == {
        "choice": "yes",
        "by": ENGINEER,
        "expired": False,
        "digest": digest,
    }
    with db.read() as session:
        [row] = session.query(AuditRow).filter_by(action="decision.made").all()
    assert json.loads(row.detail)["digest"] == digest


@pytest.mark.parametrize("readers", [[["finance"]], [["everyone"], ["finance"]], [[]]])
def test_whoever_may_not_read_all_of_it_is_told_so_and_nothing_changes(db: Database, readers: Any) -> None:
    run_id = asked(db, readers)
    with pytest.raises(NotPermitted, match="rests on sources you may not read"):
        decided(db, run_id)
    assert [one.state for one in list_decisions(db, run_id=run_id)] == ["open"]
    with db.read() as session:
        [row] = session.query(StepRow).filter_by(run_id=run_id, key="approve").all()
    assert row.state == "waiting"


@pytest.mark.parametrize("readers", [None, "everyone", [5], [[5]]])
def test_where_nobody_knows_who_may_read_it_nobody_is_asked(db: Database, readers: Any) -> None:
    run_id = asked(db, readers)
    assert list_decisions(db, run_id=run_id) == []
    with db.read() as session:
        run = session.get_one(RunRow, run_id)
    assert run.state == "failed"
    assert "is not a list of lists of groups" in (run.failure or "")


def test_a_decision_reads_only_steps_it_needs() -> None:
    steps = json.loads(json.dumps(ISSUE["steps"]))
    steps[1]["needs"] = []
    last = {**steps[2], "needs": ["made", "approve"]}
    with pytest.raises(ValueError, match=r"ask.about: it reads 'made', which is not among the step's needs"):
        WorkflowSpec.model_validate({**ISSUE, "steps": [*steps[:2], last]})
