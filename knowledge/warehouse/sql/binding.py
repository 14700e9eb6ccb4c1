"""Each column of a statement, bound to where it comes from.

The tree is written out first: no `*`, no USING, every column behind the name of its table. What is checked is
then what runs, whatever a database would have made of the statement as it was typed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

from knowledge.warehouse.errors import QueryRefused, UnknownData
from knowledge.warehouse.sql.growth import MOST_NODES, check_growth
from knowledge.warehouse.sql.guard import DIALECT, check_nodes, first_line
from knowledge.warehouse.sql.naming import product_of
from knowledge.warehouse.sql.relation import SQL_TYPES, Relation

_MISSING = re.compile(r"^(?:Column '|Unknown column: )(\w+)")


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A column where the statement speaks of it, in `scope`. `relation` is None where it is another part of
    the statement that gives it, `inner`; both are None for a label in ORDER BY."""

    node: exp.Column
    scope: Scope
    relation: Relation | None
    inner: Scope | None

    @property
    def is_shown(self) -> bool:
        """Whether it stands as it is among what a SELECT gives."""
        place = self.node.parent if isinstance(self.node.parent, exp.Alias) else self.node
        return place.arg_key == "expressions" and isinstance(place.parent, exp.Select)

    @property
    def is_masked(self) -> bool:
        return self.relation is not None and self.node.name in self.relation.masked

    @property
    def is_sensitive(self) -> bool:
        return self.relation is not None and self.node.name in self.relation.sensitive

    def __str__(self) -> str:
        return f"{self.node.name} of {self.relation.name}" if self.relation else self.node.name


@dataclass(frozen=True, slots=True)
class Bound:
    """`scopes` come from the inside out."""

    tree: exp.Query
    scopes: tuple[Scope, ...]
    uses: tuple[ColumnUse, ...]
    relations: Mapping[str, Relation]

    def columns_of(self, name: str) -> tuple[str, ...]:
        """Those of a product that the statement needs; at least one, so that its rows can be counted."""
        relation = self.relations[name]
        needed = {use.node.name for use in self.uses if use.relation is relation}
        return tuple(column for column in relation.columns if column in needed) or (_plainest(relation),)


def bind(tree: exp.Query, relations: Mapping[str, Relation]) -> Bound:
    """Raises UnknownData for a column that is not there, QueryRefused for what cannot be told."""
    bare = _without_parentheses(tree)
    check_growth(bare, relations)
    written = _written_out(bare, relations)
    _write_out_groups(written)
    _write_out_labels(written)
    check_nodes(written, MOST_NODES)
    scopes = tuple(traverse_scope(written))
    _check_sources(scopes)
    by_query = {id(scope.expression): scope for scope in scopes}
    uses = tuple(_uses(written, by_query, relations))
    return Bound(written, scopes, uses, relations)


def _without_parentheses(tree: exp.Query) -> exp.Query:
    while isinstance(tree, exp.Subquery) and set(tree.args) - {"this"} <= {
        name for name, value in tree.args.items() if not value
    }:
        tree = tree.this
    if not isinstance(tree, (exp.Select, exp.SetOperation)):
        raise QueryRefused("Write the SELECT without parentheses around it.")
    return tree


def _written_out(tree: exp.Query, relations: Mapping[str, Relation]) -> exp.Query:
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for relation in relations.values():
        columns = {name: SQL_TYPES[kind] for name, kind in relation.columns.items()}
        schema.setdefault(relation.domain, {})[relation.table] = columns
    try:
        return qualify(tree, dialect=DIALECT, schema=schema)  # type: ignore[arg-type]
    except SqlglotError as error:
        missing = _MISSING.search(str(error))
        if missing:
            raise UnknownData(f"There is no column {missing[1]}. {_columns(relations)}") from error
        raise QueryRefused(f"The names in the statement cannot be told: {first_line(error)}.") from error


def _write_out_groups(tree: exp.Query) -> None:
    """GROUP BY ALL is all that is shown but for totals."""
    for group in list(tree.find_all(exp.Group)):
        if group.args.get("all") and isinstance(group.parent, exp.Select):
            shown = [item.unalias() for item in group.parent.selects]
            by = [value.copy() for value in shown if not value.find(exp.AggFunc, exp.Window)]
            group.parent.set("group", exp.Group(expressions=by) if by else None)


def _write_out_labels(tree: exp.Query) -> None:
    """A label within an expression of ORDER BY becomes what it stands for; alone it stays."""
    for select in tree.find_all(exp.Select):
        order = select.args.get("order")
        stands_for = {item.alias_or_name: item.unalias() for item in select.selects}
        for column in list(order.find_all(exp.Column)) if order else ():
            if not column.table and column.name in stands_for and not isinstance(column.parent, exp.Ordered):
                column.replace(exp.paren(stands_for[column.name].copy()))


def _check_sources(scopes: tuple[Scope, ...]) -> None:
    """No table but a product, no part of the statement but one that is looked into."""
    known = {id(scope) for scope in scopes}
    for scope in scopes:
        for source in scope.sources.values():
            is_product = isinstance(source, exp.Table) and product_of(source) is not None
            if not is_product and id(source) not in known:
                name = source.name if isinstance(source, exp.Table) else "a part of the statement"
                raise UnknownData(f"There is no data product {name}; write its name as domain.product.")


def _uses(
    tree: exp.Query, by_query: Mapping[int, Scope], relations: Mapping[str, Relation]
) -> Iterator[ColumnUse]:
    for node in tree.walk():
        if isinstance(node, exp.Join) and node.args.get("using"):
            raise QueryRefused("Write USING out as ON a.key = b.key.")
        if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
            raise QueryRefused("Write the columns out in place of this *.")
        if not isinstance(node, exp.Column):
            continue
        scope = _scope_of(node, by_query)
        if node.args.get("db") or node.args.get("catalog") or not isinstance(node.this, exp.Identifier):
            raise QueryRefused(f"The name {node.sql(DIALECT)[:120]} cannot be told; write table.column.")
        if node.table:
            yield _use(node, scope, relations)
        elif _is_label(node, scope):
            yield ColumnUse(node, scope, None, None)
        else:
            raise UnknownData(f"There is no column {node.name[:120]}. {_columns(relations)}")


def _scope_of(node: exp.Expr, by_query: Mapping[int, Scope]) -> Scope:
    parent = node.parent
    while parent is not None:
        if id(parent) in by_query:
            return by_query[id(parent)]
        parent = parent.parent
    raise QueryRefused(f"The name {node.sql(DIALECT)[:120]} stands where nothing can be told of it.")


def _use(node: exp.Column, scope: Scope, relations: Mapping[str, Relation]) -> ColumnUse:
    found: Scope | None = scope
    while found is not None:
        if node.table in found.selected_sources:
            source = found.selected_sources[node.table][1]
            if isinstance(source, Scope):
                return ColumnUse(node, scope, None, source)
            relation = relations[product_of(source) or ""]
            if node.name not in relation.columns:
                break
            return ColumnUse(node, scope, relation, None)
        found = found.parent
    raise UnknownData(f"There is no column {node.table}.{node.name}. {_columns(relations)}")


def names_given(scope: Scope) -> list[str]:
    """Of the columns a part of the statement gives, in order."""
    query = scope.expression
    return list(query.named_selects) if isinstance(query, exp.Query) else []


def _is_label(node: exp.Column, scope: Scope) -> bool:
    """What a statement gives may be named again in its ORDER BY, where it stands alone."""
    order = node.find_ancestor(exp.Order, exp.Query)
    if not (isinstance(order, exp.Order) and order.parent is scope.expression):
        return False
    return node.name in names_given(scope) and isinstance(node.parent, exp.Ordered)


def _columns(relations: Mapping[str, Relation]) -> str:
    return " ".join(f"{name} has {', '.join(relation.columns)}." for name, relation in relations.items())


def _plainest(relation: Relation) -> str:
    """A column of which nothing needs to be kept from anybody, if there is one."""
    kept = relation.masked | relation.sensitive
    return next((name for name in relation.columns if name not in kept), next(iter(relation.columns)))
