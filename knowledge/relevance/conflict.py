"""Finds two sources that disagree: sentences that say the same of the same matter, but for a number, a date
or a denial.

It would rather miss a disagreement than claim one. Two sentences that differ in any word that carries
meaning are on different matters - `abroad`, `bike`, `Trail Club` -, and so are two in which more than one
thing differs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledge.relevance.content_words import content_words
from knowledge.relevance.quantities import Stated, read_statement

# With fewer words of its own a sentence leans on what stands above it: "It is EUR 40."
_SELF_CONTAINED = 3
_ABOUT_THE_QUESTION = 2
# They qualify how something is said, not what it is said of.
_FILLERS = (
    "about currently now always usually normally generally must can may shall should will need needs please "
    "also include includes including each every per within our your"
)


class Difference(StrEnum):
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of a source. `heading` is the nearest above it."""

    source: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Conflict:
    one: Statement
    other: Statement
    difference: Difference


@dataclass(frozen=True, slots=True)
class _Read:
    statement: Statement
    stated: Stated
    subject: frozenset[int]
    heading: frozenset[int]


def find_conflict(question: str, shown: Sequence[Statement], others: Sequence[Statement]) -> Conflict | None:
    """The first statement shown that another source disagrees with, on a matter the question is about."""
    asked = content_words(question)
    read_others = [_read(statement) for statement in others]
    for one in map(_read, shown):
        for other in read_others:
            if one.statement.source == other.statement.source or not _same_matter(one, other, asked):
                continue
            difference = _difference(one.stated, other.stated)
            if difference is not None:
                return Conflict(one.statement, other.statement, difference)
    return None


def _read(statement: Statement) -> _Read:
    stated = read_statement(statement.text)
    subject = content_words(stated.rest) - content_words(_FILLERS)
    return _Read(statement, stated, subject, content_words(statement.heading))


def _same_matter(one: _Read, other: _Read, asked: frozenset[int]) -> bool:
    if not one.subject or one.subject != other.subject or one.stated.bounds != other.stated.bounds:
        return False
    if len(one.subject) < _SELF_CONTAINED and (not one.heading or one.heading != other.heading):
        return False
    about = asked & (one.subject | (one.heading & other.heading))
    return len(about) >= min(_ABOUT_THE_QUESTION, (len(asked) + 1) // 2) > 0


def _difference(one: Stated, other: Stated) -> Difference | None:
    """What differs, if exactly one thing does."""
    measures = [measure for measure, _ in one.quantities]
    if measures != [measure for measure, _ in other.quantities] or len(one.dates) != len(other.dates):
        return None
    numbers = sum(a != b for a, b in zip(one.quantities, other.quantities, strict=True))
    dates = sum(not _same_date(a, b) for a, b in zip(one.dates, other.dates, strict=True))
    found = [Difference.NUMBER] * numbers + [Difference.DATE] * dates
    if one.denies != other.denies:
        found.append(Difference.YES_NO)
    return found[0] if len(found) == 1 else None


def _same_date(one: str, other: str) -> bool:
    """A date without a year agrees with that day of any year."""
    return one == other or ("any" in (one[:3], other[:3]) and one[-5:] == other[-5:])
