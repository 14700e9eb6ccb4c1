"""Where a product, column or metric comes from, and what is made of it, as trees."""

from dataclasses import dataclass
from difflib import get_close_matches

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.errors import UnknownData
from knowledge.warehouse.lineage_graph import LineageGraph, Node, NodeKind, read_graph

_NAMEABLE = (NodeKind.PRODUCT, NodeKind.METRIC, NodeKind.COLUMN, NodeKind.DIMENSION)
_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Branch:
    """One node with what leads to it or on from it. `verb` stands between the two of them: upstream, the node
    before *is computed from* this one; downstream, this one *is computed from* the node before. A node that
    comes up again has its branches at its first place only."""

    kind: NodeKind
    name: str
    owner: str | None
    verb: str
    branches: tuple["Branch", ...] = ()


@dataclass(frozen=True, slots=True)
class Lineage:
    kind: NodeKind
    name: str
    owner: str | None
    upstream: tuple[Branch, ...]
    downstream: tuple[Branch, ...]


def lineage(catalog: Catalog, name: str) -> Lineage:
    """Of a product, `domain.product.column`, `model.metric` or `model.dimension`; of what has the same name,
    the first of these. Raises UnknownData."""
    graph = read_graph(catalog)
    node = _find(graph, name)
    up = _grow(graph, node, {node}, upstream=True)
    down = _grow(graph, node, {node}, upstream=False)
    return Lineage(node.kind, node.name, graph.owners.get(node), up, down)


def flatten(branches: tuple[Branch, ...]) -> tuple[Branch, ...]:
    """Every node once, the nearest first."""
    found: dict[tuple[NodeKind, str], Branch] = {}
    level = list(branches)
    while level:
        for branch in level:
            found.setdefault((branch.kind, branch.name), branch)
        level = [below for branch in level for below in branch.branches]
    return tuple(found.values())


def _find(graph: LineageGraph, name: str) -> Node:
    wished = name.strip()
    for kind in _NAMEABLE:
        if (node := Node(kind, wished)) in graph:
            return node
    names = sorted({node.name for node in graph.owners if node.kind in _NAMEABLE})
    near = get_close_matches(wished, names, _NEAREST)
    hint = f"did you mean {' or '.join(near)}?" if near else "`crewdesk catalog list` names the products."
    raise UnknownData(f"There is no product, column, metric or dimension called {wished}; {hint}")


def _grow(graph: LineageGraph, node: Node, seen: set[Node], *, upstream: bool) -> tuple[Branch, ...]:
    edges = (graph.above if upstream else graph.below).get(node, [])
    branches: list[Branch] = []
    for edge in edges:
        other = edge.source if upstream else edge.target
        if {node.kind, other.kind} == {NodeKind.PRODUCT, NodeKind.COLUMN}:
            # A product's own tree is of products: which columns a view reads, the columns' trees tell.
            continue
        is_new = other not in seen
        seen.add(other)
        further = _grow(graph, other, seen, upstream=upstream) if is_new else ()
        branches.append(Branch(other.kind, other.name, graph.owners.get(other), edge.verb, further))
    return tuple(branches)
