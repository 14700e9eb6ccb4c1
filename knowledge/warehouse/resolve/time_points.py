"""Single stretches of time by name, before they are put together: a day, a month, a quarter, "last week"."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial

from knowledge.warehouse.metric_spec import CalendarFile
from knowledge.warehouse.query import Period
from knowledge.warehouse.resolve.calendar import (
    Span,
    Unit,
    fiscal,
    fiscal_year,
    start_of,
    step,
    unit_around,
    units_until,
)
from knowledge.warehouse.resolve.time_patterns import (
    COUNTS,
    MAY_FOLLOW,
    MAY_LEAD,
    MONTH_NUMBERS,
    ORDINALS,
    PATTERNS,
)

Parts = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Point:
    """`year` is the one that was said. One that `needs_year` can be read for any; ValueError means that this
    year has no such day."""

    start: int
    end: int
    year: int | None
    needs_year: bool
    read: Callable[[int | None], Span]


def points_in(question: str, today: date, calendar: CalendarFile) -> list[Point]:
    """Those that exist, in order of place; where two overlap, the longer."""
    found: list[Point] = []
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(question):
            point = _point(kind, match, question, today, calendar)
            if point is not None:
                found.append(point)
    kept: list[Point] = []
    for point in sorted(found, key=lambda item: (-(item.end - item.start), item.start)):
        if all(point.end <= other.start or other.end <= point.start for other in kept):
            kept.append(point)
    return sorted(kept, key=lambda item: item.start)


def _point(
    kind: str, match: re.Match[str], question: str, today: date, calendar: CalendarFile
) -> Point | None:
    parts = match.groupdict()
    if kind == "month" and match[0].lower().startswith("may") and not _is_may(match, question):
        return None
    end = match.start() + len(match[0].rstrip(" ,'-/"))
    year = _said_year(parts, today)
    read = partial(_READERS[kind], parts, today, calendar, match[0].lower())
    point = Point(match.start(), end, year, kind in _NEED_YEAR, read)
    try:
        read(year if year is not None else today.year - today.year % 4)
    except ValueError:
        return None
    return point


def _said_year(parts: Parts, today: date) -> int | None:
    if near := parts.get("near_year"):
        return today.year - (near.lower() == "last")
    return int(parts["year"] or 0) if parts.get("year") else None


def _is_may(match: re.Match[str], question: str) -> bool:
    if match.groupdict().get("year") or match.groupdict().get("near_year"):
        return True
    if MAY_FOLLOW.match(question[match.end("name") :]):
        return True
    capital = match[0][0] == "M" and match.start() > 0 and not question.isupper()
    return bool(MAY_LEAD.search(question[: match.start()])) or capital


def _unit_of(parts: Parts, key: str = "unit") -> Unit:
    text = (parts.get(key) or "").lower()
    name = "half" if text.startswith("hal") else text.rstrip("s")
    unit = Unit(name)
    return fiscal(unit) if parts.get("fiscal") else unit


def _count(text: str | None) -> int:
    word = (text or "1").lower()
    count = int(word) if word.isdigit() else COUNTS.get(word, 1)
    if not 0 < count <= 10_000:
        raise ValueError("no such count")
    return count


def _number_of_month(parts: Parts) -> int:
    return MONTH_NUMBERS[(parts["name"] or "").lower().rstrip(".")]


def _given(year: int | None, today: date) -> int:
    return today.year if year is None else year


def _iso(parts: Parts, today: date, calendar: CalendarFile, _text: str, year: int | None) -> Span:
    day = date(_given(year, today), int(parts["month"] or 0), int(parts["day"] or 1))
    return unit_around(day, Unit.DAY, calendar)


def _month_number(parts: Parts, today: date, calendar: CalendarFile, _text: str, year: int | None) -> Span:
    return unit_around(date(_given(year, today), int(parts["month"] or 0), 1), Unit.MONTH, calendar)


def _day(parts: Parts, today: date, calendar: CalendarFile, _text: str, year: int | None) -> Span:
    day = date(_given(year, today), _number_of_month(parts), int(parts["day"] or 0))
    return unit_around(day, Unit.DAY, calendar)


def _month(parts: Parts, today: date, calendar: CalendarFile, _text: str, year: int | None) -> Span:
    return unit_around(date(_given(year, today), _number_of_month(parts), 1), Unit.MONTH, calendar)


def _near_month(parts: Parts, today: date, calendar: CalendarFile, _text: str, _year: int | None) -> Span:
    which, month = (parts["which"] or "").lower(), _number_of_month(parts)
    year = today.year
    if which == "last" and month >= today.month:
        year -= 1
    if which == "next" and month <= today.month:
        year += 1
    return unit_around(date(year, month, 1), Unit.MONTH, calendar)


def _quarter(parts: Parts, today: date, calendar: CalendarFile, _text: str, year: int | None) -> Span:
    return unit_around(
        date(_given(year, today), 3 * int(parts["number"] or 1) - 2, 1), Unit.QUARTER, calendar
    )


def _fiscal_quarter(parts: Parts, today: date, calendar: CalendarFile, _text: str, year: int | None) -> Span:
    start = fiscal_year(_given(year, today), calendar).period.start
    return unit_around(start, Unit.FISCAL_QUARTER, calendar, int(parts["number"] or 1) - 1)


def _half(parts: Parts, today: date, calendar: CalendarFile, _text: str, year: int | None) -> Span:
    return unit_around(date(_given(year, today), 6 * int(parts["number"] or 1) - 5, 1), Unit.HALF, calendar)


def _nth(parts: Parts, today: date, calendar: CalendarFile, _text: str, year: int | None) -> Span:
    unit = Unit((parts["part"] or "").lower())
    of_year = {Unit.MONTH: 12, Unit.QUARTER: 4, Unit.HALF: 2}[unit]
    number = ORDINALS[(parts["nth"] or "").lower()]
    place = of_year if number == -1 else number
    if place > of_year:
        raise ValueError(f"a year has no {place} of these")
    return unit_around(date(_given(year, today), 1, 1), unit, calendar, place - 1)


def _fiscal_year(parts: Parts, today: date, calendar: CalendarFile, _text: str, year: int | None) -> Span:
    if parts.get("two_digits"):
        year = 2000 + int(parts["two_digits"] or 0)
    return fiscal_year(_given(year, today), calendar)


def _week(parts: Parts, today: date, calendar: CalendarFile, _text: str, year: int | None) -> Span:
    """By ISO 8601; where weeks start on Sunday, the one of the year that holds its first Sunday is the
    first."""
    number, of_year = int(parts["number"] or 0), _given(year, today)
    if calendar.week_starts == "monday":
        return unit_around(date.fromisocalendar(of_year, number, 1), Unit.WEEK, calendar)
    first = date(of_year, 1, 1)
    start = step(first, Unit.DAY, (6 - first.weekday()) % 7 + 7 * (number - 1))
    if number < 1 or start.year != of_year:
        raise ValueError("no such week")
    return unit_around(start, Unit.WEEK, calendar)


def _to_date(parts: Parts, today: date, calendar: CalendarFile, _text: str, _year: int | None) -> Span:
    short = {"w": Unit.WEEK, "m": Unit.MONTH, "q": Unit.QUARTER, "y": Unit.YEAR}
    if parts.get("short"):
        unit = short[(parts["short"] or "")[0].lower()]
    else:
        unit = _unit_of(parts, "unit" if parts.get("unit") else "other")
    start, end = start_of(today, unit, calendar), step(today, Unit.DAY, 1)
    if parts.get("before"):
        earlier = step(start, unit, -1), min(step(end, unit, -1), start)
        return Span(Period(*earlier, f"the {unit.value} before up to the same day"))
    return Span(Period(start, end, f"{unit.value} to date"))


def _several(parts: Parts, today: date, calendar: CalendarFile, _text: str, _year: int | None) -> Span:
    return units_until(today, _unit_of(parts), _count(parts["count"]), calendar)


def _near(parts: Parts, today: date, calendar: CalendarFile, _text: str, _year: int | None) -> Span:
    which = (parts["which"] or "").lower()
    if (parts["unit"] or "").lower().endswith("s") and which not in ("this", "current"):
        raise ValueError("so many are not said")
    offset = {"this": 0, "current": 0, "next": 1, "coming": 1}.get(which, -1)
    return unit_around(today, _unit_of(parts), calendar, offset)


def _ago(parts: Parts, today: date, calendar: CalendarFile, _text: str, _year: int | None) -> Span:
    return unit_around(today, _unit_of(parts), calendar, -_count(parts["count"]))


def _relative(_parts: Parts, today: date, calendar: CalendarFile, text: str, _year: int | None) -> Span:
    offset = {"today": 0, "yesterday": -1, "tomorrow": 1}.get(text, -2)
    return unit_around(today, Unit.DAY, calendar, offset)


def _whole_year(_parts: Parts, today: date, calendar: CalendarFile, _text: str, year: int | None) -> Span:
    return unit_around(date(_given(year, today), 1, 1), Unit.YEAR, calendar)


_NEED_YEAR = frozenset({"day", "month", "quarter", "half", "nth", "week", "fiscal_quarter"})
_READERS: dict[str, Callable[[Parts, date, CalendarFile, str, int | None], Span]] = {
    "iso": _iso,
    "iso_month": _month_number,
    "day": _day,
    "month": _month,
    "near_month": _near_month,
    "quarter": _quarter,
    "fiscal_quarter": _fiscal_quarter,
    "half": _half,
    "nth": _nth,
    "fiscal_year": _fiscal_year,
    "week": _week,
    "to_date": _to_date,
    "so_far": _to_date,
    "several": _several,
    "near": _near,
    "ago": _ago,
    "relative": _relative,
    "year": _whole_year,
}
