"""What breaks when a column of a product is dropped, called otherwise or given another type, and who has to
know."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.errors import QueryRefused, UnknownData
from knowledge.warehouse.lineage_graph import (
    Edge,
    LineageGraph,
    Node,
    NodeKind,
    column_node,
    product_node,
    read_graph,
)
from knowledge.warehouse.spec import ColumnType, DataProduct

# They fall silent with their product, and nobody is told a wrong number for it.
_OF_ITS_OWN_LOAD = frozenset({NodeKind.CHECK, NodeKind.RULE})


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """`to` is the new name, or the new type."""

    kind: Literal["drop", "rename", "retype"]
    column: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Affected:
    """`why` is the rest of a sentence that begins with the name."""

    kind: NodeKind
    name: str
    owner: str | None
    why: str


def impact(catalog: Catalog, product: str, change: ColumnChange) -> tuple[Affected, ...]:
    """The nearest first. A change of type only reaches what is made of the column's values. Raises
    UnknownData where there is no such column, QueryRefused where the change is none."""
    found = catalog.products.get(product)
    if found is None:
        raise UnknownData(f"There is no data product {product}; `crewdesk catalog list` names them.")
    _check_change(found, change)
    graph = read_graph(catalog)
    start = column_node(product, change.column)
    affected: dict[Node, Affected] = {}
    waiting = deque(graph.below.get(start, []))
    while waiting:
        edge = waiting.popleft()
        node = edge.target
        if node not in affected and node != start:
            affected[node] = Affected(node.kind, node.name, graph.owners.get(node), edge.why)
            waiting.extend(_onwards(graph, node, change))
    for edge in graph.below.get(product_node(product), []):
        if edge.is_declared and edge.target not in affected:
            node, why = edge.target, f"{edge.why}; of which columns is not known"
            affected[node] = Affected(node.kind, node.name, graph.owners.get(node), why)
    return tuple(each for each in affected.values() if each.kind is not NodeKind.COLUMN)


def owners_of(affected: Iterable[Affected]) -> tuple[str, ...]:
    """Who has to know."""
    return tuple(sorted({each.owner for each in affected if each.owner}))


def _onwards(graph: LineageGraph, node: Node, change: ColumnChange) -> list[Edge]:
    """A view whose SQL no longer runs takes everything along that stands on it. One that merely gets
    another type goes on column by column."""
    if node.kind is NodeKind.PRODUCT and change.kind == "retype":
        return []
    return [
        edge
        for edge in graph.below.get(node, [])
        if not (node.kind is NodeKind.PRODUCT and edge.target.kind in _OF_ITS_OWN_LOAD)
    ]


def _check_change(product: DataProduct, change: ColumnChange) -> None:
    column = product.column(change.column)
    if column is None:
        names = ", ".join(each.name for each in product.columns)
        raise UnknownData(f"{product.name} has no column {change.column}; it has {names}.")
    if change.kind == "rename" and change.to and product.column(change.to):
        raise QueryRefused(f"{product.name} has a column {change.to} already; choose another name.")
    if change.kind == "retype":
        if change.to not in set(ColumnType):
            types = ", ".join(each.value for each in ColumnType)
            raise QueryRefused(f"'{change.to}' is no type of a column; there are {types}.")
        if column.type == change.to:
            raise QueryRefused(f"{change.column} of {product.name} is of the type {change.to} already.")
