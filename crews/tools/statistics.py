"""The tool that reckons with governed figures, so that no model has to: trends, causes of a change, outliers,
forecasts."""

from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from crews.tools.query_arguments import QueryArguments
from crews.tools.query_metrics import outcome_of
from knowledge.warehouse.evidence import number_finding
from knowledge.warehouse.resolve.readings import reading_of
from knowledge.warehouse.result import Verdict
from knowledge.warehouse.statistics.request import StatisticRequest, compute_statistic
from ledger.people import Right


class StatisticsArguments(BaseModel):
    """What to reckon, and the query whose result it is reckoned from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    statistic: StatisticRequest
    query: QueryArguments


def _reckon(context: StepContext, arguments: StatisticsArguments) -> ToolOutcome:
    query = arguments.query.query()
    result = context.numbers.query(context.access, query, context.db.clock.now())
    title = reading_of(query)
    if result.quality.verdict is Verdict.BLOCK or not result.rows:
        return outcome_of(result, title)
    statistic = compute_statistic(result, arguments.statistic)
    reckoned = replace(result, columns=statistic.columns, rows=statistic.rows, row_count=len(statistic.rows))
    finding = number_finding(reckoned, f"{statistic.name} of {title}")
    said = "\n".join([*statistic.findings, f"Method: {statistic.method}", *statistic.caveats])
    return ToolOutcome(Status.FOUND, findings=[replace(finding, text=f"{said}\n{finding.text}")])


STATISTICS = ToolSpec(
    name="statistics",
    description=(
        "Reckons with what query_metrics returns for the same query: summary, trend, decomposition of a "
        "change by a dimension, correlation, anomalies or forecast with its interval."
    ),
    arguments=StatisticsArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_reckon,
)
