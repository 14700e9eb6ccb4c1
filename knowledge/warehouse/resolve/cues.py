"""The part each phrase plays in a question, by the words that lead up to it."""

from collections.abc import Sequence
from enum import StrEnum

from knowledge.warehouse.resolve.lexicon import MeaningKind
from knowledge.warehouse.resolve.segments import Segment
from knowledge.warehouse.resolve.superlatives import Superlative
from knowledge.warehouse.resolve.word_lists import words_in
from knowledge.warehouse.resolve.words import Token, is_content

GROUPING = words_in("by per each every across")
# Words between a superlative and what is to be named by it: the best selling product.
_DESCRIBING = words_in("selling sold price priced")
_COUNTING = words_in("many number count total much sum")
_ASKING = words_in("which what who whose list show name")
_MODIFIERS = words_in(
    "the a an of our all different distinct various individual single s are is was were do does did have has "
    "had there we you it in total on for and or to from with at their its your my any other us be as been "
    "net-of me please give tell get display find"
)


_HAVING = words_in("with having has had have that who which whose")


class Cue(StrEnum):
    """The part a phrase plays: `count` is measured (how many X), `most` is what is compared (the most X),
    `group` is what a figure is told by (per X), `which` is asked for by name."""

    COUNT = "count"
    MOST = "most"
    GROUP = "group"
    WHICH = "which"
    NONE = "none"


def cues_of(
    tokens: Sequence[Token], segments: Sequence[Segment], superlative: Superlative | None
) -> tuple[Cue, ...]:
    cues: list[Cue] = []
    for place in range(len(segments)):
        lead, passed = _lead(tokens, segments, place)
        cue, is_joined = _cue(tokens, lead, superlative)
        if cue is None and place and is_joined:
            # "by region and category": said together, they play the same part.
            cue = cues[-1] if cues[-1] is not Cue.WHICH else Cue.NONE
        if cue is Cue.MOST and passed:
            cue = Cue.WHICH
        if cue is None and superlative and _has_the_most(tokens, segments[place], superlative):
            cue = Cue.WHICH
        cues.append(cue or Cue.NONE)
    return tuple(cues)


def _has_the_most(tokens: Sequence[Token], segment: Segment, superlative: Superlative) -> bool:
    """`store with the lowest revenue` asks for the store."""
    between = [token.key for token in tokens[segment.end : superlative.place]]
    names = segment.of_kind(MeaningKind.ENTITY, MeaningKind.DIMENSION)
    return (
        bool(names)
        and bool(_HAVING & set(between))
        and all(key in _HAVING or key == "the" for key in between)
    )


def _lead(tokens: Sequence[Token], segments: Sequence[Segment], place: int) -> tuple[list[int], bool]:
    """The tokens between this phrase and the one before, the nearest first. What only describes it, as in
    "open orders" or "best selling product", is passed over; and whether that was a measure."""
    lead: list[int] = []
    start, passed = segments[place].start, False
    while place:
        earlier = segments[place - 1]
        is_measure = earlier.end - earlier.start == 1 and tokens[earlier.start].key in _DESCRIBING
        is_kind = bool(earlier.of_kind(MeaningKind.FLAG, MeaningKind.VALUE))
        if earlier.end != start or not (is_measure or is_kind):
            lead += range(start - 1, earlier.end - 1, -1)
            return lead, passed
        passed = passed or is_measure
        start, place = earlier.start, place - 1
    return [*range(start - 1, -1, -1)], passed


def _cue(
    tokens: Sequence[Token], lead: Sequence[int], superlative: Superlative | None
) -> tuple[Cue | None, bool]:
    """The nearest word before that gives a part; and whether only "and" lies between this and the phrase
    before."""
    is_joined = False
    for place in lead:
        token = tokens[place]
        if token.key in _COUNTING and not (token.key == "total" and place and tokens[place - 1].key == "in"):
            return Cue.COUNT, False
        if token.key in GROUPING:
            return Cue.GROUP, False
        if token.key in ("and", ",", "&", "/"):
            is_joined = is_joined or all(tokens[at].key in _MODIFIERS or tokens[at].is_mark for at in lead)
            continue
        if superlative and place in superlative.places:
            return (Cue.MOST if _is_most(tokens, superlative) else Cue.WHICH), False
        if token.key in _ASKING:
            return Cue.WHICH, False
        if token.key not in _MODIFIERS and not token.is_mark and is_content(token):
            return None, False
    return None, is_joined


def _is_most(tokens: Sequence[Token], superlative: Superlative) -> bool:
    """`the most orders` is measured, `top 5 customers` and `the best customers` are named."""
    word = tokens[superlative.place].key
    if word in ("most", "least", "fewest"):
        return True
    if word in ("highest", "largest", "lowest", "smallest", "biggest", "greatest", "maximum", "minimum"):
        return superlative.limit is None
    return False
