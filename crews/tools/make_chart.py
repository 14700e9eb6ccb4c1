"""The tool that draws a governed result: a picture made of its rows, never of code."""

import re
from typing import Annotated, Literal

from pydantic import Field

from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from crews.tools.query_arguments import QueryArguments
from crews.tools.query_metrics import NO_ROWS, outcome_of
from knowledge.warehouse.charts.chart import chart_for
from knowledge.warehouse.charts.render import render_chart
from knowledge.warehouse.resolve.readings import reading_of
from knowledge.warehouse.result import Verdict
from ledger.evidence import Finding
from ledger.people import Right

CHART = "chart"
_LONGEST_NAME = 60


class ChartArguments(QueryArguments):
    """A query, and how to draw it."""

    kind: Annotated[
        Literal["line", "bars", "grouped bars"] | None, Field(description="null: what suits the result")
    ] = None


def _draw(context: StepContext, arguments: ChartArguments) -> ToolOutcome:
    query, kind = arguments.query(), arguments.kind
    result = context.numbers.query(context.access, query, context.db.clock.now())
    title = reading_of(query)
    if result.quality.verdict is Verdict.BLOCK:
        return outcome_of(result, title)
    chart = chart_for(result, title, kind) if result.rows else None
    if chart is None:
        return ToolOutcome(
            Status.NOTHING_FOUND, note=NO_ROWS if not result.rows else "One figure needs no picture."
        )
    name = f"{_file_name(title)}.png"
    saved = context.numbers.artifacts.save(
        context.claim.run_id, name, "image/png", render_chart(chart, "png")
    )
    finding = Finding(
        kind=CHART,
        source=", ".join(result.products),
        locator=saved.sha256[:12],
        text=f"A chart, {name}: {title}",
        as_of=None if result.as_of is None else result.as_of.isoformat(timespec="minutes"),
        details={"title": title, "file": name},
    )
    return ToolOutcome(Status.FOUND, findings=[finding], note="The reader sees the chart beside your answer.")


def _file_name(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower())[:_LONGEST_NAME].strip("-") or "chart"


MAKE_CHART = ToolSpec(
    name="make_chart",
    description="Draws what query_metrics returns for the same arguments, as a picture beside the answer.",
    arguments=ChartArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_draw,
)
