"""Where a product's rows come from, and what tells whether they are others than last time."""

from collections.abc import Mapping

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.errors import SourceUnreadable
from knowledge.warehouse.loading.files import find_files
from knowledge.warehouse.loading.source import Origin
from knowledge.warehouse.loading.view import parse_view
from knowledge.warehouse.spec import DatabaseLocation, DataProduct, FileLocation
from ledger.data_products import ProductLoad


def find_origin(catalog: Catalog, served: Mapping[str, ProductLoad], product: DataProduct) -> Origin:
    """Raises SourceUnreadable if there is nothing to load from."""
    location = product.location
    if isinstance(location, FileLocation):
        return find_files(location, catalog.folder)
    if isinstance(location, DatabaseLocation):
        return Origin((), None, None)
    _, names = parse_view(location.sql)
    unknown = [name for name in names if name not in catalog.products]
    if unknown:
        raise SourceUnreadable(
            f"The view selects from {', '.join(unknown)}, which the catalog does not have."
        )
    loads = [served[name] for name in names if name in served]
    ages = [load.as_of for load in loads if load.as_of is not None]
    return Origin((), " ".join(load.id for load in loads), min(ages, default=None))
