"""Weeks, quarters and years by the calendar: in Python and in DuckDB the same."""

from datetime import date, timedelta

import duckdb
import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.warehouse.metric_spec import CalendarFile, Grain
from knowledge.warehouse.periods import (
    bucket_expression,
    bucket_label,
    bucket_start,
    named_period,
    previous_period,
    shift_expression,
    year_before,
)
from knowledge.warehouse.query import Period

PLAIN = CalendarFile()
DAYS = st.dates(date(1999, 1, 1), date(2040, 12, 31))
CALENDARS = st.builds(
    CalendarFile,
    fiscal_year_starts=st.integers(1, 12),
    week_starts=st.sampled_from(["monday", "sunday"]),
)


def period(first: str, after: str) -> Period:
    return named_period(date.fromisoformat(first), date.fromisoformat(after), PLAIN)


def run(value: ibis.Value) -> date:
    with duckdb.connect() as connection:
        [(found,)] = connection.execute(str(ibis.to_sql(value.name("found"), "duckdb"))).fetchall()
    assert isinstance(found, date)
    return found


@settings(max_examples=25, deadline=None)
@given(st.lists(DAYS, min_size=1, max_size=30), st.sampled_from(list(Grain)), CALENDARS)
def test_duckdb_cuts_time_as_the_calendar_does(
    days: list[date], grain: Grain, calendar: CalendarFile
) -> None:
    table = ibis.table({"day": "date"}, name="days")
    query = table.select("day", cut=bucket_expression(table.day, grain, calendar))
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE days (day DATE)")
        connection.executemany("INSERT INTO days VALUES (?)", [(day,) for day in days])
        found = connection.execute(str(ibis.to_sql(query, "duckdb"))).fetchall()
    assert found == [(day, bucket_start(day, grain, calendar)) for day in days]


@settings(max_examples=200, deadline=None)
@given(DAYS, st.sampled_from(list(Grain)), CALENDARS)
def test_a_bucket_holds_its_day_and_begins_where_its_own_start_does(
    day: date, grain: Grain, calendar: CalendarFile
) -> None:
    start = bucket_start(day, grain, calendar)
    assert bucket_start(start, grain, calendar) == start <= day
    longest = {Grain.DAY: 1, Grain.WEEK: 7, Grain.MONTH: 31, Grain.QUARTER: 92, Grain.YEAR: 366}
    assert (day - start).days < longest[grain]


def test_the_period_before_is_as_long_in_months() -> None:
    assert previous_period(period("2026-07-01", "2026-10-01"), PLAIN) == Period(
        date(2026, 4, 1), date(2026, 7, 1), "Q2 2026"
    )
    assert previous_period(period("2026-03-01", "2026-04-01"), PLAIN).label == "February 2026"
    assert previous_period(period("2026-03-05", "2026-03-08"), PLAIN) == Period(
        date(2026, 3, 2), date(2026, 3, 5), "2 March 2026 to 4 March 2026"
    )


def test_a_year_before_a_leap_day_is_the_last_of_february() -> None:
    found = year_before(period("2028-02-29", "2028-03-02"), PLAIN)
    assert (found.start, found.end) == (date(2027, 2, 28), date(2027, 3, 2))


@pytest.mark.parametrize(
    ("day", "grain", "starts", "label"),
    [
        ("2026-02-01", Grain.YEAR, 2, "FY2027"),
        ("2027-01-01", Grain.YEAR, 1, "2027"),
        ("2026-02-01", Grain.QUARTER, 2, "Q1 FY2027"),
        ("2026-11-01", Grain.QUARTER, 2, "Q4 FY2027"),
        ("2026-07-01", Grain.QUARTER, 1, "Q3 2026"),
        ("2026-03-01", Grain.MONTH, 2, "March 2026"),
        ("2026-03-02", Grain.WEEK, 1, "week of 2 March 2026"),
    ],
)
def test_periods_are_named_as_people_say_them(day: str, grain: Grain, starts: int, label: str) -> None:
    assert bucket_label(date.fromisoformat(day), grain, CalendarFile(fiscal_year_starts=starts)) == label


@pytest.mark.parametrize(
    ("grain", "bucket", "becomes"),
    [
        (Grain.MONTH, "2026-05-01", date(2026, 8, 1)),
        (Grain.DAY, "2026-04-01", date(2026, 7, 1)),
        (Grain.QUARTER, "2026-04-01", date(2026, 7, 1)),
    ],
)
def test_an_earlier_bucket_meets_the_one_it_is_held_against(grain: Grain, bucket: str, becomes: date) -> None:
    now, before = period("2026-07-01", "2026-10-01"), period("2026-04-01", "2026-07-01")
    day = ibis.literal(date.fromisoformat(bucket))
    assert run(shift_expression(day, grain, now, before, PLAIN)) == becomes


def test_weeks_are_held_against_weeks() -> None:
    now, before = period("2026-03-02", "2026-03-16"), period("2026-02-16", "2026-03-02")
    moved = run(shift_expression(ibis.literal(date(2026, 2, 23)), Grain.WEEK, now, before, PLAIN))
    assert moved == date(2026, 3, 9)
    assert moved - timedelta(days=14) == date(2026, 2, 23)
