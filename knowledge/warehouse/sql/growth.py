"""How long a statement becomes once `*` and aliases are written out.

Both can double with each level, so this is reckoned before anything is written out.
"""

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.sql.naming import product_of
from knowledge.warehouse.sql.relation import Relation

MOST_NODES = 5_000
_MOST_COLUMNS = 300


def check_growth(tree: exp.Query, relations: Mapping[str, Relation]) -> None:
    """Raises QueryRefused."""
    widths: dict[int, int] = {}
    for scope in traverse_scope(tree):
        width = _width(scope, widths, relations)
        if width > _MOST_COLUMNS:
            raise QueryRefused(f"A part of the statement has more than {_MOST_COLUMNS} columns; name fewer.")
        widths[id(scope)] = width
    if sum(_written_out(select) for select in tree.find_all(exp.Select)) > MOST_NODES:
        raise QueryRefused("The statement's aliases build on each other too often; write it in steps.")


def _width(scope: Scope, widths: Mapping[int, int], relations: Mapping[str, Relation]) -> int:
    if scope.set_operation_scopes:
        return max(widths.get(id(branch), 0) for branch in scope.set_operation_scopes)
    sources = {
        alias: _source_width(source, widths, relations)
        for alias, (_, source) in scope.selected_sources.items()
    }
    width = 0
    for projection in getattr(scope.expression, "selects", ()):
        if isinstance(projection, exp.Star):
            width += sum(sources.values())
        elif projection.is_star:
            width += max(sources.values(), default=0)
        else:
            width += 1
    return width


def _source_width(
    source: exp.Expr | Scope, widths: Mapping[int, int], relations: Mapping[str, Relation]
) -> int:
    if isinstance(source, exp.Table):
        relation = relations.get(product_of(source) or "")
        return len(relation.columns) if relation else 0
    return widths.get(id(source), 0)


def _written_out(select: exp.Select) -> int:
    """As if each name that is also an alias stood for it."""
    sizes: dict[str, int] = {}
    total = 0
    for projection in select.expressions:
        size = _size(projection, sizes)
        total += size
        if isinstance(projection, exp.Alias):
            sizes[projection.alias.lower()] = size
    for name, part in select.args.items():
        if name == "expressions":
            continue
        for node in part if isinstance(part, list) else [part]:
            total += _size(node, sizes) if isinstance(node, exp.Expr) else 0
    return total


def _size(node: exp.Expr, sizes: Mapping[str, int]) -> int:
    return sum(
        sizes.get(part.name.lower(), 1) if isinstance(part, exp.Column) and not part.table else 1
        for part in node.walk()
    )
