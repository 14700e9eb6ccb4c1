"""Everything the catalog says of what is made of what, as one graph: systems, products, their columns,
metrics, dimensions, joins, entities, checks, rules and whoever uses them.

An edge leads from what is used to what uses it. Nothing here reads rows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.check_spec import Check, Reference, Sql
from knowledge.warehouse.checks.sql_check import parse_check
from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.expression_names import columns_of_condition, names_in
from knowledge.warehouse.metric_spec import Entity, SemanticModel
from knowledge.warehouse.spec import DataProduct, ViewLocation
from knowledge.warehouse.sql_lineage import (
    Derivation,
    SqlTrace,
    parse_select,
    products_in,
    trace_sql,
)

_VERBS = {
    Derivation.IDENTITY: "is a copy of",
    Derivation.TRANSFORMATION: "is computed from",
    Derivation.AGGREGATION: "is aggregated from",
}


class NodeKind(StrEnum):
    SYSTEM = "system"
    PRODUCT = "product"
    COLUMN = "column"
    METRIC = "metric"
    DIMENSION = "dimension"
    JOIN = "join"
    ENTITY = "entity"
    CHECK = "check"
    RULE = "rule"
    REPORT = "report"
    DASHBOARD = "dashboard"
    SCHEDULE = "schedule"
    TEAM = "team"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A column is named `domain.product.column`, a metric, dimension or join `model.name`, a check or rule
    `domain.product: what it is`."""

    kind: NodeKind
    name: str


@dataclass(frozen=True, slots=True)
class Edge:
    """`verb` stands between the two: `orders.revenue` *is computed from* `sales.orders.net`. `is_declared`
    where somebody says so, and nothing tells which columns it is about."""

    source: Node
    target: Node
    verb: str
    is_declared: bool = False

    @property
    def why(self) -> str:
        return f"{self.verb} {self.source.name}"


@dataclass(slots=True)
class LineageGraph:
    """`owners` has every node that somebody answers for."""

    owners: dict[Node, str] = field(default_factory=dict)
    below: dict[Node, list[Edge]] = field(default_factory=dict)
    above: dict[Node, list[Edge]] = field(default_factory=dict)

    def add(self, source: Node, target: Node, verb: str, *, is_declared: bool = False) -> None:
        edge = Edge(source, target, verb, is_declared)
        known = self.below.setdefault(source, [])
        if all(other.target != target for other in known):
            known.append(edge)
            self.above.setdefault(target, []).append(edge)

    def __contains__(self, node: Node) -> bool:
        return node in self.owners or node in self.below or node in self.above


def column_node(product: str, column: str) -> Node:
    return Node(NodeKind.COLUMN, f"{product}.{column}")


def product_node(name: str) -> Node:
    return Node(NodeKind.PRODUCT, name)


def read_graph(catalog: Catalog) -> LineageGraph:
    """What cannot be read, such as a view's broken SQL, leads to whole products instead of columns."""
    graph = LineageGraph()
    for product in catalog.products.values():
        _own_columns(graph, product)
    for product in catalog.products.values():
        _add_origin(graph, catalog, product)
        _add_consumers(graph, product)
        _add_checks(graph, catalog, product)
        _add_rules(graph, product)
    for model in catalog.models.values():
        _add_model(graph, catalog, model)
    for entity in catalog.entities.values():
        _add_entity(graph, catalog, entity)
    return graph


def trace_view(catalog: Catalog, product: DataProduct) -> SqlTrace | None:
    """None for a product that is no view, or whose SQL cannot be traced to columns."""
    if not isinstance(product.location, ViewLocation):
        return None
    try:
        query = parse_select(product.location.sql, catalog.products)
        return trace_sql(query, _columns_of(catalog, products_in(query)))
    except QueryRefused:
        return None


def _own_columns(graph: LineageGraph, product: DataProduct) -> None:
    graph.owners[product_node(product.name)] = product.owner
    for column in product.columns:
        graph.owners[column_node(product.name, column.name)] = product.owner


def _add_origin(graph: LineageGraph, catalog: Catalog, product: DataProduct) -> None:
    node = product_node(product.name)
    trace = trace_view(catalog, product)
    read = trace.products if trace else _read_by_unclear_view(catalog, product)
    for name in sorted(read):
        graph.add(product_node(name), node, "is a view over")
    for name in product.upstream:
        kind = NodeKind.PRODUCT if name in catalog.products else NodeKind.SYSTEM
        graph.add(Node(kind, name), node, "is made of", is_declared=True)
    if not isinstance(product.location, ViewLocation):
        origin = Node(NodeKind.SYSTEM, product.origin)
        for target in (node, *(column_node(product.name, column.name) for column in product.columns)):
            graph.add(origin, target, "comes from")
    if trace is not None:
        _add_trace(graph, product, trace)
        return
    for name in sorted(read):
        for column in catalog.products[name].columns:
            graph.add(column_node(name, column.name), node, "may read")


def _add_trace(graph: LineageGraph, product: DataProduct, trace: SqlTrace) -> None:
    for derived in trace.columns:
        target = column_node(product.name, derived.name)
        for source in derived.sources:
            graph.add(column_node(source.product, source.column), target, _VERBS[derived.how])
    for source in sorted(trace.needed):
        graph.add(column_node(source.product, source.column), product_node(product.name), "reads")


def _read_by_unclear_view(catalog: Catalog, product: DataProduct) -> frozenset[str]:
    if not isinstance(product.location, ViewLocation):
        return frozenset()
    words = product.location.sql
    return frozenset(name for name in catalog.products if name in words and name != product.name)


def _add_consumers(graph: LineageGraph, product: DataProduct) -> None:
    for consumer in product.consumers:
        node = Node(NodeKind(consumer.kind), consumer.name)
        graph.owners[node] = consumer.owner
        graph.add(product_node(product.name), node, "uses")
        for column in consumer.columns or [column.name for column in product.columns]:
            graph.add(column_node(product.name, column), node, "uses")


def _add_checks(graph: LineageGraph, catalog: Catalog, product: DataProduct) -> None:
    for check in product.checks:
        node = Node(NodeKind.CHECK, f"{product.name}: {check.label}")
        graph.owners[node] = product.owner
        for column in _checked_columns(catalog, product, check):
            graph.add(column, node, "checks")


def _checked_columns(catalog: Catalog, product: DataProduct, check: Check) -> Iterator[Node]:
    yield from (column_node(product.name, column) for column in check.of_columns)
    if isinstance(check, Reference):
        yield column_node(check.to_product, check.to_column)
    if not isinstance(check, Sql):
        return
    try:
        query = parse_check(check, product.name, catalog.products)
        trace = trace_sql(query, _columns_of(catalog, products_in(query)))
    except QueryRefused:
        return
    yield from (column_node(column.product, column.column) for column in sorted(trace.needed))


def _add_rules(graph: LineageGraph, product: DataProduct) -> None:
    """What else of a product's own file speaks of its columns."""
    rules: list[tuple[str, Iterable[str]]] = [
        ("primary key", product.primary_key),
        ("who sees it unmasked", product.access.unmasked),
    ]
    if product.freshness and product.freshness.column:
        rules.append(("freshness", (product.freshness.column,)))
    for rule in product.access.rows:
        rules.append((f"rows for {', '.join(rule.groups)}", columns_of_condition(rule.where)))
    for what, columns in rules:
        node = Node(NodeKind.RULE, f"{product.name}: {what}")
        for column in sorted(set(columns)):
            if product.column(column):
                graph.owners[node] = product.owner
                graph.add(column_node(product.name, column), node, "names")


def _add_model(graph: LineageGraph, catalog: Catalog, model: SemanticModel) -> None:
    product = catalog.products[model.product]
    for name, dimension in model.dimensions.items():
        node = Node(NodeKind.DIMENSION, f"{model.name}.{name}")
        graph.owners[node] = product.owner
        graph.add(product_node(product.name), node, "is computed over")
        used = names_in(dimension.expr) if dimension.expr else {name}
        for column in sorted(used):
            if product.column(column):
                graph.add(column_node(product.name, column), node, "is computed from")
    for name, metric in model.metrics.items():
        node = Node(NodeKind.METRIC, f"{model.name}.{name}")
        graph.owners[node] = metric.owner
        graph.add(product_node(product.name), node, "is computed over")
        for used_name in sorted(names_in(metric.expr) - {name if metric.is_ratio else ""}):
            if source := _meant(model, product, used_name, is_ratio=metric.is_ratio):
                graph.add(source, node, "is computed from")
    for name, join in model.joins.items():
        node = Node(NodeKind.JOIN, f"{model.name}.{name}")
        graph.owners[node] = product.owner
        theirs = catalog.models[join.model].product
        for mine, its in join.on.items():
            graph.add(column_node(product.name, mine), node, "joins by")
            graph.add(column_node(theirs, its), node, "joins by")
        graph.add(product_node(theirs), node, "joins")


def _meant(model: SemanticModel, product: DataProduct, name: str, *, is_ratio: bool) -> Node | None:
    """What a name in a metric's expression stands for: in a ratio first of all another metric."""
    whole = f"{model.name}.{name}"
    metric = Node(NodeKind.METRIC, whole) if name in model.metrics else None
    column = column_node(product.name, name) if product.column(name) else None
    dimension = Node(NodeKind.DIMENSION, whole) if name in model.dimensions else None
    return (metric or column or dimension) if is_ratio else (column or dimension or metric)


def _add_entity(graph: LineageGraph, catalog: Catalog, entity: Entity) -> None:
    node = Node(NodeKind.ENTITY, entity.name)
    graph.owners[node] = catalog.products[entity.product].owner
    graph.add(product_node(entity.product), node, "is described by")
    for column in dict.fromkeys((entity.key, *entity.attributes)):
        graph.add(column_node(entity.product, column), node, "is described by")
    for name, feature in entity.features.items():
        graph.add(Node(NodeKind.METRIC, feature.metric), node, f"takes its feature {name} from")


def _columns_of(catalog: Catalog, names: Iterable[str]) -> dict[str, list[str]]:
    return {name: [column.name for column in catalog.products[name].columns] for name in names}
