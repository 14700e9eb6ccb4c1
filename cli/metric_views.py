"""The metrics' definitions as people and programs read them."""

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.screen import printable

if TYPE_CHECKING:
    from knowledge.search.access import AccessScope
    from knowledge.warehouse.vocabulary import MetricRef, Vocabulary
    from knowledge.warehouse.warehouse import Warehouse


class MetricSummary(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str
    definition: str
    owner: str
    unit: str | None
    synonyms: tuple[str, ...]


class MetricList(BaseModel):
    model_config = ConfigDict(frozen=True)

    metrics: tuple[MetricSummary, ...]


class MetricView(MetricSummary):
    """`dimensions` are what it can be asked by, nearest first; `time` what periods go by."""

    version: int
    expression: str
    additivity: str
    product: str
    time: str | None
    dimensions: tuple[str, ...]


def list_metrics(warehouse: "Warehouse", scope: "AccessScope") -> tuple[MetricSummary, ...]:
    return tuple(
        MetricSummary.model_validate(_summary(ref)) for ref in _vocabulary(warehouse, scope).metrics()
    )


def view_metric(warehouse: "Warehouse", scope: "AccessScope", name: str) -> MetricView:
    """Raises UnknownData, QueryRefused."""
    words = _vocabulary(warehouse, scope)
    ref = words.metric(name)
    time = words.time_of(ref.model)
    return MetricView.model_validate(
        {
            **_summary(ref),
            "version": ref.metric.version,
            "expression": ref.metric.expr,
            "additivity": "none" if ref.metric.is_ratio else ref.metric.additivity,
            "product": ref.model.product,
            "time": time.full_name if time else None,
            "dimensions": tuple(item.full_name for item in words.dimensions(ref.model)),
        }
    )


def print_metrics(screen: Console, found: MetricList) -> None:
    if not found.metrics:
        screen.print("There are no metrics you may ask for.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("metric", "unit", "definition", "owner"):
        table.add_column(heading, overflow="fold")
    for metric in found.metrics:
        cells = (metric.name, metric.unit or "", metric.definition, metric.owner)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    screen.print(table)


def print_metric(screen: Console, view: MetricView) -> None:
    screen.print(Text(printable(view.name), style="bold"))
    screen.print(Text(printable(view.definition)))
    facts = {
        "expression": view.expression,
        "version": str(view.version),
        "unit": view.unit or "none",
        "summing up": {"additive": "over everything", "semi": "not over time"}.get(view.additivity, "never"),
        "owner": view.owner,
        "product": view.product,
        "also called": ", ".join(view.synonyms) or "nothing else",
        "time": view.time or "none",
        "ask by": ", ".join(view.dimensions) or "nothing",
    }
    for name, value in facts.items():
        screen.print(Text(f"  {name:<12} ", style="dim").append(printable(value), style="default"))


def _vocabulary(warehouse: "Warehouse", scope: "AccessScope") -> "Vocabulary":
    from knowledge.warehouse.policy import policy_for
    from knowledge.warehouse.vocabulary import Vocabulary

    products = warehouse.catalog.products.items()
    visible = [name for name, product in products if policy_for(product, scope)]
    return Vocabulary(warehouse.catalog, visible)


def _summary(ref: "MetricRef") -> dict[str, object]:
    metric = ref.metric
    return {
        "name": ref.full_name,
        "definition": metric.description,
        "owner": metric.owner,
        "unit": metric.unit,
        "synonyms": metric.synonyms,
    }
