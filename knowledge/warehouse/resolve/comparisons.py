"""What a period is held against: "against Q2", "versus the year before", "year over year", "growth".

Where the words fit several stretches of time, all are given, and none is taken for the one that is meant.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from knowledge.warehouse.metric_spec import CalendarFile
from knowledge.warehouse.query import Period
from knowledge.warehouse.resolve.calendar import (
    FIRST_DAY,
    Span,
    Unit,
    before,
    earlier_by,
    fiscal,
    start_of,
    step,
    unit_around,
    year_before,
)
from knowledge.warehouse.resolve.comparison_phrases import AGAINST, Earlier, change_in, outside, read_earlier
from knowledge.warehouse.resolve.time_expressions import TimeMention

AGAINST_AT_START = re.compile(rf"^(?:{AGAINST}|over)\b", re.IGNORECASE)
_BETWEEN = rf"(?:{AGAINST}|over)"
# "Compare it" leaves open with what, and takes other words to lead up to that.
_COMPARE = re.compile(r"compar", re.IGNORECASE)
_WITH = re.compile(r"\b(?:with|to)\s+(?:the\s+|in\s+|that\s+of\s+|for\s+)*$", re.IGNORECASE)
_FROM = re.compile(r"(?:over|from|on)\b", re.IGNORECASE)
_LINK = re.compile(
    rf"(?:\b{_BETWEEN}\s+|\s*,\s*)(?:with\s+|to\s+)?(?:the\s+|in\s+|that\s+of\s+|for\s+)*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`period` is asked for, `compare_to` is what it is held against, or one of `others` just as well.
    `spans` are places in the question that are understood by it, the words themselves first. `is_assumed`
    where the question leaves one of the periods open."""

    period: Span
    compare_to: Period
    spans: tuple[tuple[int, int], ...]
    is_assumed: bool = False
    others: tuple[Period, ...] = ()


def read_comparison(
    question: str, times: Sequence[TimeMention], today: date, calendar: CalendarFile
) -> Comparison | None:
    """None where nothing is compared, or two things that are no periods."""
    change = change_in(question)
    said = read_earlier(question, times)
    if said is None:
        return _two_periods(question, times, change) or _growth(times, change)
    named = outside(times, said.span)
    main = named[0].span if named else _meant_by_itself(said, today, calendar)
    if main.period.start <= FIRST_DAY:
        # All there is until some day has nothing before it.
        return None
    first, *others = _earlier_periods(main, said, today, calendar)
    own = [change.span()] if change else []
    return Comparison(main, first, (said.span, *own), is_assumed=not named, others=tuple(others))


def _meant_by_itself(said: Earlier, today: date, calendar: CalendarFile) -> Span:
    """Against last year, this one as far as it goes; by a rhythm, the last that is complete."""
    if said.unit is None:
        return unit_around(today, Unit.MONTH, calendar, -1)
    if said.is_rhythm:
        return unit_around(today, said.unit, calendar, -1)
    return unit_around(today, said.unit, calendar)


def _earlier_periods(main: Span, said: Earlier, today: date, calendar: CalendarFile) -> list[Period]:
    """What the words may mean beside this period, the likeliest first; several where they do not fit it."""
    right_before = before(main).period
    if said.unit is None:
        return [right_before]
    unit = fiscal(said.unit) if main.unit is fiscal(said.unit) else said.unit
    fitting = _fitting(main, said, unit, today, calendar)
    may_be_last = said.is_last and today >= main.period.end
    if fitting is not None:
        last = [_last(today, unit, calendar)] if may_be_last else []
        return _apart([fitting, *last], main.period)
    # Asked back, so it may meet the period: "this year against last month".
    as_said = (
        _last(today, unit, calendar) if said.is_last else _units_before(main, unit, said.count, calendar)
    )
    others = _apart([right_before, year_before(main).period], main.period)
    return [as_said, *(item for item in others if (item.start, item.end) != (as_said.start, as_said.end))]


def _fitting(main: Span, said: Earlier, unit: Unit, today: date, calendar: CalendarFile) -> Period | None:
    """The same stretch so much earlier; None where that is not what the words say of it, as a month has no
    quarter before that it could be held against."""
    period, shifted = main.period, earlier_by(main, unit, said.count).period
    if said.is_alike:
        return shifted if shifted.end <= period.start else None
    starts, ends = (start_of(day, unit, calendar) == day for day in (period.start, period.end))
    is_running = today < period.end and said.count == 1
    is_right_before = shifted.end == period.start or (is_running and shifted.end < period.start)
    return shifted if starts and (ends or is_running) and is_right_before else None


def _units_before(main: Span, unit: Unit, count: int, calendar: CalendarFile) -> Period:
    if count == 1:
        return unit_around(main.period.start, unit, calendar, -1).period
    end = start_of(main.period.start, unit, calendar)
    return Period(step(end, unit, -count), end, f"the {count} {unit.value}s before")


def _last(today: date, unit: Unit, calendar: CalendarFile) -> Period:
    return unit_around(today, unit, calendar, -1).period


def _apart(periods: Sequence[Period], main: Period) -> list[Period]:
    """Each once, and none that meets the period itself."""
    found: dict[tuple[date, date], Period] = {}
    for item in periods:
        if item.end <= main.start or main.end <= item.start:
            found.setdefault((item.start, item.end), item)
    return list(found.values())


def of_same_length(comparison: Comparison, today: date) -> Comparison:
    """A period that is not over yet is compared up to today, with as much of the other; not before it is
    known which that is."""
    period, other = comparison.period.period, comparison.compare_to
    tomorrow = step(today, Unit.DAY, 1)
    is_running = period.start <= today and tomorrow < period.end
    if not is_running or other.end > period.start or comparison.others:
        return comparison
    months = (period.start.year - other.start.year) * 12 + period.start.month - other.start.month
    if period.start.day == other.start.day:
        end = step(tomorrow, Unit.MONTH, -months)
    else:
        end = other.start + (tomorrow - period.start)
    cut = Period(period.start, tomorrow, f"{period.label} to date")
    before = Period(other.start, min(end, other.end), f"{other.label} up to the same day")
    return replace(comparison, period=Span(cut), compare_to=before)


def _two_periods(
    question: str, times: Sequence[TimeMention], change: re.Match[str] | None
) -> Comparison | None:
    own = (change.span(),) if change else ()
    for first, second in pairwise(times):
        middle = question[first.end : second.start]
        link = re.fullmatch(
            rf"\s*,?\s*{_BETWEEN}(?:\s+(?:the|in|that of|for|to|with))*\s*", middle, re.IGNORECASE
        )
        lead = _LINK.search(question[: second.start])
        if lead is None and change and _COMPARE.match(change[0]):
            lead = _WITH.search(question[: second.start])
        if link or (lead and lead.start() >= first.end and lead[0].strip() != ","):
            start = lead.start() if lead else first.end
            return Comparison(first.span, second.period, ((start, second.start), *own))
        if change and not middle.strip() and _FROM.match(question[second.start :]):
            return Comparison(first.span, second.period, ((first.end, second.end), *own))
        joined = re.fullmatch(r"\s*(?:and|to|with)\s*(?:the\s+|in\s+)*", middle, re.IGNORECASE)
        if change and joined:
            later, earlier = sorted((first, second), key=lambda item: item.period.start, reverse=True)
            return Comparison(later.span, earlier.period, ((first.end, second.start), *own))
    return None


def _growth(times: Sequence[TimeMention], change: re.Match[str] | None) -> Comparison | None:
    """`growth in 1997` is over the year before; what `compare` is to be held against is not said."""
    if change is None or len(times) != 1:
        return None
    span = times[0].span
    if span.unit is None:
        return None
    right_before, year_ago = before(span).period, year_before(span).period
    is_open = _COMPARE.match(change[0]) and year_ago != right_before
    others = (year_ago,) if is_open else ()
    return Comparison(span, right_before, (change.span(),), is_assumed=True, others=others)


def asks_for_change(question: str) -> bool:
    """Whether a range such as "from March to April" may be two periods to be compared."""
    return change_in(question) is not None
