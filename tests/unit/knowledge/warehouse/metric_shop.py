"""A shop whose orders, lines, stores, customers and stock the metric tests reckon with, a few rows each."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from knowledge.warehouse.result import Quality
from knowledge.warehouse.warehouse import Warehouse
from ledger.db import Database
from tests.stand_ins.warehouse import day, open_shop, publish, write_workspace

Row = dict[str, Any]

GROUPS = ("everyone", "north", "south", "finance", "care")

ORDERS = """\
    name: sales.orders
    owner: sales@shop.example
    steward: data@shop.example
    description: Every order.
    origin: the till
    location: {format: csv, path: data/orders.csv}
    version: 1
    primary_key: [order_id]
    upstream: [sales.stores, till-system]
    access:
      groups: [everyone, north, south, finance, care]
      unmasked: {cost: [finance]}
      smallest_group: 3
    columns:
      - {name: order_id, type: integer, description: Its number.}
      - {name: ordered_on, type: date, description: The day.}
      - {name: store_id, type: integer, description: Where.}
      - {name: customer_id, type: integer, description: Who.}
      - {name: channel, type: string, description: How.}
      - {name: quantity, type: integer, description: Pieces.}
      - {name: amount, type: decimal, unit: EUR, description: Net.}
      - {name: cost, type: decimal, unit: EUR, description: What it cost us.}
    """
STORES = """\
    name: sales.stores
    owner: sales@shop.example
    steward: data@shop.example
    description: Every store.
    origin: the store list
    location: {format: csv, path: data/stores.csv}
    version: 1
    primary_key: [store_id]
    columns:
      - {name: store_id, type: integer, description: Its number.}
      - {name: region, type: string, description: Region.}
      - {name: opened_on, type: date, description: When it opened.}
    """
CUSTOMERS = """\
    name: sales.customers
    owner: care@shop.example
    steward: data@shop.example
    description: Every customer.
    origin: the shop
    location: {format: csv, path: data/customers.csv}
    version: 1
    primary_key: [customer_id]
    access:
      groups: [everyone, care]
      unmasked: {email: [care], born_on: [care]}
      smallest_group: 3
    columns:
      - {name: customer_id, type: integer, description: Its number.}
      - {name: email, type: string, description: Address., classification: pii, mask: hash}
      - {name: born_on, type: date, description: Birthday., classification: pii, mask: bucket}
      - {name: segment, type: string, description: Kind., classification: confidential}
    """
STOCK = """\
    name: supply.stock
    owner: supply@shop.example
    steward: data@shop.example
    description: What lies in each store each evening.
    origin: the warehouse
    location: {format: csv, path: data/stock.csv}
    version: 1
    columns:
      - {name: counted_on, type: date, description: The evening.}
      - {name: store_id, type: integer, description: Where.}
      - {name: pieces, type: integer, description: How many.}
    """
ORDERS_MODEL = """\
    name: orders
    product: sales.orders
    description: Orders and what they bring.
    entity: order
    time: ordered_on
    dimensions:
      ordered_on: {description: The day., is_time: true}
      channel: {description: How it was ordered.}
      size: {description: Small or large., expr: "(_.amount >= 100).ifelse('large', 'small')"}
      cost: {description: The cost itself.}
    metrics:
      revenue: {description: Net amount., expr: _.amount.sum(), owner: finance@shop.example, unit: EUR,
                format: currency, good: up}
      orders: {description: Number of orders., expr: _.count(), owner: sales@shop.example, format: integer}
      quantity: {description: Pieces., expr: _.quantity.sum(), owner: sales@shop.example, format: integer}
      order_value: {description: Revenue of an order., expr: _.revenue / _.orders, is_ratio: true,
                    additivity: none, owner: finance@shop.example, unit: EUR, format: currency}
      pieces_value: {description: Value of a piece., expr: _.order_value * _.orders / _.quantity,
                     is_ratio: true, additivity: none, owner: finance@shop.example}
      margin: {description: What is left., expr: _.amount.sum() - _.cost.sum(), version: 3,
               owner: finance@shop.example, unit: EUR, format: currency}
    joins:
      stores: {model: stores, on: {store_id: store_id}}
      customers: {model: customers, on: {customer_id: customer_id}}
    """
STORES_MODEL = """\
    name: stores
    product: sales.stores
    description: Stores.
    entity: store
    dimensions:
      region: {description: The region.}
      opened_on: {description: When it opened., is_time: true}
    metrics:
      stores: {description: Number of stores., expr: _.count(), owner: sales@shop.example}
    """
CUSTOMERS_MODEL = """\
    name: customers
    product: sales.customers
    description: Customers.
    entity: customer
    dimensions:
      email: {description: The address.}
      segment: {description: The kind.}
      birth_year: {description: The year of birth., expr: _.born_on.year()}
    metrics:
      customers: {description: Number of customers., expr: _.count(), owner: care@shop.example}
    """
STOCK_MODEL = """\
    name: stock
    product: supply.stock
    description: Stock.
    entity: count
    time: counted_on
    dimensions:
      counted_on: {description: The evening., is_time: true}
    metrics:
      on_hand: {description: Pieces., expr: _.pieces.sum(), additivity: semi, owner: supply@shop.example}
      counts: {description: Counts made., expr: _.count(), owner: supply@shop.example}
    joins:
      stores: {model: stores, on: {store_id: store_id}}
    """
CUSTOMER = """\
    name: customer
    description: A customer.
    product: sales.customers
    key: customer_id
    attributes: [email, segment]
    features:
      revenue: {description: All they spent., metric: orders.revenue}
      orders_30d: {description: Orders of the last 30 days., metric: orders.orders, days: 30}
      order_value: {description: What an order brings., metric: orders.order_value}
      margin: {description: What they left us., metric: orders.margin}
    """
FILES = {
    "products/orders.yaml": ORDERS,
    "products/stores.yaml": STORES,
    "products/customers.yaml": CUSTOMERS,
    "products/stock.yaml": STOCK,
    "metrics/orders.yaml": ORDERS_MODEL,
    "metrics/stores.yaml": STORES_MODEL,
    "metrics/customers.yaml": CUSTOMERS_MODEL,
    "metrics/stock.yaml": STOCK_MODEL,
    "entities/customer.yaml": CUSTOMER,
}

STORE_ROWS: list[Row] = [
    {"store_id": 1, "region": "North", "opened_on": day("2020-01-15")},
    {"store_id": 2, "region": "South", "opened_on": day("2021-06-01")},
    {"store_id": 3, "region": "North", "opened_on": day("2022-03-01")},
]
CUSTOMER_ROWS: list[Row] = [
    {
        "customer_id": number,
        "email": f"person{number}@home.example",
        "born_on": date(1960 + number, 5, number),
        "segment": "gold" if number == 1 else "plain",
    }
    for number in range(1, 7)
]


def order(number: int, on: str, store: int, amount: str, **others: Any) -> Row:
    return {
        "order_id": number,
        "ordered_on": day(on),
        "store_id": store,
        "customer_id": number % 6 + 1,
        "channel": "web" if number % 2 else "till",
        "quantity": number,
        "amount": Decimal(amount),
        "cost": Decimal("7.77"),
        **others,
    }


ORDER_ROWS: list[Row] = [
    order(1, "2026-04-02", 1, "100.10"),
    order(2, "2026-04-30", 2, "50.05"),
    order(3, "2026-06-30", 3, "0.01"),
    order(4, "2026-07-01", 1, "200.20"),
    order(5, "2026-07-31", 2, "25.25"),
    order(6, "2026-08-15", 3, "10.10"),
    order(7, "2026-09-30", 9, "33.33"),
    order(8, "2026-10-01", 1, "1000.00"),
]
STOCK_ROWS: list[Row] = [
    {"counted_on": day(on), "store_id": store, "pieces": pieces}
    for on, store, pieces in [
        ("2026-07-30", 1, 10),
        ("2026-07-31", 1, 11),
        ("2026-07-31", 2, 5),
        ("2026-08-01", 1, 7),
        ("2026-08-02", 2, 3),
        ("2026-08-02", 1, 6),
    ]
]


def open_metric_shop(db: Database, folder: Path, **changed: str) -> Warehouse:
    """`changed` files by their last name, such as `orders_product` or `stock_metrics`."""
    write_workspace(folder, GROUPS, _changed(changed))
    return open_shop(db, folder)


def publish_all(warehouse: Warehouse, **rows: list[Row]) -> Warehouse:
    publish(warehouse, "sales.orders", rows.get("orders", ORDER_ROWS))
    publish(warehouse, "sales.stores", rows.get("stores", STORE_ROWS))
    publish(warehouse, "sales.customers", rows.get("customers", CUSTOMER_ROWS))
    publish(warehouse, "supply.stock", rows.get("stock", STOCK_ROWS))
    return warehouse


def judge_well(*_: object) -> Quality:
    """Nothing is wrong with anything."""
    return Quality()


def _changed(changed: dict[str, str]) -> dict[str, str]:
    files = dict(FILES)
    for name, text in changed.items():
        file, _, folder = name.rpartition("_")
        files[f"{'products' if folder == 'product' else folder}/{file}.yaml"] = text
    return files
