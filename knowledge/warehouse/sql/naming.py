"""Which data products a statement reads. Products are the only tables there are."""

from collections.abc import Collection

from sqlglot import exp

from knowledge.warehouse.errors import QueryRefused, UnknownData


def name_products(tree: exp.Query, visible: Collection[str]) -> tuple[str, ...]:
    """In the order they are read; each is written as `domain.product` in `tree` afterwards, whichever way it
    was quoted. Raises UnknownData for one that does not exist or is not for this asker, in the same words,
    and QueryRefused if there is none."""
    parts = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    found: dict[str, None] = {}
    for table in tree.find_all(exp.Table):
        name = _full_name(table)
        if "." not in name and name in parts:
            continue
        if name not in visible:
            raise UnknownData(_unknown(name, visible))
        domain, _, short = name.partition(".")
        table.set("db", exp.to_identifier(domain))
        table.set("this", exp.to_identifier(short))
        found[name] = None
    if not found:
        raise QueryRefused("The statement reads no data product; name one in FROM, as domain.product.")
    return tuple(found)


def product_of(table: exp.Table) -> str | None:
    return f"{table.db}.{table.name}" if table.db else None


def _full_name(table: exp.Table) -> str:
    return (f"{table.db}.{table.name}" if table.db else table.name).lower()


def _unknown(name: str, visible: Collection[str]) -> str:
    there_are = ", ".join(sorted(visible)) or "none"
    return f"There is no data product {name[:120]} that you may read; there are: {there_are}."
