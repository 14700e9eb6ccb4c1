"""Which part each phrase of a question plays once one of its meanings is chosen: what is measured, what it is
told by, what restricts it, and what only says it again."""

from collections.abc import Sequence

from knowledge.warehouse.resolve.bindings import bind_values, part_flags
from knowledge.warehouse.resolve.cues import Cue
from knowledge.warehouse.resolve.implied import promote
from knowledge.warehouse.resolve.lexicon import Lexicon, MeaningKind
from knowledge.warehouse.resolve.mentions import Mention
from knowledge.warehouse.resolve.role_limits import (
    compare_groups,
    limit_places,
    name_groups,
    take_limits,
    take_missing,
    take_moment,
    take_nothing_of,
    weigh_count,
)
from knowledge.warehouse.resolve.role_sheet import Roles
from knowledge.warehouse.resolve.shape import Shape
from knowledge.warehouse.resolve.values import ValueIndex, ValueKind
from knowledge.warehouse.resolve.word_lists import words_in
from knowledge.warehouse.resolve.words import is_light

_LISTING = frozenset({"and", "&"})
_BEING = words_in("are is were was")
_COUNTING = frozenset({"count", "counts", "number", "numbers"})


def assign_roles(
    shape: Shape, mentions: Sequence[Mention], lexicon: Lexicon, values: ValueIndex
) -> Roles | None:
    """None where the chosen meanings cannot be said together this way."""
    roles = Roles()
    pending: list[Mention] = []
    take_limits(shape, mentions, lexicon, values, roles)
    limited = limit_places(shape, mentions)
    take_moment(shape, mentions, lexicon, roles)
    for mention in mentions:
        if mention.place in limited or mention.name == roles.moment:
            continue
        if mention.negated and mention.kind in (MeaningKind.METRIC, MeaningKind.ENTITY):
            if not take_nothing_of(mention, lexicon, roles):
                return None
            continue
        if mention.kind is MeaningKind.DIMENSION and _is_idle(shape, mention):
            continue
        if mention.kind is MeaningKind.DIMENSION and take_missing(mention, values, roles):
            continue
        if mention.kind is MeaningKind.VALUE:
            roles.values.append(mention)
        elif mention.kind is MeaningKind.FLAG:
            _take_flag(mention, roles)
        elif mention.kind is MeaningKind.METRIC:
            if not _take_metric(shape, mention, mentions, lexicon, roles):
                return None
        elif mention.kind is MeaningKind.ENTITY:
            if not _take_entity(shape, mention, mentions, lexicon, roles):
                return None
        else:
            pending.append(mention)
    part_flags(roles)
    bind_values(shape, mentions, pending, roles)
    explicit = bool(roles.measures or roles.having)
    for mention in pending:
        _take_dimension(shape, mention, mentions, lexicon, roles, values, has_measure=explicit)
    if roles.having and not name_groups(lexicon, roles):
        return None
    if not roles.measures and not promote(shape, lexicon, roles):
        if not (roles.having and roles.groups):
            return None
        # "Which regions had less than 1,000 in sales": what is limited is told.
        roles.measures += [name for name, _, _ in roles.having]
    if roles.having and not compare_groups(shape, lexicon, roles):
        return None
    return roles


def _is_ranked(shape: Shape) -> bool:
    return shape.superlative is not None or shape.ascending is not None


def _is_idle(shape: Shape, mention: Mention) -> bool:
    """`placed` in "placed more than 10 orders": no order is not."""
    word = shape.tokens[mention.segment.start]
    is_word = mention.segment.end - mention.segment.start == 1 and is_light([word.stem])
    return mention.meaning.is_participle and is_word and mention.cue is Cue.NONE and not mention.negated


def _take_metric(
    shape: Shape, mention: Mention, mentions: Sequence[Mention], lexicon: Lexicon, roles: Roles
) -> bool:
    if mention.meaning.counts:
        if _is_told_of(shape, mention, mentions):
            roles.context.append(mention)
            return True
        if _is_listed(shape, mention, mentions):
            return _measure(mention, roles)
        weigh_count(mention, lexicon, roles)
        if mention.cue in (Cue.GROUP, Cue.WHICH) and not mention.aside:
            if mention.cue is Cue.GROUP and not _is_ranked(shape):
                # "revenue per order" is a figure of its own, and no two.
                return False
            return not _is_entity(mention) and _measure(mention, roles)
        if mention.cue in (Cue.COUNT, Cue.MOST):
            return _measure(mention, roles)
        roles.context.append(mention)
        return True
    if mention.cue is Cue.GROUP and _is_entity(mention) and not _is_ranked(shape):
        # "profit by store" has one figure, and groups.
        return False
    others = [
        other
        for other in mentions
        if other.place != mention.place and other.kind is MeaningKind.METRIC and not other.meaning.counts
    ]
    if mention.is_verb:
        counted = any(
            other.cue in (Cue.COUNT, Cue.MOST) for other in mentions if other.place != mention.place
        )
        if others or counted:
            roles.context.append(mention)
            return True
        roles.factors.append(0.8)
    if any(_repeats(mention, other, lexicon) for other in others):
        roles.context.append(mention)
        return True
    return _measure(mention, roles)


def _is_told_of(shape: Shape, mention: Mention, mentions: Sequence[Mention]) -> bool:
    """`customers` in "how many customers are members", where members are counted themselves."""
    return mention.cue is Cue.COUNT and any(
        other.kind is MeaningKind.METRIC
        and not other.meaning.counts
        and other.model == mention.model
        and _is_predicate([token.key for token in shape.tokens[mention.segment.end : other.segment.start]])
        for other in mentions
    )


def _is_predicate(between: Sequence[str]) -> bool:
    return bool(_BEING & set(between)) and not {"and", ",", "what", "which"} & set(between)


def _is_listed(shape: Shape, mention: Mention, mentions: Sequence[Mention]) -> bool:
    """Whether it stands in one list with a figure: `revenue and orders by store`, but not the `order` of
    `revenue and order count`."""
    between, after = mention.segment.start - 1, mention.segment.end
    if after < len(shape.tokens) and shape.tokens[after].key in _COUNTING:
        return False
    return any(
        other.kind is MeaningKind.METRIC
        and other.segment.end == between
        and shape.tokens[between].key in _LISTING
        for other in mentions
    )


def _repeats(mention: Mention, other: Mention, lexicon: Lexicon) -> bool:
    """Whether it is only a part of the other's definition: `discount` in revenue net of discount."""
    longer = len(other.stems) > len(mention.stems) or other.place < mention.place
    near = abs(other.place - mention.place) == 1 and mention.cue is Cue.NONE
    return near and longer and set(mention.stems) <= lexicon.words[other.name]


def _is_entity(mention: Mention) -> bool:
    return bool(mention.segment.of_kind(MeaningKind.ENTITY, MeaningKind.DIMENSION))


def _measure(mention: Mention, roles: Roles) -> bool:
    if mention.name not in roles.measures:
        roles.measures.append(mention.name)
    if mention.cue is Cue.MOST or (mention.cue is Cue.GROUP and roles.most is None):
        roles.most = mention.name
    return True


def _take_entity(
    shape: Shape, mention: Mention, mentions: Sequence[Mention], lexicon: Lexicon, roles: Roles
) -> bool:
    if _is_told_of(shape, mention, mentions):
        roles.context.append(mention)
        return True
    if mention.cue in (Cue.COUNT, Cue.MOST) or _is_listed(shape, mention, mentions):
        count = lexicon.count_of.get(mention.model)
        if count is None:
            return False
        if count not in roles.measures:
            roles.measures.append(count)
        if mention.cue is Cue.MOST:
            roles.most = count
        return True
    if mention.cue in (Cue.GROUP, Cue.WHICH):
        label = lexicon.label_of.get(mention.model)
        if label is None:
            return False
        if label not in roles.groups:
            roles.subjects[mention.model] = len(roles.groups)
            roles.groups.append(label)
            if mention.cue is Cue.WHICH:
                last = shape.tokens[mention.segment.end - 1].key
                roles.is_plural = last.endswith("s") and not last.endswith("ss")
        return True
    roles.context.append(mention)
    return True


def _take_flag(mention: Mention, roles: Roles) -> None:
    if mention.cue is Cue.GROUP and not mention.negated:
        roles.groups.append(mention.name)
    else:
        roles.flags.append(mention)


def _take_dimension(
    shape: Shape,
    mention: Mention,
    mentions: Sequence[Mention],
    lexicon: Lexicon,
    roles: Roles,
    values: ValueIndex,
    *,
    has_measure: bool,
) -> None:
    if mention.place in roles.bound:
        return
    subject = roles.subjects.get(mention.model)
    if mention.cue in (Cue.NONE, Cue.WHICH) and subject is not None and (mention.aside or not has_measure):
        # "Top 5 customers (company name)": how the rows are to be called.
        if mention.name not in roles.groups:
            if mention.aside:
                roles.groups[subject] = mention.name
            else:
                roles.groups.append(mention.name)
        return
    if mention.name in roles.groups:
        return
    if mention.cue in (Cue.NONE, Cue.COUNT, Cue.MOST) and _is_adjunct(mention, mentions, lexicon):
        roles.factors.append(0.97)
        return
    roles.groups.append(mention.name)
    if mention.cue is not Cue.GROUP and _is_number(mention, values):
        # "Units on order" asks for no figure per number on order.
        roles.factors.append(0.5)
    if mention.cue is Cue.WHICH:
        last = shape.tokens[mention.segment.end - 1].key
        roles.is_plural = last.endswith("s") and not last.endswith("ss")
    if mention.cue in (Cue.MOST, Cue.COUNT):
        # A number of distinct values, or the largest of them, is no metric of the catalog.
        roles.factors.append(0.3)
    elif mention.cue is Cue.NONE and has_measure:
        roles.factors.append(0.7)


def _is_adjunct(mention: Mention, mentions: Sequence[Mention], lexicon: Lexicon) -> bool:
    """`pipeline` in "pipeline runs" says of what the runs are."""
    following = mentions[mention.place + 1 : mention.place + 2]
    return any(
        item.kind in (MeaningKind.METRIC, MeaningKind.ENTITY)
        and item.segment.start == mention.segment.end
        and item.model == mention.model
        and set(mention.stems) <= lexicon.titles[item.model]
        for item in following
    )


def _is_number(mention: Mention, values: ValueIndex) -> bool:
    known = values.facts.get(mention.name)
    return known is not None and known.kind is ValueKind.NUMBER
