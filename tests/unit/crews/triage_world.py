"""A small desk's triage: three categories, a few systems, and the runs of the pipelines behind them."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from crews.number_desk import NumberDesk
from crews.triage.desk import TriageDesk
from crews.triage.spec import TriageSpec, load_triage
from crews.triage.systems import SystemsFile, load_systems
from knowledge.warehouse.catalog import load_catalog
from knowledge.warehouse.warehouse import Warehouse
from ledger.artifacts import ArtifactStore
from ledger.workspace import Workspace, open_workspace
from tests.stand_ins.warehouse import publish, write_workspace
from tests.unit.crews.test_gate import Gate
from tests.unit.crews.world import STAFF, Desk

CATEGORIES = """\
categories:
  - {name: network, title: Network, description: VPN and Wi-Fi, group: finance}
  - {name: hardware, title: Hardware, description: Laptops, group: finance}
  - {name: pay, title: Pay, description: Pay and leave, group: finance}
"""
EXAMPLES = """\
text,category
The VPN does not connect,network
Wi-Fi is gone in the back office,network
"My VPN drops, again and again",network
No network in the store,network
My laptop does not start,hardware
The screen of my notebook flickers,hardware
I need a new mouse,hardware
Keyboard is broken,hardware
My payslip is wrong,pay
When is the salary paid?,pay
How much holiday do I have left?,pay
Overtime is missing on my pay slip,pay
Tell me a joke,out_of_scope
What is the weather tomorrow?,out_of_scope
"""
SYSTEMS = """\
pipeline_runs: platform.runs
systems:
  - name: Quarterly Financials
    synonyms: [quarterly financial reports]
    description: The quarter's figures
    owner: {team: Reporting, contact: reporting@shop.example, group: finance}
    access: {groups: [finance], people: [engineer@shop.example], request: the form Access}
    pipelines: [quarterly, ledger_export]
  - name: Reports
    synonyms: [financial reports]
    description: All other reports
    owner: {team: Platform, contact: platform@shop.example}
    access: {groups: [everyone], request: the form Access}
    pipelines: [daily]
  - name: VPN
    synonyms: [remote access]
    description: The way in
    owner: {team: Desk, contact: desk@shop.example}
    access: {groups: [everyone], request: a call}
    status: Restarted on Wednesdays.
"""
RUNS = """\
    name: platform.runs
    owner: Platform
    steward: Platform
    description: Runs of the nightly jobs
    origin: Scheduler
    location: {format: csv, path: runs.csv}
    version: 1
    access: {groups: [everyone]}
    columns:
      - {name: run_id, type: string, required: true, description: Number}
      - {name: pipeline, type: string, required: true, description: What it fills}
      - {name: scheduled, type: timestamp, required: true, description: When it was due}
      - {name: status, type: string, required: true, description: How it ended}
      - {name: error, type: string, description: Why it failed}
    primary_key: [run_id]
    refresh: daily
"""
# The clock of the tests stands on the 2nd of March, at nine.
NIGHTS = (
    ("quarterly", "2026-03-01T02:10", "failed", "no rows for three stores"),
    ("quarterly", "2026-02-28T02:10", "succeeded", None),
    ("ledger_export", "2026-03-02T01:00", "succeeded", None),
    ("daily", "2026-03-02T05:00", "late", None),
    ("daily", "2026-03-01T05:00", "failed", "disk full"),
)


def triage_workspace(folder: Path, files: Mapping[str, str] | None = None) -> Workspace:
    """`files` are by path within the workspace."""
    write_workspace(folder, ("everyone", "finance"), {"products/runs.yaml": RUNS})
    people = (folder / "people.yaml").read_text()
    (folder / "people.yaml").write_text(people + "\n  - {email: engineer@shop.example, name: Engineer}\n")
    content = {
        "triage/categories.yaml": CATEGORIES,
        "triage/examples.csv": EXAMPLES,
        "systems.yaml": SYSTEMS,
        **(files or {}),
    }
    for name, text in content.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return open_workspace(folder)


def spec_of(workspace: Workspace) -> TriageSpec:
    spec = load_triage(workspace)
    assert spec is not None
    return spec


def systems_of(workspace: Workspace) -> SystemsFile:
    systems = load_systems(workspace)
    assert systems is not None
    return systems


def publish_runs(desk: Desk, workspace: Workspace) -> Warehouse:
    warehouse = Warehouse(desk.db, load_catalog(workspace), workspace.folder / "var" / "warehouse")
    rows = [
        {
            "run_id": str(place),
            "pipeline": name,
            "scheduled": datetime.fromisoformat(due),
            "status": status,
            "error": error,
        }
        for place, (name, due, status, error) in enumerate(NIGHTS)
    ]
    publish(warehouse, "platform.runs", rows)
    return warehouse


def triage_desk(desk: Desk, workspace: Workspace) -> TriageDesk:
    return TriageDesk(
        desk.db, spec_of(workspace), systems_of(workspace), lambda: desk.library, workspace.folder / "var"
    )


def triage_gate(
    desk: Desk, made: TriageDesk, warehouse: Warehouse | None = None, principal: str = STAFF, **changes: Any
) -> Gate:
    gate = Gate(desk, principal, **changes)
    gate.context.triage_desk = lambda: made
    if warehouse is not None:
        numbers = NumberDesk(warehouse, ArtifactStore(desk.db, warehouse.folder / "artifacts"))
        gate.context.desk = lambda: numbers
    return gate
