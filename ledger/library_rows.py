"""The rows that make up a library, written as JSON lines and read back: documents, passages, ingestions,
releases.

One object per row, keys are column names, times ISO 8601, bytes base64.
"""

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import LargeBinary, delete, insert, select

from ledger.audit import append_audit
from ledger.db import Database
from ledger.schema import Base, DocumentRow, IngestionRow, PassageRow, ReleaseRow, UtcDateTime

# Parents before children, as they are inserted.
_TABLES: dict[str, type[Base]] = {
    "documents": DocumentRow,
    "passages": PassageRow,
    "ingestions": IngestionRow,
    "releases": ReleaseRow,
}
_BATCH = 500


def columns() -> dict[str, tuple[str, ...]]:
    """The tables with what each row of them has: other columns are another version's."""
    return {name: tuple(column.name for column in shape.__table__.columns) for name, shape in _TABLES.items()}


def write_rows(db: Database, folder: Path) -> dict[str, int]:
    """A file `<table>.jsonl` for each table, all of one moment. Returns the number of rows in each."""
    counts = {}
    with db.read() as session:
        for name, shape in _TABLES.items():
            query = select(shape.__table__).order_by(*shape.__table__.primary_key)
            count = 0
            with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as file:
                for row in session.execute(query).mappings():
                    file.write(json.dumps({key: _plain(value) for key, value in row.items()}) + "\n")
                    count += 1
            counts[name] = count
    return counts


def replace_rows(db: Database, folder: Path) -> None:
    """In the place of all rows there are, in one transaction. Raises KeyError or ValueError for a file that
    was not written by `write_rows`; nothing has changed then."""
    with db.write() as session:
        for shape in reversed(_TABLES.values()):
            session.execute(delete(shape))
        for name, shape in _TABLES.items():
            for batch in _batches(folder / f"{name}.jsonl", shape):
                session.execute(insert(shape), batch)
        append_audit(session, "ingestion", "library.restored", str(folder)[-200:], {})


def _batches(path: Path, shape: type[Base]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            batch.append(_read(json.loads(line), shape))
            if len(batch) >= _BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _read(row: dict[str, Any], shape: type[Base]) -> dict[str, Any]:
    read = {}
    for column in shape.__table__.columns:
        value = row[column.name]
        if isinstance(value, str) and isinstance(column.type, UtcDateTime):
            value = datetime.fromisoformat(value)
        elif isinstance(value, str) and isinstance(column.type, LargeBinary):
            value = base64.b64decode(value)
        read[column.name] = value
    return read
