"""Nothing gets out through `run_sql`: a list of attacks made by hand."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from knowledge.warehouse.errors import QueryRefused, QueryTooLarge, UnknownData
from knowledge.warehouse.result import NumberResult
from knowledge.warehouse.sql.limits import SqlLimits
from knowledge.warehouse.sql.run import check_sql, run_sql
from knowledge.warehouse.warehouse import Warehouse
from tests.unit.knowledge.warehouse.sql.attacks import BOUNDED, REFUSED
from tests.unit.knowledge.warehouse.sql.shop import NORTH, FilePolicy, all_well, file_policy

# Short, so that what runs until it is stopped does not make the tests slow.
LIMITS = replace(SqlLimits(), wall_s=1.5, memory_bytes=192 * 1024**2)
# What is not bounded is ended here, and has failed.
pytestmark = pytest.mark.timeout(20)


def test_there_are_as_many_as_was_promised() -> None:
    assert len(set(REFUSED)) >= 150


@pytest.mark.parametrize("statement", REFUSED)
def test_is_refused_before_it_runs(shop: Warehouse, statement: str) -> None:
    with pytest.raises((QueryRefused, QueryTooLarge, UnknownData)) as refusal:
        check_sql(FilePolicy(shop, NORTH), statement, SqlLimits())
    assert_is_a_sentence(str(refusal.value))


@pytest.mark.parametrize("statement", BOUNDED)
def test_is_bounded(shop: Warehouse, statement: str) -> None:
    result, refusal = _run(shop, statement)
    if refusal:
        assert_is_a_sentence(refusal)
        assert "SECRET" not in refusal
    for cell in _cells(result):
        assert "SECRET" not in cell
        assert not cell.startswith("666")


def assert_is_a_sentence(text: str) -> None:
    assert text[:1].isupper()
    assert text.endswith(".")
    assert "\n" not in text
    assert 20 < len(text) < 1500


def _run(shop: Warehouse, statement: str) -> tuple[NumberResult | None, str]:
    now = shop.db.clock.now()
    try:
        return run_sql(shop, NORTH, statement, now, LIMITS, judge=all_well, policed=file_policy), ""
    except (QueryRefused, QueryTooLarge, UnknownData) as error:
        return None, str(error)


def _cells(result: NumberResult | None) -> Iterator[str]:
    for row in result.rows if result else ():
        yield from map(str, row)
