"""The DuckDB one load works in: in memory, and able to read that load's files and nothing else.

A view's SQL and the SQL of checks run in it as well, so it is locked before anything runs.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import ibis  # type: ignore[import-untyped, unused-ignore]

from knowledge.warehouse.loading.source import identifier, literal

# Beyond that DuckDB goes on on the disk; a load runs beside everything else on the machine.
_MEMORY = "2GB"


@dataclass(frozen=True, slots=True)
class Workbench:
    """`ibis` and `duckdb` are one connection. `scratch` is a folder that goes with it; `served` are the files
    of the products that can be read."""

    ibis: Any
    duckdb: duckdb.DuckDBPyConnection
    scratch: Path
    served: Mapping[str, Path]

    def open_product(self, name: str) -> tuple[str, str]:
        """A served product can be read from then on, as the table and schema that are returned."""
        domain, _, table = name.partition(".")
        # Not for all of them at the start: that opens each of their files, for every product that is loaded.
        self.run(f"CREATE SCHEMA IF NOT EXISTS {identifier(domain)}")
        self.run(
            f"CREATE VIEW IF NOT EXISTS {identifier(domain)}.{identifier(table)} AS "
            f"SELECT * FROM read_parquet({literal(str(self.served[name]))})"
        )
        return table, domain

    def run(self, sql: str) -> None:
        self.duckdb.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.duckdb.execute(sql).fetchall()

    def row(self, sql: str) -> tuple[Any, ...]:
        return self.rows(sql)[0]

    def types_of(self, relation: str) -> dict[str, str]:
        """DuckDB's type of each column."""
        return {row[0]: row[1] for row in self.rows(f"DESCRIBE SELECT * FROM {relation}")}


@contextmanager
def open_workbench(
    scratch: Path, writable: Path, files: Iterable[Path], served: Mapping[str, Path]
) -> Iterator[Workbench]:
    """`files` and the `served` products' can be read, and files in `writable` be written."""
    scratch.mkdir(parents=True, exist_ok=True)
    backend = ibis.duckdb.connect()
    try:
        connection = backend.con
        _lock(connection, scratch, writable, [*files, *served.values()])
        yield Workbench(backend, connection, scratch, served)
    finally:
        backend.disconnect()
        shutil.rmtree(scratch, ignore_errors=True)


def _lock(
    connection: duckdb.DuckDBPyConnection, scratch: Path, writable: Path, readable: Iterable[Path]
) -> None:
    # DuckDB looks for the log of a database file beside it, even when it only reads.
    paths = [text for path in readable for text in (str(path), f"{path}.wal")]
    folders = [f"{scratch}/", f"{writable}/"]
    for setting in (
        "TimeZone = 'UTC'",
        f"memory_limit = '{_MEMORY}'",
        f"temp_directory = {literal(str(scratch / 'spilled'))}",
        f"allowed_paths = [{', '.join(map(literal, paths))}]",
        f"allowed_directories = [{', '.join(map(literal, folders))}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")
