"""Loads products of the catalog, one turn at a time per warehouse."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from knowledge.warehouse.loading.attempt import Turn, attempt_load
from knowledge.warehouse.loading.order import order_products, read_by_checks
from knowledge.warehouse.loading.publish import hold_loading
from knowledge.warehouse.recheck import recheck
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import ProductLoad, latest_loads


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """`load` is what became of `product`; None while it is at work."""

    product: str
    done: int
    total: int
    load: ProductLoad | None = None


def load_products(
    warehouse: Warehouse,
    names: Sequence[str] | None,
    now: datetime,
    on_progress: Callable[[LoadProgress], None],
    *,
    connections: Mapping[str, str] | None = None,
) -> list[ProductLoad]:
    """Each after those it is made of, as it was recorded, or as it is served if its source is unchanged; all
    of the catalog if no names are given. What is served and is checked against one that was published is
    checked again. Raises UnknownData, WorkspaceInvalid, LoadRunning, before anything is loaded."""
    products = order_products(warehouse.catalog, names)
    loads: list[ProductLoad] = []
    with hold_loading(warehouse.folder):
        before = warehouse.served()
        turn = Turn(warehouse, now, connections or {}, served=dict(before), latest=latest_loads(warehouse.db))
        for product in products:
            on_progress(LoadProgress(product.name, len(loads), len(products)))
            loads.append(attempt_load(turn, product))
            on_progress(LoadProgress(product.name, len(loads), len(products), loads[-1]))
        published = {name for name, load in turn.served.items() if load.id != _id_of(before.get(name))}
        touched = [
            name
            for name in turn.served.keys() - published
            if read_by_checks(warehouse.catalog.products[name]) & published
        ]
        if touched:
            recheck(warehouse, sorted(touched), now)
    return loads


def _id_of(load: ProductLoad | None) -> str | None:
    return load.id if load is not None else None
