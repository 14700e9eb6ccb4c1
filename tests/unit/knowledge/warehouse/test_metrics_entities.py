"""What is told of one customer is what a table of all of them says."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from knowledge.search.access import AccessScope
from knowledge.warehouse.entity_profile import feature_table, profile_entity
from knowledge.warehouse.errors import QueryRefused, UnknownData
from knowledge.warehouse.query import MetricFilter, MetricQuery
from knowledge.warehouse.query_metrics import query_metrics
from knowledge.warehouse.result import Quality, Verdict
from knowledge.warehouse.warehouse import Warehouse
from ledger.db import Database
from tests.unit.knowledge.warehouse.metric_shop import (
    CUSTOMERS,
    ORDER_ROWS,
    ORDERS,
    judge_well,
    open_metric_shop,
    publish_all,
)

NOW = datetime(2026, 8, 20, 12, 0, tzinfo=UTC)
STAFF = AccessScope(frozenset({"everyone"}))
ALL = AccessScope(frozenset({"everyone", "finance", "care"}))


@pytest.fixture
def shop(sqlite_db: Database, tmp_path: Path) -> Warehouse:
    return publish_all(open_metric_shop(sqlite_db, tmp_path))


def test_one_and_all_are_the_same(shop: Warehouse) -> None:
    table = feature_table(shop, ALL, "customer", NOW, judge_well)
    assert table.row_count == 6
    for row in table.rows:
        assert profile_entity(shop, ALL, "customer", row[0], NOW, judge_well).rows == (row,)


def test_features_are_the_metrics_over_ones_own_rows(shop: Warehouse) -> None:
    table = feature_table(shop, ALL, "customer", NOW, judge_well)
    names = [column.name for column in table.columns]
    assert names == ["customer_id", "email", "revenue", "orders_30d", "order_value", "margin"]
    for row in table.rows:
        own = [order for order in ORDER_ROWS if order["customer_id"] == row[0]]
        recent = [order for order in own if 0 <= (NOW.date() - order["ordered_on"]).days < 30]
        found = dict(zip(names, row, strict=True))
        assert found["revenue"] == sum((order["amount"] for order in own), Decimal(0))
        assert found["orders_30d"] == len(recent)
        assert found["margin"] == sum(order["amount"] - order["cost"] for order in own)


def test_a_feature_is_what_the_metric_says(shop: Warehouse) -> None:
    query = MetricQuery(("orders.order_value",), filters=(MetricFilter("orders.channel", "=", "till"),))
    assert query_metrics(shop, ALL, query, NOW, judge_well).rows
    [row] = profile_entity(shop, ALL, "customer", 2, NOW, judge_well).rows
    assert row[4] == (Decimal("100.10") + Decimal("33.33")) / 2


def test_whoever_may_not_see_a_column_gets_no_feature_made_of_it(shop: Warehouse) -> None:
    profile = profile_entity(shop, STAFF, "customer", 1, NOW, judge_well)
    assert "margin" not in [column.name for column in profile.columns]
    assert "person1@home.example" not in str(profile)
    assert len(str(profile.rows[0][1])) == 12


def test_a_confidential_attribute_is_for_those_who_are_named(sqlite_db: Database, tmp_path: Path) -> None:
    named = CUSTOMERS.replace("unmasked: {", "unmasked: {segment: [care], ")
    shop = publish_all(open_metric_shop(sqlite_db, tmp_path, customers_products=named))
    for scope, segment in ((ALL, "gold"), (STAFF, None)):
        assert profile_entity(shop, scope, "customer", 1, NOW, judge_well).rows[0][2] == segment


def test_an_entity_one_may_not_see_is_as_one_that_does_not_exist(sqlite_db: Database, tmp_path: Path) -> None:
    rules = CUSTOMERS.replace(
        "      unmasked:", "      rows: [{groups: [everyone], where: customer_id < 3}]\n      unmasked:"
    )
    shop = publish_all(open_metric_shop(sqlite_db, tmp_path, customers_products=rules))
    assert profile_entity(shop, STAFF, "customer", 2, NOW, judge_well).rows
    for key in (3, 99):
        with pytest.raises(UnknownData, match=f"There is no customer '{key}'."):
            profile_entity(shop, STAFF, "customer", key, NOW, judge_well)
    assert feature_table(shop, STAFF, "customer", NOW, judge_well).row_count == 2


def test_what_rests_on_few_confidential_rows_is_left_out(sqlite_db: Database, tmp_path: Path) -> None:
    close = ORDERS.replace("description: Net.}", "description: Net., classification: confidential}")
    shop = publish_all(open_metric_shop(sqlite_db, tmp_path, orders_products=close))
    profile = profile_entity(shop, ALL, "customer", 2, NOW, judge_well)
    found = {column.name: value for column, value in zip(profile.columns, profile.rows[0], strict=True)}
    assert found["revenue"] is None
    assert found["order_value"] is None
    assert found["orders_30d"] is not None
    assert profile.too_small == 3


@pytest.mark.parametrize("key", ["two", 1.5, None, True])
def test_a_key_that_is_none_is_refused(shop: Warehouse, key: str | float | None) -> None:
    with pytest.raises(QueryRefused, match=r"customer\.customer_id: "):
        profile_entity(shop, STAFF, "customer", key, NOW, judge_well)


def test_an_unknown_entity_and_a_blocked_product_say_so(shop: Warehouse) -> None:
    with pytest.raises(UnknownData, match="There is no entity 'planet'"):
        profile_entity(shop, STAFF, "planet", 1, NOW, judge_well)
    blocked = profile_entity(shop, STAFF, "customer", 1, NOW, lambda *_: Quality(Verdict.BLOCK))
    assert (blocked.rows, blocked.sql) == ((), "")
