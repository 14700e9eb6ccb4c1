"""One statement run, within its time and memory."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import ibis
from ibis.backends.duckdb import Backend
from ibis.expr import types as ir

from knowledge.warehouse.errors import QueryRefused, QueryTooLarge
from knowledge.warehouse.result import Value

_TIME_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Ran:
    """`sql` is what ran; `types` are DuckDB's, in the order of the columns."""

    sql: str
    types: tuple[str, ...]
    rows: list[tuple[Value, ...]]


def statement_of(table: ir.Table) -> str:
    return str(ibis.to_sql(table, "duckdb", pretty=True))


def run_statement(connection: Backend, sql: str, *, time_limit_s: float = _TIME_LIMIT_S) -> Ran:
    """Raises QueryTooLarge, QueryRefused. DuckDB's own words are kept back: they quote values."""
    try:
        with _interrupted_after(connection.con, time_limit_s):
            found = connection.con.execute(sql)
            types = tuple(str(column[1]) for column in found.description)
            return Ran(sql, types, found.fetchall())
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise QueryTooLarge(
            "This takes more time or memory than a query may: ask for a shorter period or fewer dimensions."
        ) from None
    except duckdb.Error:
        raise QueryRefused("This cannot be reckoned: a value does not fit what is done with it.") from None


@contextmanager
def _interrupted_after(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, connection.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
