"""Builds the crews' world with plain constructor calls: for a worker process, and for the embedded one.

CrewAI is imported when the first crew step is worked on, or by `warm_up`, never before.
"""

import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crews.help_desk.output import DraftAnswer
from crews.specs import Limits
from crews.step_context import StepContext
from crews.step_output import NOBODY, CrewStepOutput
from crews.step_runner import StepRunner
from crews.verify_answer import verify_answer
from crews.workflow_loader import SHIPPED, load_workflows
from knowledge.library import Library
from knowledge.pii.presidio import open_pattern_detector
from ledger.artifacts import ARTIFACTS, ArtifactStore
from ledger.db import Database
from ledger.errors import CrewdeskError
from ledger.settings import WorkerSettings, harden_crewai
from ledger.steps import ClaimedStep
from ledger.workflows import publish_workflow
from ledger.workspace import CATALOG, declared_budgets, open_workspace

if TYPE_CHECKING:
    from crews.crew_step import CrewRoom
    from crews.number_desk import NumberDesk
    from crews.triage.desk import TriageDesk

_HERE = Path(__file__).parent
# What a function step may use, by the name workflows give it.
FUNCTIONS = {"verify_answer": verify_answer}


def publish_shipped_workflows(db: Database) -> None:
    """Raises WorkspaceInvalid if one of them is not sound."""
    crews = {path.parent.name for path in _HERE.glob("*/crew.yaml")}
    for spec in load_workflows(SHIPPED, crews=crews, functions=FUNCTIONS):
        publish_workflow(db, spec)


class CrewWorkshop:
    """Runs crew steps; opens the crew room, and with it CrewAI, at the first."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._room: CrewRoom | None = None

    def room(self) -> "CrewRoom":
        with self._lock:
            if self._room is None:
                self._room = self._open_room()
            return self._room

    def limits(self, claim: ClaimedStep) -> Limits:
        name = crew_name(claim)
        return Limits() if name == NOBODY else self.room().parts(name).spec.limits

    def __call__(self, context: StepContext) -> dict[str, Any]:
        name = crew_name(context.claim)
        output = _nobody(context.claim) if name == NOBODY else self.room().run(context, name)
        return output.model_dump(mode="json")

    def _open_room(self) -> "CrewRoom":
        harden_crewai(self._settings.var)
        from crews.catalog import shipped_crews, shipped_tools
        from crews.crew_step import CrewRoom

        tools = shipped_tools()
        budgets = declared_budgets(self._settings.workspace)
        return CrewRoom(shipped_crews(tools), tools, self._settings.models, budgets)


def build_step_runner(
    settings: WorkerSettings, db: Database, library: Callable[[], Library]
) -> tuple[StepRunner, CrewWorkshop]:
    workshop = CrewWorkshop(settings)
    desk = _number_desk(settings, db)
    triage = _triage_desk(settings, db, library)
    return StepRunner(db, library, workshop, FUNCTIONS, open_pattern_detector, desk, triage), workshop


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


def crew_name(claim: ClaimedStep) -> str:
    """`router` is itself; `route.specialist` is what the step `route` chose."""
    chooser, dot, field = claim.uses.partition(".")
    if not dot:
        return claim.uses
    name = claim.inputs[chooser]["output"].get(field)
    if not isinstance(name, str):
        raise CrewdeskError(f"The step '{chooser}' did not name a specialist.")
    return name


def _nobody(claim: ClaimedStep) -> CrewStepOutput:
    """What stands in place of a specialist's output when the router found that nobody can answer."""
    chosen = CrewStepOutput.model_validate(claim.inputs[claim.uses.partition(".")[0]])
    draft = DraftAnswer(missing=chosen.output.get("reason"))
    return CrewStepOutput(
        crew=NOBODY,
        title=chosen.title,
        output=draft.model_dump(mode="json"),
        model=chosen.model,
        evidence=(),
    )
