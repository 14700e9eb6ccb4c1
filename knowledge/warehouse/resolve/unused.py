"""What of a question a query leaves out: a phrase that was recognised and plays no part in it costs so much
that the query is never presented as certain."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from knowledge.warehouse.query import MetricQuery
from knowledge.warehouse.resolve.cues import Cue
from knowledge.warehouse.resolve.lexicon import Lexicon, MeaningKind
from knowledge.warehouse.resolve.mentions import Mention
from knowledge.warehouse.resolve.pairs import are_listed
from knowledge.warehouse.resolve.role_sheet import Roles
from knowledge.warehouse.resolve.segments import EXACT_ENOUGH
from knowledge.warehouse.resolve.shape import Shape
from knowledge.warehouse.resolve.word_lists import words_in

UNUSED = 0.5
"""Twice below what is certain, whatever else speaks for the reading."""

_LISTING = words_in("and & , / or vs versus against plus also along as well compared to than")
_HAVING = words_in("with without having had have has")
_ROWS = frozenset({MeaningKind.ENTITY, MeaningKind.METRIC})


def weigh_unused(
    shape: Shape, mentions: Sequence[Mention], roles: Roles, query: MetricQuery, lexicon: Lexicon
) -> None:
    losses = [
        *_spoken_of(shape, roles, query, lexicon),
        *_values_passed_over(mentions, query, lexicon),
        *_figures_apart(shape, mentions, query, roles, lexicon),
        *_denials(shape, mentions, roles, query),
        *_parts_of_the_query(shape, mentions, query),
    ]
    roles.factors += [UNUSED for is_lost in losses if is_lost]


def _spoken_of(shape: Shape, roles: Roles, query: MetricQuery, lexicon: Lexicon) -> Iterable[bool]:
    """What is only spoken of has to be rows that the query is about anyway, or a part of a definition."""
    models = {name.partition(".")[0] for name in (*query.metrics, *_dimensions(query))}
    for mention in roles.context:
        yield not (
            set(mention.stems) <= _titles(query.metrics, lexicon)
            or _is_part(shape, mention, query, lexicon)
            or (_names_rows(mention) and _has_to_do(mention, models, lexicon))
        ) or _is_condition(shape, mention, query)


def _is_condition(shape: Shape, mention: Mention, query: MetricQuery) -> bool:
    """`orders with a discount` asks for orders, and not for how much the discount is."""
    after = [token.key for token in shape.tokens[mention.segment.end : mention.segment.end + 2]]
    following = [item for item in shape.segments if item.start >= mention.segment.end][:1]
    has_figure = any(meaning.name in query.metrics for item in following for meaning in item.meanings)
    is_limited = shape.superlative is not None or bool(shape.limits) or bool(query.having)
    return bool(_HAVING & set(after)) and has_figure and not is_limited


def _titles(names: Iterable[str], lexicon: Lexicon) -> frozenset[str]:
    return frozenset[str]().union(*(lexicon.titles.get(name, frozenset()) for name in names))


def _is_part(shape: Shape, mention: Mention, query: MetricQuery, lexicon: Lexicon) -> bool:
    """`discount` in "revenue net of discount", if a definition says so in the same words."""
    start, end = mention.segment.start, mention.segment.end
    words = tuple(token.stem for token in shape.tokens[max(0, start - 1) : end] if not token.is_mark)
    return any(lexicon.says(name, words) for name in query.metrics)


def _names_rows(mention: Mention) -> bool:
    """Orders, not late orders: a plain word for what there is a row of."""
    is_entity = bool(mention.segment.of_kind(MeaningKind.ENTITY))
    return is_entity or mention.is_verb or (mention.meaning.counts and len(mention.stems) == 1)


def _has_to_do(mention: Mention, models: set[str], lexicon: Lexicon) -> bool:
    reached = {model for name in models for model in lexicon.reach.get(name, {})}
    return mention.model in reached or bool(models & lexicon.reach.get(mention.model, {}).keys())


def _dimensions(query: MetricQuery) -> list[str]:
    return [*query.dimensions, *(item.dimension for item in query.filters)]


def _values_passed_over(mentions: Sequence[Mention], query: MetricQuery, lexicon: Lexicon) -> Iterable[bool]:
    """A phrase that is a value to the letter, and was taken for something it only resembles."""
    reached = [lexicon.reach[name.partition(".")[0]] for name in query.metrics]
    for mention in mentions:
        if mention.kind is MeaningKind.VALUE:
            continue
        is_idle = mention.kind in _ROWS and not _takes_part(mention, query, lexicon)
        values = [
            item
            for item in mention.segment.of_kind(MeaningKind.VALUE)
            if all(item.model in far for far in reached)
        ]
        yield any(
            item.strength > mention.meaning.strength or (is_idle and item.strength >= EXACT_ENOUGH)
            for item in values
        )


def _takes_part(mention: Mention, query: MetricQuery, lexicon: Lexicon) -> bool:
    figures = (mention.name, lexicon.count_of.get(mention.model))
    is_figure = any(name in query.metrics or name in [item[0] for item in query.having] for name in figures)
    return is_figure or any(name.partition(".")[0] == mention.model for name in _dimensions(query))


def _figures_apart(
    shape: Shape, mentions: Sequence[Mention], query: MetricQuery, roles: Roles, lexicon: Lexicon
) -> Iterable[bool]:
    """Two figures are asked for only where they are listed: "inventory turnover" is neither."""
    figures = [(item, _figure(item, lexicon)) for item in mentions if item.kind in _ROWS and not item.negated]
    measured = [(item, name) for item, name in figures if name in query.metrics and item not in roles.context]
    for (one, first), (other, second) in pairwise(measured):
        if first == second or Cue.MOST in (one.cue, other.cue) or roles.most in (first, second):
            continue
        between = shape.tokens[one.segment.end : other.segment.start]
        yield not any(token.key in _LISTING for token in between)


def _figure(mention: Mention, lexicon: Lexicon) -> str | None:
    return mention.name if mention.kind is MeaningKind.METRIC else lexicon.count_of.get(mention.model)


def _denials(shape: Shape, mentions: Sequence[Mention], roles: Roles, query: MetricQuery) -> Iterable[bool]:
    """What follows a denial may belong to what is denied: customers who never ordered Chai are not those who
    ordered nothing."""
    measured = {name.partition(".")[0] for name in query.metrics}
    for mention in mentions:
        if not mention.negated or mention.kind is MeaningKind.VALUE:
            continue
        after = [item for item in mentions if item.place > mention.place and not item.negated]
        yield any(item.kind in (MeaningKind.VALUE, MeaningKind.FLAG) for item in after)
        yield any(limit.start > mention.segment.start for limit in shape.limits)
        is_told = shape.time_place is not None and shape.time_place > mention.segment.start
        yield is_told and (mention.kind in _ROWS or mention.model not in measured)
        yield mention.kind is MeaningKind.DIMENSION and all(name != mention.name for name, _ in roles.missing)


def _parts_of_the_query(shape: Shape, mentions: Sequence[Mention], query: MetricQuery) -> Iterable[bool]:
    yield shape.comparison is not None and query.compare_to is None
    yield shape.share and not query.share
    yield shape.grain is not None and query.grain is None
    flags = [
        item.dimension for item in query.filters if item.operator == "=" and not isinstance(item.value, str)
    ]
    yield len(set(flags)) < len(flags)
    for one, other in pairwise(mentions):
        kinds = {one.kind, other.kind}
        is_half = MeaningKind.VALUE in kinds and len(kinds) > 1
        yield is_half and are_listed(shape.tokens, one.segment, other.segment)
    for places in shape.pairs:
        first, second = (mentions[place] for place in places)
        values = [item.kind is MeaningKind.VALUE for item in (first, second)]
        yield any(values) and not (all(values) and first.name == second.name)
