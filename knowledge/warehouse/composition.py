"""The parts of a query, and the period it is compared with, as one table of results.

The parts are laid under each other and grouped once more, not joined: a group that only one of them has, or
that has no value, stays a group.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Literal

import ibis
from ibis.expr import types as ir

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.metric_spec import CalendarFile
from knowledge.warehouse.periods import shift_expression
from knowledge.warehouse.plan import Measure, Part, Plan
from knowledge.warehouse.query import Comparison, MetricQuery
from knowledge.warehouse.semantic import ROWS, TableOf, aggregate

Order = tuple[str, Literal["asc", "desc"]]


@dataclass(frozen=True, slots=True)
class _Side:
    """One part in one of the periods; `rows` is the column that counts its rows."""

    part: Part
    table: ir.Table
    rows: str
    suffix: str


def compose(plan: Plan, query: MetricQuery, table_of: TableOf, calendar: CalendarFile) -> ir.Table:
    """The columns that are asked for, then `ROWS`: how many rows the smallest of a group's figures is made
    of, or people where these are counted. Raises ExpressionInvalid, QueryRefused."""
    sides = _sides(plan, table_of, calendar)
    cuts = [cut.column for cut in plan.cuts]
    if len(sides) == 1:
        table = sides[0].table
    else:
        table = _zero_where_absent(_laid_under_each_other(sides, cuts), sides)
    columns: dict[str, ir.Value] = {name: table[name] for name in cuts}
    for measure in plan.measures:
        columns |= _figures(table, measure, plan, query)
    found = table.select(**columns, **{ROWS: _fewest(table, [side.rows for side in sides])})
    return _kept(found, plan, query)


def ordered(table: ir.Table, plan: Plan, query: MetricQuery) -> ir.Table:
    """As asked for; else by time, else the largest first. Ties by the dimensions, so that it is always
    the same. Raises QueryRefused."""
    timed = [cut.column for cut in plan.cuts if cut.ref.dimension.is_time]
    order: list[Order] = [(_column_named(name, table, plan), way) for name, way in query.order_by]
    if not order:
        order = [(name, "asc") for name in timed] or [(plan.measures[0].column, "desc")]
    named = {name for name, _ in order}
    order += [(cut.column, "asc") for cut in plan.cuts if cut.column not in named]
    return table.order_by(
        [
            table[name].asc(nulls_first=False) if way == "asc" else table[name].desc(nulls_first=False)
            for name, way in order
        ]
    )


_COMPARED: Mapping[Comparison, Callable[[ir.Value, Decimal], ir.Value]] = {
    "=": operator.eq, "!=": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def _kept(table: ir.Table, plan: Plan, query: MetricQuery) -> ir.Table:
    """The groups whose figures are as asked for."""
    for name, comparison, value in query.having:
        column = table[_column_named(name, table, plan)]
        # A number alone has no precision, and is held against no column of decimals.
        places = max(0, -int(value.as_tuple().exponent))
        table = table.filter(_COMPARED[comparison](column, ibis.literal(value, f"decimal(38, {places})")))
    return table


def _sides(plan: Plan, table_of: TableOf, calendar: CalendarFile) -> list[_Side]:
    sides = []
    for number, part in enumerate(plan.parts):
        now = aggregate(part, plan.period, table_of, calendar)
        sides.append(_side(part, now, number, ""))
        if plan.compare_to:
            before = aggregate(part, plan.compare_to, table_of, calendar)
            sides.append(_side(part, _shifted(before, part, plan, calendar), number, "_before"))
    return sides


def _side(part: Part, table: ir.Table, number: int, suffix: str) -> _Side:
    rows = f"{ROWS}_{number}{suffix}"
    return _Side(part, table.rename({rows: ROWS}), rows, suffix)


def _shifted(table: ir.Table, part: Part, plan: Plan, calendar: CalendarFile) -> ir.Table:
    """The earlier buckets as those they are held against; what is beyond the last of them is left out."""
    period, earlier = plan.period, plan.compare_to
    for cut in part.cuts:
        if period and earlier and cut.grain and cut.ref == part.time:
            moved = shift_expression(table[cut.column], cut.grain, period, earlier, calendar)
            table = table.mutate(**{cut.column: moved})
            table = table.filter(table[cut.column] < ibis.literal(period.end, type="date"))
    return table


def _laid_under_each_other(sides: Sequence[_Side], cuts: list[str]) -> ir.Table:
    own = [_own_columns(side) for side in sides]
    kinds = {name: value.type() for columns in own for name, value in columns.items()}
    layers = [
        side.table.select(
            **{name: side.table[name] for name in cuts},
            **{name: columns.get(name, ibis.null(kind)).name(name) for name, kind in kinds.items()},
        )
        for side, columns in zip(sides, own, strict=True)
    ]
    table = ibis.union(*layers, distinct=False)
    return table.aggregate([table[name].max().name(name) for name in kinds], by=cuts)


def _own_columns(side: _Side) -> dict[str, ir.Value]:
    columns = {f"{item.column}{side.suffix}": side.table[item.column] for item in side.part.measures}
    return {**columns, side.rows: side.table[side.rows]}


def _zero_where_absent(table: ir.Table, sides: Sequence[_Side]) -> ir.Table:
    """What is added up comes to zero in a group the other side has and this one has not."""
    columns = {}
    for side in sides:
        is_absent = table[side.rows].fill_null(0) == 0
        for measure in side.part.measures:
            if measure.is_summed:
                value = table[f"{measure.column}{side.suffix}"]
                columns[value.get_name()] = is_absent.ifelse(ibis.literal(0).cast(value.type()), value)
    return table.mutate(**columns) if columns else table


def _figures(table: ir.Table, measure: Measure, plan: Plan, query: MetricQuery) -> dict[str, ir.Value]:
    name = measure.column
    now = table[name]
    found = {name: now}
    if plan.compare_to:
        before = table[f"{name}_before"]
        found[f"{name}_before"] = before
        found[f"{name}_change"] = now - before
        # Of nothing, and of a loss, there is no share that says anything.
        found[f"{name}_growth"] = (before > 0).ifelse(
            (now - before).cast("float64") / before.cast("float64"), ibis.null("float64")
        )
    if query.share:
        found[f"{name}_share"] = _share(table, measure, plan)
    return found


def _share(table: ir.Table, measure: Measure, plan: Plan) -> ir.Value:
    """Of all groups, shown or not, or of those of the same time."""
    timed = [cut.column for cut in plan.cuts if cut.ref.dimension.is_time]
    additivity = measure.ref.metric.additivity
    if additivity == "none" or measure.ref.metric.is_ratio:
        raise QueryRefused(f"{measure.ref.label} is not a sum, so it has no shares.")
    value = table[measure.column]
    total = value.sum().over(group_by=[table[name] for name in timed])
    return value.cast("float64") / total.cast("float64").nullif(0.0)


def _fewest(table: ir.Table, names: list[str]) -> ir.Value:
    """Of those sides that have any."""
    counts = [table[name].nullif(0) for name in names]
    fewest = reduce(lambda one, other: ibis.least(one, other), counts)
    return fewest.fill_null(0)


def _column_named(name: str, table: ir.Table, plan: Plan) -> str:
    if name in table.columns and name != ROWS:
        return name
    for cut in plan.cuts:
        if name in (cut.ref.full_name, f"{cut.ref.place.model.name}.{cut.ref.name}", cut.ref.name):
            return cut.column
    for measure in plan.measures:
        if name in (measure.ref.full_name, measure.ref.name):
            return measure.column
    raise QueryRefused(f"'{name}' is nothing that was asked for, so it cannot be ordered by.")
