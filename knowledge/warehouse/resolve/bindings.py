"""Whose value a value is, and which flags are held against each other."""

from collections.abc import Sequence

from knowledge.warehouse.resolve.cues import Cue
from knowledge.warehouse.resolve.lexicon import MeaningKind
from knowledge.warehouse.resolve.mentions import Mention
from knowledge.warehouse.resolve.role_sheet import Roles
from knowledge.warehouse.resolve.shape import Shape


def part_flags(roles: Roles) -> None:
    """Members against those who are none are groups."""
    for name in {item.name for item in roles.flags if item.negated}:
        both = [item for item in roles.flags if item.name == name]
        if len({item.negated for item in both}) > 1:
            roles.flags = [item for item in roles.flags if item.name != name]
            roles.groups.append(name)


def bind_values(
    shape: Shape, mentions: Sequence[Mention], dimensions: Sequence[Mention], roles: Roles
) -> None:
    """`category Beverages` and `customers from Germany` say whose value it is."""
    paired = {place for pair in shape.pairs for place in pair}
    named = {mention.place: mention for mention in dimensions}
    for mention in roles.values:
        if mention.cue is Cue.GROUP and mention.segment.of_kind(MeaningKind.DIMENSION, MeaningKind.ENTITY):
            roles.rank.append(0.5)
        neighbours = [
            other
            for place in (mention.place - 1, mention.place + 1)
            for other in mentions
            if other.place == place
        ]
        own = [
            other
            for other in neighbours
            # "by category, excluding Beverages": groups they stay.
            if other.name == mention.name and other.place in named and other.cue is not Cue.GROUP
        ]
        if own:
            roles.bound[own[0].place] = mention.name
            continue
        options = {option.name for option in mention.segment.of_kind(MeaningKind.VALUE)}
        if any(
            other.place in named and other.name in options and other.cue is not Cue.GROUP
            for other in neighbours[:1]
        ):
            roles.rank.append(0.3)
            continue
        models = [
            other.model
            for other in neighbours
            if other.kind in (MeaningKind.ENTITY, MeaningKind.METRIC, MeaningKind.FLAG) and _names_rows(other)
        ] + [item.model for item in mention.segment.of_kind(MeaningKind.ENTITY)]
        if mention.model in models or len(options) == 1 or mention.place in paired:
            continue
        if any(option.partition(".")[0] in models for option in options):
            roles.rank.append(0.5)
        else:
            _weigh_unbound(mention, options, mentions, roles)


def _names_rows(mention: Mention) -> bool:
    return mention.kind is not MeaningKind.METRIC or mention.meaning.counts


def _weigh_unbound(mention: Mention, options: set[str], mentions: Sequence[Mention], roles: Roles) -> None:
    """Whose value it is is nowhere said: that of something else the question speaks of is the likelier."""
    spoken = {other.model for other in mentions if other.kind is not MeaningKind.VALUE}
    if mention.model not in spoken and any(option.partition(".")[0] in spoken for option in options):
        roles.rank.append(0.9)
    roles.factors.append(0.8)
