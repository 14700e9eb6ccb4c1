"""Mistakes in semantic models are found when the catalog is checked, each by its name."""

from pathlib import Path

import pytest

from knowledge.warehouse.check_models import check_models
from ledger.db import Database
from ledger.errors import WorkspaceInvalid
from tests.unit.knowledge.warehouse.metric_shop import (
    CUSTOMER,
    ORDERS_MODEL,
    STOCK_MODEL,
    STORES,
    STORES_MODEL,
    open_metric_shop,
)


def test_models_without_a_mistake_pass(sqlite_db: Database, tmp_path: Path) -> None:
    check_models(open_metric_shop(sqlite_db, tmp_path).catalog)


@pytest.mark.parametrize(
    ("file", "text", "was", "becomes", "complaint"),
    [
        ("orders_metrics", ORDERS_MODEL, "_.amount.sum(),", "_.amoumt.sum(),",
         "orders.revenue: expr: '_.amoumt.sum()': there is no column amoumt."),
        ("orders_metrics", ORDERS_MODEL, "_.amount.sum(),", "_.amount,",
         "orders.revenue: expr: it has a value for each row; sum it up, as in `.sum()`."),
        ("orders_metrics", ORDERS_MODEL, "_.amount.sum(),", "_.amount.mean(),",
         "orders.revenue: additivity: an average"),
        ("orders_metrics", ORDERS_MODEL, "_.quantity.sum(),", "_.customer_id.nunique(),",
         "orders.quantity: additivity: an average, an extreme or a count of different values"),
        ("orders_metrics", ORDERS_MODEL, "_.amount.sum(),", "_.__class__,",
         "orders.revenue: expr: '_.__class__' is no"),
        ("orders_metrics", ORDERS_MODEL, "_.amount.sum(),", "'open(1)',",
         "orders.revenue: expr: 'open(1)' is no"),
        ("orders_metrics", ORDERS_MODEL, "_.amount.sum(),", "'_.amount.sum(',", "orders.revenue: expr: "),
        ("orders_metrics", ORDERS_MODEL, "_.revenue / _.orders", "_.order_value / _.orders",
         "orders.order_value: expr: orders.order_value is defined by itself."),
        ("orders_metrics", ORDERS_MODEL, "_.revenue / _.orders", "_.profit / _.orders",
         "orders.order_value: expr: "),
        ("orders_metrics", ORDERS_MODEL, "(_.amount >= 100).ifelse('large', 'small')", "_.amount.sum()",
         "orders.size: expr: it sums rows up"),
        ("orders_metrics", ORDERS_MODEL, "channel: {description: How it was ordered.}",
         "channel: {description: How., is_time: true}", "orders.channel: is_time: it is no date"),
        ("orders_metrics", ORDERS_MODEL, "channel: {description: How it was ordered.}",
         "chanel: {description: How.}", "orders.chanel: expr: '_.chanel': there is no column chanel."),
        ("stock_metrics", STOCK_MODEL, "    time: counted_on\n", "",
         "stock.on_hand: additivity: the model has no `time`"),
        ("stores_products", STORES, "    primary_key: [store_id]\n", "",
         "orders.stores: on: store_id may occur twice in sales.stores"),
        ("stores_products", STORES, "{name: store_id, type: integer", "{name: store_id, type: string",
         "orders.stores: on: store_id is integer and sales.stores's store_id is string."),
        ("customer_entities", CUSTOMER, "metric: orders.revenue", "metric: stock.counts",
         "customer.revenue: metric: stock has no join to sales.customers"),
        ("customer_entities", CUSTOMER, "metric: orders.orders, days: 30",
         "metric: customers.customers, days: 30",
         "customer.orders_30d: days: customers has no dates"),
        ("stores_metrics", STORES_MODEL, "expr: _.count()", "expr: _.distinct()", "stores.stores: expr: "),
    ],
)  # fmt: skip
def test_a_mistake_is_named(
    sqlite_db: Database, tmp_path: Path, file: str, text: str, was: str, becomes: str, complaint: str
) -> None:
    assert was in text
    catalog = open_metric_shop(sqlite_db, tmp_path, **{file: text.replace(was, becomes)}).catalog
    with pytest.raises(WorkspaceInvalid) as found:
        check_models(catalog)
    assert str(found.value).startswith(complaint)


def test_a_key_that_a_check_holds_unique_will_do(sqlite_db: Database, tmp_path: Path) -> None:
    text = STORES.replace(
        "    primary_key: [store_id]\n", "    checks: [{kind: unique, columns: [store_id]}]\n"
    )
    check_models(open_metric_shop(sqlite_db, tmp_path, stores_products=text).catalog)
