"""The published products as one scope may read them: the only tables anything else ever queries.

Each is a view that holds the policy, in a database of this object alone that can read the served files and
nothing more. So a statement over them names no file, no rule's values and no salt.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend
from ibis.expr import operations as ops
from ibis.expr import types as ir

from knowledge.search.access import AccessScope
from knowledge.warehouse.errors import NotLoaded, UnknownData
from knowledge.warehouse.masking import read_salt
from knowledge.warehouse.policy import Policy, policy_for
from knowledge.warehouse.spec import DataProduct, MaskKind
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import ProductLoad, served_ids

# Shared with everything else in the process; without a folder to spill to, what needs more fails.
_MEMORY_LIMIT = "1GB"


class PolicedTables:
    """For one thread. Opening costs about 15 ms and each table some 10 ms at its first use, so `open_tables`
    is for whoever may use one again. `statements` is for what a reader wants to remember with it."""

    def __init__(self, warehouse: Warehouse, scope: AccessScope) -> None:
        self._warehouse = warehouse
        self.statements: dict[str, Any] = {}
        policies = {name: policy_for(product, scope) for name, product in warehouse.catalog.products.items()}
        self._policies: dict[str, Policy] = {name: policy for name, policy in policies.items() if policy}
        self._loads = {name: load for name, load in warehouse.served().items() if name in self._policies}
        self._tables: dict[str, ir.Table] = {}
        files = [warehouse.folder / load.file for load in self._loads.values() if load.file]
        self.connection = _connect(files)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.connection.disconnect()

    def names(self) -> tuple[str, ...]:
        """The products this scope may read, loaded or not."""
        return tuple(self._policies)

    def product(self, name: str) -> DataProduct:
        """Raises UnknownData."""
        return self._policy(name).product

    def masked(self, name: str) -> dict[str, MaskKind]:
        """By column, those whose values this scope does not see. Raises UnknownData."""
        return dict(self._policy(name).masked)

    def has_row_rules(self, name: str) -> bool:
        """Whether this scope sees some of the rows only. Raises UnknownData."""
        return bool(self._policy(name).rules)

    def load(self, name: str) -> ProductLoad:
        """What is read. Raises UnknownData, or NotLoaded if nothing was published yet."""
        self._policy(name)
        if name not in self._loads:
            raise NotLoaded(f"{name} has no published rows yet: run `crewdesk catalog load {name}`.")
        return self._loads[name]

    def table(self, name: str) -> ir.Table:
        """Rows filtered, columns masked. Raises UnknownData, NotLoaded."""
        if name not in self._tables:
            self._tables[name] = self._open(self._policy(name), self.load(name))
        return self._tables[name]

    def _policy(self, name: str) -> Policy:
        policy = self._policies.get(name)
        if policy is None:
            raise UnknownData(f"There is no data product {name}.")
        return policy

    def _open(self, policy: Policy, load: ProductLoad) -> ir.Table:
        path = self._warehouse.file_of(load)
        schema = _read_schema(path, policy.product)
        source = f"SELECT * FROM read_parquet({_quoted(path)})"
        salt = read_salt(self._warehouse.folder) if policy.needs_salt else ""
        policed = policy.apply(self.connection.sql(source, schema=schema), salt)
        domain, _, name = policy.product.name.partition(".")
        self.connection.raw_sql(f'CREATE SCHEMA IF NOT EXISTS "{domain}"')
        self.connection.raw_sql(f'CREATE VIEW "{domain}"."{name}" AS {ibis.to_sql(policed, "duckdb")}')
        # Not asked of the connection: Ibis's way to do so goes by what DuckDB is about to drop.
        view = ops.DatabaseTable(
            name, policed.schema(), source=self.connection, namespace=ops.Namespace(database=domain)
        )
        return view.to_expr()


@contextmanager
def open_tables(warehouse: Warehouse, scope: AccessScope) -> Iterator[PolicedTables]:
    """Those that were used before, where the scope is the same and nothing was published since."""
    key = (scope, tuple(sorted(served_ids(warehouse.db).items())))
    with warehouse.readers.use(key, lambda: PolicedTables(warehouse, scope)) as tables:
        yield tables


def _connect(files: Iterable[Path]) -> Backend:
    connection = ibis.duckdb.connect(
        autoinstall_known_extensions=False,
        autoload_known_extensions=False,
        temp_directory="",
        memory_limit=_MEMORY_LIMIT,
    )
    allowed = ", ".join(_quoted(path) for path in files)
    # In this order: what is allowed cannot be said any more once the rest is forbidden.
    connection.raw_sql(f"SET allowed_paths = [{allowed}]")
    connection.raw_sql("SET enable_external_access = false")
    connection.raw_sql("SET lock_configuration = true")
    return connection


def _read_schema(path: Path, product: DataProduct) -> ibis.Schema:
    """Raises NotLoaded if the file is not what the catalog says by now."""
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise NotLoaded(
            f"The published rows of {product.name} cannot be read; run "
            f"`crewdesk catalog load {product.name}`."
        ) from error
    missing = [column.name for column in product.columns if column.name not in schema.names]
    if missing:
        raise NotLoaded(
            f"{product.name} was loaded before its column {missing[0]} was declared; run "
            f"`crewdesk catalog load {product.name}`."
        )
    # A required column joined from the far side of a query, or masked, has rows without a value after all.
    return ibis.Schema(
        {name: kind.copy(nullable=True) for name, kind in ibis.Schema.from_pyarrow(schema).items()}
    )


def _quoted(path: Path) -> str:
    text = str(path.absolute()).replace("'", "''")
    return f"'{text}'"
