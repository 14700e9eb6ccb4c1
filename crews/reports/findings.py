"""Findings that are reckoned and not written: what a governed result says of a change, a course and odd
values, in plain sentences that each cite its query."""

from collections.abc import Callable
from dataclasses import dataclass

from crews.reports.document import Sentence, Tone
from crews.reports.material import ComputedFinding
from crews.reports.tables import Table
from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.result import NumberResult
from knowledge.warehouse.statistics.anomalies import find_anomalies
from knowledge.warehouse.statistics.columns import is_time
from knowledge.warehouse.statistics.decomposition import decompose_change
from knowledge.warehouse.statistics.statistic import Statistic
from knowledge.warehouse.statistics.trend import find_trend

_TITLES = {
    "decomposition": "Where the change comes from",
    "ratio decomposition": "Where the change comes from",
    "trend": "Trend",
    "anomalies": "Values that stand out",
    "outliers": "Values that stand out",
    "forecast": "Forecast",
    "correlation": "What moves together",
    "summary": "Summary",
}


@dataclass(frozen=True, slots=True)
class Computed:
    """`refused` says, in a sentence for each, what could not be reckoned of the result."""

    findings: tuple[ComputedFinding, ...]
    tables: tuple[Table, ...]
    refused: tuple[str, ...]


def finding_of(statistic: Statistic, subject: str, source_id: str) -> ComputedFinding:
    """`subject` is what it is about, in words."""
    title = f"{_TITLES.get(statistic.name, statistic.name.capitalize())}: {subject}"
    return ComputedFinding(
        title=title,
        sentences=tuple(Sentence(text=text, cites=(source_id,)) for text in statistic.findings),
        notes=(*statistic.caveats, f"Method: {statistic.method}"),
        tone=Tone.FINDING,
    )


def compute_findings(result: NumberResult, subject: str, source_id: str) -> Computed:
    """All that the result allows: what makes up a change between two periods, and, over time, trend and odd
    values."""
    findings, tables, refused = [], [], []
    for compute in _wanted(result):
        try:
            statistic = compute(result)
        except QueryRefused as error:
            refused.append(f"{subject}: {error}")
            continue
        findings.append(finding_of(statistic, subject, source_id))
        if statistic.name == "decomposition":
            tables.append(_table_of(statistic, subject, source_id))
    return Computed(tuple(findings), tuple(tables), tuple(refused))


def _wanted(result: NumberResult) -> list[Callable[[NumberResult], Statistic]]:
    wanted: list[Callable[[NumberResult], Statistic]] = []
    has_groups = any(
        column.role == "dimension" and not is_time(result, at) for at, column in enumerate(result.columns)
    )
    if has_groups and any(column.role == "before" for column in result.columns):
        wanted.append(decompose_change)
    if any(is_time(result, at) for at in range(len(result.columns))):
        wanted += [find_trend, find_anomalies]
    return wanted


def _table_of(statistic: Statistic, subject: str, source_id: str) -> Table:
    return Table(
        title=f"{_TITLES[statistic.name]}: {subject}",
        columns=statistic.columns,
        rows=statistic.rows,
        cites=(source_id,),
        notes=(statistic.method,),
    )
