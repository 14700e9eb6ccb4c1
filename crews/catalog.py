"""The crews a worker can run: those that ship with Crewdesk and those of the workspace, by the names
workflows use."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from crews.cast import CrewParts, parts_of
from crews.data_analyst.floor import plan_figures
from crews.help_desk.floor import plan_answer
from crews.help_desk.output import DraftAnswer
from crews.market_researcher.floor import plan_research
from crews.report_writer.floor import plan_report_draft
from crews.report_writer.output import ReportDraft
from crews.router.floor import plan_route
from crews.router.output import TRIAGER, Route
from crews.router.small_talk import route_small_talk
from crews.specs import check_tools, load_crew_spec, with_choices
from crews.tools.gate import ToolSpec
from crews.triage.spec import FOLDER as TRIAGE
from crews.triager.floor import plan_triage
from crews.workspace_crews import load_workspace_crews

_HERE = Path(__file__).parent


def shipped_crews(tools: Mapping[str, ToolSpec], *, triage: bool = False) -> dict[str, CrewParts]:
    """Without triage the router is not told of the triager. Raises WorkspaceInvalid if a crew's folder does
    not hold what it should."""
    parts = [
        CrewParts(load_crew_spec(_HERE / "router"), Route, plan_route, route_small_talk),
        CrewParts(load_crew_spec(_HERE / "help_desk"), DraftAnswer, plan_answer),
        CrewParts(load_crew_spec(_HERE / "data_analyst"), DraftAnswer, plan_figures),
        CrewParts(load_crew_spec(_HERE / "market_researcher"), DraftAnswer, plan_research),
        CrewParts(load_crew_spec(_HERE / "triager"), DraftAnswer, plan_triage),
        CrewParts(load_crew_spec(_HERE / "report_writer"), ReportDraft, plan_report_draft),
    ]
    left_out = frozenset[str]() if triage else frozenset({TRIAGER})
    for part in parts:
        check_tools(Path("crews") / part.spec.name / "crew.yaml", part.spec, tools)
    return {
        part.spec.name: replace(part, spec=with_choices(part.spec, part.output, left_out)) for part in parts
    }


def all_crews(tools: Mapping[str, ToolSpec], workspace: Path) -> dict[str, CrewParts]:
    """Raises WorkspaceInvalid naming file and key."""
    shipped = shipped_crews(tools, triage=(workspace / TRIAGE).is_dir())
    own = load_workspace_crews(workspace, taken=shipped)
    for path, spec in own.items():
        check_tools(path, spec, tools)
    return {**shipped, **_by_name(parts_of(spec) for spec in own.values())}


def _by_name(parts: Iterable[CrewParts]) -> dict[str, CrewParts]:
    return {part.spec.name: part for part in parts}
