"""A metric query taken apart: what is to be reckoned over which rows, before anything runs."""

from collections import Counter
from dataclasses import dataclass

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.expressions import names_in, with_names_replaced
from knowledge.warehouse.metric_spec import Grain, SemanticModel
from knowledge.warehouse.query import MetricFilter, MetricQuery, Period
from knowledge.warehouse.vocabulary import DimensionRef, MetricRef, Place, Vocabulary

MOST_METRICS = 20
_MOST_DIMENSIONS = 8


@dataclass(frozen=True, slots=True)
class Cut:
    """A dimension that groups are made by, as the column `column` of the result."""

    ref: DimensionRef
    column: str
    grain: Grain | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric as a column of the result; `expression` speaks of the product's columns only."""

    ref: MetricRef
    column: str
    expression: str

    @property
    def is_summed(self) -> bool:
        """Whether nothing to add up comes to zero."""
        return self.ref.metric.additivity == "additive" and not self.ref.metric.is_ratio


@dataclass(frozen=True, slots=True)
class Part:
    """Metrics that are reckoned over the same rows. `at_end` takes only the last day of each stretch of time,
    for what may not be summed over days. `people` are the places of what is confidential in it: their rows
    are counted."""

    model: SemanticModel
    measures: tuple[Measure, ...]
    cuts: tuple[Cut, ...]
    filters: tuple[tuple[DimensionRef, MetricFilter], ...]
    time: DimensionRef | None
    at_end: bool = False
    people: tuple[Place, ...] = ()

    def timed_by(self, period: Period | None) -> DimensionRef | None:
        """The dimension that rows are taken by, if they are taken by time."""
        return self.time if period or self.at_end else None

    def refs(self, period: Period | None) -> list[DimensionRef]:
        time = self.timed_by(period)
        return [cut.ref for cut in self.cuts] + [ref for ref, _ in self.filters] + ([time] if time else [])


@dataclass(frozen=True, slots=True)
class Plan:
    """`cuts` are the first part's, for their names and labels: those of the others are the same."""

    parts: tuple[Part, ...]
    measures: tuple[Measure, ...]
    cuts: tuple[Cut, ...]
    period: Period | None
    compare_to: Period | None


def plan_query(words: Vocabulary, query: MetricQuery) -> Plan:
    """Raises UnknownData, QueryRefused."""
    refs = list({ref.full_name: ref for ref in map(words.metric, query.metrics)}.values())
    _check_shape(query, refs)
    measures = tuple(_measure(ref, refs) for ref in refs)
    groups: dict[tuple[str, bool], list[Measure]] = {}
    for measure in measures:
        key = (measure.ref.model.name, measure.ref.metric.additivity == "semi")
        groups.setdefault(key, []).append(measure)
    parts = [
        _part(words, own[0].ref.model, tuple(own), query, at_end=at_end)
        for (_, at_end), own in groups.items()
    ]
    parts = _with_one_set_of_columns(parts)
    return Plan(tuple(parts), measures, parts[0].cuts, query.period, query.compare_to)


def measure_of(ref: MetricRef, column: str) -> Measure:
    """With the metrics a ratio speaks of put in their places. Raises QueryRefused for a circle."""
    return Measure(ref, column, _expanded(ref.model, ref.name, ()))


def _check_shape(query: MetricQuery, refs: list[MetricRef]) -> None:
    if not 0 < len(refs) <= MOST_METRICS:
        raise QueryRefused(f"Ask for 1 to {MOST_METRICS} metrics.")
    if len(query.dimensions) > _MOST_DIMENSIONS:
        raise QueryRefused(f"Ask for at most {_MOST_DIMENSIONS} dimensions.")
    if query.limit is not None and query.limit < 1:
        raise QueryRefused("The limit has to be at least 1.")
    if query.compare_to and not query.period:
        raise QueryRefused("Say which period is compared: a comparison needs two.")
    for period in (query.period, query.compare_to):
        if period and period.start >= period.end:
            raise QueryRefused(f"The period {period.label} ends before it begins.")


def _measure(ref: MetricRef, refs: list[MetricRef]) -> Measure:
    shared = Counter(other.name for other in refs)[ref.name] > 1
    return measure_of(ref, f"{ref.model.name}_{ref.name}" if shared else ref.name)


def _expanded(model: SemanticModel, name: str, within: tuple[str, ...]) -> str:
    metric = model.metrics[name]
    if not metric.is_ratio:
        return metric.expr
    if name in within:
        raise QueryRefused(f"{model.name}.{name} is defined by itself.")
    parts = {
        part: _expanded(model, part, (*within, name))
        for part in names_in(metric.expr)
        if part in model.metrics
    }
    return with_names_replaced(metric.expr, parts)


def _part(
    words: Vocabulary,
    model: SemanticModel,
    measures: tuple[Measure, ...],
    query: MetricQuery,
    *,
    at_end: bool,
) -> Part:
    time = words.time_of(model)
    asked = [words.dimension(model, name) for name in query.dimensions]
    refs = list({(ref.place.alias, ref.name): ref for ref in asked}.values())
    timed = [ref for ref in refs if ref.dimension.is_time]
    if (query.period or (query.grain and not timed)) and time is None:
        raise QueryRefused(f"{model.name} has no dates, so it cannot be asked for by time.")
    if query.grain and not timed and time:
        refs, timed = [time, *refs], [time]
    cuts = []
    for ref in refs:
        grain = query.grain if ref in timed else None
        if query.compare_to and ref == time and grain is None:
            grain = Grain.DAY
        cuts.append(Cut(ref, ref.name, grain))
    filters = tuple((words.dimension(model, item.dimension), item) for item in query.filters)
    if at_end and (time is None or time.place.joins):
        raise QueryRefused(
            f"{measures[0].ref.full_name} needs a time of its own model's to tell its last day."
        )
    return Part(model, measures, tuple(cuts), filters, time, at_end)


def _with_one_set_of_columns(parts: list[Part]) -> list[Part]:
    """The same names for the same dimensions in every part, none of them twice."""
    taken = {measure.column for part in parts for measure in part.measures}
    names: list[str] = []
    for place, cut in enumerate(parts[0].cuts):
        others = {part.cuts[place].column for part in parts if len(part.cuts) == len(parts[0].cuts)}
        name = cut.column if len(others) == 1 else str(cut.grain or cut.column)
        if name in taken:
            name = f"{cut.ref.full_name.replace('.', '_')}"
        while name in taken:
            name += "_"
        taken.add(name)
        names.append(name)
    return [_renamed(part, names) for part in parts]


def _renamed(part: Part, names: list[str]) -> Part:
    cuts = tuple(Cut(cut.ref, name, cut.grain) for cut, name in zip(part.cuts, names, strict=True))
    return Part(part.model, part.measures, cuts, part.filters, part.time, part.at_end)
