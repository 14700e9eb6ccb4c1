"""Phrases that are said side by side: two values that are compared, and the list a denial goes for."""

from collections.abc import Sequence

from knowledge.warehouse.resolve.lexicon import MeaningKind
from knowledge.warehouse.resolve.segments import Segment
from knowledge.warehouse.resolve.word_lists import words_in
from knowledge.warehouse.resolve.words import Token

_AGAINST = words_in("vs versus against compared")
_COMPARING = words_in("compare compared comparing comparison difference differ between")
_BESIDE = words_in("the a an in of for at on from to with and or than , & / . vs versus against that those")
_LISTED = words_in("and or nor , & / the in of from neither")

Pair = tuple[int, int]


def read_pairs(
    tokens: Sequence[Token], segments: Sequence[Segment]
) -> tuple[tuple[Pair, ...], frozenset[int]]:
    """Places of neighbours that are held against each other, as `online vs store` are; and the tokens that
    say so."""
    asked = frozenset(place for place, token in enumerate(tokens) if token.key in _COMPARING)
    pairs: list[Pair] = []
    said: set[int] = set()
    for place in range(len(segments) - 1):
        between = range(segments[place].end, segments[place + 1].start)
        inner = [at for at in between if tokens[at].key not in _COMPARING]
        if not between or any(tokens[at].key not in _BESIDE for at in inner):
            continue
        is_against = any(tokens[at].key in _AGAINST for at in between)
        is_listed = any(tokens[at].key in ("and", "or", "to", "with", "&") for at in between)
        if is_against or (asked and is_listed and _common(segments[place], segments[place + 1])):
            pairs.append((place, place + 1))
            said |= {at for at in between if tokens[at].key in _AGAINST | _COMPARING} | asked
    return tuple(pairs), frozenset(said)


def spread_denials(
    tokens: Sequence[Token], segments: Sequence[Segment], negated: Sequence[tuple[int, ...]]
) -> tuple[tuple[int, ...], ...]:
    """`not from Germany or France` denies both."""
    found: list[tuple[int, ...]] = []
    for place, places in enumerate(negated):
        if not places and place and found[-1] and are_listed(tokens, segments[place - 1], segments[place]):
            places = found[-1]
        found.append(places)
    return tuple(found)


def are_listed(tokens: Sequence[Token], one: Segment, other: Segment) -> bool:
    """Whether two values of one dimension stand in a list."""
    between = [token.key for token in tokens[one.end : other.start]]
    return bool(between) and all(key in _LISTED for key in between) and _common(one, other)


def _common(one: Segment, other: Segment) -> bool:
    """Whether both may be values of the same dimension."""
    theirs = {meaning.name for meaning in other.of_kind(MeaningKind.VALUE)}
    return any(meaning.name in theirs for meaning in one.of_kind(MeaningKind.VALUE))
