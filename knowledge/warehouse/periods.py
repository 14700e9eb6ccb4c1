"""Days, weeks, months, quarters and years as the workspace's calendar has them.

A fiscal year is named by the year in which it ends.
"""

from datetime import date, timedelta

import ibis
from ibis.expr import types as ir

from knowledge.warehouse.metric_spec import CalendarFile, Grain
from knowledge.warehouse.query import Period

_IN_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}
_MONTHS = 12


def bucket_start(day: date, grain: Grain, calendar: CalendarFile) -> date:
    """The first day of the day's week, month, quarter or year."""
    if grain is Grain.DAY:
        return day
    if grain is Grain.WEEK:
        return day - timedelta(days=(day.weekday() + _week_offset(calendar)) % 7)
    late = _months_late(grain, calendar)
    months = _IN_MONTHS[grain]
    number = _month_number(day) - late
    return _first_of(number - number % months + late)


def bucket_expression(value: ir.Value, grain: Grain, calendar: CalendarFile) -> ir.DateValue:
    """The same of a column of dates or timestamps."""
    if grain is Grain.DAY:
        return value.cast("date")
    # Ibis takes a truncated date for a date, of which DuckDB makes a timestamp: so it is told of one.
    moment: ir.TimestampValue = value.cast("timestamp")
    if grain is Grain.WEEK:
        offset = ibis.interval(days=_week_offset(calendar))
        return ((moment + offset).truncate("W") - offset).cast("date")
    late = _months_late(grain, calendar)
    unit = {Grain.MONTH: "M", Grain.QUARTER: "Q", Grain.YEAR: "Y"}[grain]
    if not late:
        return moment.truncate(unit).cast("date")
    # From the month's first day, since going back whole months from a 31st would land on another day.
    months = ibis.interval(months=late)
    return ((moment.truncate("M") - months).truncate(unit) + months).cast("date")


def shift_expression(
    bucket: ir.DateValue, grain: Grain, period: Period, earlier: Period, calendar: CalendarFile
) -> ir.DateValue:
    """A bucket of `earlier` as the one of `period` it is compared with: the first with the first, and so
    on."""
    first, other = (bucket_start(each.start, grain, calendar) for each in (period, earlier))
    if grain in _IN_MONTHS:
        distance = ibis.interval(months=_month_number(first) - _month_number(other))
    else:
        distance = ibis.interval(days=(first - other).days)
    return (bucket.cast("timestamp") + distance).cast("date")


def previous_period(period: Period, calendar: CalendarFile) -> Period:
    """The one just before, as long in whole months where it is some, else in days."""
    months = _whole_months(period)
    if months is None:
        length = period.end - period.start
        return named_period(period.start - length, period.start, calendar)
    return named_period(_first_of(_month_number(period.start) - months), period.start, calendar)


def year_before(period: Period, calendar: CalendarFile) -> Period:
    return named_period(_year_earlier(period.start), _year_earlier(period.end), calendar)


def named_period(start: date, end: date, calendar: CalendarFile) -> Period:
    """`end` is the first day after it."""
    for grain in (Grain.YEAR, Grain.QUARTER, Grain.MONTH):
        if bucket_start(start, grain, calendar) == start and _bucket_after(start, grain) == end:
            return Period(start, end, bucket_label(start, grain, calendar))
    last = end - timedelta(days=1)
    label = _day_label(start) if last == start else f"{_day_label(start)} to {_day_label(last)}"
    return Period(start, end, label)


def bucket_label(start: date, grain: Grain, calendar: CalendarFile) -> str:
    """Such as `Q3 2026`, or `Q1 FY2027` where fiscal years are not calendar years."""
    if grain is Grain.DAY:
        return _day_label(start)
    if grain is Grain.WEEK:
        return f"week of {_day_label(start)}"
    if grain is Grain.MONTH:
        return f"{start:%B} {start.year}"
    is_fiscal = calendar.fiscal_year_starts != 1
    year = bucket_start(start, Grain.YEAR, calendar)
    named = f"FY{year.year + 1}" if is_fiscal else str(year.year)
    if grain is Grain.YEAR:
        return named
    return f"Q{(_month_number(start) - _month_number(year)) // 3 + 1} {named}"


def _week_offset(calendar: CalendarFile) -> int:
    return 0 if calendar.week_starts == "monday" else 1


def _months_late(grain: Grain, calendar: CalendarFile) -> int:
    """By how many months its first one comes after that of the calendar's own."""
    return (calendar.fiscal_year_starts - 1) % _IN_MONTHS[grain]


def _bucket_after(start: date, grain: Grain) -> date:
    return _first_of(_month_number(start) + _IN_MONTHS[grain])


def _whole_months(period: Period) -> int | None:
    if period.start.day != 1 or period.end.day != 1:
        return None
    return _month_number(period.end) - _month_number(period.start)


def _month_number(day: date) -> int:
    return day.year * _MONTHS + day.month - 1


def _first_of(number: int) -> date:
    return date(number // _MONTHS, number % _MONTHS + 1, 1)


def _year_earlier(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year - 1, day=28)


def _day_label(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"
