"""A bound statement as text again. Only this is ever run; what was typed is not."""

from sqlglot import exp

from knowledge.warehouse.sql.guard import DIALECT
from knowledge.warehouse.sql.naming import product_of


def readable_sql(tree: exp.Query) -> str:
    """As people are shown it, products by the names of the catalog."""
    return tree.sql(DIALECT, comments=False, pretty=True)


def child_sql(tree: exp.Query, rows: int) -> str:
    """As it runs, over one table per product, of the product's whole name; at most `rows` rows of it."""
    copy = tree.copy()
    for table in copy.find_all(exp.Table):
        name = product_of(table)
        if name is not None:
            table.set("db", exp.to_identifier("main", quoted=True))
            table.set("this", exp.to_identifier(name, quoted=True))
    limit = copy.args.get("limit")
    if limit is None or int(limit.expression.name) > rows:
        copy = copy.limit(rows, copy=False)
    return copy.sql(DIALECT, comments=False)
