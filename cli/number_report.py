"""A governed result as people and programs read it: the figures, and beneath them what they stand on."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.text import Text

from cli.number_table import figures_table
from cli.screen import printable

if TYPE_CHECKING:
    from knowledge.warehouse.result import NumberResult

_COLORS = {"pass": "green", "warn": "yellow", "block": "red"}


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class NumberColumn(_Shape):
    """`role` is dimension, metric, before, change, growth or column."""

    name: str
    label: str
    type: str
    role: str
    unit: str | None
    format: str
    decimals: int


class QualityNote(_Shape):
    product: str
    owner: str
    check: str
    verdict: str
    sentence: str


class MetricDefinition(_Shape):
    name: str
    version: int
    definition: str
    owner: str


class NumberReport(_Shape):
    """Decimals are text, so that none of their digits is lost. Without a figure `quality` is `block`."""

    columns: tuple[NumberColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    sql: str
    products: tuple[str, ...]
    quality: str
    findings: tuple[QualityNote, ...]
    as_of: datetime | None
    metrics: tuple[MetricDefinition, ...]
    filters: tuple[str, ...]
    notes: tuple[str, ...]
    lineage: tuple[str, ...]
    row_count: int
    truncated: bool
    too_small: int


def report_of(result: "NumberResult") -> NumberReport:
    plain = ("rows", "sql", "products", "as_of", "filters", "notes", "lineage", "row_count", "truncated")
    return NumberReport(
        columns=tuple(NumberColumn.model_validate(column) for column in result.columns),
        quality=result.quality.verdict.value,
        findings=tuple(QualityNote.model_validate(finding) for finding in result.quality.findings),
        metrics=tuple(MetricDefinition.model_validate(metric) for metric in result.metrics),
        too_small=result.too_small,
        **{name: getattr(result, name) for name in plain},
    )


def print_number(screen: Console, result: "NumberResult", *, with_sql: bool) -> None:
    """A result that quality keeps back is said to be so, and whom to ask."""
    if result.quality.verdict == "block":
        screen.print("No figure is given: the data does not pass its checks.", style="bold red")
    elif result.rows:
        screen.print(figures_table(result.columns, result.rows))
    else:
        screen.print("There are no rows of this." if not result.too_small else "No group may be shown.")
    for line in _facts(result):
        screen.print(line)
    if with_sql and result.sql:
        screen.print()
        screen.print(printable(result.sql))


def _facts(result: "NumberResult") -> list[Text]:
    lines = [Text()]
    lines += [Text(printable(sentence), style="dim") for sentence in (*result.filters, *result.notes)]
    if result.truncated:
        lines.append(Text(f"These are the first {result.row_count:,} rows; there are more.", style="yellow"))
    if result.too_small:
        groups = "1 group is" if result.too_small == 1 else f"{result.too_small:,} groups are"
        lines.append(
            Text(f"{groups} left out, so that nothing is told of a few people or orders.", style="yellow")
        )
    as_of = f"{result.as_of:%Y-%m-%d %H:%M} UTC" if result.as_of else "unknown"
    lines.append(Text(f"As of {as_of}, from {printable(', '.join(result.lineage or result.products))}."))
    verdict = result.quality.verdict.value
    lines.append(Text("Quality: ").append(verdict, style=_COLORS[verdict]))
    for finding in result.quality.findings:
        sentence = f"  {finding.product}: {finding.sentence} (owner: {finding.owner})"
        lines.append(Text(printable(sentence), style=_COLORS[finding.verdict.value]))
    return lines
