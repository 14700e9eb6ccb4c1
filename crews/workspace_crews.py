"""Crews a workspace declares: `crews/<name>/crew.yaml`, with no Python of their own.

They use shipped tools, through the same gate, and put out either a draft answer in claims or what `output:`
declares.
"""

from collections.abc import Container
from pathlib import Path

from crews.data_analyst.floor import plan_figures
from crews.errors import NeedsModel
from crews.floor.supply import plan_with
from crews.floor.turn import FloorPlan, FloorReply, FloorTurn
from crews.help_desk.floor import plan_answer
from crews.help_desk.output import DraftAnswer
from crews.specs import CrewSpec, load_crew_spec
from ledger.errors import WorkspaceInvalid
from ledger.workspace import WORKSPACE_FILE

CREWS = "crews"
# Each of which answers a crew's question by itself.
SUPPLY_TOOLS = ("forecast_demand", "plan_stock", "schedule_deliveries")


def crew_files(workspace: Path) -> list[Path]:
    return sorted((workspace / CREWS).glob("*/crew.yaml")) if is_workspace(workspace) else []


def is_workspace(folder: Path) -> bool:
    """A worker may run without one, in a folder whose `crews` are something else."""
    return (folder / WORKSPACE_FILE).exists()


def load_workspace_crews(workspace: Path, *, taken: Container[str]) -> dict[Path, CrewSpec]:
    """By file. Raises WorkspaceInvalid naming file and key."""
    return {path: load_workspace_crew(path, taken=taken) for path in crew_files(workspace)}


def load_workspace_crew(path: Path, *, taken: Container[str]) -> CrewSpec:
    """Raises WorkspaceInvalid naming file and key."""
    spec = load_crew_spec(path.parent)
    if spec.name != path.parent.name:
        raise WorkspaceInvalid(f"{path}: name: it must be '{path.parent.name}', like the folder.")
    if spec.name in taken:
        raise WorkspaceInvalid(
            f"{path}: name: '{spec.name}' is a crew of Crewdesk's own; choose another name."
        )
    if spec.output is not None and spec.output.type != "object":
        raise WorkspaceInvalid(f"{path}: output.type: the whole output is an object.")
    return spec


def floor_of(spec: CrewSpec) -> FloorPlan:
    """How the floor speaks for it: figures where it may ask for them, else what the documents say."""
    if spec.output is not None:
        return _needs_model(spec)
    supply = next((name for name in SUPPLY_TOOLS if name in spec.tools), None)
    if supply is not None:
        return plan_with(supply)
    if "suggest_queries" in spec.tools and "query_metrics" in spec.tools:
        return plan_figures
    return plan_answer if "search_knowledge" in spec.tools else _nothing_to_quote


def _needs_model(spec: CrewSpec) -> FloorPlan:
    def plan(_turn: FloorTurn) -> FloorReply:
        raise NeedsModel(
            f"{spec.title} has an output of its own and cannot work without a language model; "
            "set CREWDESK_MODELS."
        )

    return plan


def _nothing_to_quote(_turn: FloorTurn) -> FloorReply:
    return DraftAnswer(missing="Nothing here can be looked up.").model_dump_json()
