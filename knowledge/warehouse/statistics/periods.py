"""Dates as periods of one length that follow each other: which length, which number, and what people call
them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.result import Value

# How many periods make up a season: days of a week, months and quarters of a year.
SEASONS = {Grain.DAY: 7, Grain.MONTH: 12, Grain.QUARTER: 4}
_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_DAYS_OF_WEEK = 7
_MONTHS_OF_QUARTER = 3
_MONTHS_OF_YEAR = 12
_EVENING = timedelta(hours=6)


def day_of(value: Value) -> date | None:
    """The day a date or a midnight stands for; None for all else."""
    if isinstance(value, datetime):
        return value.date() if value.time() == datetime.min.time() else None
    return value if isinstance(value, date) else None


def find_grain(days: Sequence[date]) -> Grain:
    """The longest period that these days may all be the first of; they are in order, and there are two or
    more."""
    if all(day.day == 1 for day in days):
        months = {_month(day) for day in days}
        first = min(months)
        if all((month - first) % _MONTHS_OF_YEAR == 0 for month in months):
            return Grain.YEAR
        if all((month - first) % _MONTHS_OF_QUARTER == 0 for month in months):
            return Grain.QUARTER
        return Grain.MONTH
    same_weekday = all((day - days[0]).days % _DAYS_OF_WEEK == 0 for day in days)
    return Grain.WEEK if same_weekday else Grain.DAY


def steps_between(first: date, day: date, grain: Grain) -> int:
    """How many periods after the first one a period begins."""
    if grain is Grain.DAY:
        return (day - first).days
    if grain is Grain.WEEK:
        return (day - first).days // _DAYS_OF_WEEK
    return (_month(day) - _month(first)) // _months_of(grain)


def step_from(first: date, steps: int, grain: Grain) -> date:
    """The first day of the period so many after the first one."""
    if grain is Grain.DAY:
        return first + timedelta(days=steps)
    if grain is Grain.WEEK:
        return first + timedelta(weeks=steps)
    month = _month(first) + steps * _months_of(grain)
    return date(month // _MONTHS_OF_YEAR, month % _MONTHS_OF_YEAR + 1, 1)


def is_unfinished(day: date, grain: Grain, as_of: datetime) -> bool:
    """Whether the period that begins on this day was not over when the data was read.

    A load of the evening of a period's last day counts as the whole period, unless the period is that day.
    """
    end = datetime.combine(step_from(day, 1, grain), datetime.min.time())
    slack = timedelta() if grain is Grain.DAY else _EVENING
    return end - as_of.replace(tzinfo=None) > slack


def call_period(day: date, grain: Grain) -> str:
    """`3 September 2026`, `the week of 7 September 2026`, `September 2026`, `Q3 2026`, `2026`; one that does
    not begin with the calendar's is called by its first month."""
    month = f"{day:%B %Y}"
    if grain is Grain.DAY:
        return f"{day.day} {month}"
    if grain is Grain.WEEK:
        return f"the week of {day.day} {month}"
    if grain is Grain.QUARTER:
        with_calendar = day.month % _MONTHS_OF_QUARTER == 1
        quarter = day.month // _MONTHS_OF_QUARTER + 1
        return f"Q{quarter} {day.year}" if with_calendar else f"the quarter from {month}"
    if grain is Grain.YEAR:
        return str(day.year) if day.month == 1 else f"the year from {month}"
    return month


def call_season(day: date, grain: Grain) -> str:
    """What comes again each season: `Mondays`, `January`, `Q1`."""
    if grain is Grain.DAY:
        return _WEEKDAYS[day.weekday()]
    if grain is Grain.QUARTER and day.month % _MONTHS_OF_QUARTER == 1:
        return f"Q{day.month // _MONTHS_OF_QUARTER + 1}"
    return f"the quarter from {day:%B}" if grain is Grain.QUARTER else f"{day:%B}"


def _month(day: date) -> int:
    return day.year * _MONTHS_OF_YEAR + day.month - 1


def _months_of(grain: Grain) -> int:
    return {Grain.MONTH: 1, Grain.QUARTER: _MONTHS_OF_QUARTER, Grain.YEAR: _MONTHS_OF_YEAR}[grain]
