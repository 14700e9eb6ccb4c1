"""Where each column of a SELECT over data products comes from, and which other columns it cannot do without.

The same reading serves views and the checks written in SQL: one SELECT, over products by their names and
nothing else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope, traverse_scope

from knowledge.warehouse.errors import QueryRefused

DIALECT = "duckdb"


class Part(StrEnum):
    """What a column does to a result it is not itself part of."""

    FILTER = "FILTER"
    JOIN = "JOIN"
    GROUP_BY = "GROUP_BY"
    SORT = "SORT"
    WINDOW = "WINDOW"


class Derivation(StrEnum):
    IDENTITY = "IDENTITY"
    TRANSFORMATION = "TRANSFORMATION"
    AGGREGATION = "AGGREGATION"


@dataclass(frozen=True, slots=True, order=True)
class SourceColumn:
    product: str
    column: str

    def __str__(self) -> str:
        return f"{self.product}.{self.column}"


@dataclass(frozen=True, slots=True)
class Derived:
    """One column of a result: what it is made of, and how."""

    name: str
    sources: tuple[SourceColumn, ...]
    how: Derivation


@dataclass(frozen=True, slots=True)
class SqlTrace:
    """`columns` in the result's order; `parts` are what shapes the rows; `needed` is every column without
    which the SELECT no longer runs, or no longer has its columns."""

    columns: tuple[Derived, ...]
    parts: Mapping[SourceColumn, frozenset[Part]]
    needed: frozenset[SourceColumn]
    products: frozenset[str]


_PARTS: Mapping[type[exp.Expr], Part] = {
    exp.Where: Part.FILTER,
    exp.Having: Part.FILTER,
    exp.Qualify: Part.FILTER,
    exp.Join: Part.JOIN,
    exp.Group: Part.GROUP_BY,
    exp.Order: Part.SORT,
    exp.Window: Part.WINDOW,
}

_CHANGES = (exp.Insert, exp.Update, exp.Delete, exp.Create, exp.Drop, exp.Into)


def parse_select(sql: str, allowed: Iterable[str]) -> exp.Query:
    """One SELECT whose every table is one of `allowed`, or a CTE of its own. Raises QueryRefused."""
    try:
        statements = [each for each in sqlglot.parse(sql, dialect=DIALECT) if each is not None]
    except (SqlglotError, RecursionError) as error:
        raise QueryRefused(f"The SQL cannot be read: {_first_line(error)}") from error
    query = statements[0] if len(statements) == 1 else None
    if not isinstance(query, exp.Query) or not query.selects or query.find(*_CHANGES) is not None:
        raise QueryRefused("The SQL has to be one SELECT and nothing else.")
    names = frozenset(allowed)
    own = {cte.alias for cte in query.find_all(exp.CTE)}
    if shadowed := own & names:
        raise QueryRefused(f"The SQL gives the name {min(shadowed)} to something of its own; take another.")
    for table in query.find_all(exp.Table):
        name = table_name(table)
        if name not in names and not (name in own and not table.db):
            raise QueryRefused(
                f"The SQL reads {table.sql(DIALECT)}, which is no data product; products are named "
                "`domain.product`."
            )
    return query


def table_name(table: exp.Table) -> str:
    """`domain.product`, or the bare name; empty for a function in a table's place, or one of a database."""
    if not isinstance(table.this, exp.Identifier) or table.catalog:
        return ""
    return f"{table.db}.{table.name}" if table.db else table.name


def products_in(query: exp.Query) -> frozenset[str]:
    return frozenset(table_name(table) for table in query.find_all(exp.Table) if table.db)


def trace_sql(query: exp.Query, columns: Mapping[str, Iterable[str]]) -> SqlTrace:
    """Of what `parse_select` gave; `columns` are those of each product it reads. Raises QueryRefused where a
    column cannot be told."""
    read = products_in(query)
    schema: dict[str, object] = {}
    for domain in {name.partition(".")[0] for name in read}:
        tables = [name for name in read if name.startswith(f"{domain}.")]
        # Names are all that matters here, but sqlglot wants a type with each.
        schema[domain] = {name.partition(".")[2]: dict.fromkeys(columns[name], "VARCHAR") for name in tables}
    named = {column.name.lower() for column in query.find_all(exp.Column)}
    try:
        whole = qualify(query.copy().unnest(), dialect=DIALECT, schema=schema)
        root = build_scope(whole)
        if root is None or not isinstance(whole, exp.Query):
            raise QueryRefused("The SQL cannot be traced: it has no SELECT.")
        _refuse_unclear(whole)
        derived = tuple(_derive(select, whole, root) for select in whole.selects)
        mentions = [mention for scope in traverse_scope(whole) for mention in _mentions(scope)]
    except (SqlglotError, RecursionError) as error:
        raise QueryRefused(f"The SQL cannot be traced: {_first_line(error)}") from error
    parts: dict[SourceColumn, frozenset[Part]] = {}
    for source, part in mentions:
        if part is not None:
            parts[source] = parts.get(source, frozenset()) | {part}
    needed = {source for column in derived for source in column.sources} | parts.keys()
    # What only a star brings in is not needed; what is written out is, even where nothing uses it.
    needed |= {source for source, _ in mentions if source.column in named}
    return SqlTrace(derived, parts, frozenset(needed), read)


def _refuse_unclear(whole: exp.Query) -> None:
    """Whole rows as values, columns by pattern, pivots, and two columns of one name: what such a SELECT gives
    cannot be told column by column."""
    for node in whole.find_all(exp.TableColumn, exp.Columns, exp.Pivot, exp.PositionalColumn, exp.Star):
        if not isinstance(node, exp.Star) or not isinstance(node.parent, exp.Count):
            raise QueryRefused(
                f"The SQL cannot be traced: nobody can tell which column {node.sql(DIALECT)} is."
            )
    names = [select.alias_or_name.lower() for select in whole.selects]
    for name in names:
        if names.count(name) > 1:
            raise QueryRefused(f"The SQL cannot be traced: it has two columns {name}.")


def _derive(select: exp.Expr, whole: exp.Query, root: Scope) -> Derived:
    name = select.alias_or_name
    tree = lineage(name, whole, {}, dialect=DIALECT, scope=root)
    steps = list(tree.walk())
    for end in [node.expression for node in steps if not node.downstream]:
        column = None if isinstance(end, exp.Table) else end.find(exp.Column)
        if column is not None:
            raise QueryRefused(
                f"The SQL cannot be traced: nobody can tell where {column.sql(DIALECT)} comes from."
            )
    sources = tuple(sorted({source for node in steps if (source := _leaf(node)) is not None}))
    return Derived(name, sources, _how(steps))


def _leaf(node: Node) -> SourceColumn | None:
    if node.downstream or not isinstance(node.expression, exp.Table):
        return None
    column = exp.to_column(node.name, dialect=DIALECT)
    return SourceColumn(table_name(node.expression), column.name)


def _how(steps: Iterable[Node]) -> Derivation:
    expressions = [node.expression.unalias() for node in steps if not isinstance(node.expression, exp.Table)]
    selects = [each for each in expressions if not isinstance(each, exp.Query)]
    if any(each.find(exp.AggFunc) for each in selects):
        return Derivation.AGGREGATION
    if all(isinstance(each, exp.Column) for each in selects):
        return Derivation.IDENTITY
    return Derivation.TRANSFORMATION


def _mentions(scope: Scope) -> Iterable[tuple[SourceColumn, Part | None]]:
    """Every column this part of the statement speaks of, as columns of products."""
    for column in scope.columns:
        source = scope.sources.get(column.table)
        part = _part_of(column)
        if isinstance(source, exp.Table):
            yield SourceColumn(table_name(source), column.name), part
        elif isinstance(source, Scope) and part is not None and isinstance(source.expression, exp.Query):
            for node in lineage(column.name, source.expression, {}, dialect=DIALECT, scope=source).walk():
                if (leaf := _leaf(node)) is not None:
                    yield leaf, part


def _part_of(column: exp.Column) -> Part | None:
    around = column.find_ancestor(*_PARTS, exp.Query)
    return _PARTS.get(type(around)) if around is not None else None


def _first_line(error: BaseException) -> str:
    words = str(error).partition("\n")[0].replace("\x1b[4m", "").replace("\x1b[0m", "").strip()
    return words.rstrip(".") + "." if words else "it is nested too deeply."
