"""A product that is a SELECT over others: what it selects from, and the query that may be run.

Only products of the catalog can be read: any other table, and any table function, is refused.
"""

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from knowledge.warehouse.errors import SourceUnreadable


def parse_view(sql: str) -> tuple[str, tuple[str, ...]]:
    """The query as it is run, and the products it selects from, by name. Raises SourceUnreadable naming the
    part that is refused."""
    try:
        statements = sqlglot.parse(sql, dialect="duckdb")
    except (SqlglotError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise SourceUnreadable(f"The view's SQL cannot be read: {first}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise SourceUnreadable("A view is one SELECT, and nothing else.")
    query = statements[0]
    for kind in (exp.DML, exp.DDL, exp.Command, exp.Into):
        if found := next((node for node in query.find_all(kind) if not isinstance(node, exp.Query)), None):
            raise SourceUnreadable(f"A view only selects; {_shown(found)} is refused.")
    local = {cte.alias.casefold() for cte in query.find_all(exp.CTE)}
    names = {name for table in query.find_all(exp.Table) if (name := _product_of(table, local)) is not None}
    if not names:
        raise SourceUnreadable("The view selects from no product; name one as domain.product.")
    return query.sql(dialect="duckdb"), tuple(sorted(names))


def _product_of(table: exp.Table, local: set[str]) -> str | None:
    """None for a table the query itself defines."""
    if not isinstance(table.this, exp.Identifier):
        raise SourceUnreadable(f"A view selects from products only; {_shown(table)} is refused.")
    if table.catalog or not (table.db or table.name.casefold() in local):
        raise SourceUnreadable(
            f"A view selects from products only, named as domain.product; {_shown(table)} is none."
        )
    return f"{table.db}.{table.name}".lower() if table.db else None


def _shown(node: exp.Expr) -> str:
    text = node.sql(dialect="duckdb")
    return text if len(text) <= 80 else f"{text[:77]}..."
