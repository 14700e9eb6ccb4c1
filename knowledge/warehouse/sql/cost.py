"""How many combinations of rows a statement goes through, reckoned before it runs.

Rows are multiplied where nothing joins them by equality, which is what makes a statement endless; all that
this estimate misses is bounded by time and memory.
"""

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from knowledge.warehouse.errors import QueryTooLarge
from knowledge.warehouse.sql.binding import Bound
from knowledge.warehouse.sql.naming import product_of
from knowledge.warehouse.sql.relation import Relation

# Beyond this nobody cares how many more.
_ENDLESS = 10**30


def check_cost(bound: Bound, most: int) -> None:
    """Raises QueryTooLarge saying how many."""
    rows: dict[int, int] = {}
    touched = 0
    for scope in bound.scopes:
        read = _rows_read(scope, rows, bound.relations)
        touched = min(touched + read, _ENDLESS)
        rows[id(scope)] = _rows_given(scope, read)
    if touched > most:
        # Rounded: how many rows there are besides those one may see is nobody's business.
        digits = len(str(touched)) - 1
        about = f"{touched // 10**digits * 10**digits:,}" if touched < _ENDLESS else "more than 10^30"
        names = ", ".join(bound.relations)
        raise QueryTooLarge(
            f"This would go through about {about} combinations of rows of {names}, and at most {most:,} are "
            "allowed; join by equal columns (ON a.key = b.key), or total up before joining."
        )


def _rows_read(scope: Scope, rows: Mapping[int, int], relations: Mapping[str, Relation]) -> int:
    if scope.set_operation_scopes:
        return sum(rows.get(id(branch), 0) for branch in scope.set_operation_scopes)
    sizes = {
        alias: _rows_of(source, rows, relations) for alias, (_, source) in scope.selected_sources.items()
    }
    read = 1
    for group in _joined(scope, set(sizes)):
        read = min(read * max(1, *(sizes[alias] for alias in group)), _ENDLESS)
    # A part that looks at each of these rows anew costs as often as there are rows.
    for inner in scope.subquery_scopes:
        if inner.external_columns and not _is_joined_by_equality(inner):
            read = min(read * max(1, rows.get(id(inner), 1)), _ENDLESS)
    return read


def _rows_of(source: exp.Expr | Scope, rows: Mapping[int, int], relations: Mapping[str, Relation]) -> int:
    if isinstance(source, exp.Table):
        return relations[product_of(source) or ""].rows
    return rows.get(id(source), 1)


def _rows_given(scope: Scope, read: int) -> int:
    query = scope.expression
    limit = query.args.get("limit")
    most = int(limit.expression.name) if limit is not None else _ENDLESS
    if isinstance(query, exp.Select) and not query.args.get("group") and _is_total(query):
        return 1
    return min(read, most)


def _is_total(select: exp.Select) -> bool:
    return any(item.find(exp.AggFunc) and not item.find(exp.Window) for item in select.selects)


def _joined(scope: Scope, aliases: set[str]) -> list[set[str]]:
    """Tables that are tied together by equal columns."""
    groups = [{alias} for alias in aliases]
    for left, right in _equalities(scope):
        tied = [group for group in groups if left in group or right in group]
        if len(tied) > 1:
            groups = [group for group in groups if group not in tied] + [set().union(*tied)]
    return groups


def _equalities(scope: Scope) -> list[tuple[str, str]]:
    query = scope.expression
    conditions = [join.args.get("on") for join in query.args.get("joins") or ()]
    conditions.append(query.args["where"].this if query.args.get("where") else None)
    pairs = []
    for condition in conditions:
        for part in _all_of(condition):
            if isinstance(part, exp.EQ):
                left, right = part.left, part.right
                if (
                    isinstance(left, exp.Column)
                    and isinstance(right, exp.Column)
                    and left.table != right.table
                ):
                    pairs.append((left.table, right.table))
    return pairs


def _all_of(condition: exp.Expr | None) -> list[exp.Expr]:
    if condition is None:
        return []
    parts, open_ones = [], [condition]
    while open_ones:
        part = open_ones.pop()
        if isinstance(part, exp.And):
            open_ones += [part.left, part.right]
        elif isinstance(part, exp.Paren):
            open_ones.append(part.this)
        else:
            parts.append(part)
    return parts


def _is_joined_by_equality(inner: Scope) -> bool:
    mine = set(inner.selected_sources)
    return any((left in mine) != (right in mine) for left, right in _equalities(inner))
