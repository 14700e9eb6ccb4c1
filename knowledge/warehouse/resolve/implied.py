"""What a question measures that names no measure: the rows it speaks of, or what the best bring in."""

from collections.abc import Sequence

from knowledge.warehouse.resolve.cues import Cue
from knowledge.warehouse.resolve.lexicon import Lexicon, MeaningKind
from knowledge.warehouse.resolve.mentions import Mention
from knowledge.warehouse.resolve.role_sheet import Roles
from knowledge.warehouse.resolve.segments import EXACT_ENOUGH
from knowledge.warehouse.resolve.shape import Shape
from knowledge.warehouse.resolve.word_lists import words_in
from knowledge.warehouse.resolve.words import alike, stem

_REVENUE = stem("revenue")
_BEST = words_in("best top leading strongest worst weakest")
_BIGGEST = words_in("biggest largest greatest smallest")
_BUYERS = frozenset({stem("customer"), *alike(stem("customer"))})


def promote(shape: Shape, lexicon: Lexicon, roles: Roles) -> bool:
    """A question that names no measure: the rows it speaks of are counted, or listed by name."""
    if roles.groups and shape.is_list and not shape.superlative:
        models = [*roles.subjects, *(name.partition(".")[0] for name in roles.groups)]
        return _count(models, lexicon, roles, listing=True)
    for mention in roles.context:
        name = mention.name if mention.kind is MeaningKind.METRIC else lexicon.count_of.get(mention.model)
        if name and not (mention.kind is MeaningKind.METRIC and mention.is_verb):
            roles.measures.append(name)
            roles.context.remove(mention)
            roles.rank.append(0.9)
            if not roles.groups and shape.grain is None:
                roles.factors.append(0.8)
            return True
    if shape.superlative:
        return _rank_by_revenue(shape, lexicon, roles)
    if counted := [item for item in roles.values if item.cue is Cue.COUNT]:
        return not roles.context and _count_value(counted[0], lexicon, roles)
    return _count([name.partition(".")[0] for name in roles.groups], lexicon, roles, listing=True)


def _rank_by_revenue(shape: Shape, lexicon: Lexicon, roles: Roles) -> bool:
    """The best of something without a figure are those that bring in the most."""
    word = shape.tokens[shape.superlative.place].key if shape.superlative else ""
    buys = any(subject in _BUYERS for model in roles.subjects for subject in lexicon.titles[model])
    if not (roles.groups or shape.grain) or not (word in _BEST or (word in _BIGGEST and buys)):
        return False
    meanings = [
        item
        for said in (_REVENUE, *sorted(alike(_REVENUE)))
        for item in lexicon.phrases.get((said,), ())
        if item.kind is MeaningKind.METRIC and item.strength == 1.0
    ]
    if not meanings:
        return False
    roles.measures.append(meanings[0].name)
    roles.factors.append(0.8)
    return True


def _count_value(mention: Mention, lexicon: Lexicon, roles: Roles) -> bool:
    """`How many sales representatives`: a value that says what kind of row it is."""
    count = lexicon.count_of.get(mention.model)
    if count is None or mention.meaning.strength < EXACT_ENOUGH:
        return False
    roles.measures.append(count)
    roles.factors.append(0.9)
    if mention.model not in [item.model for item in mention.segment.of_kind(MeaningKind.ENTITY)]:
        roles.rank.append(0.8)
    return True


def _count(models: Sequence[str], lexicon: Lexicon, roles: Roles, *, listing: bool) -> bool:
    for model in models:
        if count := lexicon.count_of.get(model):
            roles.measures.append(count)
            roles.is_listing = listing
            roles.factors.append(0.97)
            return True
    return False
