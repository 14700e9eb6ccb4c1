"""The moment a load's data speaks for, and whether it comes too late."""

from datetime import UTC, datetime, timedelta

from knowledge.warehouse.age import is_late, limit_of, tell_duration
from knowledge.warehouse.loading.source import identifier
from knowledge.warehouse.loading.workbench import Workbench
from knowledge.warehouse.spec import ColumnType, DataProduct
from ledger.data_products import ProductLoad


def find_as_of(
    bench: Workbench, product: DataProduct, of_source: datetime | None, now: datetime
) -> datetime | None:
    """The newest value of the product's freshness column that is not in the future; a date speaks for its
    whole day. Without such a column what the source says, else now. None if the column has no values."""
    column = product.column(product.freshness.column or "") if product.freshness else None
    if column is None:
        return of_source or now
    name = f"try_cast({identifier(column.name)} AS TIMESTAMP)"
    moment = now.astimezone(UTC).replace(tzinfo=None)
    newest = bench.duckdb.execute(
        f"SELECT max({name}) FROM product_rows WHERE {name} <= ?", [moment]
    ).fetchall()[0][0]
    if newest is None:
        return None
    as_of: datetime = newest.replace(tzinfo=UTC)
    return min(as_of + timedelta(days=1), now) if column.type is ColumnType.DATE else as_of


def refuse_late(
    product: DataProduct, as_of: datetime | None, served: ProductLoad | None, now: datetime
) -> str | None:
    """Why late data may not take the place of what is served; None if it may. With nothing served yet it is
    published, and whoever asks is told that it is too old."""
    freshness, limit = product.freshness, limit_of(product)
    if freshness is None or limit is None or served is None or freshness.severity == "warn":
        return None
    if as_of is None:
        return f"It is late: nothing in it has a {freshness.column} up to now."
    if not is_late(product, as_of, now):
        return None
    newest = f"its newest {freshness.column}" if freshness.column else "its newest file"
    return (
        f"It is late: {newest} is {tell_duration(now - as_of)} old ({as_of:%Y-%m-%d %H:%M} UTC), and the "
        f"limit is {tell_duration(limit)}."
    )
