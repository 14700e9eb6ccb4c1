"""The sample's figures held against an earlier stretch of time that is not named: what is read, and what is
asked back."""

import duckdb
import ibis
import pytest

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.resolve.suggest import Reason, suggest_queries
from knowledge.warehouse.resolve.values import ValueIndex, index_values
from ledger.workspace import open_workspace
from tests.unit.examples.conftest import LARKSPUR, TODAY
from tests.unit.examples.test_larkspur_resolved import SampleTables

# Ibis 11 reads its tables with what DuckDB is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_:DeprecationWarning")

Q1 = "1 January to 31 March 2026"
Q1_BEFORE = "1 January to 31 March 2025"
Q4_BEFORE = "1 October to 31 December 2025"


@pytest.fixture(scope="module")
def values(catalog: Catalog, tables: duckdb.DuckDBPyConnection) -> ValueIndex:
    groups = set(open_workspace(LARKSPUR).people.groups)
    return index_values(catalog, SampleTables(catalog, ibis.duckdb.from_connection(tables), groups))


@pytest.mark.parametrize(
    ("question", "reading"),
    [
        ("What was revenue in Q1 2026 compared to last year?", f"Revenue, {Q1}, against {Q1_BEFORE}"),
        ("revenue by region in Q1 2026 YoY", f"Revenue by region, {Q1}, against {Q1_BEFORE}"),
        ("Was revenue in Q1 2026 higher than a year ago?", f"Revenue, {Q1}, against {Q1_BEFORE}"),
        ("Was revenue in Q1 2026 up on last year?", f"Revenue, {Q1}, against {Q1_BEFORE}"),
        ("Compare Q1 2026 revenue with Q1 last year", f"Revenue, {Q1}, against {Q1_BEFORE}"),
        ("annual growth of revenue in Q1 2026", f"Revenue, {Q1}, against {Q1_BEFORE}"),
        ("Was revenue in Q1 2026 higher than the quarter before?", f"Revenue, {Q1}, against {Q4_BEFORE}"),
        ("Revenue in Q1 2026, quarter over quarter", f"Revenue, {Q1}, against {Q4_BEFORE}"),
        ("What was revenue last year?", "Revenue, 1 January to 31 December 2025"),
        ("Revenue over the last year by month", "Revenue by month, 1 January to 31 December 2025"),
        ("Compare revenue by region in Q1 2026", f"Revenue by region, {Q1}"),
    ],
)
def test_a_comparison_is_read_as_it_is_meant(
    catalog: Catalog, values: ValueIndex, question: str, reading: str
) -> None:
    best = suggest_queries(catalog, values, question, TODAY).best
    assert best is not None
    assert best.reading == reading


@pytest.mark.parametrize(
    ("question", "against"),
    [
        (
            "What was revenue in Q1 2026 compared to the previous month?",
            ["1 December to 31 December 2025", Q4_BEFORE, Q1_BEFORE],
        ),
        ("Revenue in Q1 2026 vs last quarter", [Q4_BEFORE, "1 July to 30 September 2026"]),
        ("Compare revenue in Q1 2026", [Q4_BEFORE, Q1_BEFORE]),
    ],
)
def test_words_that_fit_several_stretches_are_asked_back_and_one_can_be_chosen(
    catalog: Catalog, values: ValueIndex, question: str, against: list[str]
) -> None:
    found = suggest_queries(catalog, values, question, TODAY)
    assert (found.best, found.reason) == (None, Reason.AMBIGUOUS)
    assert list(found.alternatives) == [f"Revenue, {Q1}, against {period}" for period in against]
    assert found.why is not None
    assert found.why.endswith(f"may mean {' or '.join(against)}.")
    chosen = found.settled(found.alternatives[-1]).best
    assert chosen is not None
    assert chosen.reading.endswith(against[-1])


@pytest.mark.parametrize(
    "question", ["Revenue in Q1 2026 compared to normal", "Revenue in Q1 2026 against the budget"]
)
def test_what_no_figure_can_be_held_against_is_never_passed_over(
    catalog: Catalog, values: ValueIndex, question: str
) -> None:
    assert suggest_queries(catalog, values, question, TODAY).best is None
