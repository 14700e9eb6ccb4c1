"""What is offered of the sample's figures where somebody asks why."""

import duckdb
import ibis
import pytest

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.resolve.break_down import break_down
from knowledge.warehouse.resolve.suggest import Suggestions, suggest_queries
from knowledge.warehouse.resolve.values import ValueIndex, index_values
from ledger.workspace import open_workspace
from tests.unit.examples.conftest import LARKSPUR, TODAY
from tests.unit.examples.test_larkspur_resolved import SampleTables

# Ibis 11 reads its tables with what DuckDB is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_:DeprecationWarning")

Q1 = "1 January to 31 March 2026"


@pytest.fixture(scope="module")
def values(catalog: Catalog, tables: duckdb.DuckDBPyConnection) -> ValueIndex:
    groups = set(open_workspace(LARKSPUR).people.groups)
    return index_values(catalog, SampleTables(catalog, ibis.duckdb.from_connection(tables), groups))


def parts_of(catalog: Catalog, values: ValueIndex, question: str, visible: set[str]) -> Suggestions | None:
    sure = suggest_queries(catalog, values, question, TODAY).best
    assert sure is not None
    return break_down(catalog, values, sure, visible)


def test_a_figure_is_offered_in_parts_with_what_it_rests_on(catalog: Catalog, values: ValueIndex) -> None:
    every = set(catalog.products)
    found = parts_of(catalog, values, "What was revenue in Q1 2026 compared to last year?", every)
    assert found is not None
    against = f"{Q1}, against 1 January to 31 March 2025"
    parts = [f"Revenue by {part}, {against}" for part in ("region", "category", "channel")]
    assert (found.best, list(found.alternatives)) == (None, parts)
    assert found.why is not None
    assert f"“Revenue, {against}” is reckoned from sales.lines (Revenue: Sales after discounts" in found.why
    chosen = found.settled(parts[1]).best
    assert chosen is not None
    assert chosen.query.dimensions == ("products.category",)


def test_it_is_not_offered_by_what_it_is_told_by_already(catalog: Catalog, values: ValueIndex) -> None:
    every = set(catalog.products)
    for question in ("revenue by region in Q1 2026", "revenue in the north in Q1 2026"):
        found = parts_of(catalog, values, question, every)
        assert found is not None
        assert not any("by region" in reading for reading in found.alternatives)


def test_products_that_may_not_be_read_are_no_parts(catalog: Catalog, values: ValueIndex) -> None:
    found = parts_of(catalog, values, "revenue in Q1 2026", {"sales.lines"})
    assert found is not None
    assert list(found.alternatives) == [f"Revenue by channel, {Q1}"]
