"""Limits on numbers: "over 100", "at least 3", "between 5 and 10 units"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from knowledge.warehouse.query import Comparison
from knowledge.warehouse.resolve.word_lists import words_in
from knowledge.warehouse.resolve.words import Token

_SAID: tuple[tuple[tuple[str, ...], Comparison], ...] = (
    (("greater", "than", "or", "equal", "to"), ">="),
    (("less", "than", "or", "equal", "to"), "<="),
    (("more", "than"), ">"), (("greater", "than"), ">"), (("higher", "than"), ">"), (("larger", "than"), ">"),
    (("over",), ">"), (("above",), ">"), (("exceeding",), ">"), (("exceeds",), ">"), (("exceed",), ">"),
    (("at", "least"), ">="), (("no", "less", "than"), ">="), (("minimum", "of"), ">="),
    (("less", "than"), "<"), (("fewer", "than"), "<"), (("lower", "than"), "<"), (("smaller", "than"), "<"),
    (("under",), "<"), (("below",), "<"),
    (("at", "most"), "<="), (("no", "more", "than"), "<="), (("up", "to"), "<="), (("maximum", "of"), "<="),
    ((">=",), ">="), (("<=",), "<="), (("≥",), ">="), (("≤",), "<="), ((">",), ">"), (("<",), "<"),
    (("=",), "="), (("equal", "to"), "="), (("exactly",), "="),
)  # fmt: skip
_THOUSANDS = re.compile(r"^\d{1,3}(?:,\d{3})+(?:\.\d+)?$")

_UNITS = words_in("dollar dollars usd euro euros eur pound pounds gbp %")


@dataclass(frozen=True, slots=True)
class NumberLimit:
    """`start` and `end` are the tokens it takes."""

    start: int
    end: int
    operator: Comparison
    value: Decimal


def read_limits(tokens: Sequence[Token], taken: frozenset[int]) -> tuple[list[NumberLimit], frozenset[int]]:
    """With all tokens they take. What stands in brackets explains something and limits nothing."""
    found: list[NumberLimit] = []
    place = 0
    while place < len(tokens):
        limit = None if tokens[place].aside else _limit_at(tokens, place, taken)
        if limit:
            found.append(limit)
        place = limit.end if limit else place + 1
    return found, frozenset(place for limit in found for place in range(limit.start, limit.end))


def _limit_at(tokens: Sequence[Token], place: int, taken: frozenset[int]) -> NumberLimit | None:
    for words, operator in _SAID:
        end = place + len(words)
        if tuple(token.key for token in tokens[place:end]) != words or end >= len(tokens):
            continue
        value = _number(tokens[end])
        if value is not None and end not in taken:
            has_unit = end + 1 < len(tokens) and tokens[end + 1].key in _UNITS
            return NumberLimit(place, end + 1 + has_unit, operator, value)
    return None


def _number(token: Token) -> Decimal | None:
    text = token.text
    if _THOUSANDS.match(text):
        return Decimal(text.replace(",", ""))
    return Decimal(text) if re.fullmatch(r"\d+(?:\.\d+)?", text) else None
