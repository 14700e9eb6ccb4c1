"""Which days a question speaks of: "last quarter", "Q3 2026", "between 1 March and 15 April", "since May".

Relative words go by the day the question is asked; a month or quarter without a year is its last one that has
begun. Every period ends after it starts, and a date that is none is left unread.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from knowledge.warehouse.metric_spec import CalendarFile
from knowledge.warehouse.query import Period
from knowledge.warehouse.resolve.calendar import FIRST_DAY, Span, Unit, spell, step
from knowledge.warehouse.resolve.time_points import Point, points_in


@dataclass(frozen=True, slots=True)
class TimeMention:
    """`start` and `end` are places in the question."""

    start: int
    end: int
    span: Span

    @property
    def period(self) -> Period:
        return self.span.period


_BETWEEN = re.compile(r"\b(?:between|from)\s+(?:the\s+)?$", re.IGNORECASE)
_AND = re.compile(
    r"\s*(?:,\s*)?(?:and|to|until|till|through|thru|up to|-|–|—)\s+(?:the\s+)?|\s*[-–—]\s*", re.IGNORECASE
)
_TO = re.compile(r"\s*(?:to|until|till|through|thru|up to)\s+(?:the\s+)?|\s*[-–—]\s*", re.IGNORECASE)
_LEAD = re.compile(
    r"\b(?:(?P<since>since|starting(?: from| in)?)|(?P<after>after|later than)|"
    r"(?P<before>before|prior to|earlier than)|(?P<until>until|till|up to|through|by the end of|to"
    r" the end of)|"
    r"(?P<during>in|from|during|for|of|on|over|throughout|within|by))"
    r"\s+(?:the\s+)?(?:(?:whole|entire|full|calendar)\s+)?(?:(?:month|months|year|years|beginning"
    r"|start)\s+(?:of\s+)?)?$",
    re.IGNORECASE,
)
_ONWARD = re.compile(
    # Held against last year, it is no "on" of that kind.
    r"\s+(?:onwards?|on(?!\s+(?:the\s+)?(?:last|previous|prior|preceding|year|quarter|month|week)\b)"
    r"|and later|or later|until (?:now|today)|to (?:date|now|today))\b",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"\s*(?:,|and|or|to|vs\.?|versus|against|with|over|than|-|–|—|compared (?:to|with)|&)*\s*"
    r"(?:the\s+|in\s+)*",
    re.IGNORECASE,
)


def read_times(
    question: str, today: date, calendar: CalendarFile, *, join_ranges: bool = True
) -> list[TimeMention]:
    """In order of place; they do not overlap. Without `join_ranges`, both ends of a range by themselves."""
    points = points_in(question, today, calendar)
    spans = _spans(question, points, today)
    mentions: list[TimeMention] = []
    place = 0
    while place < len(points):
        point, span = points[place], spans[place]
        lead = question[: point.start]
        if join_ranges and place + 1 < len(points) and (mention := _range(question, points, spans, place)):
            mentions.append(mention)
            place += 2
            continue
        mentions.append(_one(question, lead, point, span, today))
        place += 1
    return mentions


def _spans(question: str, points: list[Point], today: date) -> list[Span]:
    """A point without a year takes that of the one it is said together with; the later one first, so that
    `June, July and August 1997` are of one year. Not where both would be the same, as in `Q1 against Q1
    2025`."""
    years = [point.year for point in points]
    for place in range(len(points) - 2, -1, -1):
        one, other, year = points[place], points[place + 1], years[place + 1]
        if one.year is None and _linked(question, one, other) and not _is_same(one, other, year):
            years[place] = year
    spans: list[Span] = []
    for place, point in enumerate(points):
        year = years[place]
        if year is None and place and _linked(question, points[place - 1], point):
            year = years[place] = years[place - 1]
            if year is not None and _is_range(question, points[place - 1], point):
                spans.append(_not_before(point, spans[-1], year))
                continue
        span = None if year is None else _try(point, year)
        spans.append(span or _latest(point, today))
    for place in range(len(points) - 1):
        # Said as a range, "November to February" begins in the year before.
        is_bare = points[place].needs_year and points[place].year is None
        if is_bare and years[place] is None and _is_range(question, points[place], points[place + 1]):
            spans[place] = _before_that(points[place], spans[place + 1])
    return spans


def _is_range(question: str, one: Point, other: Point) -> bool:
    middle = question[one.end : other.start]
    if _BETWEEN.search(question[: one.start]):
        return bool(_AND.fullmatch(middle))
    return bool(_TO.fullmatch(middle))


def _linked(question: str, one: Point, other: Point) -> bool:
    return other.needs_year and bool(_LINK.fullmatch(question[one.end : other.start]))


def _is_same(one: Point, other: Point, year: int | None) -> bool:
    return year is not None and _try(one, year) == _try(other, year)


def _latest(point: Point, today: date) -> Span:
    if point.year is not None or not point.needs_year:
        return point.read(point.year)
    return _last_that(point, today.year, lambda span: span.period.start <= today)


def _before_that(point: Point, later: Span) -> Span:
    return _last_that(point, later.period.start.year, lambda span: span.period.start <= later.period.start)


def _last_that(point: Point, year: int, fits: Callable[[Span], bool]) -> Span:
    # A fiscal year, or 29 February, may need some years more in either direction.
    tried = [span for back in range(-1, 9) if (span := _try(point, year - back)) and fits(span)]
    return tried[0] if tried else point.read(year)


def _try(point: Point, year: int) -> Span | None:
    try:
        return point.read(year)
    except ValueError:
        return None


def _not_before(point: Point, earlier: Span, year: int) -> Span:
    span = _try(point, year)
    if span is None or span.period.start < earlier.period.start:
        return _try(point, year + 1) or _last_that(point, year, lambda _span: True)
    return span


def _range(question: str, points: list[Point], spans: list[Span], place: int) -> TimeMention | None:
    first, last = points[place], points[place + 1]
    middle = question[first.end : last.start]
    opening = _BETWEEN.search(question[: first.start])
    joined = _AND.fullmatch(middle) if opening else _TO.fullmatch(middle)
    one, other = spans[place].period, spans[place + 1].period
    if not joined or other.end <= one.start:
        return None
    label = f"{one.label} to {other.label}"
    start = opening.start() if opening else first.start
    return TimeMention(start, last.end, Span(Period(one.start, other.end, label)))


def _one(question: str, lead: str, point: Point, span: Span, today: date) -> TimeMention:
    period = span.period
    said = _LEAD.search(lead)
    onward = _ONWARD.match(question[point.end :])
    kind = said.lastgroup if said else None
    start = said.start() if said else point.start
    end = point.end + (onward.end() if onward else 0)
    tomorrow = step(today, Unit.DAY, 1)
    if kind == "since":
        span = _open(period.start, max(tomorrow, period.end), f"since {period.label}")
    elif kind == "after":
        span = _open(period.end, max(tomorrow, step(period.end, Unit.DAY, 1)), f"after {period.label}")
    elif kind == "before":
        span = _open(min(FIRST_DAY, step(period.start, Unit.DAY, -1)), period.start, f"before {period.label}")
    elif kind == "until":
        span = _open(min(FIRST_DAY, period.start), period.end, f"until {period.label}")
    elif onward:
        span = _open(period.start, max(tomorrow, period.end), f"since {period.label}")
    return TimeMention(start, end, span)


def _open(start: date, end: date, label: str) -> Span:
    return Span(Period(start, end, label if label.split(" ", 1)[-1] else spell(start)))
