"""Where a figure comes from, how old it is, and by which definitions."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime

from knowledge.warehouse.disclosure import Visible
from knowledge.warehouse.result import MetricUse
from knowledge.warehouse.tables import PolicedTables
from knowledge.warehouse.vocabulary import MetricRef


def oldest_as_of(tables: PolicedTables, products: Iterable[str]) -> datetime | None:
    """Raises NotLoaded if one of them has no published rows."""
    moments = [tables.load(name).as_of for name in products]
    return min((moment for moment in moments if moment is not None), default=None)


def lineage_of(tables: Visible, catalog_products: Iterable[str], products: Iterable[str]) -> tuple[str, ...]:
    """Products and then the systems they come from, nearest first. Of a product the scope may not read
    neither its name nor what lies beyond it is told."""
    known, visible = frozenset(catalog_products), frozenset(tables.names())
    waiting, found, systems = deque(products), dict[str, None](), dict[str, None]()
    while waiting:
        name = waiting.popleft()
        if name in found:
            continue
        found[name] = None
        product = tables.product(name)
        waiting.extend(other for other in product.upstream if other in visible)
        systems |= dict.fromkeys(other for other in product.upstream if other not in known)
        systems[product.origin] = None
    return (*found, *systems)


def metric_use(ref: MetricRef) -> MetricUse:
    metric = ref.metric
    return MetricUse(ref.full_name, metric.version, ref.label, metric.description, metric.owner)
