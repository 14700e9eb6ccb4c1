"""A workspace with a catalog, and rows published straight into its warehouse, as a load leaves them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from knowledge.warehouse.catalog import load_catalog
from knowledge.warehouse.spec import ColumnType, DataProduct
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import CheckResult, LoadState, ProductLoad, record_load
from ledger.db import Database
from ledger.ids import new_id
from ledger.people import sync_people
from ledger.workspace import open_workspace

ARROW_TYPES: Mapping[ColumnType, pa.DataType] = {
    ColumnType.STRING: pa.string(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.DECIMAL: pa.decimal128(18, 2),
    ColumnType.FLOAT: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
}


def write_workspace(folder: Path, groups: Iterable[str], files: Mapping[str, str]) -> None:
    """`files` by path below `catalog/`, such as `products/orders.yaml`."""
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    (folder / "workspace.yaml").write_text("name: Shop\n")
    declared = "\n".join(f"  {group}: The group {group}" for group in groups)
    people = "  - {email: staff@shop.example, name: Staff}"
    (folder / "people.yaml").write_text(f"groups:\n{declared}\npeople:\n{people}\n")
    for name, text in files.items():
        path = folder / "catalog" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))


def open_shop(db: Database, folder: Path) -> Warehouse:
    workspace = open_workspace(folder)
    sync_people(db, workspace.people)
    return Warehouse(db, load_catalog(workspace), folder / "var" / "warehouse")


def publish(
    warehouse: Warehouse,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    as_of: datetime | None = None,
    checks: Iterable[CheckResult] = (),
) -> ProductLoad:
    """`rows` give each column by name; one that is left out has no value."""
    product = warehouse.catalog.products[name]
    load_id = new_id()
    file = f"{name}/{load_id}.parquet"
    path = warehouse.folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(_table(product, rows), path)
    load = ProductLoad(
        id=load_id,
        product=name,
        state=LoadState.PUBLISHED,
        reason=None,
        schema_version=product.version,
        columns=tuple((column.name, column.type.value) for column in product.columns),
        loaded_at=warehouse.db.clock.now(),
        as_of=as_of or warehouse.db.clock.now(),
        rows=len(rows),
        kept_back=0,
        size_bytes=path.stat().st_size,
        file=file,
        fingerprint=load_id,
        checks=tuple(checks),
    )
    record_load(warehouse.db, load)
    return load


def day(text: str) -> date:
    return date.fromisoformat(text)


def _table(product: DataProduct, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in product.columns])
    return pa.Table.from_pylist(
        [{column.name: row.get(column.name) for column in product.columns} for row in rows], schema
    )
