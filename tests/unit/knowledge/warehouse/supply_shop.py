"""A shop that plans stock: two kinds of tents and a boot, sold for two years and two months up to February
2026, with what lies there and what is under way."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from knowledge.warehouse.warehouse import Warehouse
from ledger.db import Database
from tests.stand_ins.warehouse import open_shop, publish, write_workspace

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
REVIEW_DAYS, SERVICE = 28, 0.9

_HEAD = """\
    owner: supply@shop.example
    steward: data@shop.example
    origin: the till
    version: 1
"""
SOLD = f"""\
    name: shop.sold
    description: What was sold.
{_HEAD}    location: {{format: csv, path: data/sold.csv}}
    primary_key: [line]
    columns:
      - {{name: line, type: integer, description: Its number.}}
      - {{name: sold_on, type: date, description: The day.}}
      - {{name: sku, type: string, description: Article.}}
      - {{name: article, type: string, description: Its name.}}
      - {{name: kind, type: string, description: Kind.}}
      - {{name: pieces, type: integer, description: Pieces.}}
"""
PLACES = f"""\
    name: shop.places
    description: What lies where.
{_HEAD}    location: {{format: csv, path: data/places.csv}}
    primary_key: [counted_on, hall, sku]
    access: {{groups: [everyone]}}
    columns:
      - {{name: counted_on, type: date, description: The day.}}
      - {{name: hall, type: string, description: Hall.}}
      - {{name: sku, type: string, description: Article.}}
      - {{name: pieces, type: integer, description: Pieces.}}
      - {{name: maker, type: string, description: Who makes it.}}
      - {{name: make_days, type: integer, description: Days to departure.}}
      - {{name: sail_days, type: integer, description: Days to arrival.}}
"""
COMING = f"""\
    name: shop.coming
    description: What is under way.
{_HEAD}    location: {{format: csv, path: data/coming.csv}}
    primary_key: [line]
    columns:
      - {{name: line, type: integer, description: Its number.}}
      - {{name: sku, type: string, description: Article.}}
      - {{name: due_on, type: date, description: The day.}}
      - {{name: pieces, type: integer, description: Pieces.}}
"""
SALES_MODEL = """\
    name: sales
    product: shop.sold
    entity: line
    description: Sales.
    time: sold_date
    dimensions:
      sold_date: {description: The day., expr: _.sold_on, is_time: true}
      sku: {description: Article.}
      article: {description: Name.}
      kind: {description: Kind.}
    metrics:
      units: {description: Pieces sold., expr: _.pieces.sum(), owner: supply@shop.example, unit: pieces}
"""
PLACES_MODEL = """\
    name: places
    product: shop.places
    entity: article in a hall on a day
    description: Stock.
    time: counted
    dimensions:
      counted: {description: The day., expr: _.counted_on, is_time: true}
      sku: {description: Article.}
      maker: {description: Who makes it.}
      make_days: {description: Days to departure.}
      sail_days: {description: Days to arrival.}
    metrics:
      free: {description: Pieces free., expr: _.pieces.sum(), owner: supply@shop.example, additivity: semi}
"""
COMING_MODEL = """\
    name: coming
    product: shop.coming
    entity: line
    description: Orders under way.
    time: due
    dimensions:
      due: {description: The day., expr: _.due_on, is_time: true}
      sku: {description: Article.}
    metrics:
      ordered: {description: Pieces under way., expr: _.pieces.sum(), owner: supply@shop.example}
"""
SUPPLY = f"""\
    demand: {{metric: sales.units, article: sales.sku, called: sales.article, group: sales.kind}}
    position:
      metric: places.free
      article: places.sku
      supplier: places.maker
      make_days: places.make_days
      transit_days: places.sail_days
    under_way: {{metric: coming.ordered, article: coming.sku, arrives: coming.due}}
    review_days: {REVIEW_DAYS}
    service: {SERVICE}
"""
FILES = {
    "products/sold.yaml": SOLD,
    "products/places.yaml": PLACES,
    "products/coming.yaml": COMING,
    "metrics/sales.yaml": SALES_MODEL,
    "metrics/places.yaml": PLACES_MODEL,
    "metrics/coming.yaml": COMING_MODEL,
    "supply.yaml": SUPPLY,
}
NAMES = {"T1": ("Ridge Tent", "Tents"), "T2": ("Dome Tent", "Tents"), "B1": ("Hill Boot", "Walking boots")}


def sold_in(sku: str, month: date) -> int:
    """16 of the first tent from 2025 on, twice as many each April; none of the second in July 2025."""
    if sku == "T1":
        usual = 10 if month.year == 2024 else 16
        return usual * 2 if (month.year, month.month) == (2025, 4) else usual
    if sku == "T2":
        return 0 if (month.year, month.month) == (2025, 7) else 5
    return 40


def months() -> Iterator[date]:
    return (date(2024 + at // 12, at % 12 + 1, 1) for at in range(26))


def sold_rows() -> list[dict[str, Any]]:
    rows = [(month, sku, sold_in(sku, month)) for sku in NAMES for month in months() if sold_in(sku, month)]
    # Of a month that is not over.
    rows.append((date(2026, 3, 1), "T1", 9))
    return [
        {
            "line": number,
            "sold_on": day,
            "sku": sku,
            "article": NAMES[sku][0],
            "kind": NAMES[sku][1],
            "pieces": n,
        }
        for number, (day, sku, n) in enumerate(rows)
    ]


def place(day: date, hall: str, sku: str, pieces: int, days: tuple[int, int] = (20, 11)) -> dict[str, Any]:
    return {
        "counted_on": day,
        "hall": hall,
        "sku": sku,
        "pieces": pieces,
        "maker": "Northmill",
        "make_days": days[0],
        "sail_days": days[1],
    }


PLACE_ROWS = [
    # Of an earlier day, which is not what is there now.
    place(date(2026, 2, 20), "one", "T1", 900),
    place(date(2026, 3, 1), "one", "T1", 7),
    place(date(2026, 3, 1), "two", "T1", 3),
    place(date(2026, 3, 1), "one", "T2", 400, (5, 2)),
]
COMING_ROWS = [
    {"line": 1, "sku": "T1", "due_on": date(2026, 3, 20), "pieces": 2},
    {"line": 2, "sku": "T1", "due_on": date(2026, 3, 20), "pieces": 3},
    {"line": 3, "sku": "T1", "due_on": date(2026, 5, 20), "pieces": 7},
    {"line": 4, "sku": "T1", "due_on": date(2026, 2, 27), "pieces": 100},
]


def open_supply_shop(db: Database, folder: Path) -> Warehouse:
    write_workspace(folder, ("everyone", "finance"), FILES)
    warehouse = open_shop(db, folder)
    publish_supply(warehouse)
    return warehouse


def publish_supply(warehouse: Warehouse, as_of: datetime = NOW) -> None:
    publish(warehouse, "shop.sold", sold_rows(), as_of=as_of)
    publish(warehouse, "shop.places", PLACE_ROWS, as_of=as_of)
    publish(warehouse, "shop.coming", COMING_ROWS, as_of=as_of)
