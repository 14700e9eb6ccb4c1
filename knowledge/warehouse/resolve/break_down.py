"""What can be asked further where somebody asks why: a figure says nothing of its reasons, and the parts it
can be cut into say where it comes from.

Only dimensions of few values that whoever asks may see; each part is a governed query like any other.
"""

from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import replace

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.query import MetricQuery
from knowledge.warehouse.resolve.readings import reading_of
from knowledge.warehouse.resolve.suggest import Reason, Suggestion, Suggestions
from knowledge.warehouse.resolve.values import ValueIndex, ValueKind
from knowledge.warehouse.vocabulary import DimensionRef, MetricRef, Vocabulary

_FEWEST_PARTS, _MOST_PARTS = 2, 12
_MOST_OFFERED = 3


def break_down(
    catalog: Catalog, values: ValueIndex, sure: Suggestion, visible: Container[str]
) -> Suggestions | None:
    """Queries that cut the figures of this one into parts, to choose from; None where nothing does."""
    vocabulary = Vocabulary(catalog, visible)
    metric = vocabulary.metric(sure.query.metrics[0])
    taken = {*sure.query.dimensions, *(item.dimension for item in sure.query.filters)}
    names = [name for name in _parts(catalog, vocabulary, values, metric) if name not in taken]
    queries = [_cut(sure.query, name) for name in names[:_MOST_OFFERED]]
    if not queries:
        return None
    found = tuple(replace(sure, query=query, reading=reading_of(query)) for query in queries)
    return Suggestions(
        suggestions=found,
        reason=Reason.AMBIGUOUS,
        why=_rests_on(sure, metric),
        alternatives=tuple(item.reading for item in found),
    )


def _cut(query: MetricQuery, dimension: str) -> MetricQuery:
    return replace(
        query, dimensions=(dimension,), grain=None, order_by=(), limit=None, share=False, having=()
    )


def _rests_on(sure: Suggestion, metric: MetricRef) -> str:
    definition = metric.metric.description.strip().rstrip(".")
    return (
        f"A figure does not say why. “{sure.reading}” is reckoned from {metric.model.product} "
        f"({metric.label}: {definition}). Cut into parts, it shows where it comes from."
    )


def _parts(catalog: Catalog, vocabulary: Vocabulary, values: ValueIndex, metric: MetricRef) -> Iterator[str]:
    """As `model.dimension`. What key figures are told by comes first, then one of each model, the nearest
    first."""
    reached = vocabulary.dimensions(metric.model)
    told_by = catalog.key_figures.dimensions if catalog.key_figures else ()
    first = [ref for name in told_by for ref in reached if name in (_named(ref), ref.full_name, ref.name)]
    of_each: dict[str, DimensionRef] = {}
    for ref in reached:
        if _has_few(values, _named(ref)):
            of_each.setdefault(ref.place.name, ref)
    # Where two joins lead to one model, its name would not say which is meant.
    places = Counter(place.model.name for place in vocabulary.places(metric.model))
    named = [_named(ref) for ref in (*first, *of_each.values()) if places[ref.place.model.name] == 1]
    yield from (name for name in dict.fromkeys(named) if _has_few(values, name))


def _named(ref: DimensionRef) -> str:
    return f"{ref.place.model.name}.{ref.name}"


def _has_few(values: ValueIndex, name: str) -> bool:
    known = values.facts.get(name)
    if known is None or known.kind is not ValueKind.TEXT or not known.is_complete:
        return False
    return _FEWEST_PARTS <= len(known.values) <= _MOST_PARTS
