"""What a question looks like before its parts are put together: its periods, its phrases, and the part each
phrase plays in the sentence."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from knowledge.warehouse.metric_spec import CalendarFile, Grain
from knowledge.warehouse.resolve.calendar import Span, Unit, step
from knowledge.warehouse.resolve.comparisons import (
    Comparison,
    asks_for_change,
    of_same_length,
    read_comparison,
)
from knowledge.warehouse.resolve.cues import Cue, cues_of
from knowledge.warehouse.resolve.grains import TREND, asked_period, read_grain
from knowledge.warehouse.resolve.lexicon import Lexicon, MeaningKind
from knowledge.warehouse.resolve.limits import NumberLimit, read_limits
from knowledge.warehouse.resolve.pairs import Pair, read_pairs, spread_denials
from knowledge.warehouse.resolve.segments import Segment, cut
from knowledge.warehouse.resolve.superlatives import Superlative, read_superlative
from knowledge.warehouse.resolve.time_expressions import TimeMention, read_times
from knowledge.warehouse.resolve.values import ValueIndex
from knowledge.warehouse.resolve.word_lists import LIGHT_BEFORE_FLAGS, words_in
from knowledge.warehouse.resolve.words import Token, is_content, spell_out, tokens_of


@dataclass(frozen=True, slots=True)
class Shape:
    """`cues` and `negated` go by segment. `unknown` are tokens nothing explains; `is_list` where rows are
    asked for by name. `pairs` are places of phrases that are held against each other."""

    question: str
    tokens: tuple[Token, ...]
    segments: tuple[Segment, ...]
    cues: tuple[Cue, ...]
    negated: tuple[bool, ...]
    period: Span | None = None
    time_place: int | None = None
    comparison: Comparison | None = None
    grain: Grain | None = None
    share: bool = False
    superlative: Superlative | None = None
    limits: tuple[NumberLimit, ...] = ()
    unknown: tuple[int, ...] = ()
    is_list: bool = False
    times_left: int = 0
    ascending: bool | None = None
    formula: frozenset[int] = frozenset()
    pairs: tuple[Pair, ...] = ()


_SHARE = re.compile(
    r"\b(?:(?:what|which)\s+)?(?:share|percentage|per ?cent|proportion|fraction|portion"
    r"|contribution)s?\s+(?:of|to|in|does|do)\b|"
    r"%\s+of\b|\b(?:as (?:a )?)?(?:share|percentage)s?\b|\bmarket share\b",
    re.IGNORECASE,
)
_NOT = words_in("not never no without non excluding except besides isn't aren't wasn't weren't")
_EXCEPT = re.compile(r"\b(?:other than|apart from|outside(?: of)?)\b", re.IGNORECASE)
_SIGNS = frozenset({"<=", ">=", "<", ">", "=", "+", "*", "≤", "≥"})
_SORT = re.compile(
    r"\b(?:sort(?:ed)?|(?<!per )(?<!each )(?<!every )(?<!an )(?<!of )order(?:ed)?)\s+(?=by\b)"
    r"|\brank(?:ed|ing)?\b",
    re.IGNORECASE,
)
_ASCENDING = re.compile(
    r"\b(?:ascending(?: order)?|(?:lowest|smallest|least|worst) first|from (?:the )?(?:lowest"
    r"|smallest|least)(?: to (?:the )?\w+)?)\b",
    re.IGNORECASE,
)
_DESCENDING = re.compile(
    r"\b(?:descending(?: order)?|(?:highest|largest|most|biggest|best) first|from (?:the )?"
    r"(?:highest|largest|most)(?: to (?:the )?\w+)?)\b",
    re.IGNORECASE,
)
_LISTING = re.compile(
    r"^\W*(?:please\s+)?(?:which|who|list|show|name|what are|give me|display|find)\b", re.IGNORECASE
)


def read_shape(
    question: str,
    lexicon: Lexicon,
    values: ValueIndex,
    today: date,
    calendar: CalendarFile,
    apart: tuple[int, int] | None = None,
) -> Shape:
    """`apart` are the ends of tokens that are not to be read as one phrase."""
    tokens = spell_out(tokens_of(question), lexicon.vocabulary)
    grain, grain_places = read_grain(tokens)
    times, comparison = _times(question, today, calendar, has_grain=grain is not None)
    ascending, sort_spans = _sorting(question)
    spans = [(time.start, time.end) for time in times] + sort_spans
    spans += comparison.spans if comparison else ()
    spans += [match.span() for match in (TREND.search(question), _SORT.search(question)) if match]
    formula = _formula(tokens)
    taken = _places(tokens, spans) | grain_places | formula
    limits, limit_places = read_limits(tokens, taken)
    taken |= limit_places
    share = _places(tokens, [match.span() for match in _SHARE.finditer(question)])
    segments = tuple(cut(tokens, taken, lexicon, values, apart))
    if share and not any(item.end - item.start > 1 and share & _covered([item]) for item in segments):
        taken |= share
        segments = tuple(cut(tokens, taken, lexicon, values, apart))
    else:
        share = frozenset()
    free = frozenset(range(len(tokens))) - _covered(segments) - taken
    superlative = read_superlative(tokens, free)
    free -= superlative.places if superlative else frozenset()
    nots = _negations(question, tokens, free)
    denied = [_negation(segment, segments, nots) for segment in segments]
    negated = spread_denials(tokens, segments, denied)
    used = {place for places in negated for place in places}
    pairs, compared = read_pairs(tokens, segments)
    if compared and comparison and comparison.is_assumed:
        # The difference between two stores is none between two periods.
        comparison = None
    cues = cues_of(tokens, segments, superlative)
    if comparison and comparison.is_assumed and comparison.others and Cue.GROUP in cues:
        # Compared by region, the regions are held against each other.
        used |= _places(tokens, comparison.spans)
        comparison = None
    if comparison and grain is Grain.YEAR and _is_within_a_year(comparison.period):
        grain = None
    used |= compared | _explained(tokens, segments, free, comparison)
    period, joined_grain, left = asked_period(times, comparison)
    if comparison:
        comparison = of_same_length(comparison, today)
        period = comparison.period
    return Shape(
        question=question,
        tokens=tokens,
        segments=segments,
        cues=cues,
        negated=tuple(bool(places) for places in negated),
        period=period,
        time_place=_first_place(tokens, times),
        comparison=comparison,
        grain=grain or joined_grain or (Grain.MONTH if TREND.search(question) else None),
        share=bool(share),
        superlative=superlative,
        limits=tuple(limits),
        unknown=_unknown(tokens, (free | formula) - used, nots),
        is_list=bool(_LISTING.search(question)),
        times_left=left,
        formula=formula,
        ascending=ascending,
        pairs=pairs,
    )


def _is_within_a_year(span: Span) -> bool:
    return span.period.end <= step(span.period.start, Unit.YEAR, 1)


def _explained(
    tokens: Sequence[Token], segments: Sequence[Segment], free: frozenset[int], comparison: Comparison | None
) -> set[int]:
    """Words that other parts of the question account for: `higher` beside two periods, `arrived` before
    `late`."""
    found = {place for place in free if comparison and tokens[place].key in _MORE_OR_LESS}
    for segment in segments:
        before = segment.start - 1
        if before in free and segment.of_kind(MeaningKind.FLAG) and tokens[before].key in LIGHT_BEFORE_FLAGS:
            found.add(before)
    return found


def _times(
    question: str, today: date, calendar: CalendarFile, *, has_grain: bool
) -> tuple[list[TimeMention], Comparison | None]:
    """Where a change is asked for, the ends of a range are two periods, unless it is cut into more."""
    change = asks_for_change(question) and not has_grain
    times = read_times(question, today, calendar, join_ranges=not change)
    comparison = read_comparison(question, times, today, calendar)
    if change and comparison is None:
        times = read_times(question, today, calendar)
    return times, comparison


def _negations(question: str, tokens: Sequence[Token], free: frozenset[int]) -> list[int]:
    said = _places(tokens, [match.span() for match in _EXCEPT.finditer(question)])
    return [place for place in sorted(free) if _is_negation(tokens[place]) or place in said]


def _unknown(tokens: Sequence[Token], free: frozenset[int], nots: Sequence[int]) -> tuple[int, ...]:
    return tuple(
        place
        for place in sorted(free)
        if (is_content(tokens[place]) or place in nots) and tokens[place].key not in _GRAIN_LIGHT
    )


_MORE_OR_LESS = words_in("higher lower better worse more less greater smaller fewer up down")
# Said beside a period or a grain, they add nothing: "the period", "over the time".
_GRAIN_LIGHT = frozenset({"time", "period", "date", "range", "calendar"})


def _places(tokens: Sequence[Token], spans: Iterable[tuple[int, int]]) -> frozenset[int]:
    spans = list(spans)
    return frozenset(
        place
        for place, token in enumerate(tokens)
        if any(start <= token.start and token.end <= end for start, end in spans)
    )


def _formula(tokens: Sequence[Token]) -> frozenset[int]:
    """What stands in brackets with signs of arithmetic spells out what was said before them."""
    inside = [place for place, token in enumerate(tokens) if token.aside]
    has_sign = any(tokens[place].text in _SIGNS for place in inside)
    return frozenset(inside) if has_sign else frozenset()


def _covered(segments: Iterable[Segment]) -> frozenset[int]:
    return frozenset(place for segment in segments for place in range(segment.start, segment.end))


def _first_place(tokens: Sequence[Token], times: Sequence[TimeMention]) -> int | None:
    if not times:
        return None
    return min((place for place, token in enumerate(tokens) if token.start >= times[0].start), default=None)


def _sorting(question: str) -> tuple[bool | None, list[tuple[int, int]]]:
    up, down = _ASCENDING.search(question), _DESCENDING.search(question)
    if up:
        return True, [up.span()]
    if down:
        return False, [down.span()]
    return (False, []) if _SORT.search(question) else (None, [])


def _is_negation(token: Token) -> bool:
    return token.key in _NOT or token.key.endswith("n't")


def _negation(segment: Segment, segments: Sequence[Segment], nots: Sequence[int]) -> tuple[int, ...]:
    """The negations said right before it, after the phrase before."""
    earlier = max((other.end for other in segments if other.end <= segment.start), default=0)
    return tuple(place for place in nots if earlier <= place < segment.start and segment.start - place <= 6)
