"""How old a source is said to be."""

from datetime import date

import pytest

from ledger.citations import show_as_of, with_age

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("updated", "said"),
    [
        ("2026-11-01", "2026-11-01"),
        ("2025-11-22", "2025-11-22"),
        ("2025-11-21", "2025-11-21, 1 year ago"),
        ("2024-02-01", "2024-02-01, 2 years ago"),
        ("2027-01-01", "2027-01-01"),
        ("2024-02-29", "2024-02-29, 2 years ago"),
        ("last spring", "last spring"),
    ],
)
def test_a_date_a_year_or_more_ago_is_given_with_its_age(updated: str, said: str) -> None:
    assert with_age(updated, on=TODAY) == said


@pytest.mark.parametrize(
    ("as_of", "said"),
    [
        ("2026-11-30T00:00+00:00", "2026-11-30 00:00 UTC"),
        ("2026-11-30T02:00+02:00", "2026-11-30 00:00 UTC"),
        ("2026-11-30", "2026-11-30"),
        ("when it was new", "when it was new"),
        (None, "unknown"),
    ],
)
def test_the_moment_of_a_source_has_its_zone(as_of: str | None, said: str) -> None:
    assert show_as_of(as_of) == said
