"""Which earlier stretch of time a question holds a period against, where it does not name it."""

from datetime import date

import pytest
from hypothesis import given, settings

from knowledge.warehouse.metric_spec import CalendarFile
from knowledge.warehouse.query import Period
from knowledge.warehouse.resolve.comparisons import (
    Comparison,
    asks_for_change,
    of_same_length,
    read_comparison,
)
from knowledge.warehouse.resolve.time_expressions import read_times
from tests.unit.knowledge.warehouse.test_resolve_times import CALENDARS, DAYS, PHRASES, TODAY

EARLIER = ("last year", "the previous quarter", "last month", "two years ago", "the previous 3 weeks", "YoY")


def compared(question: str) -> Comparison | None:
    times = read_times(question, TODAY, CalendarFile(), join_ranges=not asks_for_change(question))
    return read_comparison(question, times, TODAY, CalendarFile())


def days(*periods: Period) -> list[str]:
    return [f"{period.start} {period.end}" for period in periods]


@pytest.mark.parametrize(
    "words",
    [
        "compared to last year", "vs last year", "vs. last year's", "against last year", "YoY", "y/y",
        "versus the previous year", "vs prior-year quarter", "against the same quarter last year",
        "against the same period of the year before", "year over year", "year-on-year",
        "relative to the corresponding quarter of the previous year", "compared with the year before",
        "than a year ago", "than last year", "vs a year earlier", "versus 12 months ago",
        "against Q1 of the previous year",
    ],
)  # fmt: skip
def test_last_year_is_the_same_stretch_of_the_year_before(words: str) -> None:
    for stretch, before in (("Q1 2026", "Q1 2025"), ("Q1 2025", "Q1 2024")):
        found = compared(f"revenue in {stretch} {words}")
        assert found is not None
        labels = found.period.period.label, found.compare_to.label
        assert (labels, found.is_assumed, found.others) == ((stretch, before), False, ())


@pytest.mark.parametrize(
    ("question", "period", "before"),
    [
        ("compared to last year, revenue in Q1 2026", "2026-01-01 2026-04-01", "2025-01-01 2025-04-01"),
        ("revenue in Q1 2026 vs last year's Q1", "2026-01-01 2026-04-01", "2025-01-01 2025-04-01"),
        ("how did revenue in May change from last year", "2026-05-01 2026-06-01", "2025-05-01 2025-06-01"),
        ("was revenue in May up on last year", "2026-05-01 2026-06-01", "2025-05-01 2025-06-01"),
        ("change in revenue in May over the previous year", "2026-05-01 2026-06-01", "2025-05-01 2025-06-01"),
        ("revenue in the last 3 months vs last year", "2026-08-01 2026-11-01", "2025-08-01 2025-11-01"),
        ("revenue from January to March vs last year", "2026-01-01 2026-04-01", "2025-01-01 2025-04-01"),
        ("revenue year to date vs last year", "2026-01-01 2026-11-22", "2025-01-01 2025-11-22"),
        ("revenue in 2025 vs last year", "2025-01-01 2026-01-01", "2024-01-01 2025-01-01"),
        ("revenue in Q1 2026 vs two years ago", "2026-01-01 2026-04-01", "2024-01-01 2024-04-01"),
        ("revenue in March vs three months before", "2026-03-01 2026-04-01", "2025-12-01 2026-01-01"),
        ("revenue yesterday vs the same day last week", "2026-11-20 2026-11-21", "2026-11-13 2026-11-14"),
        ("revenue in Q1 2026 quarter over quarter", "2026-01-01 2026-04-01", "2025-10-01 2026-01-01"),
        ("revenue in Q1 2026 q/q", "2026-01-01 2026-04-01", "2025-10-01 2026-01-01"),
        ("more in Q1 2026 than the quarter before", "2026-01-01 2026-04-01", "2025-10-01 2026-01-01"),
        ("revenue in Q1 2026 against the previous period", "2026-01-01 2026-04-01", "2025-10-01 2026-01-01"),
        ("the last 30 days vs the previous 30 days", "2026-10-23 2026-11-22", "2026-09-23 2026-10-23"),
        ("the last 3 months vs the previous 3 months", "2026-08-01 2026-11-01", "2026-05-01 2026-08-01"),
        ("revenue in Q3 2026 vs last quarter", "2026-07-01 2026-10-01", "2026-04-01 2026-07-01"),
    ],
)
def test_the_words_go_by_the_period_they_stand_beside(question: str, period: str, before: str) -> None:
    found = compared(question)
    assert found is not None
    assert days(found.period.period, found.compare_to) == [period, before]
    assert (found.is_assumed, found.others) == (False, ())


@pytest.mark.parametrize(
    ("question", "period", "before"),
    [
        ("revenue compared to last year", "2026-01-01 2026-11-22", "2025-01-01 2025-11-22"),
        ("is revenue higher than last quarter", "2026-10-01 2026-11-22", "2026-07-01 2026-08-22"),
        ("revenue, month over month", "2026-10-01 2026-11-01", "2026-09-01 2026-10-01"),
    ],
)
def test_beside_no_period_they_go_by_today(question: str, period: str, before: str) -> None:
    found = compared(question)
    assert found is not None
    assert found.is_assumed
    found = of_same_length(found, TODAY)
    assert days(found.period.period, found.compare_to) == [period, before]


@pytest.mark.parametrize(
    ("question", "labels"),
    [
        ("revenue in March 2026 vs the previous quarter", ["Q4 2025", "February 2026", "March 2025"]),
        ("revenue in Q1 2026 vs the previous month", ["December 2025", "Q4 2025", "Q1 2025"]),
        ("revenue in Q1 2026 vs last quarter", ["Q4 2025", "Q3 2026"]),
        ("was more made in May 2026 than last month", ["April 2026", "October 2026"]),
        ("revenue in Q1 2026 vs the previous 6 months", ["the 6 months before", "Q4 2025", "Q1 2025"]),
        ("revenue this year vs last month", ["October 2026", "2025"]),
        ("revenue in Q1 2026, month over month", ["December 2025", "Q4 2025", "Q1 2025"]),
    ],
)
def test_where_they_fit_several_stretches_all_are_named(question: str, labels: list[str]) -> None:
    found = compared(question)
    assert found is not None
    assert [found.compare_to.label, *(item.label for item in found.others)] == labels


@pytest.mark.parametrize(
    ("question", "label"),
    [
        ("revenue last year", "2025"),
        ("revenue over the last year", "2025"),
        ("orders over the last quarter", "Q3 2026"),
        ("revenue a year ago", "2025"),
        ("tickets opened more than 3 days ago", "18 November 2026"),
    ],
)
def test_a_stretch_that_nothing_is_held_against_is_a_period(question: str, label: str) -> None:
    assert compared(question) is None
    assert [mention.period.label for mention in read_times(question, TODAY, CalendarFile())] == [label]


def test_what_has_no_beginning_is_compared_with_nothing() -> None:
    assert compared("revenue before 2025 vs last year") is None


@given(phrase=PHRASES, today=DAYS, calendar=CALENDARS)
@settings(max_examples=300, deadline=None)
def test_a_period_never_meets_what_it_is_held_against(
    phrase: str, today: date, calendar: CalendarFile
) -> None:
    for words in EARLIER:
        question = f"revenue {phrase} against {words}"
        found = read_comparison(question, read_times(question, today, calendar), today, calendar)
        if found is None:
            continue
        period, other = found.period.period, found.compare_to
        assert all(item.start < item.end for item in (period, other, *found.others))
        assert other.end <= period.start or period.end <= other.start or found.others
