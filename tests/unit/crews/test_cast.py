"""A run finishes with the crews, tools and models it began with, or says what is gone."""

from pathlib import Path
from typing import Any

import pytest

from crews.bootstrap import build_step_runner, publish_workflows
from ledger.reading import RunView
from ledger.schema import RunRow
from ledger.settings import ModelCandidate, WorkerSettings
from ledger.steps import complete_step
from tests.stand_ins.provider import ScriptedProvider, Text
from tests.unit.crews.world import LEAVE_QUESTION, Desk, candidate

CREW = """\
name: quoter
title: Quoter
agent: {role: R, goal: G, backstory: B}
task: {description: "First version of {question}", expected_output: JSON}
tools: [search_knowledge]
"""
WORKFLOW = """\
name: survey
description: d
steps:
  - {key: first, kind: crew, uses: quoter}
  - {key: second, kind: crew, uses: quoter, needs: [first]}
  - {key: verify, kind: function, uses: verify_answer, needs: [second]}
"""
SAID = {"crew": "quoter", "title": "Quoter", "output": {"claims": []}, "model": None, "evidence": []}
NOTHING = Text('{"claims": [], "missing": "nothing"}')


@pytest.fixture
def workspace(desk: Desk, tmp_path: Path) -> Path:
    folder = tmp_path / "company"
    (folder / "crews" / "quoter").mkdir(parents=True)
    (folder / "workflows").mkdir()
    (folder / "workspace.yaml").write_text("name: Shop\n")
    (folder / "crews" / "quoter" / "crew.yaml").write_text(CREW)
    (folder / "workflows" / "survey.yaml").write_text(WORKFLOW)
    publish_workflows(desk.db, folder)
    return folder


def settings(desk: Desk, workspace: Path, *models: ModelCandidate) -> WorkerSettings:
    return WorkerSettings(var=desk.var, workspace=workspace, models=models)


def begun(desk: Desk, workspace: Path, *models: ModelCandidate) -> str:
    """A run whose first step is done by a worker that is gone now."""
    _, workshop = build_step_runner(settings(desk, workspace, *models), desk.db, lambda: desk.library)
    run_id = desk.submit(LEAVE_QUESTION, workflow="survey")
    claim = desk.claim(run_id)
    workshop.limits(claim)
    complete_step(desk.db, claim, SAID)
    return run_id


def finished(desk: Desk, workspace: Path, run_id: str, *models: ModelCandidate) -> RunView:
    """By a worker that starts now."""
    runner, _ = build_step_runner(settings(desk, workspace, *models), desk.db, lambda: desk.library)
    return desk.finish(run_id, runner)


def change_pins(desk: Desk, run_id: str, kind: str, **pins: str) -> None:
    with desk.db.write() as session:
        run = session.get_one(RunRow, run_id)
        assert run.pins is not None
        run.pins = {**run.pins, kind: {**run.pins[kind], **pins}}


@pytest.mark.parametrize("change", ["changed", "gone", "other output"])
def test_a_crew_that_has_changed_finishes_its_runs_as_it_was(
    desk: Desk, workspace: Path, change: str
) -> None:
    path = workspace / "crews" / "quoter" / "crew.yaml"
    with ScriptedProvider(lambda _request: NOTHING) as provider:
        run_id = begun(desk, workspace, candidate(provider))
        if change == "gone":
            path.unlink()
        else:
            added = "output: {type: object, properties: {n: {type: integer}}}\n" if "output" in change else ""
            path.write_text(CREW.replace("First version", "Second version") + added)
        view = finished(desk, workspace, run_id, candidate(provider))
        assert [f"First version of {LEAVE_QUESTION}" in request.prompt for request in provider.requests] == [
            True
        ]
        if change == "changed":
            later = desk.submit(LEAVE_QUESTION, workflow="survey")
            finished(desk, workspace, later, candidate(provider))
            assert "Second version" in provider.requests[-1].prompt
    assert (view.state, view.reason, view.failure) == ("abstained", "nothing_found", None)


def test_a_tool_that_is_another_now_fails_the_step_with_a_sentence(desk: Desk, workspace: Path) -> None:
    run_id = begun(desk, workspace)
    change_pins(desk, run_id, "tools", search_knowledge="an older one")
    assert finished(desk, workspace, run_id).failure == (
        "This began with the tool 'search_knowledge' as it was before an update, and that one is gone; "
        "please ask again."
    )


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        ("unknown", "This began with a version of 'quoter' that is no longer known; please ask again."),
        (None, "There was no crew called 'quoter' when this run began."),
    ],
)
def test_a_crew_nobody_kept_fails_the_step_with_a_sentence(
    desk: Desk, workspace: Path, version: str | None, sentence: str
) -> None:
    run_id = begun(desk, workspace)
    with desk.db.write() as session:
        run = session.get_one(RunRow, run_id)
        crews: dict[str, Any] = {} if version is None else {"quoter": version}
        run.pins = {**(run.pins or {}), "crews": crews}
    assert finished(desk, workspace, run_id).failure == sentence


def test_a_model_the_run_did_not_begin_with_is_not_asked(desk: Desk, workspace: Path) -> None:
    with ScriptedProvider(lambda _request: NOTHING) as old, ScriptedProvider(lambda _request: NOTHING) as new:
        run_id = begun(desk, workspace, candidate(old), candidate(old, "second"))
        # The same name may stand for another model now; another time limit makes no other model of it.
        models = (candidate(new), candidate(old, "second", timeout_s=7.0), candidate(new, "third"))
        view = finished(desk, workspace, run_id, *models)
        assert (len(old.requests) > 0, len(new.requests)) == (True, 0)
    assert view.model is not None
    assert (view.model.name, view.model.fallbacks) == ("second", ())
