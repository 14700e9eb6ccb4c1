"""How many people stand behind the figures of a group, where these tell of something confidential.

People are the rows of each place that something confidential is of, however often a join repeats them. A
figure counts those that have a part in it: a row without a value has none, nor has one its condition leaves
out. Two figures that few rows tell apart are told of those few.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import combinations

import ibis
from ibis.expr import operations as ops
from ibis.expr import types as ir

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.expressions import bind_expression
from knowledge.warehouse.plan import Part
from knowledge.warehouse.vocabulary import Place

TableOf = Callable[[str], ir.Table]

_MOST_CONDITIONS = 40


def with_people_marked(
    base: ir.Table, part: Part, table_of: TableOf
) -> tuple[ir.Table, Callable[[ir.Table], ir.Value]]:
    """The rows with what is needed to count people, and how they are counted within a group of them.

    Raises QueryRefused for more figures than can be held against each other.
    """
    if not part.people:
        return base, lambda table: table.count()
    conditions = list(_conditions(part, base))
    if len(conditions) > _MOST_CONDITIONS:
        raise QueryRefused(
            "These are too many figures of what is confidential at once; ask for fewer metrics."
        )
    told = {_free(f"told_{number}", base): condition for number, condition in enumerate(conditions)}
    marked = base.mutate(**told)
    keys: list[str | None] = []
    for number, place in enumerate(part.people):
        keys.append(_free(f"people_{number}", base) if place.joins else None)
        if place.joins:
            marked = _with_key(marked, place, str(keys[-1]), table_of)

    def count(table: ir.Table) -> ir.Value:
        counts = [_count(table, key, condition) for key in keys for condition in (None, *told)]
        fewest = reduce(ibis.least, counts) if len(counts) > 1 else counts[0]
        return fewest.fill_null(0)

    return marked, count


def _count(table: ir.Table, key: str | None, condition: str | None) -> ir.Value:
    """Null where there are none: what nobody has a part in tells of nobody."""
    where = None if condition is None else table[condition]
    if key is not None:
        return table[key].nunique(where=where).nullif(0)
    return (table.count() if where is None else where.sum()).nullif(0)


def _conditions(part: Part, base: ir.Table) -> Iterator[ir.BooleanValue]:
    """Which rows have a part in each figure, then which tell two of them apart."""
    reductions = [
        reduction
        for measure in part.measures
        for reduction in bind_expression(measure.expression, base).op().find(ops.Reduction)
    ]
    once = list(dict.fromkeys(reductions))
    for reduction in once:
        # Of few that a metric is about, not even that none of them has a value is told.
        if getattr(reduction, "where", None) is not None:
            yield reduction.where.to_expr().fill_null(False)
        condition = _takes_part(reduction)
        if condition is not None:
            yield condition
    totals = [item for item in once if isinstance(item, (ops.Sum, ops.Mean))]
    for one, other in combinations(totals, 2):
        if _columns(one) & _columns(other) and (one.arg, one.where) != (other.arg, other.where):
            yield ~_value(one).identical_to(_value(other))


def _takes_part(reduction: ops.Reduction) -> ir.BooleanValue | None:
    """None where all rows do."""
    tests: list[ir.BooleanValue] = []
    where, argument = getattr(reduction, "where", None), getattr(reduction, "arg", None)
    if where is not None:
        tests.append(where.to_expr().fill_null(False))
    if isinstance(argument, ops.Value):
        value = argument.to_expr()
        tests.append(value.notnull())
        if not isinstance(argument, ops.Field) and isinstance(value, ir.NumericValue):
            tests.append((value != 0).fill_null(False))
    return reduce(lambda one, other: one & other, tests) if tests else None


def _value(total: ops.Sum | ops.Mean) -> ir.Value:
    value = total.arg.to_expr().cast("float64")
    return value if total.where is None else total.where.to_expr().ifelse(value, ibis.null("float64"))


def _columns(total: ops.Reduction) -> frozenset[str]:
    return frozenset(field.name for field in total.find(ops.Field))


def _with_key(base: ir.Table, place: Place, name: str, table_of: TableOf) -> ir.Table:
    """With the key of the row that is joined there, which is none where there is no such row."""
    mine: Sequence[str] = ()
    for number, step in enumerate(place.joins):
        onward = place.joins[number + 1].join.on if number + 1 < len(place.joins) else {}
        table = table_of(step.model.product)
        columns = {f"{name}_{number}_{key}": table[key] for key in {*step.join.on.values(), *onward}}
        start = [f"{name}_{number - 1}_{key}" if number else key for key in step.join.on]
        mine = [f"{name}_{number}_{key}" for key in step.join.on.values()]
        base = base.left_join(table.select(**columns), list(zip(start, mine, strict=True)))
    key = reduce(lambda one, other: one + "|" + other, [base[column].cast("string") for column in mine])
    helpers = [column for column in base.columns if column.startswith(f"{name}_")]
    return base.mutate(**{name: key}).drop(*helpers)


def _free(name: str, base: ir.Table) -> str:
    while any(column.startswith(name) for column in base.columns):
        name += "_"
    return name
