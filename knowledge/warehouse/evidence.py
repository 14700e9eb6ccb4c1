"""A governed result as evidence: its rows word for word as they may be cited, and all a reader needs to trust
them or not."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from knowledge.warehouse.query import Period
from knowledge.warehouse.resolve.calendar import spell_period
from knowledge.warehouse.result import NumberResult, QualityFinding, ResultColumn, Value
from knowledge.warehouse.wording import text_table
from ledger.evidence import FIGURES, Finding

# What a model reads and an answer cites; the whole result can be asked for again by its SQL.
MOST_ROWS = 50


def number_finding(
    result: NumberResult, title: str, compared: tuple[Period, Period] | None = None
) -> Finding:
    """`title` says in words what was asked for, periods and all; `compared` are the period that is asked for
    and the one it is held against."""
    shown = replace(result, rows=result.rows[:MOST_ROWS])
    return Finding(
        kind=FIGURES,
        source=", ".join(result.products),
        locator=", ".join(metric.name for metric in result.metrics) or "sql",
        text=text_table(shown),
        as_of=None if result.as_of is None else result.as_of.isoformat(timespec="minutes"),
        details={
            "title": title,
            "compared": [spell_period(period) for period in compared or ()],
            "owner": result.metrics[0].owner if result.metrics else None,
            "metrics": [asdict(metric) for metric in result.metrics],
            "columns": [asdict(column) for column in result.columns],
            "rows": [[_json(value) for value in row] for row in shown.rows],
            "row_count": result.row_count,
            "truncated": result.truncated or len(result.rows) > MOST_ROWS,
            "too_small": result.too_small,
            "filters": list(result.filters),
            "notes": list(result.notes),
            "quality": result.quality.verdict,
            "quality_findings": [quality_sentence(finding) for finding in result.quality.findings],
            "lineage": list(result.lineage),
            "sql": result.sql,
        },
    )


def quality_sentence(finding: QualityFinding) -> str:
    return f"{finding.sentence} ({finding.product}, ask {finding.owner})"


def rows_of(details: Mapping[str, Any]) -> tuple[tuple[ResultColumn, ...], tuple[tuple[Value, ...], ...]]:
    """The way back, out of such a finding's details."""
    columns = tuple(ResultColumn(**column) for column in details["columns"])
    rows = tuple(
        tuple(_value(cell, column) for cell, column in zip(row, columns, strict=True))
        for row in details["rows"]
    )
    return columns, rows


def _json(value: Value) -> Any:
    """Exact: a decimal stays text."""
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _value(cell: Any, column: ResultColumn) -> Value:
    if not isinstance(cell, str):
        return cell  # type: ignore[no-any-return]  # JSON has no other scalars than a result has
    try:
        if column.type == "decimal":
            return Decimal(cell)
        if column.type == "date":
            return date.fromisoformat(cell)
        if column.type == "timestamp":
            return datetime.fromisoformat(cell)
    except (ValueError, ArithmeticError):
        # A mask may have left words in the place of a value.
        return cell
    return cell
