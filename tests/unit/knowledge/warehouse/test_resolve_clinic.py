"""Questions put to a catalog the rules were not written for."""

from datetime import date
from pathlib import Path

import pytest

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.resolve.suggest import Reason, Suggestions, suggest_queries
from knowledge.warehouse.resolve.values import ValueIndex, index_values
from tests.unit.knowledge.warehouse.clinic import ClinicTables, clinic_catalog

TODAY = date(2026, 11, 21)

# Ibis 11 makes its tables with what DuckDB is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_:DeprecationWarning")

Clinic = tuple[Catalog, ValueIndex]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    catalog = clinic_catalog(Path(tmp_path_factory.mktemp("clinic")))
    return catalog, index_values(catalog, ClinicTables())


def ask(clinic: Clinic, question: str) -> Suggestions:
    return suggest_queries(*clinic, question, TODAY)


@pytest.mark.parametrize(
    ("question", "reading"),
    [
        ("How many visits were there in March 2026?", "Visit count, 1 March to 31 March 2026"),
        ("Number of appointments by ward", "Visit count by name"),
        ("consultations per month this year", "Visit count by month, 1 January to 31 December 2026"),
        ("income by ward last quarter", "Income by name, 1 July to 30 September 2026"),
        ("income and visits by ward", "Income and visit count by name"),
        ("income this fiscal year", "Income, 1 April 2026 to 31 March 2027"),
        ("incmoe in 2025", "Income, 1 January to 31 December 2025"),
        ("What are the fees for Cardiology?", "Income, name is Cardiology"),
        ("fees for cardiolgy", "Income, name is Cardiology"),
        ("How many patients live in Brook End?", "Patient count, town is Brook End"),
        ("Which ward has the highest income?", "Income by name, the one with the highest income"),
        ("top 2 towns by visits", "Visit count by town, the 2 with the highest visit count"),
        ("Which town had the fewest visits in 2025?", "Visit count by town, 1 January to 31"
            " December 2025, the one with the lowest visit count"),
        ("How many emergency visits were there?", "Visit count, emergency"),
        ("How many visits were not urgent?", "Visit count, not emergency"),
        ("How many visits have not been paid?", "Visit count, paid date is missing"),
        ("How many unpaid visits are there?", "Visit count, paid date is missing"),
        ("visits paid in May 2026", "Visit count, paid date from 1 May 2026, paid date before 1 June 2026"),
        ("average duration by ward", "Average length by name"),
        ("How many visits had a duration over 30 minutes?", "Visit count, minutes over 30"),
        ("income in Q3 2026 against Q2", "Income, 1 July to 30 September 2026, against 1 April to"
            " 30 June 2026"),
        ("income in October 2026 compared to the same month last year", "Income, 1 October to 31"
            " October 2026, against 1 October to 31 October 2025"),
        ("income last month versus the previous month", "Income, 1 October to 31 October 2026,"
            " against 1 September to 30 September 2026"),
        ("What share of income comes from each insurer?", "Income by insurer, with each one's"
            " share of the whole"),
        ("income of Cardiology vs Surgery", "Income by name, name is one of Cardiology and Surgery"),
        ("Which wards never had a visit?", "Name with ward count and visit count, visit count is 0"),
        ("wards with more than 40 visits", "Name with visit count, visit count over 40"),
        ("visits by insurer and town", "Visit count by insurer and town"),
        ("billing by town, lowest first", "Income by town"),
        ("visits since June 2026", "Visit count, 1 June to 21 November 2026"),
    ],
)  # fmt: skip
def test_a_question_is_read_as_it_is_meant(clinic: Clinic, question: str, reading: str) -> None:
    found = ask(clinic, question)
    assert found.best is not None, found
    assert found.best.reading == reading


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("How many nurses do we have?", "nurses"),
        ("What is the profit of each ward?", "profit"),
        ("waiting time by ward", "waiting"),
        ("How many visits were cancelled?", "cancelled"),
        ("average age of patients", "average age"),
        ("Which doctor had the most visits?", "doctor"),
        ("visits by marketing channel", "marketing channel"),
        ("median income by ward", "median"),
    ],
)
def test_a_word_that_nothing_explains_is_told_of_and_never_guessed_away(
    clinic: Clinic, question: str, missing: str
) -> None:
    found = ask(clinic, question)
    assert found.best is None
    assert missing in found.missing, found
    assert found.why is not None
    assert missing in found.why


def test_what_nobody_may_see_is_not_found_by_its_value(clinic: Clinic) -> None:
    found = ask(clinic, "How many visits of Bo Quist?")
    assert found.best is None
    assert "patients.full_name" not in clinic[1].facts
    listed = ask(clinic, "Which patients live in Carrow?")
    assert all("patients.full_name" not in item.query.dimensions for item in listed.suggestions)


def test_products_that_are_not_visible_are_no_part_of_any_answer(clinic: Clinic) -> None:
    found = suggest_queries(*clinic, "visits by ward", TODAY, visible={"clinic.visits"})
    assert found.best is None
    assert "ward" in found.missing


def test_days_without_data_are_told_of_instead_of_answered(clinic: Clinic) -> None:
    found = ask(clinic, "income in 2019")
    assert found.reason is Reason.OUT_OF_RANGE
    assert found.why == "The data covers 6 January 2025 to 13 October 2026; there is none of 2019."
    assert not found.suggestions
