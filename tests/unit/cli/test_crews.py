"""`crewdesk crews` and `crewdesk cancel`."""

import json
import subprocess
import sys
from pathlib import Path

from ledger.db import Database
from ledger.migrate import migrate
from ledger.people import sync_people
from ledger.reading import get_run
from ledger.runs import RunRequest, submit_run
from ledger.workflow import WorkflowSpec
from ledger.workflows import publish_workflow
from ledger.workspace import open_workspace
from tests.unit.cli.conftest import YOU, Crewdesk


def test_what_ships_and_what_is_ones_own_is_listed(crewdesk: Crewdesk, workspace: Path) -> None:
    assert crewdesk("crews", "new", "buyer").status == 0
    listed = json.loads(crewdesk("crews", "list", "--json").out)
    assert [(crew["name"], crew["origin"]) for crew in listed["crews"]][-1] == ("buyer", "workspace")
    assert {crew["name"] for crew in listed["crews"]} >= {"router", "help_desk", "data_analyst", "buyer"}
    flows = {flow["name"]: flow for flow in listed["workflows"]}
    assert flows["ask"]["steps"] == ["route", "answer", "verify"]
    assert flows["buyer"]["origin"] == "workspace"
    shown = crewdesk("crews", "list").out
    assert "work > verify" in shown
    assert (workspace / "crews" / "buyer" / "crew.yaml").exists()


def test_what_was_begun_fits_and_what_does_not_is_named(crewdesk: Crewdesk, workspace: Path) -> None:
    crewdesk("crews", "new", "buyer")
    checked = crewdesk("crews", "check")
    assert (checked.status, checked.out) == (0, "6 crews and 3 workflows fit.\n"), checked
    crew = workspace / "crews" / "buyer" / "crew.yaml"
    crew.write_text(crew.read_text().replace("[search_knowledge,", "[dance,"))
    flow = workspace / "workflows" / "buyer.yaml"
    flow.write_text(flow.read_text().replace("deadline_s: 120", "deadline: 120"))
    checked = crewdesk("crews", "check")
    assert checked.status == 1
    tools, key = checked.out.splitlines()
    assert tools.startswith(f"{crew}: tools: there is no tool 'dance'; there are: ")
    assert key == f"{flow}:9: steps.0.deadline: this key is not known here; remove it or check its spelling."
    assert crewdesk("crews", "list").complaint == key


def test_a_name_that_is_none_or_taken_is_refused(crewdesk: Crewdesk) -> None:
    assert "'My Crew' is no name for a crew" in crewdesk("crews", "new", "My Crew").complaint
    for name in ("router", "ask"):
        assert f"There is a crew or workflow called '{name}'" in crewdesk("crews", "new", name).complaint
    crewdesk("crews", "new", "buyer")
    assert "There is a crew or workflow called 'buyer'" in crewdesk("crews", "new", "buyer").complaint


def test_looking_at_crews_loads_no_crewai(workspace: Path) -> None:
    program = (
        "import sys, cli.main\n"
        "assert cli.main.run(['crews', 'check']) == 0\n"
        "print(sorted({'crewai', 'torch', 'langfuse'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"CREWDESK_WORKSPACE": str(workspace), "PYTHONPATH": ":".join(sys.path), "HOME": str(workspace)},
        timeout=60,
        check=True,
    )
    assert ran.stdout.splitlines()[-1] == "[]"


WAITS = {
    "name": "waits",
    "description": "d",
    "steps": [
        {"key": "pause", "label": "Letting it rest", "kind": "wait", "until": "2999-01-01"},
        {"key": "answer", "kind": "crew", "uses": "desk", "needs": ["pause"]},
    ],
}


def test_a_run_that_waits_is_shown_with_its_steps_and_can_be_cancelled(
    crewdesk: Crewdesk, workspace: Path, var: Path
) -> None:
    db = Database(f"sqlite:///{var / 'crewdesk.db'}")
    migrate(db)
    sync_people(db, open_workspace(workspace).people)
    publish_workflow(db, WorkflowSpec.model_validate(WAITS))
    request = RunRequest(workflow="waits", principal=YOU, question="Q?", source="cli", external_id="1")
    run_id = submit_run(db, request).run_id
    assert "waiting 0/2" in crewdesk("runs").out
    shown = crewdesk("run", "show", run_id).out
    assert "This run is waiting (0 of 2 steps done)" in shown
    assert "waiting: Letting it rest until " in shown
    assert crewdesk("cancel", run_id[-8:]).out == f"Run {run_id[-8:]} is cancelled.\n"
    assert get_run(db, run_id).state == "cancelled"
    assert "This run was cancelled." in crewdesk("run", "show", run_id).out
    assert crewdesk("cancel", run_id).status == 0
    assert "There is no run 0000ffff" in crewdesk("cancel", "0000ffff").complaint
    db.close()
