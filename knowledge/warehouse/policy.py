"""What somebody may see of a data product: whether at all, which rows, and which columns' values.

Decided from stored rights alone, and for the whole audience: a row or a value is there only if every reader
may see it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

import ibis
from ibis.expr import types as ir

from knowledge.search.access import AccessScope
from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.masking import mask_column
from knowledge.warehouse.row_condition import ConditionRefused, bind_condition
from knowledge.warehouse.spec import Classification, Column, ColumnType, DataProduct, MaskKind
from ledger.errors import WorkspaceInvalid

IBIS_TYPES: Mapping[ColumnType, str] = {
    ColumnType.STRING: "string",
    ColumnType.INTEGER: "int64",
    ColumnType.DECIMAL: "decimal(18, 2)",
    ColumnType.FLOAT: "float64",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "timestamp",
}
# Names of DuckDB's own, which no domain can have: each is a schema of its database.
_RESERVED = frozenset({"memory", "system", "temp", "pg_catalog", "information_schema"})


@dataclass(frozen=True, slots=True)
class Policy:
    """`rules` has an entry for each reader whom row rules narrow: the conditions any of which lets a row
    through, none of them for a reader who sees no row. Each entry has to let it through."""

    product: DataProduct
    rules: tuple[tuple[str, ...], ...]
    masked: Mapping[str, MaskKind]

    @property
    def needs_salt(self) -> bool:
        return MaskKind.HASH in self.masked.values()

    def apply(self, table: ir.Table, salt: str) -> ir.Table:
        """The product's columns and no others. Raises WorkspaceInvalid for a rule that is no condition."""
        for rules in self.rules:
            conditions = [_bind(self.product, where, table) for where in rules]
            table = table.filter(reduce(or_, conditions, ibis.literal(False)))
        return table.select(*(self._shown(table, column, salt) for column in self.product.columns))

    def _shown(self, table: ir.Table, column: Column, salt: str) -> ir.Value:
        kind = self.masked.get(column.name)
        if kind is None:
            return table[column.name]
        return mask_column(table, self.product.name, column, kind, salt)


def policy_for(product: DataProduct, scope: AccessScope) -> Policy | None:
    """None if the principal or any of the audience may not read the product at all."""
    if not scope.allows(product.access.groups):
        return None
    readers = tuple(dict.fromkeys(scope.required_matches))
    rules = tuple(_rules_of(product, reader) for reader in readers) if product.access.rows else ()
    masked = {
        column.name: column.mask
        for column in product.columns
        if not all(_sees(product, column, reader) for reader in readers)
    }
    return Policy(product, rules, masked)


def empty_table(product: DataProduct) -> ir.Table:
    """A table of the product's columns that nothing stands behind, to try expressions on."""
    schema = {column.name: IBIS_TYPES[column.type] for column in product.columns}
    return ibis.table(schema, name=product.name)


def check_policies(catalog: Catalog) -> None:
    """Raises WorkspaceInvalid for the first row rule that is no condition over its product's columns, or the
    first product nobody could read."""
    for product in catalog.products.values():
        if product.domain in _RESERVED:
            raise WorkspaceInvalid(f"{product.name}: name: DuckDB keeps {product.domain} for itself.")
        table = empty_table(product)
        for rule in product.access.rows:
            _bind(product, rule.where, table)


def _rules_of(product: DataProduct, reader: frozenset[str]) -> tuple[str, ...]:
    return tuple(rule.where for rule in product.access.rows if reader.intersection(rule.groups))


def _sees(product: DataProduct, column: Column, reader: frozenset[str]) -> bool:
    named = product.access.unmasked.get(column.name)
    if named is None:
        return column.classification is not Classification.PII
    return not reader.isdisjoint(named)


def _bind(product: DataProduct, where: str, table: ir.Table) -> ir.BooleanValue:
    try:
        return bind_condition(where, table)
    except ConditionRefused as error:
        raise WorkspaceInvalid(f"{product.name}: access.rows.where: {error}.") from error
