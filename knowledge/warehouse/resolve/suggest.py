"""`suggest_queries`: from a question to the governed queries it may mean, or to why there are none."""

from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.query import MetricQuery
from knowledge.warehouse.resolve.calendar import spell, spell_period
from knowledge.warehouse.resolve.candidates import candidates_for
from knowledge.warehouse.resolve.confidence import CERTAIN, Judged, is_tied, judge, phrases_of
from knowledge.warehouse.resolve.lexicon import Lexicon, Meaning, MeaningKind, build_lexicon
from knowledge.warehouse.resolve.readings import label_of, reading_of
from knowledge.warehouse.resolve.segments import EXACT_ENOUGH
from knowledge.warehouse.resolve.shape import Shape, read_shape
from knowledge.warehouse.resolve.values import ValueIndex

_MOST = 3

Reader = Callable[[tuple[int, int] | None], tuple[Shape, list[Judged]]]


class Reason(StrEnum):
    """Why nothing is certain: no data of the kind that is asked for, a known thing of which this is not
    recorded, days outside of the data, several things that may be meant, or too little that is understood."""

    NO_SUCH_DATA = "no such data"
    NOT_RECORDED = "not recorded"
    OUT_OF_RANGE = "out of range"
    AMBIGUOUS = "ambiguous"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`reading` says in a sentence how the question was understood; `not_understood` are its words that
    nothing explains."""

    query: MetricQuery
    confidence: float
    reading: str
    not_understood: tuple[str, ...] = ()

    @property
    def is_certain(self) -> bool:
        return self.confidence >= CERTAIN


@dataclass(frozen=True, slots=True)
class Option:
    """`name` as in the catalog, of a value with the value behind it."""

    name: str
    definition: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A term of the question, and what it may mean."""

    term: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The surest first. `why` is a sentence for people where none is certain, `reason` its kind, `missing`
    the words it is about; `alternatives` are the readings that may be meant where it is ambiguous."""

    suggestions: tuple[Suggestion, ...] = ()
    choices: tuple[Choice, ...] = ()
    missing: tuple[str, ...] = ()
    reason: Reason | None = None
    why: str | None = None
    alternatives: tuple[str, ...] = ()

    @property
    def best(self) -> Suggestion | None:
        """The one that may be presented as the answer."""
        first = self.suggestions[0] if self.suggestions else None
        return first if first and first.is_certain and self.reason is None else None

    def settled(self, reading: str) -> "Suggestions":
        """With the query of this reading as what was meant, if it is one of those that may be."""
        chosen = [item for item in self.suggestions if item.reading == reading]
        return Suggestions((replace(chosen[0], confidence=1.0),)) if chosen else self


def suggest_queries(
    catalog: Catalog,
    values: ValueIndex,
    question: str,
    today: date,
    visible: Container[str] | None = None,
) -> Suggestions:
    """`visible` are the products that may be spoken of; all where nothing is said."""
    lexicon = build_lexicon(catalog, values, visible)

    def read(apart: tuple[int, int] | None) -> tuple[Shape, list[Judged]]:
        shape = read_shape(question, lexicon, values, today, catalog.calendar, apart)
        return shape, judge(shape, candidates_for(shape, lexicon, values), lexicon)

    shape, judged = _read_again(*read(None), read)
    choices = _choices(shape, judged, lexicon)
    suggestions = _told_apart([_suggestion(item) for item in judged[:_MOST]], choices, lexicon)
    first = judged[0] if judged else None
    if first is not None and (outside := _outside(first.candidate.query, lexicon, values)):
        return Suggestions((), choices, first.not_understood, Reason.OUT_OF_RANGE, outside)
    if suggestions and suggestions[0].is_certain:
        return _held_against(suggestions[0], shape) or Suggestions(suggestions, choices)
    missing = first.not_understood if first else phrases_of(shape, (shape.tokens[at] for at in shape.unknown))
    reason, why = _why(shape, missing, choices, lexicon)
    tied = [item for item, other in zip(suggestions, judged, strict=False) if is_tied(judged[0], other)]
    alternatives = tuple(item.reading for item in tied) if reason is Reason.AMBIGUOUS else ()
    return Suggestions(suggestions, choices, missing, reason, why, alternatives)


def _read_again(shape: Shape, judged: list[Judged], read: Reader) -> tuple[Shape, list[Judged]]:
    """A phrase of several words may have been none: "orders placed" on a day are no "orders placed" by a
    customer. The surest reading is kept."""
    best = judged[0].confidence if judged else 0.0
    if best >= CERTAIN or (judged and judged[0].not_understood):
        return shape, judged
    for segment in [item for item in shape.segments if item.end - item.start > 1]:
        again, others = read((segment.start, segment.end))
        if others and others[0].confidence > best:
            shape, judged, best = again, others, others[0].confidence
    return shape, judged


def _held_against(sure: Suggestion, shape: Shape) -> Suggestions | None:
    """Where all is understood but which of several earlier periods is meant."""
    comparison = shape.comparison
    if comparison is None or not comparison.others or sure.query.compare_to is None:
        return None
    periods = (comparison.compare_to, *comparison.others)
    queries = [replace(sure.query, compare_to=period) for period in periods]
    found = tuple(replace(sure, query=query, reading=reading_of(query)) for query in queries)
    start, end = comparison.spans[0]
    meant = " or ".join(map(spell_period, periods))
    why = f"“{shape.question[start:end].strip()}” may mean {meant}."
    return Suggestions(found, (), (), Reason.AMBIGUOUS, why, tuple(item.reading for item in found))


def _suggestion(item: Judged) -> Suggestion:
    candidate = item.candidate
    reading = reading_of(candidate.query, is_listing=candidate.is_listing)
    return Suggestion(candidate.query, round(item.confidence, 3), reading, item.not_understood)


def _told_apart(
    suggestions: Sequence[Suggestion], choices: Sequence[Choice], lexicon: Lexicon
) -> tuple[Suggestion, ...]:
    """Two readings that sound alike, such as by two things called country, say which it is."""
    alike = Counter(item.reading for item in suggestions)
    options = [option for choice in choices for option in choice.options]
    return tuple(
        replace(item, reading=f"{item.reading} ({', '.join(named)})")
        if alike[item.reading] > 1 and (named := _named_in(item.query, options, lexicon))
        else item
        for item in suggestions
    )


def _named_in(query: MetricQuery, options: Sequence[Option], lexicon: Lexicon) -> list[str]:
    names = {*query.metrics, *query.dimensions, *(item.dimension for item in query.filters)}
    return [_named(option, lexicon) for option in options if option.name.partition(" = ")[0] in names]


def _choices(shape: Shape, judged: Sequence[Judged], lexicon: Lexicon) -> tuple[Choice, ...]:
    """Of the readings that stand as well as the first, where they differ."""
    if not judged:
        return ()
    tied = [item.candidate for item in judged[:_MOST] if is_tied(judged[0], item)]
    choices = []
    for place, segment in enumerate(shape.segments):
        meanings = list(dict.fromkeys(candidate.chosen[place] for candidate in tied))
        options = tuple(dict.fromkeys(_option(meaning, lexicon) for meaning in meanings))
        if len(options) > 1:
            tokens = shape.tokens[segment.start : segment.end]
            choices.append(Choice(shape.question[tokens[0].start : tokens[-1].end], options))
    return tuple(choices)


def _option(meaning: Meaning, lexicon: Lexicon) -> Option:
    if meaning.kind is MeaningKind.VALUE:
        return Option(f"{meaning.name} = {meaning.value}", lexicon.definition(meaning.name))
    return Option(meaning.name, lexicon.definition(meaning.name))


def _outside(query: MetricQuery, lexicon: Lexicon, values: ValueIndex) -> str | None:
    """A sentence where there is data, but none of the days that are asked for."""
    periods = [item for item in (query.period, query.compare_to) if item]
    for name in query.metrics:
        dimension = lexicon.time_of.get(name.partition(".")[0])
        known = values.range_of(dimension) if dimension else None
        if known is None:
            continue
        first, last = known
        for period in periods:
            if period.end <= first or period.start > last:
                return f"The data covers {spell(first)} to {spell(last)}; there is none of {period.label}."
    starts = {item.dimension: item.value for item in query.filters if isinstance(item.value, date)}
    for dimension, start in starts.items():
        known = values.range_of(dimension)
        if known and isinstance(start, date) and start - timedelta(days=1) > known[1]:
            return f"The data covers {spell(known[0])} to {spell(known[1])}."
    return None


def _why(
    shape: Shape, missing: Sequence[str], choices: Sequence[Choice], lexicon: Lexicon
) -> tuple[Reason, str]:
    if missing:
        quoted = " or ".join(f"“{phrase}”" for phrase in missing)
        things = _known_things(shape)
        if things:
            return Reason.NOT_RECORDED, f"The data has {things}, but {quoted} is not recorded."
        return Reason.NO_SUCH_DATA, f"There is no data about {quoted}."
    if choices:
        term = choices[0]
        names = " or ".join(_named(option, lexicon) for option in term.options)
        return Reason.AMBIGUOUS, f"“{term.term}” may mean {names}."
    if not shape.segments:
        return Reason.NO_SUCH_DATA, "The question names nothing that the catalog has data about."
    return Reason.UNCLEAR, "The question was not understood well enough to answer it."


def _named(option: Option, lexicon: Lexicon) -> str:
    """`country of the customer`: two models may have the same name for something."""
    name, _, value = option.name.partition(" = ")
    model, _, part = name.partition(".")
    entity = lexicon.catalog.models[model].entity
    said = value or label_of(name)
    return (
        f"{said} ({label_of(name)} of the {entity})" if value else f"{said} of the {entity}" if part else said
    )


def _known_things(shape: Shape) -> str | None:
    """The value the question is about, such as one customer."""
    for segment in shape.segments:
        for meaning in segment.of_kind(MeaningKind.VALUE):
            if meaning.strength >= EXACT_ENOUGH:
                return str(meaning.value)
    return None
