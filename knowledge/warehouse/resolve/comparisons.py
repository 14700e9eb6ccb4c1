"""What a period is held against: "against Q2", "versus the year before", "year over year", "growth"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from knowledge.warehouse.metric_spec import CalendarFile
from knowledge.warehouse.query import Period
from knowledge.warehouse.resolve.calendar import Span, Unit, before, step, unit_around, year_before
from knowledge.warehouse.resolve.time_expressions import TimeMention

_AGAINST = (
    r"(?:vs\.?|versus|against|compared?\s+(?:to|with|against)|in comparison (?:to|with)|relative"
    r" to|over|than|as opposed to)"
)
AGAINST_AT_START = re.compile(rf"{_AGAINST}\b", re.IGNORECASE)
_UNIT = r"(?:day|week|month|quarter|half[- ]year|half|year|period)"
_YEAR_BEFORE = re.compile(
    rf"(?:{_AGAINST}\s+)?(?:the\s+|that\s+of\s+the\s+)?(?:same|corresponding)\s+{_UNIT}s?\s+"
    rf"(?:of\s+|in\s+|from\s+)?(?:the\s+)?"
    rf"(?:last year|(?:previous|prior|preceding) year|(?:a |one )?year (?:ago|earlier|before))|"
    rf"(?:{_AGAINST}\s+)?(?:the\s+|a\s+|one\s+)year\s+(?:before|earlier|ago|prior)|"
    rf"year[- ](?:over|on|to)[- ]year|\byoy\b|\by/y\b",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"(?P<unit>day|week|month|quarter)[- ](?:over|on)[- ](?P=unit)|\b(?P<short>mom|qoq|wow)\b", re.IGNORECASE
)
_PREVIOUS = re.compile(
    rf"{_AGAINST}\s+(?:the\s+|that\s+of\s+the\s+)?(?:(?:previous|prior|preceding|last)\s+{_UNIT}|"
    rf"(?:one|{_UNIT})\s+before)(?:\s+(?:before|that))?\b(?!\s+to\s+date)",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"\b(?:grow(?:th|n|s|ing)?(?:\s+rates?)?|grew|chang(?:e|es|ed|ing)|increas(?:e|es|ed|ing)"
    r"|decreas(?:e|es|ed|ing)|"
    r"declin(?:e|es|ed|ing)|drop(?:s|ped)?|fell|fall(?:en)?|rose|risen?|differen(?:ce|t from)"
    r"|develop(?:ed|ment)?|"
    r"compare[ds]?|comparison|comparing)\b",
    re.IGNORECASE,
)
_LINK = re.compile(
    rf"(?:\b{_AGAINST}\s+|\s*,\s*)(?:with\s+|to\s+)?(?:the\s+|in\s+|that\s+of\s+|for\s+)*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`period` is asked for, `compare_to` is what it is held against. `spans` are places in the question
    that are understood by it. `is_assumed` where the question leaves one of them open."""

    period: Span
    compare_to: Period
    spans: tuple[tuple[int, int], ...]
    is_assumed: bool = False


def read_comparison(
    question: str, times: Sequence[TimeMention], today: date, calendar: CalendarFile
) -> Comparison | None:
    """None where nothing is compared, or two things that are no periods."""
    change = _CHANGE.search(question)
    own = [change.span()] if change else []
    for pattern, earlier in ((_YEAR_BEFORE, year_before), (_PREVIOUS, before)):
        if said := pattern.search(question):
            main = _main(times, said.span(), today, calendar)
            against = earlier(main)
            assumed = not _outside(times, said.span())
            return Comparison(main, against.period, (said.span(), *own), is_assumed=assumed)
    if said := _STEP.search(question):
        short = {"mom": Unit.MONTH, "qoq": Unit.QUARTER, "wow": Unit.WEEK}
        unit = short.get((said["short"] or "").lower()) or Unit((said["unit"] or "").lower())
        outside = _outside(times, said.span())
        main = outside[0].span if outside else unit_around(today, unit, calendar, -1)
        return Comparison(main, before(main).period, (said.span(), *own), is_assumed=not outside)
    return _two_periods(question, times, change) or _growth(times, change)


def of_same_length(comparison: Comparison, today: date) -> Comparison:
    """A period that is not over yet is compared up to today, with as much of the other."""
    period, other = comparison.period.period, comparison.compare_to
    tomorrow = step(today, Unit.DAY, 1)
    is_running = period.start <= today and tomorrow < period.end
    if not is_running or other.end > period.start:
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
            rf"\s*,?\s*{_AGAINST}(?:\s+(?:the|in|that of|for|to|with))*\s*", middle, re.IGNORECASE
        )
        lead = _LINK.search(question[: second.start])
        if link or (lead and lead.start() >= first.end and lead[0].strip() != ","):
            start = lead.start() if lead else first.end
            return Comparison(first.span, second.period, ((start, second.start), *own))
        joined = re.fullmatch(r"\s*(?:and|to|with)\s*(?:the\s+|in\s+)*", middle, re.IGNORECASE)
        if change and joined:
            later, earlier = sorted((first, second), key=lambda item: item.period.start, reverse=True)
            return Comparison(later.span, earlier.period, ((first.end, second.start), *own))
    return None


def _growth(times: Sequence[TimeMention], change: re.Match[str] | None) -> Comparison | None:
    """`growth in 1997` is over the year before."""
    if change is None or len(times) != 1:
        return None
    span = times[0].span
    if span.unit is None:
        return None
    return Comparison(span, before(span).period, (change.span(),), is_assumed=True)


def asks_for_change(question: str) -> bool:
    """Whether a range such as "from March to April" may be two periods to be compared."""
    return _CHANGE.search(question) is not None


def _outside(times: Sequence[TimeMention], span: tuple[int, int]) -> list[TimeMention]:
    return [time for time in times if time.end <= span[0] or span[1] <= time.start]


def _main(times: Sequence[TimeMention], span: tuple[int, int], today: date, calendar: CalendarFile) -> Span:
    outside = _outside(times, span)
    return outside[0].span if outside else unit_around(today, Unit.MONTH, calendar, -1)
