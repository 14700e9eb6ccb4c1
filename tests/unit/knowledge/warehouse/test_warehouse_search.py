"""Products are found by words, domain, quality and freshness."""

from datetime import timedelta
from pathlib import Path

import pytest

from knowledge.warehouse.age import tell_duration
from knowledge.warehouse.search import ProductQuery, find_products
from ledger.data_products import CheckResult, CheckState
from ledger.db import Database
from tests.stand_ins.warehouse import publish
from tests.unit.knowledge.warehouse.loading_shop import Shop, column, make_shop

_LOCATION = "{format: csv, path: o.csv}"
_FRESH = "freshness: {within: 26h}"


@pytest.fixture
def shop(sqlite_db: Database, tmp_path: Path) -> Shop:
    columns = column("refund_amount", "decimal", synonyms="[money back]")
    shop = make_shop(
        sqlite_db,
        tmp_path,
        sales__orders={"columns": column("customer"), "location": _LOCATION, "rest": _FRESH},
        sales__returns={"columns": columns, "location": _LOCATION, "rest": _FRESH},
        people__customers={"columns": column("name"), "location": _LOCATION},
    )
    now = sqlite_db.clock.now()
    checks = [CheckResult("a", "warn", CheckState.FAIL, "."), CheckResult("b", "block", CheckState.PASS, ".")]
    checks.append(CheckResult("c", "block", CheckState.UNKNOWN, "."))
    publish(shop.warehouse, "sales.orders", [], as_of=now - timedelta(hours=4), checks=checks[1:])
    publish(shop.warehouse, "sales.returns", [], as_of=now - timedelta(hours=30), checks=checks)
    return shop


def _found(shop: Shop, **query: object) -> list[str]:
    asked = ProductQuery(**query)  # type: ignore[arg-type]
    return [state.product.name for state in find_products(shop.warehouse, asked, shop.db.clock.now())]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["people.customers", "sales.orders", "sales.returns"]),
        ({"domain": "sales"}, ["sales.orders", "sales.returns"]),
        ({"words": "money"}, ["sales.returns"]),
        ({"words": "refunds"}, ["sales.returns"]),
        # In a name, in a column, in a description.
        ({"words": "customers"}, ["people.customers", "sales.orders", "sales.returns"]),
        ({"words": "customers zebra"}, []),
        ({"least_quality": 0.9}, ["sales.orders"]),
        ({"least_quality": 0.5}, ["sales.orders", "sales.returns"]),
        ({"is_fresh": True}, ["sales.orders"]),
        ({"is_fresh": False}, ["sales.returns"]),
    ],
)
def test_products_are_found(shop: Shop, query: dict[str, object], names: list[str]) -> None:
    assert _found(shop, **query) == names


def test_how_old_a_product_is_reads_as_words(shop: Shop) -> None:
    states = find_products(shop.warehouse, ProductQuery(), shop.db.clock.now())
    assert [state.freshness for state in states] == [
        "not loaded",
        "4 hours old, limit 26 hours",
        "30 hours old, limit 26 hours",
    ]
    assert [state.quality for state in states] == [None, 1.0, 0.5]


@pytest.mark.parametrize(
    ("hours", "told"),
    [(-1, "0 minutes"), (1 / 60, "1 minute"), (1.9, "114 minutes"), (71.9, "71 hours"), (72, "3 days")],
)
def test_durations(hours: float, told: str) -> None:
    assert tell_duration(timedelta(hours=hours)) == told
