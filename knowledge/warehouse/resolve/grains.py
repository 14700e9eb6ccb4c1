"""The time a question is about as a whole: its period, and the stretches it is cut into."""

import re
from collections.abc import Sequence
from itertools import pairwise

from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.query import Period
from knowledge.warehouse.resolve.calendar import Span
from knowledge.warehouse.resolve.comparisons import Comparison
from knowledge.warehouse.resolve.cues import GROUPING
from knowledge.warehouse.resolve.superlatives import SUPERLATIVES
from knowledge.warehouse.resolve.time_expressions import TimeMention
from knowledge.warehouse.resolve.words import Token

_GRAIN_WORDS = {
    "day": Grain.DAY, "daily": Grain.DAY, "week": Grain.WEEK, "weekly": Grain.WEEK, "month": Grain.MONTH,
    "monthly": Grain.MONTH, "quarter": Grain.QUARTER, "quarterly": Grain.QUARTER, "year": Grain.YEAR,
    "yearly": Grain.YEAR, "annual": Grain.YEAR, "annually": Grain.YEAR, "years": Grain.YEAR,
    "months": Grain.MONTH, "quarters": Grain.QUARTER, "weeks": Grain.WEEK, "days": Grain.DAY,
}  # fmt: skip
_ADVERBS = frozenset({"daily", "weekly", "monthly", "quarterly", "yearly", "annual", "annually"})
TREND = re.compile(
    r"\b(?:over time|trend(?:s|ed|ing)?|time series|(?:month by|by the) month|over the (?:years"
    r"|months|quarters))\b",
    re.IGNORECASE,
)


def asked_period(
    times: Sequence[TimeMention], comparison: Comparison | None
) -> tuple[Span | None, Grain | None, int]:
    """The period asked for, a grain where several were named one after the other, and how many were left
    over."""
    if comparison:
        inside = [
            time for time in times if any(a <= time.start and time.end <= b for a, b in comparison.spans)
        ]
        others = [
            time
            for time in times
            if time not in inside and time.period not in (comparison.period.period, comparison.compare_to)
        ]
        return comparison.period, None, len(others)
    if not times:
        return None, None, 0
    if len(times) == 1:
        return times[0].span, None, 0
    return _joined(times)


def _joined(times: Sequence[TimeMention]) -> tuple[Span | None, Grain | None, int]:
    """`Q1 and Q2 2026` is the half, quarter by quarter; `March 1997` in the other order is one of them."""
    ordered = sorted(times, key=lambda time: time.period.start)
    units = {time.span.unit for time in ordered}
    meets = all(one.period.end == other.period.start for one, other in pairwise(ordered))
    unit = next(iter(units))
    if meets and len(units) == 1 and unit is not None and unit.value in set(Grain):
        first, last = ordered[0].period, ordered[-1].period
        joined = Period(first.start, last.end, f"{first.label} to {last.label}")
        return Span(joined), Grain(unit.value), 0
    inner = min(times, key=lambda time: time.period.end - time.period.start)
    outside = [
        time
        for time in times
        if not (time.period.start <= inner.period.start and inner.period.end <= time.period.end)
    ]
    return inner.span, None, len(outside)


def read_grain(tokens: Sequence[Token]) -> tuple[Grain | None, frozenset[int]]:
    for place, token in enumerate(tokens):
        grain = _GRAIN_WORDS.get(token.key)
        if grain is None:
            continue
        if token.key in _ADVERBS:
            return grain, frozenset({place})
        if _has_the_most(tokens, place):
            return grain, frozenset({place})
        lead = [item.key for item in tokens[max(0, place - 3) : place]]
        while lead and lead[-1] in (
            "the",
            "calendar",
            "single",
            "of",
            "each",
            "best",
            "worst",
            "top",
            "strongest",
            "weakest",
            "busiest",
            "highest",
        ):
            word = lead.pop()
            if word not in ("the", "calendar", "single", "of"):
                return grain, frozenset({place})
        if lead and lead[-1] in ("and", ",") and any(item.key in GROUPING for item in tokens[:place]):
            return grain, frozenset({place})
        if lead and lead[-1] in ("per", "by", "every", "which", "what", "a"):
            if lead[-1] == "a" and not _is_rate(tokens, place):
                continue
            return grain, frozenset({place})
    return None, frozenset()


def _has_the_most(tokens: Sequence[Token], place: int) -> bool:
    """`week with the highest revenue`."""
    following = [item.key for item in tokens[place + 1 : place + 4]]
    has = following[:1] and following[0] in ("with", "having", "had", "has")
    return bool(has) and any(key in SUPERLATIVES for key in following)


def _is_rate(tokens: Sequence[Token], place: int) -> bool:
    """`a month` at the end of a question, not `a month ago`."""
    return place + 1 == len(tokens) or tokens[place + 1].is_mark
