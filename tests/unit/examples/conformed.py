"""The sample's files as DuckDB tables under their products' names, read by the plainest SQL that will do.

It shares no line with the way Crewdesk loads products: what both come to can be held against each other.
"""

import json
import sqlite3
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.spec import Column, ColumnType, DataProduct, FileLocation, ViewLocation

SQL_TYPES = {
    ColumnType.STRING: "VARCHAR",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.DECIMAL: "DECIMAL(18, 2)",
    ColumnType.FLOAT: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
}


def read_sample(catalog: Catalog, data: Path) -> duckdb.DuckDBPyConnection:
    """Rows that lack what they must have are left out, as are repeated ones."""
    db = duckdb.connect(config={"threads": 2})
    for schema in sorted({product.domain for product in catalog.products.values()}):
        db.execute(f"CREATE SCHEMA {schema}")
    views = []
    for product in catalog.products.values():
        if isinstance(product.location, ViewLocation):
            views.append(product)
        else:
            _read_raw(db, product, data)
            _conform(db, product)
    # None of the sample's views stands on another.
    for product in views:
        assert isinstance(product.location, ViewLocation)
        columns = ", ".join(column.name for column in product.columns)
        db.execute(f"CREATE TABLE {product.name} AS SELECT {columns} FROM ({product.location.sql})")
    return db


def _read_raw(db: duckdb.DuckDBPyConnection, product: DataProduct, data: Path) -> None:
    location = product.location
    assert isinstance(location, FileLocation)
    path = data / location.path.removeprefix("data/")
    if location.format == "csv":
        db.execute(f"CREATE OR REPLACE TEMP TABLE raw AS FROM read_csv('{path}', all_varchar = true)")
    elif location.format == "parquet":
        db.execute(f"CREATE OR REPLACE TEMP TABLE raw AS FROM read_parquet('{path}')")
    else:
        rows = pa.Table.from_pylist(_rows(location, path))
        db.register("rows_read", rows)
        db.execute("CREATE OR REPLACE TEMP TABLE raw AS FROM rows_read")
        db.unregister("rows_read")


def _rows(location: FileLocation, path: Path) -> list[dict[str, object]]:
    if location.format == "sqlite":
        connection = sqlite3.connect(path)
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(f"SELECT * FROM {location.table}")]
        connection.close()
        return rows
    if location.format == "excel":
        header, *cells = openpyxl.load_workbook(path)[location.table or ""].iter_rows(values_only=True)
        return [dict(zip(map(str, header), row, strict=True)) for row in cells]
    text = path.read_text("utf-8")
    return json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]


def _conform(db: duckdb.DuckDBPyConnection, product: DataProduct) -> None:
    needed = {*product.primary_key, *(column.name for column in product.columns if column.required)}
    columns = ", ".join(f"{_value(column)} AS {column.name}" for column in product.columns)
    db.execute(
        f"CREATE TABLE {product.name} AS SELECT DISTINCT * FROM (SELECT {columns} FROM raw) "
        f"WHERE {' AND '.join(f'{name} IS NOT NULL' for name in sorted(needed))}"
    )


def _value(column: Column) -> str:
    raw = f"nullif(trim(CAST({column.source or column.name} AS VARCHAR)), '')"
    for text in column.conform.missing:
        raw = f"nullif({raw}, '{text}')"
    if column.conform.values:
        cases = " ".join(f"WHEN '{typed}' THEN '{kept}'" for typed, kept in column.conform.values.items())
        raw = f"(CASE lower({raw}) {cases} ELSE {raw} END)"
    kind = SQL_TYPES[column.type]
    if column.conform.dates:
        return f"CAST(try_strptime({raw}, {list(column.conform.dates)}) AS {kind})"
    return f"TRY_CAST({raw} AS {kind})"
