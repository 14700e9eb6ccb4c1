"""Which end of an order a question asks for, and how much of it: "top 5", "the lowest", "which X has the
most"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from knowledge.warehouse.resolve.word_lists import words_in
from knowledge.warehouse.resolve.words import Token

_HIGH = words_in(
    "top most highest best largest biggest greatest maximum max strongest leading leaders busiest"
)
_LOW = words_in("bottom least lowest worst smallest fewest minimum min weakest slowest")
SUPERLATIVES = _HIGH | _LOW
_NUMBER_WORDS = "one two three four five six seven eight nine ten eleven twelve"
_NUMBERS = {word: number for number, word in enumerate(_NUMBER_WORDS.split(), start=1)} | {
    "dozen": 12,
    "fifteen": 15,
    "twenty": 20,
    "fifty": 50,
}
# "at most 5" and "at least 5" are limits on a value.
_LIMITS = frozenset({"at"})
_USUAL = 5


@dataclass(frozen=True, slots=True)
class Superlative:
    """`limit` is None where the question does not say how many; `place` is its own token, `places` all of
    them."""

    direction: Literal["asc", "desc"]
    limit: int | None
    place: int
    places: frozenset[int]

    @property
    def usual_limit(self) -> int:
        return self.limit or _USUAL


def read_superlative(tokens: Sequence[Token], free: frozenset[int]) -> Superlative | None:
    """The first one that is not part of a name; `free` are the tokens that have no meaning yet."""
    for place, token in enumerate(tokens):
        if place not in free or (place and tokens[place - 1].key in _LIMITS):
            continue
        direction = _direction(token)
        if direction is None:
            continue
        number, places = _number(tokens, place, free)
        return Superlative(direction, number, place, frozenset({place, *places}))
    return None


def number_of(token: Token) -> int | None:
    if token.key.isdigit():
        return int(token.key)
    return _NUMBERS.get(token.key)


def _direction(token: Token) -> Literal["asc", "desc"] | None:
    if token.key in _HIGH:
        return "desc"
    return "asc" if token.key in _LOW else None


def _number(tokens: Sequence[Token], place: int, free: frozenset[int]) -> tuple[int | None, tuple[int, ...]]:
    """`top 5`, `5 best`, `the three highest`, and `which 3 customers have the most`."""
    for other in (place + 1, place - 1):
        if other in free and 0 <= other < len(tokens) and (number := number_of(tokens[other])):
            return number, (other,)
    for other in range(place):
        asked = other and tokens[other - 1].key in ("which", "what", "the")
        if other in free and asked and (number := number_of(tokens[other])) and number <= 100:
            return number, (other,)
    return None, ()
