"""In which order products are loaded: a view after what it selects from, and, where that is possible, a
product after those its checks refer to."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.check_spec import Reference, Sql
from knowledge.warehouse.checks.sql_check import parse_check
from knowledge.warehouse.errors import QueryRefused, SourceUnreadable, UnknownData
from knowledge.warehouse.loading.view import parse_view
from knowledge.warehouse.spec import DataProduct, ViewLocation
from knowledge.warehouse.sql_lineage import products_in
from ledger.errors import WorkspaceInvalid


def order_products(catalog: Catalog, names: Sequence[str] | None) -> list[DataProduct]:
    """All if no names are given. Raises UnknownData; WorkspaceInvalid if views select from each other in a
    circle."""
    unknown = next((name for name in names or () if name not in catalog.products), None)
    if unknown is not None:
        there = ", ".join(sorted(catalog.products)) or "none"
        raise UnknownData(f"There is no data product {unknown}; there are {there}.")
    after = {name: _selected(product) & set(catalog.products) for name, product in catalog.products.items()}
    if circle := _find_circle(after):
        raise WorkspaceInvalid(
            f"catalog/products: {' selects from '.join(circle)}; a view cannot be made of itself."
        )
    for name, product in sorted(catalog.products.items()):
        for other in sorted(_preferred(product) & set(catalog.products)):
            if not _leads_to(after, other, name):
                after[name].add(other)
    ordered: list[str] = []
    for name in sorted(catalog.products):
        _append(after, name, ordered)
    wanted = set(catalog.products if names is None else names)
    return [catalog.products[name] for name in ordered if name in wanted]


def _selected(product: DataProduct) -> set[str]:
    if not isinstance(product.location, ViewLocation):
        return set()
    try:
        return set(parse_view(product.location.sql)[1])
    except SourceUnreadable:
        # Its own load says so, and keeps the others out of it.
        return set()


def read_by_checks(product: DataProduct) -> set[str]:
    """The other products its checks look into."""
    read: set[str] = set()
    for check in product.checks:
        if isinstance(check, Reference):
            read.add(check.to_product)
        elif isinstance(check, Sql):
            # A check that cannot be read says so itself when it is made.
            with suppress(QueryRefused):
                read |= products_in(parse_check(check, product.name))
    return read - {product.name}


def _preferred(product: DataProduct) -> set[str]:
    return read_by_checks(product) | set(product.upstream)


def _leads_to(after: Mapping[str, Iterable[str]], start: str, goal: str) -> bool:
    seen, open_names = {start}, [start]
    while open_names:
        name = open_names.pop()
        if name == goal:
            return True
        found = set(after[name]) - seen
        seen |= found
        open_names += found
    return False


def _find_circle(after: Mapping[str, set[str]]) -> list[str] | None:
    """The names along one, the first again at its end."""
    for start in sorted(after):
        path = [start]
        while following := [name for name in sorted(after[path[-1]]) if _leads_to(after, name, start)]:
            if following[0] == start or start in following:
                return [*path, start]
            path.append(following[0])
            if len(path) > len(after):
                break
    return None


def _append(after: Mapping[str, set[str]], name: str, ordered: list[str]) -> None:
    if name in ordered:
        return
    for other in sorted(after[name]):
        _append(after, other, ordered)
    ordered.append(name)
