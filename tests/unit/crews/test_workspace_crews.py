"""Crews and workflows a workspace brings: declared in YAML, checked like those that ship, and worked with."""

import math
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from crews.bootstrap import build_step_runner, publish_workflows
from crews.declared import read_declared
from crews.output_schema import OutputSchema, output_model
from ledger.db import Database
from ledger.errors import UnknownWorkflow, WorkspaceInvalid
from ledger.people import find_principal
from ledger.reading import RunView
from ledger.replays import submit_replay
from ledger.run_diff import diff_of
from ledger.settings import ModelCandidate, WorkerSettings
from ledger.workflows import list_workflows
from tests.stand_ins.provider import ChatRequest, Reply, ScriptedProvider, Text
from tests.unit.crews.world import LEAVE_QUESTION, STAFF, Desk, candidate

PLANNER = """\
name: planner
title: Planner
agent: {role: R, goal: G, backstory: B}
task: {description: "Plan: {question}", expected_output: JSON}
output:
  type: object
  properties:
    topics: {type: array, items: {type: string}, maxItems: 3}
    note: {type: string, description: Why these.}
  optional: [note]
"""
QUOTER = """\
name: quoter
title: Quoter
agent: {role: R, goal: G, backstory: B}
task: {description: "Quote on {item}, of {inputs}, for {question}", expected_output: JSON}
tools: [search_knowledge]
"""
WORKFLOW = """\
name: survey
description: One look at each topic.
steps:
  - {key: plan, kind: crew, uses: planner}
  - {key: quote, kind: crew, uses: quoter, needs: [plan], each: plan.topics, when: plan.topics}
  - {key: verify, kind: function, uses: verify_answer, needs: [quote]}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "company"
    for name, text in (("planner", PLANNER), ("quoter", QUOTER)):
        (folder / "crews" / name).mkdir(parents=True)
        (folder / "crews" / name / "crew.yaml").write_text(text)
    (folder / "workflows").mkdir()
    (folder / "workflows" / "survey.yaml").write_text(WORKFLOW)
    (folder / "workspace.yaml").write_text("name: Shop\n")
    return folder


@pytest.fixture
def own(desk: Desk, workspace: Path) -> Desk:
    """The shop with these crews and the workflow."""
    publish_workflows(desk.db, workspace)
    return desk


def run_survey(desk: Desk, workspace: Path, *models: ModelCandidate) -> RunView:
    return finish(desk, workspace, desk.submit(LEAVE_QUESTION, workflow="survey"), *models)


def finish(desk: Desk, workspace: Path, run_id: str, *models: ModelCandidate) -> RunView:
    settings = WorkerSettings(var=desk.var, workspace=workspace, models=models)
    return desk.finish(run_id, build_step_runner(settings, desk.db, lambda: desk.library)[0])


def test_a_workspaces_crews_work_on_its_workflow(own: Desk, workspace: Path) -> None:
    def script(request: ChatRequest) -> Reply:
        if not request.tools:
            return Text('{"topics": ["leave", "{question}"]}')
        return Text('{"claims": [], "missing": "nothing"}')

    with ScriptedProvider(script) as provider:
        view = run_survey(own, workspace, candidate(provider))
        prompts = [request.prompt for request in provider.requests]
    assert (view.state, view.reason) == ("abstained", "nothing_found")
    assert [step.state for step in view.timings.steps] == ["done"] * 5
    assert f"Plan: {LEAVE_QUESTION}" in prompts[0]
    # What stands in an output is text, also where it looks like a place to be filled.
    assert any("Quote on {question}, of {" in prompt for prompt in prompts[1:])
    assert any("Quote on leave, of {" in prompt and '"topics"' in prompt for prompt in prompts[1:])


def test_a_replay_works_with_the_crew_its_original_had(own: Desk, workspace: Path) -> None:
    with ScriptedProvider(lambda _request: Text('{"topics": []}')) as provider:
        main = candidate(provider)
        view = run_survey(own, workspace, main)
        path = workspace / "crews" / "planner" / "crew.yaml"
        path.write_text(path.read_text().replace("Plan:", "Plan anew:"))
        staff = find_principal(own.db, STAFF)
        again = finish(own, workspace, submit_replay(own.db, view.run_id, staff, None), main)
        assert len(provider.requests) == 1
        with_model = finish(own, workspace, submit_replay(own.db, view.run_id, staff, "main"), main)
        assert "Plan anew:" in provider.requests[1].prompt
    assert diff_of(own.db, view, again).diverged == ()
    assert with_model.state == again.state == view.state


def test_a_condition_reads_a_crews_own_output(own: Desk, workspace: Path) -> None:
    with ScriptedProvider(lambda _request: Text('{"topics": []}')) as provider:
        view = run_survey(own, workspace, candidate(provider))
    assert {step.key: step.state for step in view.timings.steps}["quote"] == "skipped"
    assert (view.state, view.reason) == ("abstained", "out_of_scope")


def test_an_output_of_its_own_needs_a_model_and_says_so(own: Desk, workspace: Path) -> None:
    view = run_survey(own, workspace)
    assert view.failure == (
        "Planner has an output of its own and cannot work without a language model; set CREWDESK_MODELS."
    )


def test_what_a_workspace_no_longer_has_is_not_on_offer(own: Desk, workspace: Path) -> None:
    assert [spec.name for spec in list_workflows(own.db)] == ["ask", "report", "survey", "triage"]
    begun = own.submit(LEAVE_QUESTION, workflow="survey")
    (workspace / "workflows" / "survey.yaml").unlink()
    publish_workflows(own.db, workspace)
    with pytest.raises(UnknownWorkflow, match="there are: ask"):
        own.submit(LEAVE_QUESTION, workflow="survey")
    assert own.claim(begun).key == "plan"


def test_a_worker_without_a_workspace_leaves_what_others_have_on_offer(own: Desk, tmp_path: Path) -> None:
    publish_workflows(own.db, tmp_path / "nowhere")
    assert [spec.name for spec in list_workflows(own.db)] == ["ask", "report", "survey", "triage"]


def test_an_answer_is_not_checked_on_what_is_no_draft(workspace: Path, sqlite_db: Database) -> None:
    path = workspace / "workflows" / "survey.yaml"
    path.write_text(WORKFLOW.replace("needs: [quote]", "needs: [plan, quote]"))
    with pytest.raises(
        WorkspaceInvalid, match=r"survey\.yaml: verify: it needs the step 'plan', but the crew"
    ):
        publish_workflows(sqlite_db, workspace)


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("crews/planner/crew.yaml", "name: planner", "name: other", "crew.yaml: name: it must be 'planner'"),
        (
            "crews/planner/crew.yaml",
            "title: Planner",
            "title: Planner\nllm: x",
            "crew.yaml:3: llm: this key is not",
        ),
        ("crews/quoter/crew.yaml", "search_knowledge", "dance", "crew.yaml: tools: there is no tool 'dance'"),
        ("crews/planner/crew.yaml", "output:\n  type: object", "output:\n  type: string", "crew.yaml:"),
        ("workflows/survey.yaml", "uses: planner", "uses: dancer", "there is no crew called 'dancer'"),
        ("workflows/survey.yaml", "name: survey", "name: ask", "survey.yaml: name: it must be 'survey'"),
        (
            "workflows/survey.yaml",
            "needs: [quote]",
            "needs: [quote, plan]",
            "verify: it needs the step 'plan', but the crew 'planner' has an `output:` of its own",
        ),
    ],
)
def test_every_fault_is_found_with_its_file(
    workspace: Path, file: str, old: str, new: str, complaint: str
) -> None:
    assert read_declared(workspace, with_tools=True).faults == []
    path = workspace / file
    path.write_text(path.read_text().replace(old, new))
    (workspace / "workflows" / "ask.yaml").write_text(WORKFLOW.replace("survey", "ask"))
    faults = [str(fault) for fault in read_declared(workspace, with_tools=True).faults]
    assert len(faults) == 2
    assert sum(complaint in fault and str(path) in fault for fault in faults) == 1
    assert any("'ask' is a workflow of Crewdesk's own; choose another name" in fault for fault in faults)


def test_a_crew_cannot_take_the_place_of_one_that_ships(workspace: Path, sqlite_db: Database) -> None:
    folder = workspace / "crews" / "router"
    folder.mkdir()
    (folder / "crew.yaml").write_text(PLANNER.replace("name: planner", "name: router"))
    with pytest.raises(WorkspaceInvalid, match="'router' is a crew of Crewdesk's own"):
        publish_workflows(sqlite_db, workspace)


def test_a_declared_output_takes_what_fits_and_nothing_else() -> None:
    text = """\
type: object
properties:
  kind: {type: string, enum: [a, b]}
  parts: {type: array, maxItems: 1, items: {type: object, properties: {n: {type: integer}}}}
  rate: {type: number}
  sure: {type: boolean}
  note: {type: string, maxLength: 3}
optional: [note]
"""
    made = output_model("made", OutputSchema.model_validate(yaml.safe_load(text)))
    fits = {"kind": "a", "parts": [{"n": 1}], "rate": 1.5, "sure": True}
    assert made.model_validate(fits).model_dump(mode="json") == {**fits, "note": None}
    for wrong in (
        {"kind": "c"},
        {"parts": [{"n": 1}, {"n": 2}]},
        {"parts": [{"n": "x"}]},
        {"parts": [{"n": 1, "m": 2}]},
        {"note": "long"},
        {"extra": 1},
        {"rate": None},
        {"rate": math.nan},
        {"rate": -math.inf},
    ):
        with pytest.raises(ValidationError):
            made.model_validate({**fits, **wrong})
