"""Tables of other databases: SQLite files, and whatever Ibis speaks to. Nothing is ever written there."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ibis  # type: ignore[import-untyped, unused-ignore]
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
from ibis.common.exceptions import IbisError  # type: ignore[import-untyped, unused-ignore]

from knowledge.warehouse.errors import SourceUnreadable
from knowledge.warehouse.loading.source import identifier
from knowledge.warehouse.spec import DatabaseLocation

_BATCH_ROWS = 50_000
_POSTGRES = ("postgres", "postgresql")


def read_sqlite(path: Path, name: str, table: str) -> pa.RecordBatchReader:
    """All values as text: in SQLite a column's type binds nobody. Raises SourceUnreadable."""
    try:
        columns = _sqlite_columns(path, table)
    except sqlite3.Error as error:
        raise SourceUnreadable(f"{name} cannot be read as a SQLite file ({error}).") from error
    if not columns:
        raise SourceUnreadable(f"{name} has no table {table}.")
    schema = pa.schema([(column, pa.string()) for column in columns])
    return pa.RecordBatchReader.from_batches(schema, _sqlite_batches(path, table, schema))


@contextmanager
def open_database(
    location: DatabaseLocation, connections: Mapping[str, str], wanted: Iterable[str]
) -> Iterator[pa.RecordBatchReader]:
    """The table's rows, for as long as the block lasts: those of `wanted` that it has, or all columns if it
    lacks one. Raises SourceUnreadable, which never holds the connection's URL."""
    url = connections.get(location.connection)
    if url is None:
        raise SourceUnreadable(
            f"There is no connection named {location.connection}; give its URL in the settings."
        )
    scheme = urlsplit(url).scheme
    if location.format == "postgres" and scheme not in _POSTGRES:
        raise SourceUnreadable(
            f"The connection {location.connection} is no postgres:// URL; write `format: ibis` for others."
        )
    backend = None
    try:
        backend = ibis.connect(url)
        batches = _batches(backend, location.table, wanted)
    except Exception as error:  # noqa: BLE001  each backend of Ibis raises its own driver's errors
        _disconnect(backend)
        raise SourceUnreadable(
            f"The table {location.table} of the connection {location.connection} cannot be read: "
            f"{_without_secrets(error, url)}."
        ) from None
    try:
        yield batches
    finally:
        _disconnect(backend)


def _batches(backend: Any, table: str, wanted: Iterable[str]) -> pa.RecordBatchReader:
    schema, _, name = table.rpartition(".")
    rows = backend.table(name, database=schema or None)
    there = {column.casefold(): column for column in rows.columns}
    asked = [there.get(column.casefold()) for column in wanted]
    rows = rows.select([_plain(rows[column]) for column in (rows.columns if None in asked else asked)])
    if backend.name == "duckdb":
        # Ibis 11 asks DuckDB 2 for batches by a name it no longer has.
        return rows.to_pyarrow().to_reader(max_chunksize=_BATCH_ROWS)
    return rows.to_pyarrow_batches(chunk_size=_BATCH_ROWS)


def _plain(column: Any) -> Any:
    """As it is where Arrow knows its type, else as text: addresses, ids and the like."""
    kind = column.type()
    is_plain = kind.is_numeric() or kind.is_string() or kind.is_boolean() or kind.is_temporal()
    return column if is_plain else column.cast("string").name(column.get_name())


def _disconnect(backend: Any) -> None:
    if backend is not None:
        backend.disconnect()


def _sqlite_columns(path: Path, table: str) -> list[str]:
    with closing(_open_sqlite(path)) as db:
        return [row[1] for row in db.execute(f"PRAGMA table_info({identifier(table)})")]


def _sqlite_batches(path: Path, table: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    columns = ", ".join(f"CAST({identifier(name)} AS TEXT)" for name in schema.names)
    with closing(_open_sqlite(path)) as db:
        # Bytes that are no UTF-8 would otherwise end the load at the first of them.
        db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        cursor = db.execute(f"SELECT {columns} FROM {identifier(table)}")
        while rows := cursor.fetchmany(_BATCH_ROWS):
            arrays = [pa.array(values, pa.string()) for values in zip(*rows, strict=True)]
            yield pa.record_batch(arrays, schema=schema)


def _open_sqlite(path: Path) -> sqlite3.Connection:
    # DuckDB takes the rows in threads of its own, one after the other.
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False)


def _without_secrets(error: Exception, url: str) -> str:
    kind = "the table is not there" if isinstance(error, IbisError) else str(error).strip() or "no reason"
    first = kind.splitlines()[0].rstrip(". ")
    password = urlsplit(url).password
    for secret in (url, password):
        if secret:
            first = first.replace(secret, "...")
    return first
