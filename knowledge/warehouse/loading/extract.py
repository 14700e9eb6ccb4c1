"""Reads a product's source into the table `raw`, as it is: where the format is text, as text.

A source that lacks a column the product has is not read at all.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import duckdb

from knowledge.warehouse.errors import SourceUnreadable
from knowledge.warehouse.loading.csv_files import open_csv
from knowledge.warehouse.loading.databases import open_database, read_sqlite
from knowledge.warehouse.loading.files import name_in_workspace
from knowledge.warehouse.loading.schema_change import match_columns
from knowledge.warehouse.loading.source import Extracted, Readable, complaint, identifier, literal
from knowledge.warehouse.loading.view import parse_view
from knowledge.warehouse.loading.workbench import Workbench
from knowledge.warehouse.loading.workbook import read_sheet
from knowledge.warehouse.spec import DatabaseLocation, DataProduct, FileLocation, ViewLocation


def extract(
    bench: Workbench,
    product: DataProduct,
    files: tuple[Path, ...],
    workspace: Path,
    connections: Mapping[str, str],
) -> Extracted:
    """Raises SourceUnreadable, naming the file and what is wrong with it, or the columns it lacks."""
    with ExitStack() as stack:
        parts = _open(bench, stack, product, files, workspace, connections)
        chosen = [match_columns(product, part) for part in parts]
        selects = [_select(part, columns) for part, columns in zip(parts, chosen, strict=True)]
        _run(bench, "CREATE TABLE raw AS " + " UNION ALL ".join(selects), _names(parts))
    ignored = {
        name
        for part, columns in zip(parts, chosen, strict=True)
        for name, column in part.columns.items()
        if column not in columns.values()
    }
    return Extracted(bench.types_of("raw"), tuple(sorted(ignored)))


def source_names(product: DataProduct) -> list[str]:
    """The product's columns as its source calls them."""
    return [column.source or column.name for column in product.columns]


def digest_rows(bench: Workbench) -> str:
    """The same for the same rows of `raw`, in whatever order."""
    return "-".join(map(str, bench.row("SELECT count(*), bit_xor(hash(raw)), sum(hash(raw)) FROM raw")))


def _open(
    bench: Workbench,
    stack: ExitStack,
    product: DataProduct,
    files: tuple[Path, ...],
    workspace: Path,
    connections: Mapping[str, str],
) -> list[Readable]:
    """What `stack` holds has to stay open until the rows are read."""
    location = product.location
    if isinstance(location, ViewLocation):
        return [_open_view(bench, location)]
    if isinstance(location, DatabaseLocation):
        batches = stack.enter_context(open_database(location, connections, source_names(product)))
        bench.duckdb.register("source_0", batches)
        return [_whole(bench, location.table, "source_0")]
    return [
        _open_file(bench, product, location, path, name_in_workspace(path, workspace), index)
        for index, path in enumerate(files)
    ]


def _select(part: Readable, columns: Mapping[str, str]) -> str:
    chosen = ", ".join(f"{identifier(theirs)} AS {identifier(mine)}" for mine, theirs in columns.items())
    return f"SELECT {chosen} FROM {part.relation}"


def _open_file(
    bench: Workbench, product: DataProduct, location: FileLocation, path: Path, name: str, index: int
) -> Readable:
    file = literal(str(path))
    match location.format:
        case "csv":
            return open_csv(path, name, source_names(product), bench.scratch)
        case "parquet":
            return _whole(bench, name, f"read_parquet({file})")
        case "json":
            return _open_json(bench, file, name)
        case "duckdb":
            _run(bench, f"ATTACH {file} AS file_{index} (READ_ONLY)", name)
            table = ".".join(identifier(part) for part in (location.table or "").split("."))
            return _whole(bench, name, f"file_{index}.{table}")
        case "sqlite":
            bench.duckdb.register(f"source_{index}", read_sqlite(path, name, location.table or ""))
            return _whole(bench, name, f"source_{index}")
        case "excel":
            bench.duckdb.register(f"source_{index}", read_sheet(path, name, location.table))
            return _whole(bench, name, f"source_{index}")


def _open_json(bench: Workbench, file: str, name: str) -> Readable:
    """A key that some records lack is a missing value; one that none has is a missing column."""
    try:
        found = bench.rows(
            f"SELECT DISTINCT unnest(json_keys(json)) AS key FROM read_json_objects({file}, format='auto') "
            "ORDER BY key"
        )
    except duckdb.Error as error:
        raise SourceUnreadable(f"{name} cannot be read: {complaint(error)}.") from error
    keys = [row[0] for row in found]
    if not keys:
        raise SourceUnreadable(f"{name} holds no records; write an array of objects, or one on each line.")
    columns = ", ".join(f"{literal(key)}: 'VARCHAR'" for key in keys)
    # As text, DuckDB writes a number of more than 15 digits rounded; quoted numbers are kept as they are.
    return Readable(name, f"read_json({file}, columns={{{columns}}})", {key: key for key in keys})


def _open_view(bench: Workbench, location: ViewLocation) -> Readable:
    sql, products = parse_view(location.sql)
    unpublished = [name for name in products if name not in bench.served]
    if unpublished:
        raise SourceUnreadable(
            f"The view selects from {', '.join(unpublished)}, which has no published version yet; "
            "load that first."
        )
    for name in products:
        bench.open_product(name)
    return _whole(bench, "the view", f"({sql})")


def _whole(bench: Workbench, name: str, relation: str) -> Readable:
    """With the columns DuckDB finds in it."""
    try:
        return Readable(name, relation, {column: column for column in bench.types_of(relation)})
    except duckdb.Error as error:
        raise SourceUnreadable(f"{name} cannot be read: {complaint(error)}.") from error


def _run(bench: Workbench, sql: str, name: str) -> None:
    try:
        bench.run(sql)
    except duckdb.Error as error:
        raise SourceUnreadable(f"{name} cannot be read: {complaint(error)}.") from error


def _names(parts: list[Readable]) -> str:
    names = [part.name for part in parts]
    return names[0] if len(names) == 1 else f"One of {names[0]} to {names[-1]}"
