"""Which articles and which month somebody means, read off their words by rule."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.statistics.periods import call_period, step_from, steps_between

# Farther ahead a year ago is no longer the past.
FARTHEST_MONTHS = 11
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_NUMBERED = re.compile(r"\b(20\d\d)-(0[1-9]|1[0-2])\b")
_NAMED = re.compile(rf"\b({'|'.join(_MONTHS)})\b(?:\s+(20\d\d))?", re.IGNORECASE)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Month:
    first: date

    @property
    def end(self) -> date:
        """The first day after it."""
        return step_from(self.first, 1, Grain.MONTH)

    @property
    def label(self) -> str:
        return call_period(self.first, Grain.MONTH)


def month_meant(about: str, today: date) -> Month:
    """The one that is named, or the next one. Raises QueryRefused if it is over or too far ahead."""
    this = today.replace(day=1)
    numbered, named = _NUMBERED.search(about), _NAMED.search(about)
    if numbered is not None:
        first = date(int(numbered[1]), int(numbered[2]), 1)
    elif named is not None:
        month = _MONTHS.index(named[1].lower()) + 1
        year = int(named[2]) if named[2] else today.year + (month < today.month)
        first = date(year, month, 1)
    else:
        first = step_from(this, 1, Grain.MONTH)
    farthest = step_from(this, FARTHEST_MONTHS, Grain.MONTH)
    ahead = steps_between(this, first, Grain.MONTH)
    if not 0 <= ahead <= FARTHEST_MONTHS:
        raise QueryRefused(
            f"{call_period(first, Grain.MONTH)} cannot be planned; take a month from "
            f"{call_period(this, Grain.MONTH)} to {call_period(farthest, Grain.MONTH)}."
        )
    return Month(first)


def groups_meant(about: str, groups: Iterable[str]) -> list[str]:
    """Those that are named in it; none where it names none."""
    said = {_stem(word) for word in _WORD.findall(about.lower())}
    return [
        group for group in groups if {_stem(word) for word in _WORD.findall(group.lower())} - {"and"} <= said
    ]


def _stem(word: str) -> str:
    return word.removesuffix("s")
