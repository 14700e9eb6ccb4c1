"""Evidence of a run as sources of a report, and governed figures out of evidence again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crews.reports.sources import MetricNote, QuerySource, QuoteSource, Source
from crews.reports.text import LONGEST_LINE, cut_line, one_line
from knowledge.warehouse.evidence import rows_of
from knowledge.warehouse.result import MetricUse, NumberResult, Quality, Verdict
from ledger.evidence import FIGURES, Finding, shown_source


def source_of(source_id: str, finding: Finding) -> Source:
    """`source_id` is the label of the evidence."""
    details = finding.details
    title = cut_line(one_line(str(details.get("title") or "")) or shown_source(finding), LONGEST_LINE)
    if finding.kind != FIGURES:
        return QuoteSource(
            id=source_id,
            title=title,
            path=shown_source(finding),
            locator=finding.locator,
            owner=str(details.get("owner") or ""),
            updated=str(details.get("updated") or finding.as_of or ""),
            is_stale=bool(details.get("stale")),
            text=finding.text,
        )
    return QuerySource(
        id=source_id,
        title=title,
        products=_products(finding),
        metrics=tuple(MetricNote(**metric) for metric in details["metrics"]),
        owner=str(details.get("owner") or ""),
        sql=details["sql"],
        as_of=_as_of(finding),
        quality=Verdict(details["quality"]),
        quality_notes=tuple(details["quality_findings"]),
        lineage=tuple(details["lineage"]),
        filters=tuple(details["filters"]),
        notes=(*details["notes"], *_left_out(details)),
    )


def result_of(finding: Finding) -> NumberResult:
    """The governed result behind evidence of figures, but for rows that the evidence no longer holds. What
    was found of its quality is in the source, as sentences."""
    details = finding.details
    columns, rows = rows_of(details)
    return NumberResult(
        columns,
        rows,
        sql=details["sql"],
        products=_products(finding),
        quality=Quality(Verdict(details["quality"])),
        as_of=_as_of(finding),
        metrics=tuple(MetricUse(**metric) for metric in details["metrics"]),
        filters=tuple(details["filters"]),
        lineage=tuple(details["lineage"]),
        row_count=int(details["row_count"]),
        truncated=bool(details["truncated"]),
        too_small=int(details["too_small"]),
        notes=tuple(details["notes"]),
    )


def _products(finding: Finding) -> tuple[str, ...]:
    return tuple(finding.source.split(", "))


def _as_of(finding: Finding) -> datetime | None:
    return datetime.fromisoformat(finding.as_of) if finding.as_of else None


def _left_out(details: Mapping[str, Any]) -> tuple[str, ...]:
    count = int(details["too_small"])
    if not count:
        return ()
    groups = "One group is" if count == 1 else f"{count:,} groups are"
    return (f"{groups} left out, with too few rows to be told of.",)
