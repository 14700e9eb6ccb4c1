"""What governed figures cost: metric queries over five million order lines against the same SQL by hand in
DuckDB, in turns; what rights add; and how long a catalog of 200 products takes to open."""

import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb

from benchmarks.measurement import Measurement, at_most
from knowledge.search.access import AccessScope
from knowledge.warehouse.query import MetricQuery, Period
from knowledge.warehouse.query_metrics import query_metrics
from knowledge.warehouse.warehouse import Warehouse, open_warehouse
from ledger.data_products import LoadState, ProductLoad, record_load
from ledger.db import Database
from ledger.ids import new_id
from ledger.migrate import migrate
from ledger.people import sync_people
from ledger.workspace import open_workspace

TITLE = "Governed figures, 5,000,000 order lines"
LINES = 5_000_000
PRODUCTS = 200
LAPS = 15

_PEOPLE = """\
groups: {everyone: All, north: The north}
people: [{email: you@company.example, name: You, groups: [everyone, north]}]
"""
_LINES = """\
name: sales.lines
owner: Finance
steward: Finance
description: Order lines.
origin: Made up.
version: 1
location: {format: parquet, path: data/lines.parquet}
columns:
  - {name: line_id, type: integer, description: Number.}
  - {name: store_id, type: integer, description: Store.}
  - {name: ordered_on, type: date, description: Day.}
  - {name: amount, type: decimal, unit: EUR, description: Amount.}
"""
_RULES = """\
access:
  groups: [everyone]
  rows: [{groups: [north], where: store_id < 400}]
"""
_STORES = """\
name: sales.stores
owner: Finance
steward: Finance
description: Stores.
origin: Made up.
version: 1
primary_key: [store_id]
location: {format: parquet, path: data/stores.parquet}
columns:
  - {name: store_id, type: integer, description: Number.}
  - {name: region, type: string, description: Region.}
checks: [{kind: unique, columns: [store_id]}]
"""
_METRICS = """\
name: {name}
product: {product}
description: Order lines.
entity: order line
time: day
dimensions:
  day: {{description: Day., expr: _.ordered_on, is_time: true}}
metrics:
  revenue: {{description: Sales., expr: _.amount.sum(), owner: Finance, unit: EUR, format: currency}}
joins:
  store: {{model: stores, on: {{store_id: store_id}}}}
"""
_STORE_METRICS = """\
name: stores
product: sales.stores
description: Stores.
entity: store
dimensions:
  region: {description: Region.}
metrics:
  stores: {description: Stores., expr: _.count(), owner: Finance}
"""
_QUARTER = Period(date(2026, 7, 1), date(2026, 10, 1), "Q3 2026")
_SCOPE = AccessScope(frozenset({"everyone", "north"}))
_BY_HAND = """
    SELECT s.region, SUM(l.amount) FROM read_parquet('{lines}') l
    LEFT JOIN read_parquet('{stores}') s USING (store_id) {where} GROUP BY 1 ORDER BY 2 DESC
"""


def measure(ground: Path) -> list[Measurement]:
    company = ground / "company"
    _write_company(company)
    db = Database(f"sqlite:///{ground / 'warehouse.db'}")
    migrate(db)
    try:
        workspace = open_workspace(company)
        sync_people(db, workspace.people)
        warehouse = open_warehouse(db, workspace, ground / "var")
        files = _publish(warehouse)
        rows = [
            *_race(warehouse, files, "region, one quarter", _QUARTER),
            *_race(warehouse, files, "region, all days", None),
            _policy_cost(warehouse),
        ]
        return [*rows, _catalog_time(db, ground / "large")]
    finally:
        db.close()


def _write_company(folder: Path) -> None:
    for name in ("documents", "catalog/products", "catalog/metrics"):
        (folder / name).mkdir(parents=True)
    (folder / "workspace.yaml").write_text("name: Company\n")
    (folder / "people.yaml").write_text(_PEOPLE)
    ruled = _LINES.replace("sales.lines", "sales.ruled") + _RULES
    for name, text in (("lines", _LINES), ("ruled", ruled), ("stores", _STORES)):
        (folder / "catalog" / "products" / f"{name}.yaml").write_text(text)
    for name in ("lines", "ruled"):
        text = _METRICS.format(name=name, product=f"sales.{name}")
        (folder / "catalog" / "metrics" / f"{name}.yaml").write_text(text)
    (folder / "catalog" / "metrics" / "stores.yaml").write_text(_STORE_METRICS)


def _publish(warehouse: Warehouse) -> dict[str, Path]:
    """Straight into the warehouse's folder, as loads leave it."""
    made = f"""
        SELECT i AS line_id, i % 500 AS store_id, DATE '2025-01-01' + CAST(i // {LINES // 670} AS INTEGER) AS
        ordered_on, CAST((i * 7919 % 20000) / 100 AS DECIMAL(18, 4)) AS amount FROM range({LINES}) t(i)
    """
    stores = "SELECT i AS store_id, 'Region ' || i % 6 AS region FROM range(500) t(i)"
    files = {}
    for name, select in (("sales.lines", made), ("sales.ruled", made), ("sales.stores", stores)):
        load_id = new_id()
        path = warehouse.folder / name / f"{load_id}.parquet"
        path.parent.mkdir(parents=True)
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
        product = warehouse.catalog.products[name]
        now = warehouse.db.clock.now()
        record_load(
            warehouse.db,
            ProductLoad(
                id=load_id,
                product=name,
                state=LoadState.PUBLISHED,
                reason=None,
                schema_version=1,
                columns=tuple((column.name, column.type.value) for column in product.columns),
                loaded_at=now,
                as_of=now,
                rows=LINES,
                kept_back=0,
                size_bytes=path.stat().st_size,
                file=f"{name}/{load_id}.parquet",
                fingerprint=load_id,
            ),
        )
        files[name] = path
    return files


def _race(
    warehouse: Warehouse, files: dict[str, Path], what: str, period: Period | None
) -> list[Measurement]:
    query = MetricQuery(("lines.revenue",), ("stores.region",), period=period)
    where = f"WHERE l.ordered_on >= '{period.start}' AND l.ordered_on < '{period.end}'" if period else ""
    by_hand = _BY_HAND.format(lines=files["sales.lines"], stores=files["sales.stores"], where=where)
    with duckdb.connect() as connection:
        expected = connection.execute(by_hand).fetchall()
        found = query_metrics(warehouse, _SCOPE, query, warehouse.db.clock.now()).rows
        if sorted(found) != sorted(expected):
            raise RuntimeError(f"{what}: the metric gives {found[:2]}, SQL {expected[:2]}.")
        ours, theirs = _in_turns(
            lambda: query_metrics(warehouse, _SCOPE, query, warehouse.db.clock.now()),
            lambda: connection.execute(by_hand).fetchall(),
        )
    return [
        Measurement(
            what=f"{what}: metric / SQL by hand",
            value=ours / theirs,
            unit="x",
            bar=at_most(1.5),
            note=f"{LAPS} pairs",
        ),
        Measurement(what=f"{what}: metric, median", value=1000 * ours, unit="ms"),
        Measurement(what=f"{what}: SQL by hand, median", value=1000 * theirs, unit="ms"),
    ]


def _policy_cost(warehouse: Warehouse) -> Measurement:
    """The rule takes a fifth of the rows away, so below one is possible."""
    plain, ruled = (MetricQuery((f"{name}.revenue",), ("stores.region",)) for name in ("lines", "ruled"))
    for query in (plain, ruled):
        query_metrics(warehouse, _SCOPE, query, warehouse.db.clock.now())
    with_rule, without = _in_turns(
        lambda: query_metrics(warehouse, _SCOPE, ruled, warehouse.db.clock.now()),
        lambda: query_metrics(warehouse, _SCOPE, plain, warehouse.db.clock.now()),
    )
    return Measurement(what="with a row rule / without", value=with_rule / without, unit="x")


def _catalog_time(db: Database, folder: Path) -> Measurement:
    _write_company(folder)
    for number in range(PRODUCTS - 3):
        text = _LINES.replace("sales.lines", f"sales.lines_{number}")
        (folder / "catalog" / "products" / f"lines_{number}.yaml").write_text(text)
    workspace = open_workspace(folder)
    before = time.perf_counter()
    open_warehouse(db, workspace, folder / "var")
    seconds = time.perf_counter() - before
    return Measurement(what=f"opening a catalog of {PRODUCTS} products", value=seconds, unit="s")


def _in_turns(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Medians in seconds."""
    laps = [(_time(one), _time(other)) for _ in range(LAPS)]
    first, second = zip(*laps, strict=True)
    return statistics.median(first), statistics.median(second)


def _time(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before
