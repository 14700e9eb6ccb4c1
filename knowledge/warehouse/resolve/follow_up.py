"""A follow-up made whole: the question before it with what the follow-up names in place of its own.

It works on the words, so that what comes out is a question like any other, read by the same rules and said to
whoever asked. A follow-up with a word that the catalog does not explain is left alone.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.metric_spec import CalendarFile
from knowledge.warehouse.resolve.comparison_phrases import is_rhythm
from knowledge.warehouse.resolve.comparisons import AGAINST_AT_START
from knowledge.warehouse.resolve.cues import Cue
from knowledge.warehouse.resolve.lexicon import MeaningKind, build_lexicon
from knowledge.warehouse.resolve.segments import Segment
from knowledge.warehouse.resolve.shape import Shape, read_shape
from knowledge.warehouse.resolve.time_expressions import TimeMention, read_times
from knowledge.warehouse.resolve.time_points import points_in
from knowledge.warehouse.resolve.values import ValueIndex

_MEASURES = (MeaningKind.METRIC, MeaningKind.ENTITY)
_GROUPS = (MeaningKind.DIMENSION, MeaningKind.ENTITY)


class _Unclear(Exception):
    """What the follow-up names could take the place of several things, or of none."""


@dataclass(slots=True)
class _Edits:
    """Places of the earlier question with what is to stand there, and what is to be said after it."""

    places: list[tuple[int, int, str]] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    def apply(self, question: str) -> str:
        for start, end, text in sorted(self.places, reverse=True):
            question = question[:start] + text + question[end:]
        body = question.rstrip(" ?.!")
        mark = "?" if question.rstrip().endswith("?") else ""
        return " ".join([body, *self.added]) + mark


def complete_question(
    catalog: Catalog,
    values: ValueIndex,
    previous: str,
    fragment: str,
    today: date,
    visible: Container[str] | None = None,
) -> str | None:
    """`fragment` is the follow-up without what only says that it is one: `in Q2`, `the north`, `orders`."""
    lexicon = build_lexicon(catalog, values, visible)
    # What only says that a comparison follows is no word of the catalog's.
    rest = AGAINST_AT_START.sub("", fragment, count=1).strip()
    before, named = (read_shape(text, lexicon, values, today, catalog.calendar) for text in (previous, rest))
    if named.unknown or named.limits or named.superlative or named.share:
        return None
    edits = _Edits()
    try:
        if named.comparison is not None or AGAINST_AT_START.match(fragment):
            _compare(before, fragment, edits)
        else:
            _change_period(before, named, today, catalog.calendar, edits)
        for place, segment in enumerate(named.segments):
            _change_part(before, named, place, segment, edits)
        if named.grain is not None:
            _cut_by(before, named, edits)
    except _Unclear:
        return None
    return edits.apply(previous) if edits.places or edits.added else None


def _compare(before: Shape, fragment: str, edits: _Edits) -> None:
    """Raises _Unclear."""
    if before.comparison is not None:
        raise _Unclear
    is_led_up_to = AGAINST_AT_START.match(fragment) or is_rhythm(fragment)
    edits.added.append(fragment if is_led_up_to else f"against {fragment}")


def _change_period(before: Shape, named: Shape, today: date, calendar: CalendarFile, edits: _Edits) -> None:
    """Raises _Unclear."""
    told = read_times(named.question, today, calendar)
    if not told:
        return
    earlier = read_times(before.question, today, calendar)
    if len(told) > 1 or len(earlier) > 1 or before.comparison is not None:
        raise _Unclear
    said = _said(named.question, told[0], before.question, earlier, today, calendar)
    if earlier:
        edits.places.append((earlier[0].start, earlier[0].end, said))
    else:
        edits.added.append(said)


def _said(
    fragment: str,
    told: TimeMention,
    previous: str,
    earlier: Sequence[TimeMention],
    today: date,
    calendar: CalendarFile,
) -> str:
    """The period in its own words; a month or quarter without a year is of the year that was spoken of."""
    points = [point for point in points_in(fragment, today, calendar) if told.start <= point.start < told.end]
    text = fragment[told.start : told.end]
    if len(points) != 1:
        return text
    [point] = points
    if point.year is None and point.needs_year and earlier:
        period = earlier[0].period
        if (period.end - timedelta(days=1)).year == period.start.year:
            at = point.end - told.start
            text = f"{text[:at]} {period.start.year}{text[at:]}"
    if told.start == point.start and (point.needs_year or point.year is not None):
        text = f"{_lead_of(previous, earlier, today, calendar)} {text}"
    return text


def _lead_of(previous: str, earlier: Sequence[TimeMention], today: date, calendar: CalendarFile) -> str:
    for point in points_in(previous, today, calendar):
        if earlier and earlier[0].start <= point.start < earlier[0].end:
            return previous[earlier[0].start : point.start].strip() or "in"
    return "in"


def _change_part(before: Shape, named: Shape, place: int, segment: Segment, edits: _Edits) -> None:
    """Raises _Unclear."""
    words = _words(named, segment)
    if named.negated[place]:
        edits.added.append(f"without {words}")
    elif named.cues[place] is Cue.GROUP and segment.of_kind(*_GROUPS):
        _group_by(before, words, edits)
    elif values := segment.of_kind(MeaningKind.VALUE):
        same = _with_value(before, {meaning.name for meaning in values})
        _replace_or_add(before, same, words, f"for {words}", edits)
    elif segment.of_kind(*_MEASURES):
        measured = [part for part, cue in _parts(before) if part.of_kind(*_MEASURES) and cue is not Cue.GROUP]
        measured = [part for part in measured if part.of_kind(MeaningKind.METRIC)] or measured
        if len(measured) != 1:
            raise _Unclear
        _replace_or_add(before, measured, words, "", edits)
    elif segment.of_kind(MeaningKind.DIMENSION):
        _group_by(before, words, edits)
    else:
        raise _Unclear


def _group_by(before: Shape, words: str, edits: _Edits) -> None:
    """Raises _Unclear."""
    groups = [part for part, cue in _parts(before) if cue is Cue.GROUP]
    _replace_or_add(before, groups, words, f"by {words}", edits)


def _with_value(before: Shape, names: set[str]) -> list[Segment]:
    return [
        part
        for part, _cue in _parts(before)
        if any(meaning.name in names for meaning in part.of_kind(MeaningKind.VALUE))
    ]


def _replace_or_add(before: Shape, parts: Sequence[Segment], words: str, added: str, edits: _Edits) -> None:
    """Raises _Unclear."""
    if len(parts) > 1:
        raise _Unclear
    if parts:
        start, end = before.tokens[parts[0].start].start, before.tokens[parts[0].end - 1].end
        edits.places.append((start, end, words))
    else:
        edits.added.append(added)


def _cut_by(before: Shape, named: Shape, edits: _Edits) -> None:
    """Raises _Unclear."""
    if before.grain is not None or edits.places or edits.added:
        raise _Unclear
    edits.added.append(named.question)


def _parts(shape: Shape) -> Iterator[tuple[Segment, Cue]]:
    return zip(shape.segments, shape.cues, strict=True)


def _words(shape: Shape, segment: Segment) -> str:
    return shape.question[shape.tokens[segment.start].start : shape.tokens[segment.end - 1].end]
