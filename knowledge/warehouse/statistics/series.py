"""A metric over time as a statistic needs it: one value for each period, none of them unfinished.

Whatever was done to get there is in its caveats.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.result import NumberResult, ResultColumn
from knowledge.warehouse.statistics.columns import (
    find_figure,
    find_time,
    hidden_groups,
    may_be_summed,
    number_of,
    other_dimensions,
    refuse_blocked,
    refuse_cut,
)
from knowledge.warehouse.statistics.periods import (
    call_period,
    day_of,
    find_grain,
    is_unfinished,
    step_from,
    steps_between,
)

_MOST_GAPS = Decimal("0.1")
# Pairs of periods are compared, so twice as many take four times as long.
_MOST_PERIODS = 3_000
_NAMED_GAPS = 3


@dataclass(frozen=True, slots=True)
class Series:
    """`days` are the first ones of each period, without a gap; `exact` the values, `filled` those of them
    that are not in the result."""

    column: ResultColumn
    grain: Grain
    days: tuple[date, ...]
    exact: tuple[Decimal, ...]
    filled: frozenset[date]
    caveats: tuple[str, ...]

    @property
    def values(self) -> NDArray[np.float64]:
        return np.array([float(value) for value in self.exact])

    def call(self, at: int) -> str:
        return call_period(self.days[at], self.grain)


def read_series(
    result: NumberResult, metric: str | None, time: str | None, least: int, purpose: str
) -> Series:
    """Raises QueryRefused if there are fewer finished periods than `least`; `purpose` begins that sentence:
    `A trend`."""
    refuse_blocked(result)
    refuse_cut(result)
    time_at = find_time(result, time)
    metric_at = find_figure(result, metric)
    column = result.columns[metric_at]
    values, caveats = _by_day(result, time_at, metric_at)
    if len(values) < 2:
        raise QueryRefused(
            f"{purpose} of {column.label} needs at least {least} periods; there is no history."
        )
    grain = find_grain(sorted(values))
    unfinished = _drop_unfinished(values, grain, result.as_of)
    if len(values) < least:
        raise QueryRefused(
            f"{purpose} of {column.label} needs at least {least} finished {grain}s; there are {len(values)}."
        )
    days, exact, filled, gaps = _fill(values, grain, result, column)
    return Series(column, grain, days, exact, filled, (*caveats, *unfinished, *gaps, *hidden_groups(result)))


def _by_day(
    result: NumberResult, time_at: int, metric_at: int
) -> tuple[dict[date, Decimal], tuple[str, ...]]:
    """One value for each day; several are summed where that means something."""
    values: dict[date, Decimal] = {}
    doubled = False
    column = result.columns[metric_at]
    for row in result.rows:
        day, number = day_of(row[time_at]), number_of(row[metric_at])
        if day is None and row[time_at] is not None:
            raise QueryRefused("This needs values by day or longer; group the times by day, week or month.")
        if day is None or number is None:
            continue
        doubled = doubled or day in values
        values[day] = values.get(day, Decimal()) + number
    if not doubled:
        return values, ()
    others_at = other_dimensions(result, time_at)
    if not others_at or not may_be_summed(result, metric_at, others_at):
        raise QueryRefused(
            f"There are several values of {column.label} for one {result.columns[time_at].label}, and they "
            "cannot be summed; ask for it over time alone, or for one group."
        )
    others = ", ".join(result.columns[at].label for at in others_at)
    return values, (f"{column.label} is summed over {others}.",)


def _drop_unfinished(values: dict[date, Decimal], grain: Grain, as_of: datetime | None) -> tuple[str, ...]:
    """Takes away, from the end, what was not over when the data was read."""
    if as_of is None:
        return ()
    dropped = [day for day in sorted(values, reverse=True) if is_unfinished(day, grain, as_of)]
    for day in dropped:
        del values[day]
    if not dropped:
        return ()
    first = call_period(dropped[-1], grain)
    if len(dropped) == 1:
        return (f"Left out: {first}, which was not over as of {as_of:%Y-%m-%d}.",)
    return (f"Left out: {first} and later, which were not over as of {as_of:%Y-%m-%d}.",)


def _fill(
    values: Mapping[date, Decimal], grain: Grain, result: NumberResult, column: ResultColumn
) -> tuple[tuple[date, ...], tuple[Decimal, ...], frozenset[date], tuple[str, ...]]:
    """Few gaps are bridged by a straight line; many are zeros if a sum of no rows is what they are."""
    first, last = min(values), max(values)
    count = steps_between(first, last, grain) + 1
    if count > _MOST_PERIODS:
        raise QueryRefused(f"{count:,} {grain}s are more than can be looked at; choose a coarser grain.")
    days = tuple(step_from(first, step, grain) for step in range(count))
    gaps = [day for day in days if day not in values]
    if not gaps:
        return days, tuple(values[day] for day in days), frozenset(), ()
    named = ", ".join(call_period(day, grain) for day in gaps[:_NAMED_GAPS])
    named += f" and {len(gaps) - _NAMED_GAPS:,} more" if len(gaps) > _NAMED_GAPS else ""
    if len(gaps) <= count * _MOST_GAPS:
        told = f"No value for {named}; a straight line between the neighbours stands in."
        return days, _bridge(days, values), frozenset(gaps), (told,)
    if column.additivity == "additive" and not result.too_small:
        told = f"No rows for {len(gaps):,} of {count:,} {grain}s ({named}); they count as zero."
        return days, tuple(values.get(day, Decimal()) for day in days), frozenset(gaps), (told,)
    raise QueryRefused(
        f"{len(gaps):,} of {count:,} {grain}s have no {column.label} ({named}); ask for a coarser grain or a "
        "time without gaps."
    )


def _bridge(days: tuple[date, ...], values: Mapping[date, Decimal]) -> tuple[Decimal, ...]:
    known = [at for at, day in enumerate(days) if day in values]
    exact = [values.get(day, Decimal()) for day in days]
    for left, right in pairwise(known):
        rise = (exact[right] - exact[left]) / (right - left)
        for at in range(left + 1, right):
            exact[at] = exact[left] + rise * (at - left)
    return tuple(exact)
