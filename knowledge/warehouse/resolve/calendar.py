"""Weeks, quarters and fiscal years: where one begins, and the one so many before or after it."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from knowledge.warehouse.metric_spec import CalendarFile
from knowledge.warehouse.query import Period

FIRST_DAY = date(1900, 1, 1)
"""Where a period begins that only says when it ends."""


class Unit(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"
    FISCAL_QUARTER = "fiscal quarter"
    FISCAL_HALF = "fiscal half"
    FISCAL_YEAR = "fiscal year"


_MONTHS = {
    Unit.MONTH: 1, Unit.QUARTER: 3, Unit.HALF: 6, Unit.YEAR: 12,
    Unit.FISCAL_QUARTER: 3, Unit.FISCAL_HALF: 6, Unit.FISCAL_YEAR: 12,
}  # fmt: skip
_FISCAL = {
    Unit.QUARTER: Unit.FISCAL_QUARTER, Unit.HALF: Unit.FISCAL_HALF, Unit.YEAR: Unit.FISCAL_YEAR,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """A period, and the unit it is one of where it is."""

    period: Period
    unit: Unit | None = None


def fiscal(unit: Unit) -> Unit:
    return _FISCAL.get(unit, unit)


def start_of(day: date, unit: Unit, calendar: CalendarFile) -> date:
    """The first day of the unit that `day` lies in."""
    if unit is Unit.DAY:
        return day
    if unit is Unit.WEEK:
        past = day.weekday() if calendar.week_starts == "monday" else (day.weekday() + 1) % 7
        return day - timedelta(days=past)
    first = calendar.fiscal_year_starts if unit in _FISCAL.values() else 1
    months = (day.month - first) % 12
    return step(day.replace(day=1), Unit.MONTH, -(months % _MONTHS[unit]))


def step(start: date, unit: Unit, count: int) -> date:
    """So many units later, on the same day of the month or its last. Raises ValueError beyond the
    calendar."""
    if unit in (Unit.DAY, Unit.WEEK):
        try:
            return start + timedelta(days=count * (7 if unit is Unit.WEEK else 1))
        except OverflowError as error:
            raise ValueError(str(error)) from error
    months = start.year * 12 + start.month - 1 + count * _MONTHS[unit]
    first = date(months // 12, months % 12 + 1, 1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min(first + timedelta(days=start.day - 1), after - timedelta(days=1))


def unit_around(day: date, unit: Unit, calendar: CalendarFile, offset: int = 0) -> Span:
    """The unit `day` lies in, or the one `offset` units from it."""
    start = step(start_of(day, unit, calendar), unit, offset)
    end = step(start, unit, 1)
    return Span(Period(start, end, _label(start, end, unit)), unit)


def units_until(day: date, unit: Unit, count: int, calendar: CalendarFile) -> Span:
    """The last `count` days up to and with this one; of longer units, the last that are complete."""
    end = step(day, Unit.DAY, 1) if unit is Unit.DAY else start_of(day, unit, calendar)
    if count == 1 and unit is not Unit.DAY:
        return unit_around(day, unit, calendar, -1)
    return Span(Period(step(end, unit, -count), end, f"the last {count} {unit.value}s"))


def fiscal_year(year: int, calendar: CalendarFile) -> Span:
    """It is named by the year in which it ends."""
    starts = calendar.fiscal_year_starts
    day = date(year, 1, 1) if starts == 1 else date(year - 1, starts, 1)
    return unit_around(day, Unit.FISCAL_YEAR, calendar)


def before(span: Span) -> Span:
    """The same unit one earlier, or as many days right before."""
    period = span.period
    if span.unit is not None:
        start = step(period.start, span.unit, -1)
        return Span(Period(start, period.start, _label(start, period.start, span.unit)), span.unit)
    months = _whole_months(period)
    if months:
        start = step(period.start, Unit.MONTH, -months)
    else:
        start = period.start - (period.end - period.start)
    return Span(Period(start, period.start, "the period before"))


def year_before(span: Span) -> Span:
    return earlier_by(span, Unit.YEAR, 1)


def earlier_by(span: Span, unit: Unit, count: int) -> Span:
    """The same stretch so many units earlier."""
    period = span.period
    start, end = step(period.start, unit, -count), step(period.end, unit, -count)
    if span.unit is not None and (span.unit is unit or Unit.WEEK not in (span.unit, unit)):
        return Span(Period(start, end, _label(start, end, span.unit)), span.unit)
    far = f"a {unit.value}" if count == 1 else f"{count} {unit.value}s"
    return Span(Period(start, max(end, step(start, Unit.DAY, 1)), f"the same period {far} before"))


def spell(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def spell_period(period: Period) -> str:
    """Its first and last day, in words."""
    last = period.end - timedelta(days=1)
    if period.start <= FIRST_DAY:
        return f"until {spell(last)}"
    if period.start == last:
        return spell(last)
    same_year = period.start.year == last.year
    first = f"{period.start.day} {period.start:%B}" if same_year else spell(period.start)
    return f"{first} to {spell(last)}"


def _whole_months(period: Period) -> int:
    if period.start.day != 1 or period.end.day != 1:
        return 0
    return (period.end.year - period.start.year) * 12 + period.end.month - period.start.month


def _label(start: date, end: date, unit: Unit) -> str:
    if unit is Unit.DAY:
        return spell(start)
    if unit is Unit.WEEK:
        return f"the week of {spell(start)}"
    if unit is Unit.MONTH:
        return f"{start:%B} {start.year}"
    if unit is Unit.QUARTER:
        return f"Q{(start.month + 2) // 3} {start.year}"
    if unit is Unit.HALF:
        return f"H{1 if start.month < 7 else 2} {start.year}"
    if unit is Unit.YEAR:
        return str(start.year)
    if unit is Unit.FISCAL_YEAR:
        return f"FY{(end - timedelta(days=1)).year}"
    return f"the {unit.value} from {spell(start)}"
