"""Checks again what is served: a reference may have broken since, and `today` has moved on.

What the checks come to replaces what they came to before, so the next verdict is made of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

import duckdb
import ibis
from ibis.backends.duckdb import Backend

from knowledge.warehouse.checks import run_checks
from knowledge.warehouse.errors import NotLoaded, UnknownData
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import CheckResult, CheckState, LoadState, ProductLoad, list_loads, record_checks


def recheck(warehouse: Warehouse, names: Iterable[str] | None, now: datetime) -> list[ProductLoad]:
    """The served loads with their checks as they are now, of every product where `names` is None. Raises
    UnknownData and NotLoaded, before anything is checked."""
    served = warehouse.served()
    chosen = sorted(served) if names is None else list(dict.fromkeys(names))
    for name in chosen:
        if name not in warehouse.catalog.products:
            raise UnknownData(f"There is no data product {name}; `crewdesk catalog list` names them.")
        if name not in served:
            raise NotLoaded(f"{name} has not been loaded; run `crewdesk catalog load {name}`.")
    backend = ibis.duckdb.connect()
    try:
        return [_recheck_one(warehouse, backend, served, name, now) for name in chosen]
    finally:
        backend.disconnect()


def _recheck_one(
    warehouse: Warehouse, backend: Backend, served: dict[str, ProductLoad], name: str, now: datetime
) -> ProductLoad:
    load = served[name]
    others = _served_tables(warehouse, backend, served)
    history = [
        earlier
        for earlier in list_loads(warehouse.db, name, limit=100, state=LoadState.PUBLISHED)
        if (earlier.loaded_at, earlier.id) < (load.loaded_at, load.id)
    ]
    try:
        rows = backend.read_parquet(warehouse.file_of(load))
        checks = run_checks(warehouse.catalog.products[name], rows, others, history, now.date())
    except (NotLoaded, duckdb.Error) as error:
        checks = (_unreadable(name, error),)
    record_checks(warehouse.db, load.id, checks)
    return replace(load, checks=checks)


def _served_tables(
    warehouse: Warehouse, backend: Backend, served: dict[str, ProductLoad]
) -> Callable[[str], ibis.Table | None]:
    def find(name: str) -> ibis.Table | None:
        if name not in served:
            return None
        try:
            return backend.read_parquet(warehouse.file_of(served[name]))
        except NotLoaded:
            return None

    return find


def _unreadable(name: str, error: Exception) -> CheckResult:
    """Rows that are gone pass no check; nobody may be given a number from memory of them."""
    why = str(error) if isinstance(error, NotLoaded) else (
        f"The published rows of {name} cannot be read; run `crewdesk catalog load {name}`."
    )  # fmt: skip
    return CheckResult("published rows", "block", CheckState.FAIL, why)
