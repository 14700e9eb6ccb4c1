"""What an asker gets does not depend on anything they may not see.

Two shops are alike in all that is visible to the asker and different in all that is not: other values behind
the masks, and other and more rows behind the row rule. Every statement has to come to the same in both.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, event, given, settings

from knowledge.warehouse.errors import QueryRefused, QueryTooLarge, UnknownData
from knowledge.warehouse.sql.child_process import Answer
from knowledge.warehouse.sql.limits import SqlLimits
from knowledge.warehouse.sql.run import check_sql, run_sql
from knowledge.warehouse.warehouse import Warehouse
from ledger.clock import ManualClock
from ledger.db import Database
from tests.conftest import START
from tests.unit.knowledge.warehouse.sql.shop import NORTH, FilePolicy, all_well, file_policy, make_shop
from tests.unit.knowledge.warehouse.sql.statements import rubbish, selects

REFUSALS = (QueryRefused, QueryTooLarge, UnknownData)
_MASK = re.compile(r"[0-9a-f]{32}|[A-Z]\*\*\*")
_SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


class World:
    """A shop, with its policed tables in a DuckDB of this process, as a child would have them."""

    def __init__(self, shop: Warehouse) -> None:
        self.shop = shop
        self.policy = FilePolicy(shop, NORTH)
        self.connection = duckdb.connect(":memory:", config={"threads": 1})
        for name in self.policy.names():
            columns = tuple(column.name for column in self.policy.product(name).columns)
            sql = self.policy.select_sql(name, columns)
            self.connection.execute(f'CREATE TABLE main."{name}" AS {sql}')

    def ask(self, statement: str) -> Counter[tuple[str, ...]] | str:
        """The rows, masks left out, in no order; or the refusal, or that it failed while it ran."""
        try:
            checked = check_sql(self.policy, statement, SqlLimits())
        except REFUSALS as refusal:
            return str(refusal)
        try:
            found = self.connection.execute(checked.statement(1000)).fetchall()
        except duckdb.Error as error:
            return type(error).__name__
        rows = checked.told(Answer((), tuple(found), truncated=False))[0].rows
        return Counter(tuple(_MASK.sub("#", str(value)) for value in row) for row in rows)


@pytest.fixture(scope="module")
def worlds(
    shop: Warehouse, _sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, World]]:
    folder = tmp_path_factory.mktemp("other-shop")
    (folder / "ledger.db").write_bytes(_sqlite_template.read_bytes())
    db = Database(f"sqlite:///{folder / 'ledger.db'}", ManualClock(START))
    yield World(shop), World(make_shop(db, folder / "shop", hidden="HIDDEN"))
    db.close()


def test_the_two_shops_differ_where_nobody_looks(worlds: tuple[World, World]) -> None:
    first, second = (
        world.connection.execute(
            f"SELECT * FROM ({world.policy.select_sql('crm.customers', ('email',))})"
        ).fetchall()
        for world in worlds
    )
    assert first != second
    assert [world.policy.load("commerce.orders").rows for world in worlds] == [60, 90]


@_SETTINGS
@given(statement=selects())
def test_what_comes_out_is_the_same(worlds: tuple[World, World], statement: str) -> None:
    first, second = (world.ask(statement) for world in worlds)
    event("refused" if isinstance(first, str) else "answered")
    assert first == second
    for cell in _cells(first):
        assert "SECRET" not in cell
        assert not cell.startswith("666")


@_SETTINGS
@given(statement=rubbish())
def test_rubbish_is_refused_in_a_sentence(shop: Warehouse, statement: str) -> None:
    refusal = None
    try:
        check_sql(FilePolicy(shop, NORTH), statement, SqlLimits())
    except REFUSALS as error:
        refusal = str(error)
    event("refused" if refusal else "let through")
    assert refusal is None or refusal.endswith(".")


def test_a_child_comes_to_the_same(worlds: tuple[World, World]) -> None:
    statement = (
        "WITH big AS (SELECT id, customer_id, net FROM commerce.orders WHERE net > 10) "
        "SELECT c.segment AS a, count(*) AS b, sum(big.net) AS c FROM big JOIN crm.customers AS c "
        "ON c.id = big.customer_id GROUP BY c.segment"
    )
    for world in worlds:
        result = run_sql(world.shop, NORTH, statement, START, judge=all_well, policed=file_policy)
        assert Counter(tuple(map(str, row)) for row in result.rows) == world.ask(statement)
        assert result.rows


def _cells(answer: Counter[tuple[str, ...]] | str) -> Iterator[str]:
    for row in () if isinstance(answer, str) else answer:
        yield from row
