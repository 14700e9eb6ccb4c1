"""Which figures of a workspace's catalog a report tells, as far as whoever asks for it may read them."""

from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.errors import QueryRefused, UnknownData
from knowledge.warehouse.resolve.values import ValueIndex, ValueKind
from knowledge.warehouse.vocabulary import DimensionRef, MetricRef, Vocabulary

_A_MODEL = 2
_FEWEST_GROUPS, _MOST_GROUPS = 2, 12
_MOST_DIMENSIONS = 4


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """The most important first. `vocabulary` and `values` are those of one asker."""

    vocabulary: Vocabulary
    values: ValueIndex
    metrics: tuple[MetricRef, ...]
    dimensions: tuple[str, ...]

    def breakdowns(self) -> Iterator[tuple[MetricRef, DimensionRef]]:
        """The leading metrics that may be summed, each by all dimensions, before the next one."""
        for ref in self.metrics:
            for name in self.dimensions if ref.metric.additivity == "additive" else ():
                found = self._dimension(ref, name)
                if found is not None:
                    yield ref, found

    def _dimension(self, ref: MetricRef, name: str) -> DimensionRef | None:
        try:
            return self.vocabulary.dimension(ref.model, name)
        except (UnknownData, QueryRefused):
            return None


def key_figures_of(catalog: Catalog, visible: frozenset[str], values: ValueIndex) -> KeyFigures:
    """As the catalog declares them; by rule where it declares none."""
    vocabulary = Vocabulary(catalog, visible)
    timed = [ref for ref in vocabulary.metrics() if vocabulary.time_of(ref.model) is not None]
    if catalog.key_figures is None:
        metrics = _by_rule(timed)
        return KeyFigures(vocabulary, values, metrics, _parts_by_rule(vocabulary, values, metrics))
    by_name = {ref.full_name: ref for ref in timed}
    metrics = tuple(by_name[name] for name in catalog.key_figures.metrics if name in by_name)
    declared = catalog.key_figures.dimensions
    return KeyFigures(vocabulary, values, metrics, declared or _parts_by_rule(vocabulary, values, metrics))


def _by_rule(timed: list[MetricRef]) -> tuple[MetricRef, ...]:
    """Of each model the first two of which somebody has said what is good; money that may be summed leads."""
    chosen: list[MetricRef] = []
    for ref in sorted((ref for ref in timed if ref.metric.good), key=_importance):
        if sum(other.model.name == ref.model.name for other in chosen) < _A_MODEL:
            chosen.append(ref)
    return tuple(chosen)


def _importance(ref: MetricRef) -> tuple[bool, bool]:
    metric = ref.metric
    return metric.format != "currency" or metric.good != "up", metric.additivity != "additive"


def _parts_by_rule(
    vocabulary: Vocabulary, values: ValueIndex, metrics: tuple[MetricRef, ...]
) -> tuple[str, ...]:
    """Names with few values: one of a model's own, and one of each it is joined to; of the first of the
    metrics that has any."""
    of_each = (_names_in(vocabulary, values, ref) for ref in metrics if ref.metric.additivity == "additive")
    return next((found for found in of_each if found), ())


def _names_in(vocabulary: Vocabulary, values: ValueIndex, metric: MetricRef) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for ref in vocabulary.dimensions(metric.model):
        name = f"{ref.place.model.name}.{ref.name}"
        known = values.facts.get(name)
        if known is None or known.kind is not ValueKind.TEXT or not known.is_complete:
            continue
        if _FEWEST_GROUPS <= len(known.values) <= _MOST_GROUPS:
            found.setdefault(ref.place.name, name)
    return tuple(list(found.values())[:_MOST_DIMENSIONS])
