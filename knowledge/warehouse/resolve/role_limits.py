"""What narrows the groups or rows of a question besides values: limits on numbers, what there is none of, and
which date its period is about."""

from collections.abc import Sequence
from decimal import Decimal

from knowledge.warehouse.resolve.cues import Cue
from knowledge.warehouse.resolve.lexicon import Lexicon, MeaningKind
from knowledge.warehouse.resolve.limits import NumberLimit
from knowledge.warehouse.resolve.mentions import Mention
from knowledge.warehouse.resolve.role_sheet import Roles
from knowledge.warehouse.resolve.shape import Shape
from knowledge.warehouse.resolve.values import ValueIndex, ValueKind
from knowledge.warehouse.resolve.words import all_stems, is_light

_NEAR = 3
_LIMITED = frozenset({MeaningKind.DIMENSION, MeaningKind.METRIC, MeaningKind.ENTITY})


def take_nothing_of(mention: Mention, lexicon: Lexicon, roles: Roles) -> bool:
    """`customers without orders`, `products never sold`: what there is none of."""
    name = mention.name if mention.kind is MeaningKind.METRIC else lexicon.count_of.get(mention.model)
    if name is None or name in roles.measures or lexicon.metric(name).additivity != "additive":
        return False
    roles.having.append((name, "=", Decimal(0)))
    return True


def take_missing(mention: Mention, values: ValueIndex, roles: Roles) -> bool:
    """`not shipped`, where all there is is the day it was: no day is known."""
    known = values.facts.get(mention.name)
    is_state = mention.meaning.is_participle and known is not None and known.kind is ValueKind.TIME
    if mention.cue is not Cue.NONE or not (is_state or mention.negated):
        return False
    if known is not None and known.kind is ValueKind.NUMBER:
        # "No stock" is a stock of nothing, or one that nobody knows.
        roles.factors.append(0.5)
    roles.missing.append((mention.name, mention.negated))
    roles.factors.append(0.97 if is_state else 0.8)
    roles.rank.append(0.95)
    return True


def name_groups(lexicon: Lexicon, roles: Roles) -> bool:
    """A limit on a figure is one on groups, so there have to be some: what the question speaks of first."""
    if roles.groups:
        return True
    for mention in roles.context:
        label = lexicon.label_of.get(mention.model)
        if label and mention.segment.of_kind(MeaningKind.ENTITY):
            roles.groups.append(label)
            roles.subjects[mention.model] = 0
            roles.context.remove(mention)
            roles.is_listing = True
            return True
    return False


def compare_groups(shape: Shape, lexicon: Lexicon, roles: Roles) -> bool:
    """The groups' own count comes first: one that has none of the other figure is there by it."""
    if any(cue is Cue.COUNT for cue in shape.cues):
        # The number of such groups is asked for, which no query tells.
        roles.factors.append(0.2)
    count = lexicon.count_of.get(roles.groups[0].partition(".")[0])
    wanted = [name for name, _, _ in roles.having]
    none_of = any(value == 0 for _, _, value in roles.having)
    if none_of and count is None:
        return False
    own = [count] if none_of and count else []
    # What was promoted for want of a measure gives way to what is compared.
    kept = [name for name in roles.measures if name != count]
    roles.measures = list(dict.fromkeys([*own, *kept, *wanted]))
    return True


def take_limits(
    shape: Shape, mentions: Sequence[Mention], lexicon: Lexicon, values: ValueIndex, roles: Roles
) -> None:
    for limit in shape.limits:
        mention = _limited(limit, mentions)
        known = values.facts.get(mention.name) if mention else None
        if mention and known and known.kind is ValueKind.NUMBER and mention.kind is MeaningKind.DIMENSION:
            roles.limits.append((mention.name, limit))
        elif mention and (name := _counted_already(mention, mentions, values)):
            roles.limits.append((name, limit))
        elif mention and (name := _figure(mention, lexicon)):
            if mention.meaning.counts:
                weigh_count(mention, lexicon, roles)
            is_percent = lexicon.metric(name).format == "percent" and limit.value > 1
            roles.having.append((name, limit.operator, limit.value / 100 if is_percent else limit.value))
            roles.rank.append(0.9)
        else:
            roles.factors.append(0.15)


def _counted_already(mention: Mention, mentions: Sequence[Mention], values: ValueIndex) -> str | None:
    """`How many customers placed more than 10 orders`: a number that each customer's row has."""
    subjects = {
        item.model for item in mentions if item.cue is Cue.COUNT and item.segment.of_kind(MeaningKind.ENTITY)
    }
    for name, known in values.facts.items():
        if known.kind is ValueKind.NUMBER and name.partition(".")[0] in subjects - {mention.model}:
            words = [word for word in all_stems(name.partition(".")[2]) if not is_light([word])]
            if tuple(words) == mention.stems:
                return name
    return None


def _figure(mention: Mention, lexicon: Lexicon) -> str | None:
    if mention.kind is MeaningKind.METRIC:
        return mention.name
    return lexicon.count_of.get(mention.model) if mention.kind is MeaningKind.ENTITY else None


def limit_places(shape: Shape, mentions: Sequence[Mention]) -> set[int]:
    """What a limit is about, also where it is said twice: a duration over 30 minutes."""
    found = [mention for limit in shape.limits if (mention := _limited(limit, mentions))]
    places = {mention.place for mention in found if mention.kind in _LIMITED}
    again = {(mention.place + step, mention.name) for mention in found for step in (-1, 1)}
    return places | {mention.place for mention in mentions if (mention.place, mention.name) in again}


def _limited(limit: NumberLimit, mentions: Sequence[Mention]) -> Mention | None:
    """`price over 100`, or `more than 100 units in stock`."""
    near = [item for item in mentions if 0 <= limit.start - item.segment.end <= _NEAR]
    following = [item for item in mentions if 0 <= item.segment.start - limit.end <= 1]
    return next((item for item in (*following, *near[::-1]) if item.kind in _LIMITED), None)


def take_moment(shape: Shape, mentions: Sequence[Mention], lexicon: Lexicon, roles: Roles) -> None:
    """`shipped in March`: the period is about this date, not about the model's own."""
    if shape.time_place is None:
        return
    before = [item for item in mentions if 0 <= shape.time_place - item.segment.end <= _NEAR]
    if not before:
        return
    last = before[-1]
    if last.kind is MeaningKind.DIMENSION and lexicon.dimension(last.name).is_time:
        roles.moment = last.name
    elif any(lexicon.dimension(item.name).is_time for item in last.segment.of_kind(MeaningKind.DIMENSION)):
        roles.rank.append(0.8)


def weigh_count(mention: Mention, lexicon: Lexicon, roles: Roles) -> None:
    """Orders are counted where a row is one, unless only another model can tell."""
    rows = [entity.name for entity in mention.segment.of_kind(MeaningKind.ENTITY)]
    if rows and mention.name not in [lexicon.count_of.get(model) for model in rows]:
        roles.rank.append(0.9)
