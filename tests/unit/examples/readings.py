"""What a reading of a question comes to, straight from the definitions of metrics and dimensions.

It is Ibis over the joined tables and nothing more: no rights, no quality, no semantic layer.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import ibis
from boring_semantic_layer.safe_eval import safe_eval
from duckdb import DuckDBPyConnection
from ibis.expr import types as ir
from pydantic import BaseModel, ConfigDict

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.metric_spec import Grain, SemanticModel
from knowledge.warehouse.spec import ColumnType

Row = tuple[Any, ...]

IBIS_TYPES = {
    ColumnType.STRING: "string",
    ColumnType.INTEGER: "int64",
    ColumnType.DECIMAL: "decimal(18, 2)",
    ColumnType.FLOAT: "float64",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "timestamp",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(_Part):
    start: date
    end: date


class Filter(_Part):
    dimension: str
    operator: str
    value: Any


class Reading(_Part):
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    period: Span | None = None
    compare_to: Span | None = None
    grain: Grain | None = None
    order_by: tuple[tuple[str, str], ...] = ()
    limit: int | None = None
    share: bool = False


def read_expression(text: str) -> Any:
    return safe_eval(text, {"_": ibis._}).unwrap()


def product_table(catalog: Catalog, product: str) -> ir.Table:
    """Of the types the catalog gives; a name only, so that nothing is asked of a database."""
    columns = {column.name: IBIS_TYPES[column.type] for column in catalog.products[product].columns}
    schema, _, name = product.partition(".")
    return ibis.table(columns, name=name, database=schema)


def model_of(catalog: Catalog, reading: Reading) -> SemanticModel:
    return catalog.models[reading.metrics[0].partition(".")[0]]


def work_out(db: DuckDBPyConnection, catalog: Catalog, reading: Reading) -> list[Row]:
    """Dimensions, then metrics, then their values before or their shares; sorted by the dimensions if
    nothing else is said."""
    rows = _measure(db, catalog, reading, reading.period)
    if reading.compare_to:
        keys = len(reading.dimensions)
        before = {row[:keys]: row[keys:] for row in _measure(db, catalog, reading, reading.compare_to)}
        return [row + before[row[:keys]] for row in rows]
    if reading.share:
        total = sum(float(row[-1]) for row in rows)
        return [(*row, round(float(row[-1]) / total, 6)) for row in rows]
    return rows


def _measure(db: DuckDBPyConnection, catalog: Catalog, reading: Reading, span: Span | None) -> list[Row]:
    model = model_of(catalog, reading)
    table = _joined(catalog, model, [*reading.dimensions, *(item.dimension for item in reading.filters)])
    if span:
        assert model.time is not None
        time = _dimension(catalog, table, model, f"{model.name}.{model.time}")
        table = table.filter(time >= span.start, time < span.end)
    for item in reading.filters:
        found = _dimension(catalog, table, model, item.dimension)
        table = table.filter(_KEPT[item.operator](found, item.value))
    keys = {f"key{n}": _dimension(catalog, table, model, name) for n, name in enumerate(reading.dimensions)}
    if reading.grain:
        time = _dimension(catalog, table, model, f"{model.name}.{model.time}")
        keys["grain"] = time.truncate({"month": "M", "quarter": "Q"}[reading.grain])
    result = _aggregated(table, keys, model, [name.partition(".")[2] for name in reading.metrics])
    order: list[Any] = [ibis.asc(key, nulls_first=False) for key in keys]
    for name, direction in reading.order_by:
        order = [
            ibis.desc(name.partition(".")[2]) if direction == "desc" else ibis.asc(name.partition(".")[2])
        ]
    result = result.order_by(order) if order else result
    sql = ibis.to_sql(result.limit(reading.limit) if reading.limit else result, dialect="duckdb")
    return [tuple(map(_plain, row)) for row in db.execute(str(sql)).fetchall()]


_KEPT: Mapping[str, Callable[[ir.Value, Any], ir.BooleanValue]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "in": lambda found, values: found.isin(values),
    "not in": lambda found, values: found.notin(values),
}


def _joined(catalog: Catalog, model: SemanticModel, dimensions: Sequence[str]) -> ir.Table:
    """Columns of a joined model get its name before theirs."""
    table = product_table(catalog, model.product)
    wanted = {name.partition(".")[0] for name in dimensions} - {model.name}
    for join in model.joins.values():
        if join.model in wanted:
            other = product_table(catalog, catalog.models[join.model].product).rename(
                f"{join.model}__{{name}}"
            )
            on = [table[mine] == other[f"{join.model}__{its}"] for mine, its in join.on.items()]
            table = table.left_join(other, on)
    return table


def _dimension(catalog: Catalog, table: ir.Table, model: SemanticModel, name: str) -> ir.Value:
    owner, _, dimension = name.partition(".")
    other = catalog.models[owner]
    if owner != model.name:
        prefix = f"{owner}__"
        theirs = [column for column in table.columns if column.startswith(prefix)]
        table = table.select({column.removeprefix(prefix): table[column] for column in theirs})
        # Bound to the joined table's own columns, so that it can stand in its filters.
        found = other.dimensions[dimension].expr or f"_.{dimension}"
        assert found.startswith("_.")
        assert found.count(".") == 1
        return table.op().values[found[2:]].to_expr()
    return read_expression(other.dimensions[dimension].expr or f"_.{dimension}").resolve(table)


def _aggregated(
    table: ir.Table, keys: Mapping[str, ir.Value], model: SemanticModel, metrics: Sequence[str]
) -> ir.Table:
    """Ratios are worked out over all the metrics they speak of."""
    plain = {
        name: read_expression(metric.expr) for name, metric in model.metrics.items() if not metric.is_ratio
    }
    result = table.aggregate(**plain, by=[value.name(name) for name, value in keys.items()])
    ratios = {
        name: read_expression(model.metrics[name].expr) for name in metrics if model.metrics[name].is_ratio
    }
    return result.mutate(**ratios).select(*keys, *metrics)


def _plain(value: Any) -> Any:
    # DuckDB makes a moment of a day's month or quarter.
    if isinstance(value, datetime):
        return value.date()
    return round(value, 6) if isinstance(value, float) else value


def as_written(value: Any) -> Any:
    """As a row of the questions' file says it."""
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value
