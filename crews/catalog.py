"""The crews and tools that ship with Crewdesk, by the names workflows use."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from crews.crew_step import CrewParts
from crews.data_analyst.floor import plan_figures
from crews.help_desk.floor import plan_answer
from crews.help_desk.output import DraftAnswer
from crews.router.floor import plan_route
from crews.router.output import Route
from crews.specs import load_crew_spec, with_choices
from crews.tools.data_products import DESCRIBE_DATA_PRODUCT, LIST_DATA_PRODUCTS
from crews.tools.entity_profile import ENTITY_PROFILE
from crews.tools.gate import ToolSpec
from crews.tools.make_chart import MAKE_CHART
from crews.tools.query_metrics import QUERY_METRICS
from crews.tools.read_document import READ_DOCUMENT
from crews.tools.run_sql import RUN_SQL
from crews.tools.search_knowledge import SEARCH_KNOWLEDGE
from crews.tools.statistics import STATISTICS
from crews.tools.suggest_queries import SUGGEST_QUERIES
from crews.tools.triage import (
    CHECK_ACCESS,
    CHECK_SYSTEM_STATUS,
    CLASSIFY_REQUEST,
    FIND_SIMILAR_TICKETS,
    OPEN_TICKET,
)
from ledger.errors import WorkspaceInvalid

_HERE = Path(__file__).parent


def shipped_crews(tools: Mapping[str, ToolSpec]) -> dict[str, CrewParts]:
    """Raises WorkspaceInvalid if a crew's folder does not hold what it should."""
    parts = [
        CrewParts(load_crew_spec(_HERE / "router"), Route, plan_route),
        CrewParts(load_crew_spec(_HERE / "help_desk"), DraftAnswer, plan_answer),
        CrewParts(load_crew_spec(_HERE / "data_analyst"), DraftAnswer, plan_figures),
    ]
    for part in parts:
        unknown = [name for name in part.spec.tools if name not in tools]
        if unknown:
            raise WorkspaceInvalid(
                f"crews/{part.spec.name}/crew.yaml: tools: there is no tool '{unknown[0]}'."
            )
    return {part.spec.name: replace(part, spec=with_choices(part.spec, part.output)) for part in parts}


def shipped_tools() -> dict[str, ToolSpec]:
    tools = (
        SEARCH_KNOWLEDGE,
        READ_DOCUMENT,
        SUGGEST_QUERIES,
        QUERY_METRICS,
        LIST_DATA_PRODUCTS,
        DESCRIBE_DATA_PRODUCT,
        RUN_SQL,
        STATISTICS,
        MAKE_CHART,
        ENTITY_PROFILE,
        CLASSIFY_REQUEST,
        CHECK_ACCESS,
        CHECK_SYSTEM_STATUS,
        FIND_SIMILAR_TICKETS,
        OPEN_TICKET,
    )
    return {tool.name: tool for tool in tools}
