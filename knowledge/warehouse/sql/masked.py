"""What may be done with a masked column: it may be shown, as its mask leaves it, and nothing else.

To filter, join, sort, group or compute by it would tell its values apart by what comes out.
"""

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.sql.binding import Bound, ColumnUse, names_given


def check_masked(bound: Bound) -> None:
    """Raises QueryRefused naming the column and what was tried with it."""
    tainted: dict[int, frozenset[str]] = {}
    uses: dict[int, list[ColumnUse]] = {}
    for use in bound.uses:
        uses.setdefault(id(use.scope), []).append(use)
    for scope in bound.scopes:
        shown = [use for use in uses.get(id(scope), ()) if _is_tainted(use, tainted)]
        for use in shown:
            _check_place(use, scope)
        labels = _masked_labels(scope, shown, tainted)
        if labels:
            _check_query(scope, labels)
        tainted[id(scope)] = labels
        _check_order(uses.get(id(scope), []), labels)


def _is_tainted(use: ColumnUse, tainted: Mapping[int, frozenset[str]]) -> bool:
    if use.inner is None:
        return use.is_masked
    # A part of the statement that was not looked into yet is not trusted.
    return id(use.inner) not in tainted or use.node.name in tainted[id(use.inner)]


def _check_place(use: ColumnUse, scope: Scope) -> None:
    if not use.is_shown:
        place = use.node.find_ancestor(exp.Where, exp.Join, exp.Order, exp.Group, exp.Having, exp.Window)
        done_by: dict[type[object], str] = {
            exp.Where: "filter by it",
            exp.Join: "join by it",
            exp.Order: "sort by it",
            exp.Group: "group by it",
            exp.Having: "filter by it",
            exp.Window: "use it in a window",
        }
        done = done_by.get(type(place), "compute with it")
        raise QueryRefused(f"The column {use} is masked for you: it can be shown, but you cannot {done}.")
    if scope.is_subquery:
        raise QueryRefused(f"The column {use} is masked for you: it can be shown, but not be compared with.")


def _masked_labels(
    scope: Scope, shown: list[ColumnUse], tainted: Mapping[int, frozenset[str]]
) -> frozenset[str]:
    if not scope.set_operation_scopes:
        return frozenset(use.node.parent.alias_or_name if use.node.parent else use.node.name for use in shown)
    names = names_given(scope)
    labels: set[str] = set()
    for branch in scope.set_operation_scopes:
        theirs = tainted.get(id(branch), frozenset(names_given(branch)))
        labels |= {mine for mine, its in zip(names, names_given(branch), strict=False) if its in theirs}
    return frozenset(labels)


def _check_query(scope: Scope, labels: frozenset[str]) -> None:
    query, label = scope.expression, min(labels)
    if scope.is_subquery:
        raise QueryRefused(
            f"The column {label} is masked for you: it can be shown, but not be compared with."
        )
    if query.args.get("distinct") or isinstance(query, (exp.Except, exp.Intersect)):
        raise QueryRefused(
            f"The column {label} is masked for you: DISTINCT, EXCEPT, INTERSECT and UNION without ALL cannot "
            "have it, as they compare values."
        )


def _check_order(uses: list[ColumnUse], labels: frozenset[str]) -> None:
    for use in uses:
        if use.relation is None and use.inner is None and use.node.name in labels:
            raise QueryRefused(
                f"The column {use.node.name} is masked for you: it can be shown, but you cannot sort by it."
            )
