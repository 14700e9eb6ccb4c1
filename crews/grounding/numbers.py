"""Whether the figures of a claim - quantities, dates, codes - stand in its evidence."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crews.grounding.dates import DateFound, Day, take_dates, untold
from crews.grounding.quantities import Quantity, says, take_quantities
from crews.grounding.units import CURRENCIES, one_of
from knowledge.relevance.content_words import content_words
from ledger.outgoing import LINK
from ledger.pii_tokens import without_tokens

# RC-217, E12, v2.1, ISO9001: letters first, unless they are a currency's.
_CODE = re.compile(
    rf"(?<![\w.])(?!(?:{one_of(list(CURRENCIES))})\s?\d)(?P<prefix>[^\W\d_]+(?:[-_/][^\W\d_]+)*[-_/.]?)(?P<digits>\d[\w./-]*\w|\d)",
    re.IGNORECASE,
)
_SQUASHED = re.compile(r"[\s\-_/]+")
# So many characters to either side tell what a number is a number of.
_NEAR_CHARS = 45
_SAME_MATTER = 2
_TEXTS_REMEMBERED = 2_048
_SENTENCE_END = re.compile(r"[.!?;]\s|\n")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a text states in figures; `plain` is the text without links, tokens, dates and codes."""

    quantities: tuple[Quantity, ...]
    dates: tuple[DateFound, ...]
    codes: tuple[tuple[str, str], ...]
    plain: str
    squashed: str

    @property
    def days(self) -> Iterator[Day]:
        return (day for found in self.dates for day in found.readings)

    @property
    def whole_numbers(self) -> frozenset[int]:
        told = (reading.value for item in self.quantities for reading in item.readings)
        days = (part for day in self.days for part in (day.year, day.day) if part is not None)
        digits = (int(digits) for _, digits in self.codes if digits.isdecimal())
        return frozenset([*(int(value) for value in told if value == int(value)), *days, *digits])


@lru_cache(_TEXTS_REMEMBERED)
def read_figures(text: str) -> Figures:
    plain = LINK.sub(" ", without_tokens(text))
    squashed = _SQUASHED.sub("", plain).lower()
    dates, plain = take_dates(plain)
    codes: list[tuple[str, str]] = []

    def take(match: re.Match[str]) -> str:
        codes.append((match[0], match["digits"]))
        return " " * len(match[0])

    plain = _CODE.sub(take, plain)
    return Figures(tuple(take_quantities(plain)), tuple(dates), tuple(codes), plain, squashed)


def foreign_figure(claim: Figures, known: Sequence[Figures]) -> str | None:
    """What is wrong with the first figure of a claim that its evidence does not carry; None if all do."""
    days = [day for figures in known for day in figures.days]
    numbers = frozenset().union(*(figures.whole_numbers for figures in known))
    for date in claim.dates:
        if untold(date, days, numbers):
            return f"the date {date.text} is not in its evidence"
    for code, digits in claim.codes:
        if not _knows_code(code, digits, known, numbers):
            return f"“{code}” is not in its evidence"
    for quantity in claim.quantities:
        if not _is_checked(quantity):
            continue
        if not _is_known(quantity, known, numbers):
            return f"the number {quantity.text} is not in its evidence"
        if _is_of_another_matter(quantity, claim, known):
            return f"its evidence gives another number than {quantity.text} for this"
    return None


def _is_checked(quantity: Quantity) -> bool:
    """A word such as "one" or "two" is a quantity only where it measures something."""
    return not quantity.is_spelled or any(reading.measure for reading in quantity.readings)


def _knows_code(code: str, digits: str, known: Sequence[Figures], numbers: frozenset[int]) -> bool:
    squashed = _SQUASHED.sub("", code).lower()
    if any(squashed in figures.squashed for figures in known):
        return True
    prefix = code[: len(code) - len(digits)].strip("-_/.")
    return not prefix.isupper() and digits.isdecimal() and int(digits) in numbers


def _is_known(quantity: Quantity, known: Sequence[Figures], numbers: frozenset[int]) -> bool:
    if not quantity.readings:
        return any(_SQUASHED.sub("", quantity.text).lower() in figures.squashed for figures in known)
    if any(says(item, quantity) for figures in known for item in figures.quantities):
        return True
    # The year of a date, the digits of a code.
    return any(not reading.measure and reading.value in numbers for reading in quantity.readings)


def _is_of_another_matter(quantity: Quantity, claim: Figures, known: Sequence[Figures]) -> bool:
    """Whether the number only stands where the evidence speaks of something else, while it has another one
    for what the claim speaks of."""
    about = _near(quantity, claim.plain)
    same: list[int] = []
    other: list[int] = []
    for figures in known:
        for item in figures.quantities:
            if not _is_comparable(item, quantity):
                continue
            shared = len(about & _near(item, figures.plain))
            (same if says(item, quantity) else other).append(shared)
    return bool(same) and max(same) == 0 and max(other, default=0) >= _SAME_MATTER


def _is_comparable(one: Quantity, other: Quantity) -> bool:
    measures = {reading.measure for reading in one.readings} | {""}
    return any(reading.measure in measures or not reading.measure for reading in other.readings)


def _near(quantity: Quantity, text: str) -> frozenset[int]:
    """The words next to it within its sentence."""
    before = _SENTENCE_END.split(text[max(0, quantity.start - _NEAR_CHARS) : quantity.start])[-1]
    after = _SENTENCE_END.split(text[quantity.end : quantity.end + _NEAR_CHARS])[0]
    return content_words(f"{before} {after}")
