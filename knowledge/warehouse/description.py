"""Data products in words, as far as a principal may know of them: for those who write queries."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from knowledge.search.access import AccessScope
from knowledge.warehouse.disclosure import told_within_rights
from knowledge.warehouse.metric_spec import SemanticModel
from knowledge.warehouse.quality import judge_quality
from knowledge.warehouse.spec import DataProduct, MaskKind
from knowledge.warehouse.tables import open_tables
from knowledge.warehouse.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Described:
    name: str
    owner: str
    text: str


def list_products(warehouse: Warehouse, scope: AccessScope, words: str | None = None) -> list[Described]:
    """By name; those that have any of the words in their name, description, columns or metrics, if any."""
    with open_tables(warehouse, scope) as tables:
        products = [tables.product(name) for name in tables.names()]
    wanted = set((words or "").lower().replace(".", " ").split())
    return [
        Described(product.name, product.owner, text)
        for product in products
        if not wanted or wanted & _words_of(product, warehouse)
        for text in ["\n".join([product.description, *_metric_lines(product, warehouse)])]
    ]


def describe_product(warehouse: Warehouse, scope: AccessScope, name: str, now: datetime) -> Described:
    """Raises UnknownData."""
    with open_tables(warehouse, scope) as tables:
        product, masked = tables.product(name), tables.masked(name)
        quality = told_within_rights(judge_quality(warehouse, [name], now), [name], tables)
    served = warehouse.served().get(name)
    lines = [
        product.description,
        f"Owner: {product.owner}; steward: {product.steward}; from {product.origin}; {product.refresh}.",
        *([f"{served.rows:,} rows."] if served else []),
        *([f"Known issue: {issue}" for issue in product.known_issues]),
        *([finding.sentence for finding in quality.findings]),
        "Columns:",
        *_column_lines(product, masked),
        *_metric_lines(product, warehouse),
        *([f"Used so: {pattern}" for pattern in product.access_patterns]),
    ]
    return Described(product.name, product.owner, "\n".join(lines))


def _column_lines(product: DataProduct, masked: dict[str, MaskKind]) -> Iterator[str]:
    for column in product.columns:
        facts = [column.type.value, *([column.unit] if column.unit else [])]
        if column.name in masked:
            facts.append("masked for you")
        yield f"- {column.name} ({', '.join(facts)}): {column.description}"


def _metric_lines(product: DataProduct, warehouse: Warehouse) -> Iterator[str]:
    for model in _models_over(product, warehouse):
        for name, metric in model.metrics.items():
            unit = f" in {metric.unit}" if metric.unit else ""
            yield f"Metric {model.name}.{name}{unit}: {metric.description}"
        dimensions = ", ".join(f"{model.name}.{name}" for name in model.dimensions)
        if dimensions:
            yield f"Dimensions: {dimensions}"
        if model.joins:
            yield f"Joined to: {', '.join(join.model for join in model.joins.values())}"


def _models_over(product: DataProduct, warehouse: Warehouse) -> list[SemanticModel]:
    return [model for model in warehouse.catalog.models.values() if model.product == product.name]


def _words_of(product: DataProduct, warehouse: Warehouse) -> set[str]:
    texts = [product.name.replace(".", " "), product.description]
    texts += [f"{column.name} {column.description}" for column in product.columns]
    for model in _models_over(product, warehouse):
        texts += [f"{name} {' '.join(metric.synonyms)}" for name, metric in model.metrics.items()]
    return set(" ".join(texts).lower().replace("_", " ").replace(".", " ").split())
