"""What a question says of time."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.warehouse.metric_spec import CalendarFile
from knowledge.warehouse.resolve.calendar import Unit, before, start_of, step, unit_around, year_before
from knowledge.warehouse.resolve.comparisons import asks_for_change, read_comparison
from knowledge.warehouse.resolve.time_expressions import read_times

TODAY = date(2026, 11, 21)
APRIL = CalendarFile(fiscal_year_starts=4)

DAYS = st.dates(min_value=date(1950, 1, 1), max_value=date(2090, 12, 31))
CALENDARS = st.builds(
    CalendarFile, fiscal_year_starts=st.integers(1, 12), week_starts=st.sampled_from(["monday", "sunday"])
)
PHRASES = st.sampled_from(
    [
        "last quarter", "this month", "next year", "last 30 days", "past six months", "year to date", "ytd",
        "since May", "before June", "until 3 March", "after April", "Q3", "H2", "yesterday",
        "last fiscal year",
        "this fiscal quarter", "between 1 March and 15 April", "from November to February", "March",
        "29 February",
        "week 53", "week 1", "the last week", "two years ago", "last March", "previous month", "12 December",
        "Q4 2026", "FY2026", "Q1 FY2027", "1997", "from 1996 to 1997", "first half of 2025",
        "the third quarter",
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("question", "start", "end"),
    [
        ("revenue last quarter", "2026-07-01", "2026-10-01"),
        ("revenue in Q3 2026", "2026-07-01", "2026-10-01"),
        ("revenue in the third quarter of 1997", "1997-07-01", "1997-10-01"),
        ("orders in 1997", "1997-01-01", "1998-01-01"),
        ("the last 30 days", "2026-10-23", "2026-11-22"),
        ("past six months", "2026-05-01", "2026-11-01"),
        ("year to date", "2026-01-01", "2026-11-22"),
        ("so far this month", "2026-11-01", "2026-11-22"),
        ("since May", "2026-05-01", "2026-11-22"),
        ("since 2025", "2025-01-01", "2026-11-22"),
        ("between 1 March and 15 April", "2026-03-01", "2026-04-16"),
        ("yesterday", "2026-11-20", "2026-11-21"),
        ("this fiscal year", "2026-04-01", "2027-04-01"),
        ("FY2026", "2025-04-01", "2026-04-01"),
        ("Q3 FY2026", "2025-10-01", "2026-01-01"),
        ("week 12 of 2026", "2026-03-16", "2026-03-23"),
        ("first half of 2026", "2026-01-01", "2026-07-01"),
        ("last quarter of 1997", "1997-10-01", "1998-01-01"),
        ("from 1996 to 1997", "1996-01-01", "1998-01-01"),
        ("1996-1998", "1996-01-01", "1999-01-01"),
        ("November to February", "2025-11-01", "2026-03-01"),
        ("from March 1997 to June", "1997-03-01", "1997-07-01"),
        ("in may", "2026-05-01", "2026-06-01"),
        ("March 1, 1997", "1997-03-01", "1997-03-02"),
        ("on the 1st of May 1997", "1997-05-01", "1997-05-02"),
        ("after 1 March 2026", "2026-03-02", "2026-11-22"),
        ("2026-02", "2026-02-01", "2026-03-01"),
        ("December", "2025-12-01", "2026-01-01"),
        ("last December", "2025-12-01", "2026-01-01"),
    ],
)
def test_a_phrase_means_these_days(question: str, start: str, end: str) -> None:
    [mention] = read_times(question, TODAY, APRIL)
    assert (mention.period.start.isoformat(), mention.period.end.isoformat()) == (start, end)


@pytest.mark.parametrize(
    "question",
    ["may I see the orders", "orders over 2000", "more than 1990 units", "top 2000 customers", "order 10248",
     "week 60", "2026-13-01", "the last customers", "$1999"],
)  # fmt: skip
def test_what_is_no_time_is_left_unread(question: str) -> None:
    assert read_times(question, TODAY, APRIL) == []


@pytest.mark.parametrize(
    ("question", "main", "other"),
    [
        ("revenue in Q3 2026 against Q2", "Q3 2026", "Q2 2026"),
        ("revenue March vs April", "March 2026", "April 2026"),
        ("revenue in 2026 compared with 2025", "2026", "2025"),
        ("revenue last month versus the previous month", "October 2026", "September 2026"),
        ("revenue in Q1 1998 compared to the same quarter last year", "Q1 1998", "Q1 1997"),
        ("growth of revenue from 1996 to 1997", "1997", "1996"),
        ("how did revenue change between March and April 1997", "April 1997", "March 1997"),
        ("revenue growth in 1997", "1997", "1996"),
        ("revenue last quarter year over year", "Q3 2026", "Q3 2025"),
        ("revenue in May 2026, month over month", "May 2026", "April 2026"),
        ("revenue in Q1 against Q1 2025", "Q1 2026", "Q1 2025"),
        ("revenue in March vs March last year", "March 2026", "March 2025"),
        ("change of revenue in Q2 2026 from Q2 2025", "Q2 2026", "Q2 2025"),
    ],
)
def test_one_period_is_held_against_another(question: str, main: str, other: str) -> None:
    times = read_times(question, TODAY, CalendarFile(), join_ranges=not asks_for_change(question))
    found = read_comparison(question, times, TODAY, CalendarFile())
    assert found is not None
    assert (found.period.period.label, found.compare_to.label) == (main, other)


@given(phrase=PHRASES, other=PHRASES, today=DAYS, calendar=CALENDARS)
@settings(max_examples=300, deadline=None)
def test_periods_end_after_they_start_and_do_not_overlap_in_the_text(
    phrase: str, other: str, today: date, calendar: CalendarFile
) -> None:
    question = f"revenue {phrase} against {other}"
    mentions = read_times(question, today, calendar)
    for mention in mentions:
        assert mention.period.start < mention.period.end
        assert 0 <= mention.start < mention.end <= len(question)
    for first, second in pairwise(mentions):
        assert first.end <= second.start


@given(text=st.text(max_size=60), today=DAYS, calendar=CALENDARS)
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_read(text: str, today: date, calendar: CalendarFile) -> None:
    for mention in read_times(text, today, calendar):
        assert mention.period.start < mention.period.end


@given(day=DAYS, unit=st.sampled_from(Unit), calendar=CALENDARS)
@settings(max_examples=300, deadline=None)
def test_units_follow_one_another_without_a_gap(day: date, unit: Unit, calendar: CalendarFile) -> None:
    this, following = unit_around(day, unit, calendar), unit_around(day, unit, calendar, 1)
    assert this.period.start <= day < this.period.end
    assert this.period.end == following.period.start
    assert before(following).period.start == this.period.start
    assert start_of(this.period.end - timedelta(days=1), unit, calendar) == this.period.start


@given(day=DAYS, calendar=CALENDARS)
@settings(max_examples=200, deadline=None)
def test_four_fiscal_quarters_make_the_fiscal_year(day: date, calendar: CalendarFile) -> None:
    year = unit_around(day, Unit.FISCAL_YEAR, calendar).period
    assert year.start.month == calendar.fiscal_year_starts
    start = year.start
    for _ in range(4):
        assert start_of(start, Unit.FISCAL_QUARTER, calendar) == start
        start = step(start, Unit.FISCAL_QUARTER, 1)
    assert start == year.end


@given(day=DAYS, unit=st.sampled_from([Unit.DAY, Unit.MONTH, Unit.QUARTER, Unit.YEAR]))
@settings(max_examples=200, deadline=None)
def test_a_year_before_is_the_same_unit_of_another_year(day: date, unit: Unit) -> None:
    span = unit_around(day, unit, CalendarFile())
    earlier = year_before(span).period
    assert earlier.start.year == span.period.start.year - 1
    assert earlier.start.month == span.period.start.month
    assert earlier.start < earlier.end
