"""The workspace's semantic models as the Boring Semantic Layer's, over tables that hold the policy already.

Rows are taken by typed conditions on the tables themselves and joined tables bring only what is asked for, so
that DuckDB reads of its files what a statement written by hand would.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import and_

import ibis
from boring_semantic_layer import SemanticTable, to_semantic_table
from ibis.expr import types as ir

from knowledge.warehouse.expressions import bind_expression, columns_used, read_expression
from knowledge.warehouse.metric_filters import filter_condition, period_condition
from knowledge.warehouse.metric_spec import CalendarFile, Grain
from knowledge.warehouse.people_behind import with_people_marked
from knowledge.warehouse.periods import bucket_expression
from knowledge.warehouse.plan import Cut, Part
from knowledge.warehouse.query import Period
from knowledge.warehouse.vocabulary import DimensionRef, Place, Step

TableOf = Callable[[str], ir.Table]
Test = Callable[[ir.Value], ir.BooleanValue]

ROWS = "group_rows"


@dataclass(slots=True)
class _Joined:
    """What one joined model has to bring, by the name it is known by afterwards."""

    place: Place
    wanted: dict[str, tuple[DimensionRef, Grain | None]] = field(default_factory=dict)


def aggregate(part: Part, period: Period | None, table_of: TableOf, calendar: CalendarFile) -> ir.Table:
    """One row for each group: the part's cuts and measures by their columns, and as `ROWS` how many rows it
    is made of, or people where these are counted. Raises ExpressionInvalid, QueryRefused."""
    tests = _tests(part, period)
    joined = _joined_places(part, tests)
    base = _needed_columns(_base_rows(part, period, table_of, calendar), part, joined.values())
    base, count_people = with_people_marked(base, part, table_of)
    own = {cut.column: _free_name(cut.column, base) for cut in part.cuts if not cut.ref.place.joins}
    measures = {measure.column: _free_name(measure.column, base) for measure in part.measures}
    rows = _free_name(ROWS, base)
    semantic = to_semantic_table(base, name=part.model.name)
    semantic = semantic.with_dimensions(
        **{own[cut.column]: _cut_expression(cut, calendar) for cut in part.cuts if cut.column in own}
    ).with_measures(
        **{measures[measure.column]: read_expression(measure.expression) for measure in part.measures},
        **{rows: count_people},
    )
    for item in joined.values():
        semantic = _join(semantic, item, joined, table_of, calendar)
    for number, (ref, test) in enumerate(tests):
        if ref.place.joins:
            semantic = semantic.filter(_on(f"{ref.place.alias}.tested_{number}", test))
    prefix = f"{part.model.name}." if joined else ""
    names = {cut.column: _dimension_name(cut, own, prefix) for cut in part.cuts}
    query = semantic.query(dimensions=list(names.values()), measures=[*measures.values(), rows])
    return _named(query.to_untagged(), {**names, **measures, ROWS: rows}, part.model.name)


def _base_rows(part: Part, period: Period | None, table_of: TableOf, calendar: CalendarFile) -> ir.Table:
    base = table_of(part.model.product)
    if part.time and period and not part.time.place.joins:
        base = base.filter(period_condition(period, bind_expression(part.time.expression, base)))
    if part.at_end and part.time:
        base = _last_days(base, part, part.time, calendar)
    for ref, item in part.filters:
        if not ref.place.joins:
            base = base.filter(filter_condition(ref.full_name, item, bind_expression(ref.expression, base)))
    return base


def _needed_columns(base: ir.Table, part: Part, joined: Iterable[_Joined]) -> ir.Table:
    """Without the others a statement is short enough to be read."""
    expressions = [measure.expression for measure in part.measures]
    expressions += [cut.ref.expression for cut in part.cuts if not cut.ref.place.joins]
    needed = _keys_onward(Place(part.model), joined)
    needed |= {mine for place in part.people if place.joins for mine in place.joins[0].join.on}
    for expression in expressions:
        needed |= columns_used(bind_expression(expression, base), base)
    return base.select([name for name in base.columns if name in needed] or [base.columns[0]])


def _last_days(base: ir.Table, part: Part, time: DimensionRef, calendar: CalendarFile) -> ir.Table:
    """The rows of the newest moment in each stretch of time that is asked for."""
    cut = next((cut for cut in part.cuts if cut.ref == time), None)
    if cut and cut.grain is None:
        return base
    moment = bind_expression(time.expression, base)
    if cut is None or cut.grain is None:
        return base.filter(moment == moment.max().as_scalar())
    stretch = bucket_expression(moment, cut.grain, calendar)
    return base.filter(moment == moment.max().over(group_by=stretch))


def _tests(part: Part, period: Period | None) -> list[tuple[DimensionRef, Test]]:
    """What has to hold of joined rows; those of the model's own are taken before."""
    tests: list[tuple[DimensionRef, Test]] = [
        (ref, partial(filter_condition, ref.full_name, item)) for ref, item in part.filters
    ]
    if part.time and period:
        tests.append((part.time, partial(period_condition, period)))
    return tests


def _joined_places(part: Part, tests: list[tuple[DimensionRef, Test]]) -> dict[str, _Joined]:
    """By alias, those that are needed and those on the way to them, in the order they can be joined."""
    wanted = [(cut.column, cut.ref, cut.grain) for cut in part.cuts]
    wanted += [(f"tested_{number}", ref, None) for number, (ref, _) in enumerate(tests)]
    found: dict[str, _Joined] = {}
    for name, ref, grain in wanted:
        steps = ref.place.joins
        for length in range(1, len(steps) + 1):
            place = Place(steps[length - 1].model, steps[:length])
            found.setdefault(place.alias, _Joined(place))
        if steps:
            found[ref.place.alias].wanted[name] = (ref, grain)
    return dict(sorted(found.items(), key=lambda item: len(item[1].place.joins)))


def _join(
    semantic: SemanticTable,
    item: _Joined,
    joined: Mapping[str, _Joined],
    table_of: TableOf,
    calendar: CalendarFile,
) -> SemanticTable:
    alias, step = item.place.alias, item.place.joins[-1]
    table = table_of(item.place.model.product)
    keys = {*step.join.on.values(), *_keys_onward(item.place, joined.values())}
    columns = {f"{alias}__{key}": table[key] for key in sorted(keys)}
    columns |= {
        f"{alias}__by_{name}": _cut(bind_expression(ref.expression, table), grain, calendar)
        for name, (ref, grain) in item.wanted.items()
    }
    other = to_semantic_table(table.select(**columns), name=alias).with_dimensions(
        **{name: read_expression(f"_.{alias}__by_{name}") for name in item.wanted}
    )
    parent = Place(step.start, item.place.joins[:-1])
    prefix = f"{parent.alias}__" if parent.joins else ""
    return semantic.join_one(other, on=_keys_equal(step, prefix, f"{alias}__"))


def _keys_onward(place: Place, others: Iterable[_Joined]) -> set[str]:
    onward = [other.place.joins[-1] for other in others if other.place.joins[:-1] == place.joins]
    return {mine for step in onward for mine in step.join.on}


def _keys_equal(step: Step, mine: str, theirs: str) -> Callable[[ir.Table, ir.Table], ir.BooleanValue]:
    def on(left: ir.Table, right: ir.Table) -> ir.BooleanValue:
        pairs = step.join.on.items()
        return reduce(and_, (left[f"{mine}{one}"] == right[f"{theirs}{other}"] for one, other in pairs))

    return on


def _on(name: str, test: Test) -> Callable[[ir.Table], ir.BooleanValue]:
    return lambda table: test(table[name])


def _cut_expression(cut: Cut, calendar: CalendarFile) -> Callable[[ir.Table], ir.Value]:
    return lambda table: _cut(read_expression(cut.ref.expression).resolve(table), cut.grain, calendar)


def _cut(value: ir.Value, grain: Grain | None, calendar: CalendarFile) -> ir.Value:
    return value if grain is None else bucket_expression(value, grain, calendar)


def _dimension_name(cut: Cut, own: Mapping[str, str], prefix: str) -> str:
    """The layer puts a model's name before its dimensions once anything is joined."""
    if cut.ref.place.joins:
        return f"{cut.ref.place.alias}.{cut.column}"
    return f"{prefix}{own[cut.column]}"


def _free_name(name: str, base: ir.Table) -> str:
    """A name of its own: the layer would take a measure's expression to mean a dimension or measure where it
    speaks of a column of the same name."""
    while name in base.columns:
        name += "_"
    return name


def _named(table: ir.Table, names: Mapping[str, str], model: str) -> ir.Table:
    found = {column: name if name in table.columns else f"{model}.{name}" for column, name in names.items()}
    return table.select(**{column: _finite(table[name]) for column, name in found.items()})


def _finite(value: ir.Value) -> ir.Value:
    """Divided by zero there is no value."""
    if not isinstance(value, ir.FloatingValue):
        return value
    return (value.isinf() | value.isnan()).ifelse(ibis.null(value.type()), value)
