"""`crewdesk crews` and `crewdesk cancel`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.db import Database
from ledger.effects import doubt_effect, intend_effect
from ledger.migrate import migrate
from ledger.people import sync_people
from ledger.reading import get_run
from ledger.relay import Relay
from ledger.runs import RunRequest, submit_run
from ledger.steps import claim_step
from ledger.workflow import WorkflowSpec
from ledger.workflows import publish_workflow
from ledger.workspace import open_workspace
from tests.stand_ins import mcp_server, parcels
from tests.stand_ins.mcp_server import McpStandIn
from tests.stand_ins.parcels import ParcelSystem
from tests.unit.cli.conftest import YOU, Crewdesk, submit
from tests.unit.crews.tool_files import http_tool, mcp_file, write_tools


def test_what_ships_and_what_is_ones_own_is_listed(crewdesk: Crewdesk, workspace: Path) -> None:
    assert crewdesk("crews", "new", "buyer").status == 0
    listed = json.loads(crewdesk("crews", "list", "--json").out)
    assert [(crew["name"], crew["origin"]) for crew in listed["crews"]][-1] == ("buyer", "workspace")
    assert {crew["name"] for crew in listed["crews"]} >= {"router", "help_desk", "data_analyst", "buyer"}
    flows = {flow["name"]: flow for flow in listed["workflows"]}
    triage = ["classify", "look", "category", "answer", "settle"]
    assert flows["ask"]["steps"] == ["route", *triage, "verify"]
    assert flows["triage"]["steps"] == [*triage, "verify"]
    assert flows["buyer"]["origin"] == "workspace"
    shown = crewdesk("crews", "list").out
    assert "work > verify" in shown
    assert (workspace / "crews" / "buyer" / "crew.yaml").exists()


def test_what_was_begun_fits_and_what_does_not_is_named(crewdesk: Crewdesk, workspace: Path) -> None:
    crewdesk("crews", "new", "buyer")
    checked = crewdesk("crews", "check")
    assert (checked.status, checked.out) == (0, "7 crews, 4 workflows and 23 tools fit.\n"), checked
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


def test_tools_of_the_workspace_are_listed_checked_and_reached(
    crewdesk: Crewdesk, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"parcels_key": parcels.KEY, "mcp_key": mcp_server.KEY}
    monkeypatch.setenv("CREWDESK_TOOL_SECRETS", json.dumps(keys))
    with ParcelSystem() as system, McpStandIn() as server:
        write_tools(workspace, http_tool(system.url, name="parcel_state"), mcp_file(server.url))
        listed = json.loads(crewdesk("crews", "list", "--json").out)["tools"]
        own = {tool["name"]: tool for tool in listed if tool["origin"] == "workspace"}
        assert own["order_more"] == {
            "name": "order_more",
            "effect": "write",
            "right": "ask",
            "groups": ["everyone"],
            "origin": "workspace",
        }
        assert set(own) == {"parcel_state", "find_parcel", "order_more"}
        assert "order_more" in crewdesk("crews", "list").out
        assert crewdesk("crews", "check").out == "6 crews, 3 workflows and 26 tools fit.\n"
        parts = json.loads(crewdesk("doctor", "--json").out)["parts"]
        found = {part["part"]: part for part in parts if part["part"].startswith("tool: ")}
        assert {name: part["status"] for name, part in found.items()} == {
            "tool: parcel_state": "ok",
            "tool: parcels": "ok",
        }
        server.tools.listed[0] = server.tools.listed[0].model_copy(update={"description": "Other."})
        checked = crewdesk("crews", "check")
        assert checked.status == 1
        assert "the server's words for 'findParcel' have changed, so it is refused." in checked.out
        assert '    description: "Other."' in checked.out
        assert "are not as they were accepted" in crewdesk("doctor").out
    checked = crewdesk("crews", "check")
    assert (checked.status, "was not compared" in checked.err) == (0, True)
    monkeypatch.setenv("CREWDESK_TOOL_SECRETS", json.dumps({"mcp_key": "x"}))
    doctor = crewdesk("doctor").out
    assert "its secret 'parcels_key' is not set" in doctor
    assert "cannot be reached" in doctor
    (workspace / "tools" / "parcel_state.yaml").write_text("kind: http\nname: parcel_state\n")
    checked = crewdesk("crews", "check")
    assert checked.status == 1
    assert f"{workspace}/tools/parcel_state.yaml:1: effect: this key is required and missing." in checked.out


def test_effects_in_doubt_are_listed_and_settled(
    crewdesk: Crewdesk, workspace: Path, ledger: Database
) -> None:
    people = workspace / "people.yaml"
    assert "No effect is in doubt." in crewdesk("effects", "list").out
    submit(ledger, "Q?")
    rung: list[str] = []
    Relay(ledger, rung.append).ring_due()
    claim = claim_step(ledger, rung[0], "test")
    assert claim is not None
    key = intend_effect(ledger, claim, "order_parcels", 0, "a")
    doubt_effect(ledger, key)
    [line] = json.loads(crewdesk("effects", "list", "--json").out)["effects"]
    assert (line["id"], line["tool"], line["step"]) == (key, "order_parcels", "answer")
    assert f"{key[-8:]}  order_parcels" in crewdesk("effects", "list").out
    assert "roles: [employee, admin]" in people.read_text() or "admin" in people.read_text()
    assert crewdesk("effects", "settle", key[-8:], "--not-done", "--as", YOU).out == (
        f"Effect {key[-8:]} is settled: it was not carried out.\n"
    )
    assert "No effect is in doubt." in crewdesk("effects", "list").out


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
    assert "Letting it rest until 2999-01-01 00:00" in shown
    assert crewdesk("cancel", run_id[-8:]).out == f"Run {run_id[-8:]} is cancelled.\n"
    assert get_run(db, run_id).state == "cancelled"
    assert "This run was cancelled." in crewdesk("run", "show", run_id).out
    assert crewdesk("cancel", run_id).status == 0
    assert "There is no run 0000ffff" in crewdesk("cancel", "0000ffff").complaint
    db.close()
