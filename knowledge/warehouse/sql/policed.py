"""Where free SQL gets its rows from: the policed tables, as SELECTs a child process can run by itself."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Protocol

from knowledge.search.access import AccessScope
from knowledge.warehouse.errors import NotLoaded
from knowledge.warehouse.spec import DataProduct, MaskKind
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import ProductLoad


class PolicedSource(Protocol):
    """The products one scope may read. All but `names` raise UnknownData for any other."""

    def names(self) -> Sequence[str]: ...

    def product(self, name: str) -> DataProduct: ...

    def masked(self, name: str) -> Mapping[str, MaskKind]: ...

    def load(self, name: str) -> ProductLoad:
        """Raises NotLoaded."""

    def select_sql(self, name: str, columns: Sequence[str]) -> str:
        """A SELECT of these columns over the published file, rows filtered and columns masked."""


@contextmanager
def open_policed(warehouse: Warehouse, scope: AccessScope) -> Iterator[PolicedSource]:
    with import_module("knowledge.warehouse.tables").PolicedTables(warehouse, scope) as tables:
        yield _Views(tables)


class _Views:
    """PolicedTables keeps the policy of each product in a view of its own database."""

    def __init__(self, tables: Any) -> None:
        self._tables = tables
        self.names = tables.names
        self.product = tables.product
        self.masked = tables.masked
        self.load = tables.load

    def select_sql(self, name: str, columns: Sequence[str]) -> str:
        self._tables.table(name)
        domain, _, short = name.partition(".")
        query = "SELECT sql FROM duckdb_views() WHERE schema_name = ? AND view_name = ?"
        found = self._tables.connection.con.execute(query, [domain, short]).fetchone()
        if found is None:
            raise NotLoaded(f"The policy of {name} cannot be read; run `crewdesk catalog load {name}`.")
        # No name of a product or column has a space in it, so this is where the view's own SELECT begins.
        policed = str(found[0]).partition(" AS ")[2].rstrip("; \n")
        wanted = ", ".join(f'"{column}"' for column in columns)
        return f"SELECT {wanted} FROM ({policed}) AS policed"
