"""Queries a question may mean: every choice of meanings that can be put together and run.

A query is made only of what the catalog can join: dimensions that the metric's model reaches, and a period
only where the model has a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import prod
from typing import Literal

from knowledge.warehouse.query import MetricFilter, MetricQuery
from knowledge.warehouse.resolve.lexicon import Lexicon, Meaning, MeaningKind
from knowledge.warehouse.resolve.mentions import mentions_of
from knowledge.warehouse.resolve.role_sheet import Roles
from knowledge.warehouse.resolve.roles import assign_roles
from knowledge.warehouse.resolve.segments import Segment
from knowledge.warehouse.resolve.shape import Shape
from knowledge.warehouse.resolve.unused import weigh_unused
from knowledge.warehouse.resolve.values import ValueIndex
from knowledge.warehouse.result import Value

_MOST_CHOICES = 400
_MOST_MEANINGS = 8
_HOP = 0.93

Direction = Literal["asc", "desc"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """`likely` orders readings of one question; `sound` says how far what is assumed can be trusted.
    `chosen` are the meanings by segment, `used` all names it is made of."""

    query: MetricQuery
    likely: float
    sound: float
    chosen: tuple[Meaning, ...]
    used: frozenset[str]
    is_listing: bool = False


def candidates_for(shape: Shape, lexicon: Lexicon, values: ValueIndex) -> list[Candidate]:
    """The likeliest first; each query once."""
    options = [_options(segment) for segment in shape.segments]
    found: dict[MetricQuery, Candidate] = {}
    for chosen in islice(product(*options), _MOST_CHOICES):
        candidate = _candidate(shape, chosen, lexicon, values)
        if candidate is None:
            continue
        known = found.get(candidate.query)
        if known is None or known.likely < candidate.likely:
            found[candidate.query] = candidate
    return sorted(found.values(), key=lambda item: -item.likely)


def _options(segment: Segment) -> tuple[Meaning, ...]:
    best = segment.meanings[0].strength
    return tuple(item for item in segment.meanings if item.strength >= 0.7 * best)[:_MOST_MEANINGS]


def _candidate(
    shape: Shape, chosen: Sequence[Meaning], lexicon: Lexicon, values: ValueIndex
) -> Candidate | None:
    mentions = mentions_of(shape, chosen)
    roles = assign_roles(shape, mentions, lexicon, values)
    if roles is None:
        return None
    filters = tuple(_filters(shape, roles, values))
    asked = [*roles.groups, *(item.dimension for item in filters)]
    distances = _distances(roles.measures, asked, lexicon)
    if distances is None:
        return None
    _weigh_context(roles, lexicon)
    _weigh_compared(shape, roles)
    query = _query(shape, roles, filters, lexicon)
    weigh_unused(shape, mentions, roles, query, lexicon)
    used = frozenset([*query.metrics, *query.dimensions, *asked, *(item.name for item in roles.context)])
    strength = prod(mention.meaning.strength for mention in mentions)
    sound = strength * prod(roles.factors)
    likely = sound * prod(roles.rank) * _HOP ** sum(distances)
    return Candidate(query, likely, sound, tuple(chosen), used, roles.is_listing)


def _distances(measures: Sequence[str], asked: Iterable[str], lexicon: Lexicon) -> list[int] | None:
    """How many joins away each is, or None where one cannot be reached."""
    found = []
    for name in asked:
        model = name.partition(".")[0]
        for measure in measures:
            reach = lexicon.reach[measure.partition(".")[0]]
            if model not in reach:
                return None
            found.append(reach[model])
    return found


def _filters(shape: Shape, roles: Roles, values: ValueIndex) -> Iterator[MetricFilter]:
    for mention in roles.flags:
        known = values.facts.get(mention.name)
        yes, no = (known.yes, known.no) if known else (True, False)
        yield MetricFilter(mention.name, "=", no if mention.negated else yes)
    by_dimension: dict[tuple[str, bool], list[Value]] = {}
    for mention in roles.values:
        by_dimension.setdefault((mention.name, mention.negated), []).append(mention.meaning.value)
    for (dimension, negated), said in by_dimension.items():
        several = tuple(dict.fromkeys(said))
        if len(several) > 1:
            yield MetricFilter(dimension, "not in" if negated else "in", several)
        else:
            yield MetricFilter(dimension, "!=" if negated else "=", several[0])
    for dimension, limit in roles.limits:
        is_whole = limit.value == limit.value.to_integral_value()
        yield MetricFilter(dimension, limit.operator, int(limit.value) if is_whole else float(limit.value))
    for dimension, is_missing in roles.missing:
        yield MetricFilter(dimension, "is null" if is_missing else "is not null")
    if roles.moment and shape.period:
        yield MetricFilter(roles.moment, ">=", shape.period.period.start)
        yield MetricFilter(roles.moment, "<", shape.period.period.end)


def _weigh_context(roles: Roles, lexicon: Lexicon) -> None:
    """What is spoken of besides has to have to do with what is measured."""
    models = {name.partition(".")[0] for name in roles.measures}
    reached = {model for name in models for model in lexicon.reach[name]}
    words = frozenset[str]().union(*(lexicon.words[name] for name in (*roles.measures, *roles.groups)))
    for mention in roles.context:
        is_said_again = set(mention.stems) <= words
        reaches_it = bool(models & lexicon.reach.get(mention.model, {}).keys())
        if mention.model not in reached and not reaches_it and not is_said_again:
            roles.factors.append(0.5)
        elif mention.kind is MeaningKind.ENTITY or is_said_again:
            roles.factors.append(0.99)
        else:
            roles.factors.append(0.97)


def _weigh_compared(shape: Shape, roles: Roles) -> None:
    if shape.superlative and not roles.groups and shape.grain is None:
        roles.factors.append(0.3)
    if shape.superlative and len(roles.groups) + (shape.grain is not None) > 1:
        # The best of each group is more than one order can say.
        roles.factors.append(0.4)
    if shape.share and not roles.groups and not roles.values and shape.grain is None:
        roles.factors.append(0.3)
    asks_who = any(token.key in ("who", "whom") for token in shape.tokens)
    if asks_who and not roles.groups:
        roles.factors.append(0.3)


def _query(shape: Shape, roles: Roles, filters: tuple[MetricFilter, ...], lexicon: Lexicon) -> MetricQuery:
    groups = list(roles.groups)
    groups += [item for item in _compared_values(shape, roles, filters) if item not in groups]
    if shape.share and not groups and roles.values:
        # A share of what is left after filtering would always be the whole.
        groups = [roles.values[0].name]
        filters = tuple(item for item in filters if item.dimension != groups[0])
        roles.factors.append(0.7)
    grain = shape.grain
    period = None if roles.moment or shape.period is None else shape.period.period
    compare = shape.comparison.compare_to if shape.comparison and period else None
    _weigh_time(shape, roles, lexicon, has_time=bool(period or grain))
    order, limit = _order(shape, roles, groups)
    return MetricQuery(
        metrics=tuple(roles.measures),
        dimensions=tuple(groups),
        filters=filters,
        period=period,
        grain=grain,
        compare_to=compare,
        order_by=order,
        limit=limit,
        share=shape.share and bool(groups or grain),
        having=tuple(roles.having),
    )


def _compared_values(shape: Shape, roles: Roles, filters: Sequence[MetricFilter]) -> list[str]:
    """`Beverages against Condiments`: several values of one dimension are told apart."""
    several = [item.dimension for item in filters if item.operator == "in"]
    if several and not roles.groups and not shape.pairs:
        roles.factors.append(0.92)
    return several


def _weigh_time(shape: Shape, roles: Roles, lexicon: Lexicon, *, has_time: bool) -> None:
    models = [name.partition(".")[0] for name in roles.measures]
    if has_time and any(model not in lexicon.time_of for model in models):
        roles.factors.append(0.1)
    if shape.comparison and (shape.comparison.is_assumed or roles.moment):
        roles.factors.append(0.3 if roles.moment else 0.85)
    if shape.times_left:
        roles.factors.append(0.3)


def _order(
    shape: Shape, roles: Roles, groups: Sequence[str]
) -> tuple[tuple[tuple[str, Direction], ...], int | None]:
    ties: list[tuple[str, Direction]] = [(name, "asc") for name in groups]
    measure = roles.most or roles.measures[0]
    if shape.superlative and (groups or shape.grain):
        limit = shape.superlative.limit
        if limit is None:
            limit = shape.superlative.usual_limit if roles.is_plural else 1
            if roles.is_plural:
                roles.factors.append(0.8)
        return ((measure, shape.superlative.direction), *ties), limit
    if roles.is_listing:
        return tuple(ties), None
    if shape.ascending is not None or (roles.subjects and roles.most and shape.grain is None and groups):
        return ((measure, "asc" if shape.ascending else "desc"), *ties), None
    return (), None
