"""The sample's conversations, and how a question is completed by the words of its catalog."""

from collections import Counter

import duckdb
import ibis
import pytest

from evals.follow_ups import load_follow_ups
from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.resolve.follow_up import complete_question
from knowledge.warehouse.resolve.values import ValueIndex, index_values
from ledger.workspace import open_workspace
from tests.unit.examples.conftest import LARKSPUR, TODAY
from tests.unit.examples.test_larkspur_resolved import SampleTables

# Ibis 11 reads its tables with what DuckDB is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_:DeprecationWarning")


@pytest.fixture(scope="module")
def values(catalog: Catalog, tables: duckdb.DuckDBPyConnection) -> ValueIndex:
    groups = set(open_workspace(LARKSPUR).people.groups)
    return index_values(catalog, SampleTables(catalog, ibis.duckdb.from_connection(tables), groups))


def test_the_conversations_are_of_every_kind_and_some_stand_alone() -> None:
    cases = load_follow_ups(LARKSPUR)
    people = {person.email for person in open_workspace(LARKSPUR).people.people}
    assert len(cases) >= 40
    assert {asker for case in cases for asker in case.askers} <= people
    kinds = Counter(case.kind for case in cases)
    assert kinds.keys() >= {
        "period",
        "value",
        "figure",
        "group",
        "choice",
        "subject",
        "why",
        "alone",
        "rights",
    }
    assert sum(case.understood is None for case in cases) >= 10


@pytest.mark.parametrize(
    ("previous", "fragment", "completed"),
    [
        ("What was revenue by region in Q1 2025?", "in Q2", "What was revenue by region in Q2 2025?"),
        ("What was revenue by region in Q1 2025?", "Q2 2026", "What was revenue by region in Q2 2026?"),
        ("What was revenue since March 2025?", "in May", "What was revenue in May?"),
        ("Revenue last month", "in March", "Revenue in March 2026"),
        ("Revenue", "in March 2026", "Revenue in March 2026"),
        ("Revenue in the north in Q1 2026", "the south", "Revenue in the south in Q1 2026"),
        ("Revenue by region in Q1 2026", "the south", "Revenue by region in Q1 2026 for south"),
        ("Revenue by region in Q1 2026", "orders by category", "orders by category in Q1 2026"),
        ("Revenue in Q1 2026", "without online", "Revenue in Q1 2026 without online"),
        ("Revenue in Q1 2026", "the year before", "Revenue in Q1 2026 against the year before"),
        ("Revenue in Q1 2026", "against Q2", "Revenue in Q1 2026 against Q2"),
        ("Revenue in Q1 2026", "vs last year", "Revenue in Q1 2026 vs last year"),
        ("Revenue in Q1 2026", "year over year", "Revenue in Q1 2026 year over year"),
        ("Revenue in Q1 2026", "per month", "Revenue in Q1 2026 per month"),
    ],
)
def test_a_question_takes_over_what_the_follow_up_names(
    catalog: Catalog, values: ValueIndex, previous: str, fragment: str, completed: str
) -> None:
    assert complete_question(catalog, values, previous, fragment, TODAY) == completed


@pytest.mark.parametrize(
    ("previous", "fragment"),
    [
        ("Revenue in Q1 2026", "the dress code"),
        ("Revenue by region in Q3 2026 against Q2", "in Q1"),
        ("Revenue by region in Q3 2026 against Q2", "against Q1"),
        ("Revenue by region and category in Q1 2026", "by store"),
        ("Revenue and orders in Q1 2026", "units"),
        ("Revenue by month in Q1 2026", "per week"),
        ("Revenue in Q1 2026", "top 5 stores"),
        ("Revenue in Q1 2026", "please"),
    ],
)
def test_what_could_take_several_places_or_none_is_left_alone(
    catalog: Catalog, values: ValueIndex, previous: str, fragment: str
) -> None:
    assert complete_question(catalog, values, previous, fragment, TODAY) is None
