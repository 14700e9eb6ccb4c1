"""The words that say which earlier stretch of time a period is held against: "vs last year", "YoY", "than the
quarter before".

"The last year" by itself is a period like any other. It is compared with only after words that say so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.warehouse.resolve.calendar import Unit
from knowledge.warehouse.resolve.time_expressions import TimeMention

AGAINST = (
    r"(?:vs\.?|versus|against|compare[ds]?\s+(?:to|with|against)|in\s+comparison\s+(?:to|with)|relative\s+to|than"
    r"|as\s+opposed\s+to)"
)
# These compare only beside a change and another period: "over the last year" is one to be told of.
_WEAKLY_AGAINST = r"(?:over|on|from|since|with|to|and)"
_CHANGE = re.compile(
    r"\b(?:grow(?:th|n|s|ing)?(?:\s+rates?)?|grew|chang(?:e|es|ed|ing)|increas(?:e|es|ed|ing)"
    r"|decreas(?:e|es|ed|ing)|"
    r"declin(?:e|es|ed|ing)|drop(?:s|ped)?|fell|fall(?:en)?|rose|risen?|differen(?:ce|t from)"
    r"|develop(?:ed|ment)?|"
    r"compare[ds]?|comparison|comparing)\b",
    re.IGNORECASE,
)
_UP_OR_DOWN = re.compile(r"\b(?:up|down|higher|lower|better|worse|more|less|fewer)\b", re.IGNORECASE)

_COUNT_WORDS = "one two three four five six seven eight nine ten eleven twelve"
_COUNTS = {name: count for count, name in enumerate(_COUNT_WORDS.split(), start=1)}
_COUNT = rf"(?P<count>\d{{1,3}}|an?|{'|'.join(_COUNTS)})"
_UNIT = r"(?:day|week|month|quarter|half[- ]year|half|year|period)"
_FISCAL = r"(?:(?:fiscal|financial|business|calendar)\s+)?"
_EARLIER = r"(?:previous|prior|preceding)"
_BEFORE = r"(?:before|earlier|prior|previously|back)\b(?:\s+that\b)?"
_ALIKE = r"(?:same|corresponding|equivalent|comparable)"
_THE = r"(?:(?:that|those)\s+of\s+|in\s+|it\s+was\s+)?(?:the\s+)?"
_OF = r"(?:\s+(?:of|in|from))?\s+(?:the\s+)?"

_LAST_YEAR = (
    rf"(?:last|{_EARLIER})[\s-]+{_FISCAL}year\b(?![\s-]+to[\s-]+date)(?:['\u2019]s\b)?"
    rf"(?:[\s-]+(?:same\s+)?(?:{_UNIT}|figures?|numbers?|levels?|results?|values?|totals?)\b)?"
)
_YEAR_BEFORE = rf"(?:(?:an?\s+|one\s+)?year|(?:12|twelve)\s+months)\s+{_BEFORE}"
_YEAR_AGO = rf"(?:(?:an?\s+|one\s+)?year|(?:12|twelve)\s+months)[\s-]+ago\b(?:\s+{_UNIT}\b)?"
_ANY_YEAR_BEFORE = rf"(?:{_LAST_YEAR}|{_YEAR_BEFORE}|{_YEAR_AGO})"
_SAME = rf"{_ALIKE}\s+(?:{_UNIT}s?|time|point|stretch|dates?){_OF}{_ANY_YEAR_BEFORE}"
_SAME_OF = (
    rf"{_ALIKE}\s+(?:{_UNIT}s?|time|point|stretch|weekdays?){_OF}"
    rf"(?:last|{_EARLIER})\s+{_FISCAL}(?P<whole>week|month|quarter)\b"
)
_STEPS = r"(?P<steps>days?|weeks?|months?|quarters?|half[- ]years?|years?)"


def _compiled(pattern: str, lead: str) -> re.Pattern[str]:
    return re.compile(rf"\b{lead}\s+{_THE}{pattern}", re.IGNORECASE)


# Of a year, of so many units, and of one: each as it has to be led up to.
_YEAR = rf"(?:{_SAME}|{_ANY_YEAR_BEFORE})"
_SEVERAL = (
    rf"(?P<earlier>{_EARLIER}\s+)?{_COUNT}\s+(?:full\s+|complete\s+)?{_STEPS}\b"
    rf"(?P<ago>\s+(?:ago\b|{_BEFORE}))?"
)
_ONE = (
    rf"(?:(?P<which>last|{_EARLIER})\s+{_FISCAL}(?P<unit>{_UNIT})\b(?!\s+to\s+date)"
    rf"|(?P<unit_before>one|{_UNIT})\s+before\b)(?:\s+(?:before|that)\b)?"
)
_YEAR_BY_ITSELF = re.compile(rf"\b(?:the\s+)?(?:{_SAME}|{_YEAR_BEFORE})", re.IGNORECASE)
_OVER_A_YEAR = re.compile(
    r"\byear[- ](?:over|on|to)[- ]year\b|\by(?:oy|/y|-o-y|-on-y)\b"
    rf"|\b(?:annual|yearly)(?=\s+{_CHANGE.pattern})",
    re.IGNORECASE,
)
_RHYTHM = re.compile(
    r"\b(?P<unit>day|week|month|quarter)[- ](?:over|on)[- ](?P=unit)\b"
    r"|\b(?P<short>[mqw])(?:o|/|-o-|-on-)(?P=short)\b",
    re.IGNORECASE,
)
_SHORT = {"m": Unit.MONTH, "q": Unit.QUARTER, "w": Unit.WEEK}
_LEAD_TO_NAMED = re.compile(rf"\b{AGAINST}\s+{_THE}$", re.IGNORECASE)
_NAMED_OF = re.compile(rf"{_OF}(?:{_EARLIER}\s+year|{_YEAR_BEFORE})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Earlier:
    """`count` units before the period that is asked for. `unit` is None for the stretch right before it,
    however long that is. `is_alike` where it is the same stretch of an earlier unit, as a month is three
    months ago, and not the unit itself; `is_last` where the words may as well mean the last unit before
    today; `is_rhythm` where they name a rhythm and no period, as "month over month" does."""

    start: int
    end: int
    unit: Unit | None
    count: int = 1
    is_alike: bool = False
    is_last: bool = False
    is_rhythm: bool = False

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end


def change_in(question: str) -> re.Match[str] | None:
    """Where it asks how something changed."""
    return _CHANGE.search(question)


def is_rhythm(phrase: str) -> bool:
    """Whether it compares without a word that leads up to it, as "year over year" does."""
    return any(pattern.match(phrase) for pattern in (_OVER_A_YEAR, _RHYTHM))


def read_earlier(question: str, times: Sequence[TimeMention]) -> Earlier | None:
    """What a period is held against, where words and no name of a period say so."""
    return (
        _named(question, times)
        or _a_year(question, times)
        or _same(question, times)
        or _several(question, times)
        or _one(question, times)
        or _rhythm(question)
    )


def outside(times: Sequence[TimeMention], span: tuple[int, int]) -> list[TimeMention]:
    return [time for time in times if time.end <= span[0] or span[1] <= time.start]


def _led_up_to(pattern: str, question: str, times: Sequence[TimeMention]) -> re.Match[str] | None:
    found = _compiled(pattern, AGAINST).search(question)
    if found is not None:
        return found
    if not (_CHANGE.search(question) or _UP_OR_DOWN.search(question)):
        return None
    weak = _compiled(pattern, _WEAKLY_AGAINST).finditer(question)
    since = _compiled(pattern, "since").search(question)
    return next((match for match in weak if outside(times, match.span())), since)


def _a_year(question: str, times: Sequence[TimeMention]) -> Earlier | None:
    found = _led_up_to(_YEAR, question, times) or _YEAR_BY_ITSELF.search(question)
    found = found or _OVER_A_YEAR.search(question)
    return None if found is None else Earlier(*found.span(), Unit.YEAR, is_alike=True)


def _named(question: str, times: Sequence[TimeMention]) -> Earlier | None:
    """`March of the year before`, beside a March."""
    for time in times:
        lead, rest = _LEAD_TO_NAMED.search(question[: time.start]), _NAMED_OF.match(question[time.end :])
        if lead is None or rest is None:
            continue
        span = lead.start(), time.end + rest.end()
        if any(_is_named_alike(time, other) for other in outside(times, span)):
            return Earlier(*span, Unit.YEAR, is_alike=True)
    return None


def _is_named_alike(one: TimeMention, other: TimeMention) -> bool:
    return one.span.unit is other.span.unit and _day_of_year(one) == _day_of_year(other)


def _day_of_year(time: TimeMention) -> tuple[int, int]:
    return time.period.start.month, time.period.start.day


def _several(question: str, times: Sequence[TimeMention]) -> Earlier | None:
    """`three months before`, which says nothing by itself: "more than three days ago" is no comparison."""
    found = _led_up_to(_SEVERAL, question, times)
    if found is None or not (found["earlier"] or found["ago"]) or not outside(times, found.span()):
        return None
    count = found["count"].lower()
    how_many = int(count) if count.isdigit() else _COUNTS.get(count, 1)
    is_alike = found["ago"] is not None
    return Earlier(*found.span(), _unit(found["steps"]), how_many, is_alike=is_alike) if how_many else None


def _same(question: str, times: Sequence[TimeMention]) -> Earlier | None:
    """`the same day last week`."""
    found = _led_up_to(_SAME_OF, question, times)
    return None if found is None else Earlier(*found.span(), _unit(found["whole"]), is_alike=True)


def _one(question: str, times: Sequence[TimeMention]) -> Earlier | None:
    found = _led_up_to(_ONE, question, times)
    if found is None:
        return None
    said = (found["unit"] or found["unit_before"]).lower()
    unit = None if said in ("period", "one") else _unit(said)
    return Earlier(*found.span(), unit, is_last=(found["which"] or "").lower() == "last")


def _rhythm(question: str) -> Earlier | None:
    found = _RHYTHM.search(question)
    if found is None:
        return None
    unit = _SHORT[found["short"].lower()] if found["short"] else _unit(found["unit"])
    return Earlier(*found.span(), unit, is_rhythm=True)


def _unit(said: str) -> Unit:
    name = said.lower()
    return Unit.HALF if name.startswith("hal") else Unit(name.removesuffix("s"))
