"""Where a planned query speaks of what is confidential, and what is left of it for those who may know nothing
of that.

A query is confidential by its measures, by its groups, or by the rows it takes. In which group somebody is
counted, and whether at all, tells of them too: so the sizes of groups are asked for without any of that.
"""

from dataclasses import replace

from ibis.expr import operations as ops

from knowledge.warehouse.disclosure import columns_at, columns_of
from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.expressions import bind_expression
from knowledge.warehouse.plan import Part, Plan
from knowledge.warehouse.policy import empty_table
from knowledge.warehouse.query import Period
from knowledge.warehouse.spec import Classification
from knowledge.warehouse.tables import PolicedTables
from knowledge.warehouse.vocabulary import DimensionRef, Place

_KEPT_CLOSE = frozenset({Classification.CONFIDENTIAL, Classification.PII})
# Any other picks single values out of a group.
_OF_ALL = (ops.Sum, ops.Mean, ops.Count, ops.CountStar, ops.CountDistinct, ops.StandardDev, ops.Variance)


def with_people(plan: Plan, tables: PolicedTables) -> Plan:
    """Each part with the places whose rows are the people it tells of."""
    return replace(plan, parts=tuple(_counting(part, plan.period, tables) for part in plan.parts))


def smallest_group(plan: Plan, tables: PolicedTables) -> int:
    """The fewest people a group may be told of; 0 where nothing that is used is confidential."""
    places = [place for part in plan.parts for place in part.people]
    return max((tables.product(place.model.product).access.smallest_group for place in places), default=0)


def refuse_single_values(plan: Plan, tables: PolicedTables) -> None:
    """Raises QueryRefused for a metric that shows one person's value of a confidential column."""
    for part in plan.parts:
        product = tables.product(part.model.product)
        table = empty_table(product)
        for measure in part.measures:
            found = bind_expression(measure.expression, table).op().find(ops.Reduction)
            picking = [item for item in found if not isinstance(item, _OF_ALL)]
            columns = {field.name for item in picking for field in item.find(ops.Field)}
            shown = sorted(
                (columns & confidential(tables, part.model.product)) - product.access.unmasked.keys()
            )
            if shown:
                raise QueryRefused(
                    f"{measure.ref.label} shows single values of {shown[0]}, which is confidential: only "
                    "sums, averages and counts of it can be asked for."
                )


def is_public(plan: Plan, tables: PolicedTables) -> tuple[bool, ...]:
    """Of each of the plan's cuts, whether anybody may know who is where."""
    return tuple(
        not any(_confidential_places(part.cuts[number].ref, tables) for part in plan.parts)
        for number in range(len(plan.cuts))
    )


def without_confidential(plan: Plan, tables: PolicedTables) -> Plan:
    """The same groups, of the same people, as far as anybody may know them; without measures."""
    public = is_public(plan, tables)
    parts = tuple(_public_part(part, public, tables) for part in plan.parts)
    return Plan(parts, (), parts[0].cuts, plan.period, plan.compare_to)


def confidential(tables: PolicedTables, name: str) -> frozenset[str]:
    columns = tables.product(name).columns
    return frozenset(column.name for column in columns if column.classification in _KEPT_CLOSE)


def _counting(part: Part, period: Period | None, tables: PolicedTables) -> Part:
    base = Place(part.model)
    known = confidential(tables, part.model.product)
    spoken_of = [
        columns_of(tables, part.model, item.ref.full_name, item.expression) for item in part.measures
    ]
    places = [base] if any(columns & known for columns in spoken_of) else []
    for ref in part.refs(period):
        places += _confidential_places(ref, tables)
    return replace(part, people=tuple({place.alias: place for place in places}.values()))


def _confidential_places(ref: DimensionRef, tables: PolicedTables) -> list[Place]:
    return [
        place
        for place, columns in columns_at(ref, tables)
        if columns & confidential(tables, place.model.product)
    ]


def _public_part(part: Part, public: tuple[bool, ...], tables: PolicedTables) -> Part:
    time = part.time if part.time and not _confidential_places(part.time, tables) else None
    return replace(
        part,
        measures=(),
        cuts=tuple(cut for cut, is_open in zip(part.cuts, public, strict=True) if is_open),
        filters=tuple(item for item in part.filters if not _confidential_places(item[0], tables)),
        time=time,
        at_end=part.at_end and time is not None,
    )
