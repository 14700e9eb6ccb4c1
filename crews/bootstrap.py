"""Builds the crews' world with plain constructor calls: for a worker process, and for the embedded one.

CrewAI is imported when the first crew step is worked on, or by `warm_up`, never before.
"""

import asyncio
import threading
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from crews.specs import WEB_TOOLS, Limits
from crews.step_context import StepContext
from crews.step_runner import Function, StepRunner
from crews.verify_answer import verify_answer
from crews.workflow_loader import SHIPPED, all_workflows, load_workflows
from crews.workspace_crews import is_workspace
from knowledge.library import Library
from knowledge.pii.presidio import open_pattern_detector
from ledger.artifacts import ARTIFACTS, ArtifactStore
from ledger.condition import value_at
from ledger.db import Database
from ledger.errors import CrewdeskError
from ledger.settings import WorkerSettings, harden_crewai
from ledger.spans import SpanRecorder
from ledger.steps import ClaimedStep
from ledger.workflows import publish_workflow, retire_workflows
from ledger.workspace import CATALOG, declared_budgets, declared_web, open_workspace

if TYPE_CHECKING:
    from crews.crew_step import CrewRoom
    from crews.number_desk import NumberDesk
    from crews.triage.desk import TriageDesk
    from crews.web_desk import WebDesk

_HERE = Path(__file__).parent


def _from(module: str, name: str) -> Function:
    """Imported by the first step that needs it: charts and documents take a second to load, and what triage
    looks up 30 MB."""

    def work(context: StepContext) -> BaseModel:
        function: Function = getattr(import_module(module), name)
        return function(context)

    return work


# What a function step may use, by the name workflows give it.
FUNCTIONS: dict[str, Function] = {
    "verify_answer": verify_answer,
    "classify_request": _from("crews.triage.steps", "classify_request"),
    "look_up_request": _from("crews.triage.steps", "look_up_request"),
    "settle_request": _from("crews.triage.steps", "settle_request"),
    "withdraw_request": _from("crews.triage.steps", "withdraw_request"),
    "plan_report": _from("crews.report_steps.brief", "plan_report"),
    "outline_report": _from("crews.report_steps.outline", "outline_report"),
    "check_report": _from("crews.report_steps.check", "check_report"),
    "issue_report": _from("crews.report_steps.issue", "issue_report"),
    "withdraw_report": _from("crews.report_steps.issue", "withdraw_report"),
    "deliver_report": _from("crews.report_steps.deliver", "deliver_report"),
}


def publish_shipped_workflows(db: Database) -> None:
    """Raises WorkspaceInvalid if one of them is not sound."""
    for spec in load_workflows(SHIPPED, crews=shipped_crew_names(), functions=FUNCTIONS):
        publish_workflow(db, spec)


def publish_workflows(db: Database, workspace: Path) -> None:
    """Those that ship and the workspace's own, and no other. Without a workspace nobody knows which others
    there are, and they stay. Raises WorkspaceInvalid naming file and key."""
    specs = all_workflows(workspace, shipped_crew_names(), FUNCTIONS)
    for spec in specs:
        publish_workflow(db, spec)
    if is_workspace(workspace):
        retire_workflows(db, keep={spec.name for spec in specs})


def shipped_crew_files() -> list[Path]:
    return sorted(_HERE.glob("*/crew.yaml"))


def shipped_crew_names() -> set[str]:
    return {path.parent.name for path in shipped_crew_files()}


def open_room(settings: WorkerSettings) -> "CrewRoom":
    """Loads CrewAI. Raises WorkspaceInvalid, SettingsInvalid."""
    harden_crewai(settings.var)
    _loop_fast()
    from crews.builder import spare_empty_loops
    from crews.catalog import all_crews
    from crews.crew_step import CrewRoom
    from crews.workspace_tools.load import all_tools

    spare_empty_loops()
    tools = all_tools(settings.workspace, settings.tool_secrets or {})
    budgets = declared_budgets(settings.workspace)
    absent = frozenset() if settings.web_search_url else WEB_TOOLS
    return CrewRoom(all_crews(tools, settings.workspace), tools, settings.models, budgets, absent)


def _loop_fast() -> None:
    """CrewAI drives each agent in an event loop of its own, with two turns between threads for each method of
    the agent; in uvloop's they cost less than in asyncio's."""
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


class CrewWorkshop:
    """Runs crew steps; opens the crew room, and with it CrewAI, at the first."""

    def __init__(self, settings: WorkerSettings, db: Database) -> None:
        self._settings = settings
        self._db = db
        self._lock = threading.Lock()
        self._room: CrewRoom | None = None

    def room(self) -> "CrewRoom":
        with self._lock:
            if self._room is None:
                self._room = open_room(self._settings)
            return self._room

    def limits(self, claim: ClaimedStep) -> Limits:
        cast = self.room().cast
        return cast.parts(self._db, cast.pins_of(self._db, claim), crew_name(claim)).spec.limits

    def __call__(self, context: StepContext) -> dict[str, Any]:
        room, claim = self.room(), context.claim
        pins = room.cast.pins_of(self._db, claim)
        parts = room.cast.parts(self._db, pins, crew_name(claim))
        return room.run(context, parts, room.cast.candidates(pins)).model_dump(mode="json")


def build_step_runner(
    settings: WorkerSettings,
    db: Database,
    library: Callable[[], Library],
    recorder: type[SpanRecorder] = SpanRecorder,
) -> tuple[StepRunner, CrewWorkshop]:
    workshop = CrewWorkshop(settings, db)
    desk = _number_desk(settings, db)
    triage = _triage_desk(settings, db, library)
    web = _web_desk(settings)
    artifacts = ArtifactStore(db, settings.var / ARTIFACTS)
    runner = StepRunner(
        db,
        library,
        workshop,
        FUNCTIONS,
        open_pattern_detector,
        desk=desk,
        triage_desk=triage,
        web_desk=web,
        artifacts=artifacts,
        recorder=recorder,
    )
    return runner, workshop


def _number_desk(settings: WorkerSettings, db: Database) -> "Callable[[], NumberDesk] | None":
    """Opened by the first question that asks for it; None where the workspace has no catalog."""
    if not (settings.workspace / CATALOG).is_dir():
        return None

    @cache
    def open_desk() -> "NumberDesk":
        from crews.number_desk import NumberDesk
        from knowledge.warehouse.warehouse import open_warehouse

        warehouse = open_warehouse(db, open_workspace(settings.workspace), settings.var)
        return NumberDesk(warehouse, ArtifactStore(db, settings.var / ARTIFACTS))

    return open_desk


def _triage_desk(
    settings: WorkerSettings, db: Database, library: Callable[[], Library]
) -> "Callable[[], TriageDesk | None]":
    """Opened by the first request to triage."""

    @cache
    def open_desk() -> "TriageDesk | None":
        from crews.triage.desk import TriageDesk
        from crews.triage.spec import load_triage
        from crews.triage.systems import load_systems

        workspace = open_workspace(settings.workspace)
        spec = load_triage(workspace)
        if spec is None:
            return None
        return TriageDesk(db, spec, load_systems(workspace), library, settings.var)

    return open_desk


def _web_desk(settings: WorkerSettings) -> "Callable[[], WebDesk] | None":
    """Opened by the first search; None where no search engine is set."""
    url = settings.web_search_url
    if url is None:
        return None

    @cache
    def open_desk() -> "WebDesk":
        from crews.web_desk import open_web_desk

        return open_web_desk(url, declared_web(settings.workspace).allowed_domains)

    return open_desk


def crew_name(claim: ClaimedStep) -> str:
    """`router` is itself; `route.specialist` is what the step `route` chose, `item` what this step is for."""
    if claim.uses.partition(".")[0] == "item":
        name = value_at(claim.uses, {"item": claim.item})
    elif "." in claim.uses:
        chooser, _, field = claim.uses.partition(".")
        name = value_at(field, (claim.inputs[chooser] or {}).get("output", {}))
    else:
        name = claim.uses
    if not isinstance(name, str):
        raise CrewdeskError(f"The step '{claim.key}' was told no specialist.")
    return name
