"""A data product as one asker may use it in free SQL."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from knowledge.warehouse.spec import Classification, ColumnType, DataProduct

SQL_TYPES: Mapping[ColumnType, str] = {
    ColumnType.STRING: "VARCHAR",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.DECIMAL: "DECIMAL(18, 2)",
    ColumnType.FLOAT: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
}


@dataclass(frozen=True, slots=True)
class Relation:
    """`masked` columns can be shown, as their mask leaves them, and nothing else; `sensitive` ones only in
    totals over at least `smallest_group` rows. No two rows have the same values in any of `keys`. `rows` are
    those published, whoever asks."""

    name: str
    columns: Mapping[str, ColumnType]
    units: Mapping[str, str | None]
    masked: frozenset[str]
    sensitive: frozenset[str]
    smallest_group: int
    keys: tuple[frozenset[str], ...]
    rows: int

    @property
    def domain(self) -> str:
        return self.name.partition(".")[0]

    @property
    def table(self) -> str:
        return self.name.partition(".")[2]


def relation_of(product: DataProduct, masked: Collection[str], rows: int) -> Relation:
    """A sensitive column is one that is confidential or personal, is not masked for this asker, and that
    nobody was named for: who is named sees its values anyway."""
    strict = (Classification.CONFIDENTIAL, Classification.PII)
    return Relation(
        name=product.name,
        columns={column.name: column.type for column in product.columns},
        units={column.name: column.unit for column in product.columns},
        masked=frozenset(masked),
        sensitive=frozenset(
            column.name
            for column in product.columns
            if column.classification in strict
            and column.name not in masked
            and column.name not in product.access.unmasked
        ),
        smallest_group=product.access.smallest_group,
        keys=product.unique_keys,
        rows=rows,
    )
