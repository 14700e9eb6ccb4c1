"""Whether a statement's joins leave each row of one product at most once.

Only then is each person in one group and counts once there: a row that meets several others is in several
groups, and the difference of two of them is that row.
"""

from collections.abc import Iterable, Mapping

from sqlglot import exp

from knowledge.warehouse.sql.binding import Bound
from knowledge.warehouse.sql.confidential import Owner, conditions_of, refuse
from knowledge.warehouse.sql.naming import product_of

_JOINS = frozenset({"", "INNER", "CROSS"})


def check_joins(bound: Bound, select: exp.Select, owner: Owner) -> None:
    """Every other table is reached by its whole key, from a table that was reached before. Raises
    QueryRefused naming the first that is not."""
    joins = select.args.get("joins") or ()
    if len(list(select.find_all(exp.Join))) > len(joins):
        refuse(owner.use, "join without parentheses")
    if any(str(join.args.get("side") or "") or str(join.kind) not in _JOINS for join in joins):
        refuse(owner.use, "join with JOIN ... ON")
    keys = {
        alias: bound.relations[product_of(source) or ""].keys
        for alias, (_, source) in bound.scopes[0].selected_sources.items()
        if isinstance(source, exp.Table)
    }
    equal = list(_equal_columns(select))
    reached = {owner.alias}
    while more := {alias for alias in keys.keys() - reached if _is_reached(alias, keys, equal, reached)}:
        reached |= more
    lost = sorted(keys.keys() - reached)
    if lost:
        refuse(owner.use, _how_to_join(bound, lost[0], owner, keys[lost[0]]))


def _equal_columns(select: exp.Select) -> Iterable[tuple[exp.Expr, exp.Expr]]:
    for condition in conditions_of(select):
        if isinstance(condition, exp.EQ):
            yield condition.left, condition.right
            yield condition.right, condition.left


def _is_reached(
    alias: str,
    keys: Mapping[str, tuple[frozenset[str], ...]],
    equal: list[tuple[exp.Expr, exp.Expr]],
    reached: set[str],
) -> bool:
    fixed = {
        mine.name
        for mine, other in equal
        if isinstance(mine, exp.Column)
        and mine.table == alias
        and (isinstance(other, exp.Literal) or (isinstance(other, exp.Column) and other.table in reached))
    }
    return any(key <= fixed for key in keys[alias])


def _how_to_join(bound: Bound, alias: str, owner: Owner, keys: tuple[frozenset[str], ...]) -> str:
    source = bound.scopes[0].selected_sources[alias][1]
    name = product_of(source) if isinstance(source, exp.Table) else alias
    if not keys:
        return f"leave out {name}, which declares no primary key to be joined by"
    columns = " AND ".join(f"{alias}.{column} = ..." for column in sorted(keys[0]))
    return f"join {name} by its key (ON {columns}), so that each row of {owner.relation.name} is there once"
