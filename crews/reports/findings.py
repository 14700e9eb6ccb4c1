"""Findings that are reckoned and not written: what a governed result says of a change, a course and odd
values, in plain sentences that each cite its query."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from crews.reports.document import Sentence, Tone
from crews.reports.material import ComputedFinding
from crews.reports.numbers import MINUS, show_with_unit
from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.result import NumberResult, ResultColumn
from knowledge.warehouse.statistics.anomalies import find_anomalies
from knowledge.warehouse.statistics.decomposition import decompose_change, sum_exactly
from knowledge.warehouse.statistics.statistic import Statistic
from knowledge.warehouse.statistics.trend import CHANCE, find_trend
from knowledge.warehouse.wording import show_value

# Where a decomposition's rows have what.
_BEFORE, _NOW, _CHANGE = 1, 2, 3
_TOLD = 4
_NO_CENTS_FROM = 1_000
_TITLES = {"trend": "Trend", "anomalies": "Values that stand out"}


@dataclass(frozen=True, slots=True)
class Compared:
    """A result of groups in two periods; `by` is what the groups are, in words."""

    result: NumberResult
    by: str
    source_id: str


def _finding_of(statistic: Statistic, subject: str, source_id: str) -> ComputedFinding:
    """`subject` is what it is about, in words."""
    title = f"{_TITLES[statistic.name]}: {subject}"
    return ComputedFinding(
        title=title,
        sentences=tuple(Sentence(text=text, cites=(source_id,)) for text in statistic.findings),
        notes=(*statistic.caveats, f"Method: {statistic.method}"),
        tone=Tone.FINDING,
    )


def compute_course(result: NumberResult, subject: str, source_id: str) -> tuple[ComputedFinding, ...]:
    """What a course over time shows that can hardly be chance: a trend, and values that stand out. Nothing
    where it shows neither, or is too short to tell."""
    found = []
    for compute in (find_trend, find_anomalies):
        try:
            statistic = compute(result)
        except QueryRefused:
            continue
        if statistic.rows and (compute is not find_trend or _is_no_chance(statistic)):
            found.append(_finding_of(statistic, subject, source_id))
    return tuple(found)


def _is_no_chance(trend: Statistic) -> bool:
    chance = trend.rows[0][-1]
    return isinstance(chance, float) and chance < CHANCE


def compute_change(subject: str, parts: Sequence[Compared]) -> ComputedFinding | None:
    """What makes up the change of one metric, by each of several dimensions, in a sentence each; amounts
    without their cents. None where it cannot be reckoned."""
    sentences: list[Sentence] = []
    methods: dict[str, None] = {}
    for part in parts:
        try:
            statistic = decompose_change(part.result)
        except QueryRefused:
            continue
        cites = (part.source_id,)
        if not sentences:
            sentences.append(Sentence(text=_whole_change(statistic), cites=cites))
        sentences.append(Sentence(text=f"By {part.by}: {_shares_of_change(statistic)}.", cites=cites))
        methods |= dict.fromkeys([*statistic.caveats, f"Method: {statistic.method}"])
    if not sentences:
        return None
    return ComputedFinding(
        title=f"Where the change in {subject} comes from", sentences=tuple(sentences), notes=tuple(methods)
    )


def _whole_change(statistic: Statistic) -> str:
    _, before, now, _, _ = statistic.columns
    was, is_now = (sum_exactly([Decimal(str(row[at])) for row in statistic.rows]) for at in (_BEFORE, _NOW))
    change = sum_exactly([is_now, -was])
    if change == 0:
        return f"{now.label} is what it was before, {_amount(is_now, now)}."
    verb = "rose" if change > 0 else "fell"
    growth = f", or {abs(change / was):.1%}".replace("%", " %") if was else ""
    return (
        f"{now.label} {verb} by {_amount(abs(change), before)}{growth}, from {_amount(was, before)} to "
        f"{_amount(is_now, now)}."
    )


def _shares_of_change(statistic: Statistic) -> str:
    group, _, _, column, _ = statistic.columns
    # One that is left over is told as well as the others.
    most = len(statistic.rows) if len(statistic.rows) == _TOLD + 1 else _TOLD
    told = [
        f"{show_value(row[0], group)} {_signed_amount(Decimal(str(row[_CHANGE])), column)}"
        for row in statistic.rows[:most]
    ]
    left = statistic.rows[most:]
    if left:
        rest = sum_exactly([Decimal(str(row[_CHANGE])) for row in left])
        told.append(f"the other {len(left):,} together {_signed_amount(rest, column)}")
    return ", ".join(told)


def _amount(value: Decimal, column: ResultColumn) -> str:
    decimals = 0 if abs(value) >= _NO_CENTS_FROM else column.decimals
    return show_with_unit(value, replace(column, role="metric", type="decimal", decimals=decimals))


def _signed_amount(value: Decimal, column: ResultColumn) -> str:
    return f"{'+' if value > 0 else ''}{_amount(value, column)}".replace("-", MINUS)
