"""Loads products of the catalog, one turn at a time per warehouse."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from knowledge.warehouse.loading.attempt import Checking, Turn, attempt_load
from knowledge.warehouse.loading.order import order_products
from knowledge.warehouse.loading.publish import hold_loading
from knowledge.warehouse.spec import DataProduct
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import ProductLoad, latest_loads


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """`load` is what became of `product`; None while it is at work."""

    product: str
    done: int
    total: int
    load: ProductLoad | None = None


def load_product(
    warehouse: Warehouse,
    product: DataProduct,
    now: datetime,
    *,
    connections: Mapping[str, str] | None = None,
    checking: Checking | None = None,
) -> ProductLoad:
    """The load as it was recorded; the served one if its source is unchanged since. Raises LoadRunning."""
    with hold_loading(warehouse.folder):
        return attempt_load(_begin(warehouse, now, connections, checking), product)


def load_products(
    warehouse: Warehouse,
    names: Sequence[str] | None,
    now: datetime,
    on_progress: Callable[[LoadProgress], None],
    *,
    connections: Mapping[str, str] | None = None,
    checking: Checking | None = None,
) -> list[ProductLoad]:
    """Each after those it is made of; all of the catalog if no names are given. Raises UnknownData,
    WorkspaceInvalid, LoadRunning, before anything is loaded."""
    products = order_products(warehouse.catalog, names)
    loads: list[ProductLoad] = []
    with hold_loading(warehouse.folder):
        turn = _begin(warehouse, now, connections, checking)
        for product in products:
            on_progress(LoadProgress(product.name, len(loads), len(products)))
            loads.append(attempt_load(turn, product))
            on_progress(LoadProgress(product.name, len(loads), len(products), loads[-1]))
    return loads


def _begin(
    warehouse: Warehouse,
    now: datetime,
    connections: Mapping[str, str] | None,
    checking: Checking | None,
) -> Turn:
    return Turn(
        warehouse,
        now,
        connections or {},
        checking or _shipped_checking(),
        served=warehouse.served(),
        latest=latest_loads(warehouse.db),
    )


def _shipped_checking() -> Checking:
    from knowledge.warehouse.checks import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        profile_rows,
        run_checks,
    )

    return Checking(run_checks, profile_rows)
