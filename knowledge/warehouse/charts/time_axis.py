"""Lines over time: each period in its place, a gap where nothing is known, and few enough ticks to read."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from knowledge.warehouse.charts.points import (
    MOST_SERIES,
    Layout,
    Point,
    Points,
    Table,
    before_name,
    name_others,
    read_table,
)
from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.result import NumberResult
from knowledge.warehouse.statistics.columns import may_be_summed
from knowledge.warehouse.statistics.decomposition import sum_exactly
from knowledge.warehouse.statistics.periods import (
    call_period,
    find_grain,
    is_unfinished,
    step_from,
    steps_between,
)

_MOST_PERIODS = 1_000
_MOST_TICKS = 8
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60)
_QUARTER_STEPS = (1, 2, 4, 8, 20)
_MS = 1000


def collect_lines(result: NumberResult, layout: Layout) -> Points:
    """Raises QueryRefused if there are fewer than two periods."""
    table = read_table(result, layout)
    known = [day for day in table.groups() if isinstance(day, date)]
    if len(known) < 2:
        raise QueryRefused("A line needs two periods or more.")
    grain = find_grain(known)
    days, notes = _all_days(known, grain)
    if result.as_of is not None and is_unfinished(days[-1], grain, result.as_of):
        notes.append(
            f"{_first_upper(call_period(days[-1], grain))} was not over as of {result.as_of:%Y-%m-%d}."
        )
    names = table.series()
    kept, others = _most_important(table, known), None
    if len(kept) < len(names):
        rest = [name for name in names if name not in set(kept)]
        if may_be_summed(result, layout.y, layout.series) and not result.truncated:
            others = name_others(len(rest), names)
            table = _with_others(table, rest, others)
            kept = [*kept, others]
        else:
            notes.append(
                f"Shown are the {len(kept):,} largest of {len(names):,}; the others are in the table."
            )
    points = tuple(Point(day, name, table.values.get((day, name))) for name in kept for day in days)
    return Points(
        points, table.named(kept), others, before_name(result, layout), grain, (*table.notes, *notes)
    )


def ticks(days: Sequence[date], grain: Grain) -> tuple[list[int], str]:
    """Where the axis is labelled, in milliseconds of UTC, and how (d3's format for times)."""
    step = -(-len(days) // _MOST_TICKS)
    steps = {Grain.MONTH: _MONTH_STEPS, Grain.QUARTER: _QUARTER_STEPS}.get(grain, ())
    step = next((rounded for rounded in steps if rounded >= step), step)
    return [milliseconds(day) for day in days[::step]], _form(days, grain)


def milliseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * _MS


def time_scale() -> dict[str, Any]:
    """In UTC: a date is the same day wherever the picture is drawn."""
    return {"type": "utc", "nice": False}


def _form(days: Sequence[date], grain: Grain) -> str:
    if grain is Grain.YEAR:
        return "%Y"
    if grain is Grain.QUARTER and days[0].month % 3 == 1:
        return "Q%q %Y"
    if grain in (Grain.QUARTER, Grain.MONTH):
        return "%b %Y"
    return "%-d %b %Y"


def _all_days(known: Sequence[date], grain: Grain) -> tuple[list[date], list[str]]:
    """Those without a value too, so that no line runs over a gap."""
    count = steps_between(known[0], known[-1], grain) + 1
    first = max(0, count - _MOST_PERIODS)
    days = [step_from(known[0], at, grain) for at in range(first, count)]
    return days, [f"Shown are the last {_MOST_PERIODS:,} {grain}s of {count:,}."] if first else []


def _most_important(table: Table, known: Sequence[date]) -> list[str | None]:
    """The lines with the most below them, in the order of the rows."""
    names = table.series()
    if len(names) <= MOST_SERIES:
        return names
    sums = {
        name: sum((abs(table.values.get((day, name)) or Decimal()) for day in known), Decimal())
        for name in names
    }
    largest = set(sorted(names, key=lambda name: (-sums[name], str(name)))[: MOST_SERIES - 1])
    return [name for name in names if name in largest]


def _with_others(table: Table, rest: Sequence[str | None], called: str) -> Table:
    values = dict(table.values)
    for day in table.groups():
        told = [value for name in rest if (value := table.values.get((day, name))) is not None]
        values[day, called] = sum_exactly(told) if told else None
    return Table(values, table.notes)


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
