"""The first step of `report`: what was asked for, as a template, a period, the figures to ask for and what to
look for in the market.

Every question of figures is one that the catalog's resolver surely understands as the query it was made of,
so a specialist without a language model answers the same as one with it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from crews.report_steps.key_figures import KeyFigures, key_figures_of
from crews.reports.template import FigureKind, ReportTemplate, find_template, load_templates
from crews.step_context import StepContext
from crews.tools.query_arguments import arguments_of
from knowledge.warehouse.metric_spec import CalendarFile
from knowledge.warehouse.query import MetricQuery, Period
from knowledge.warehouse.resolve.calendar import (
    Span,
    Unit,
    before,
    spell,
    spell_period,
    step,
    unit_around,
    year_before,
)
from knowledge.warehouse.resolve.comparisons import Comparison, of_same_length
from knowledge.warehouse.resolve.readings import reading_of
from knowledge.warehouse.resolve.time_expressions import read_times
from knowledge.warehouse.vocabulary import MetricRef
from ledger.errors import NotFound, WorkspaceInvalid

DEFAULT_TEMPLATE = "executive_summary"
# As many as the workflow's step may run for.
MOST_QUESTIONS = 16
_METRICS_A_QUESTION = 6
_COURSE_MONTHS = 24
_TOPIC = re.compile(r"\b(?:on|about|regarding|concerning|covering)\s+(?P<topic>.{3,200})$", re.IGNORECASE)
_REPORT = re.compile(
    r"\b(?:reports?|summar(?:y|ise|ize)|reviews?|overview|briefs?|briefing|papers?|packs?|decks?|slides|update"
    r"|figures?|numbers|kpis?|results?|performance|trading|business|company|doing|sales|revenue|market)\b",
    re.IGNORECASE,
)
_HANGING = re.compile(r"\b(?:for|in|of|against|vs|versus|compared (?:to|with))\s*$", re.IGNORECASE)
_NO_TOPIC = re.compile(
    r"\b(?:our|the|my|this|a|an|all|company|business|trading|results?|performance)\b|\W", re.IGNORECASE
)


class NamedPeriod(BaseModel):
    """`label` is what people call it, `days` names its first and its last day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    days: str


class FiguresQuestion(BaseModel):
    """`question` is what the data analyst is asked, `reading` the query that is meant by it, in words, and
    `title` what its answer is called in the report."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FigureKind
    question: str
    reading: str
    title: str


class MarketQuestion(BaseModel):
    """`section` is the key of the template's section that the answer is for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    section: str


class ReportBrief(BaseModel):
    """`metrics` are the key figures, the most important first, `good` says which way is welcome by the name
    of the metric alone, `notes` are for the reader, `refusal` says why no report was understood in what was
    asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    template: str
    title: str
    period: NamedPeriod
    against: NamedPeriod
    metrics: tuple[str, ...] = ()
    good: dict[str, Literal["up", "down"]] = {}
    questions: tuple[FiguresQuestion, ...] = ()
    market: tuple[MarketQuestion, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: str | None = None


def plan_report(context: StepContext) -> ReportBrief:
    asked = context.claim.question
    template, notes = _template(asked, load_templates())
    today = context.db.clock.now().date()
    figures, calendar = _figures(context)
    understood = context.claim.understood
    # What a follow-up names takes the place of what the request before it named.
    added = None if understood is None else understood.about
    span, against, times = _named_in(asked, added, today, calendar, template, figures)
    if notes and not times and _REPORT.search(asked) is None:
        return _not_understood(asked, template, span, against)
    even = of_same_length(Comparison(span, against.period, ()), today)
    periods = _Periods(span.period, against.period, even.period.period, even.compare_to)
    if periods.shown != periods.asked:
        notes.append(
            f"{span.period.label} is not over: its figures go up to {spell(today)}, and are compared with as "
            f"much of {against.period.label}."
        )
    if not figures and template.figures:
        notes.append("There are no figures in it: there are none that whoever asked for it may read.")
    topic = _topic(asked, times) if template.market else None
    on_topic = f" on {topic}" if topic else ""
    refs = () if figures is None else figures.metrics
    questions = list(_questions(context, template, figures, periods, notes))
    return ReportBrief(
        template=template.name,
        title=f"{template.title}{on_topic}, {periods.shown.label}",
        period=_named(periods.shown),
        against=_named(periods.against),
        metrics=tuple(ref.full_name for ref in refs),
        good={ref.name: ref.metric.good for ref in refs if ref.metric.good is not None},
        questions=tuple(questions[:MOST_QUESTIONS]),
        market=tuple(_market_questions(template, topic, span.period)),
        notes=tuple(notes),
    )


def _not_understood(asked: str, template: ReportTemplate, span: Span, against: Span) -> ReportBrief:
    """Nothing in it names a report, a period, or what is in either."""
    kinds = _kinds(load_templates().values())
    return ReportBrief(
        template=template.name,
        title=template.title,
        period=_named(span.period),
        against=_named(against.period),
        refusal=f"No report was understood in “{asked}”. Say which kind, and of which period, as in “Board "
        f"pack for Q3 2026”; there are: {kinds}.",
    )


def _kinds(templates: Iterable[ReportTemplate]) -> str:
    titles = sorted(one.title for one in templates)
    return ", ".join(title if title[1:2].isupper() else title.lower() for title in titles)


def _template(asked: str, templates: dict[str, ReportTemplate]) -> tuple[ReportTemplate, list[str]]:
    """The one whose words come first in what was asked, of two at one place the longer."""
    words = " ".join(re.findall(r"\w+", asked.lower()))
    named = [
        (found.start(), -len(phrase), template)
        for template in templates.values()
        for phrase in (template.title, template.name.replace("_", " "), *template.asked_as)
        if (found := re.search(rf"\b{re.escape(phrase.lower())}\b", words))
    ]
    if named:
        return min(named, key=lambda item: item[:2])[2], []
    template = find_template(templates, DEFAULT_TEMPLATE)
    kinds = _kinds(templates.values())
    note = f"No kind of report was named, so this is an {template.title.lower()}; there are: {kinds}."
    return template, [note]


def _figures(context: StepContext) -> tuple[KeyFigures | None, CalendarFile]:
    try:
        desk = context.numbers
        catalog = desk.warehouse.catalog
        figures = key_figures_of(catalog, *desk.known_to(context.access))
    except (NotFound, WorkspaceInvalid):
        return None, CalendarFile()
    return (figures if figures.metrics else None), catalog.calendar


def _named_in(
    asked: str,
    added: str | None,
    today: date,
    calendar: CalendarFile,
    template: ReportTemplate,
    figures: KeyFigures | None,
) -> tuple[Span, Span, list[tuple[int, int]]]:
    """The period, the one to compare it with, and where in what was asked they are named."""
    mentions = read_times(asked, today, calendar)
    places = [(mention.start, mention.end) for mention in mentions]
    mentions = (read_times(added, today, calendar) if added else ()) or mentions
    span = mentions[0].span if mentions else unit_around(today, Unit.QUARTER, calendar, -1)
    if len(mentions) > 1:
        return span, mentions[1].span, places
    against = year_before(span) if template.against == "the year before" else before(span)
    if figures is not None and not _is_covered(figures, against.period):
        against = before(span)
    return span, against, places


def _is_covered(figures: KeyFigures, period: Period) -> bool:
    leading = figures.metrics[0]
    time = figures.vocabulary.time_of(leading.model)
    known = None if time is None else figures.values.range_of(f"{time.place.model.name}.{time.name}")
    return known is None or known[0] <= period.start


@dataclass(frozen=True, slots=True)
class _Periods:
    """`asked` and `asked_against` as they are called, `shown` and `against` as much of them as is over."""

    asked: Period
    asked_against: Period
    shown: Period
    against: Period

    @property
    def in_words(self) -> str:
        return f"in {_spelled(self.asked)} against {_spelled(self.asked_against)}"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A query, and the words that should mean it."""

    kind: FigureKind
    words: str
    title: str
    metrics: tuple[MetricRef, ...]
    dimension: str | None = None
    by_month: bool = False


def _questions(
    context: StepContext,
    template: ReportTemplate,
    figures: KeyFigures | None,
    periods: _Periods,
    notes: list[str],
) -> Iterator[FiguresQuestion]:
    if figures is None:
        return
    for wanted in template.figures:
        for one in _wanted(wanted.kind, wanted.at_most, figures, periods):
            asked = list(_understood(context, one, periods))
            if not asked:
                notes.append(f"{one.title} is not in it: no question for it is surely understood.")
            yield from asked


def _understood(context: StepContext, wanted: _Wanted, periods: _Periods) -> Iterator[FiguresQuestion]:
    """The question if it is understood as it is meant, else one for each half of its metrics that is."""
    suggestions = context.suggest(wanted.words)
    best = None if suggestions is None else suggestions.best
    if best is not None and _is_meant(best.query, wanted, periods):
        yield FiguresQuestion(
            kind=wanted.kind,
            question=wanted.words,
            reading=reading_of(arguments_of(best.query).query()),
            title=wanted.title,
        )
    elif len(wanted.metrics) > 1:
        half = (len(wanted.metrics) + 1) // 2
        for metrics in (wanted.metrics[:half], wanted.metrics[half:]):
            yield from _understood(context, _totals(metrics, periods), periods)


def _is_meant(query: MetricQuery, wanted: _Wanted, periods: _Periods) -> bool:
    dimensions = () if wanted.dimension is None else (wanted.dimension,)
    compared = query.compare_to
    return (
        set(query.metrics) == {ref.full_name for ref in wanted.metrics}
        and tuple(name.rpartition(".")[2] for name in query.dimensions) == dimensions
        and not query.filters
        and not query.having
        and query.limit is None
        and query.period is not None
        and query.period.end == periods.shown.end
        and (query.grain is not None) == wanted.by_month
        and (wanted.by_month or (compared is not None and compared.start == periods.against.start))
    )


def _wanted(kind: FigureKind, at_most: int, figures: KeyFigures, periods: _Periods) -> Iterator[_Wanted]:
    if kind is FigureKind.TOTALS:
        for group in _by_model(figures.metrics[:at_most]):
            yield _totals(group, periods)
    elif kind is FigureKind.BREAKDOWN:
        for ref, dimension in list(figures.breakdowns())[:at_most]:
            label = dimension.label.lower()
            yield _Wanted(
                kind,
                f"{_said(ref)} by {label} {periods.in_words}",
                f"{ref.label} by {label}, {periods.shown.label} against {periods.against.label}",
                (ref,),
                dimension.name,
            )
    else:
        for ref in figures.metrics[:at_most]:
            first = _course_start(figures, ref, periods.shown)
            last = periods.shown.end - timedelta(days=1)
            yield _Wanted(
                kind,
                f"{_said(ref)} by month from {spell(first)} to {spell(last)}",
                f"{ref.label} by month, {first:%B} {first.year} to {last:%B} {last.year}",
                (ref,),
                by_month=True,
            )


def _totals(metrics: tuple[MetricRef, ...], periods: _Periods) -> _Wanted:
    names = [_said(ref) for ref in metrics]
    joined = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    return _Wanted(
        FigureKind.TOTALS,
        f"{joined} {periods.in_words}",
        f"{joined[:1].upper()}{joined[1:]}, {periods.shown.label} against {periods.against.label}",
        metrics,
    )


def _by_model(metrics: Sequence[MetricRef]) -> Iterator[tuple[MetricRef, ...]]:
    models: dict[str, list[MetricRef]] = {}
    for ref in metrics:
        models.setdefault(ref.model.name, []).append(ref)
    for group in models.values():
        for start in range(0, len(group), _METRICS_A_QUESTION):
            yield tuple(group[start : start + _METRICS_A_QUESTION])


def _course_start(figures: KeyFigures, ref: MetricRef, period: Period) -> date:
    """Two years of whole months, as far as there is data."""
    month = period.end.replace(day=1) if period.end.day > 1 else period.end
    start = step(month, Unit.MONTH, -_COURSE_MONTHS)
    time = figures.vocabulary.time_of(ref.model)
    known = None if time is None else figures.values.range_of(f"{time.place.model.name}.{time.name}")
    return start if known is None else max(start, known[0].replace(day=1))


def _said(ref: MetricRef) -> str:
    return ref.name.replace("_", " ")


def _spelled(period: Period) -> str:
    """In words that mean these very days."""
    if re.fullmatch(r"Q[1-4] \d{4}|[A-Z][a-z]+ \d{4}|\d{4}", period.label):
        return period.label
    return f"the days from {spell(period.start)} to {spell(period.end - timedelta(days=1))}"


def _named(period: Period) -> NamedPeriod:
    return NamedPeriod(label=period.label, days=spell_period(period))


def _topic(asked: str, times: Sequence[tuple[int, int]]) -> str | None:
    """What the request is about, without the periods of our figures."""
    rest = asked
    for start, end in sorted(times, reverse=True):
        rest = f"{rest[:start]} {rest[end:]}"
    rest = _HANGING.sub("", " ".join(rest.split()).rstrip(" .?!"))
    found = _TOPIC.search(rest)
    topic = found["topic"].strip(" ,") if found else ""
    return topic if _NO_TOPIC.sub("", topic) else None


def _market_questions(
    template: ReportTemplate, topic: str | None, period: Period
) -> Iterator[MarketQuestion]:
    for asked in template.market:
        words = asked.question if topic is None else asked.on_topic
        if words is not None:
            question = words.replace("{year}", str(period.start.year)).replace("{topic}", topic or "")
            yield MarketQuestion(question=question, section=asked.section)
