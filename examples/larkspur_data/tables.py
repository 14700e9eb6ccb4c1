"""Files in the formats companies really keep their tables in; equal rows give equal bytes."""

import csv
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # it ships no types
import pyarrow.parquet as pq
from openpyxl import Workbook

from examples.larkspur_data.days import Ints

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def write_csv(
    path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]], separator: str = ","
) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def write_json_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def write_json(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    path.write_text(json.dumps(list(rows), indent=1) + "\n", "utf-8")


def write_parquet(path: Path, columns: Mapping[str, Any]) -> None:
    pq.write_table(pa.table(dict(columns)), path)


def euros(cents: Ints) -> pa.Array:
    """Exact decimals, without a Python object for each: two 64-bit halves make one 128-bit number."""
    halves = np.stack([cents, cents >> 63], axis=1).astype("<i8")
    return pa.Array.from_buffers(pa.decimal128(12, 2), len(cents), [None, pa.py_buffer(halves.tobytes())])


def write_sqlite(path: Path, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    try:
        with connection:
            connection.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
            places = ", ".join("?" for _ in columns)
            connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
    finally:
        connection.close()


def write_excel(path: Path, sheet: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    book = Workbook()
    page = book.active
    page.title = sheet
    page.append(list(columns))
    for row in rows:
        page.append(list(row))
    packed = io.BytesIO()
    book.save(packed)
    path.write_bytes(_without_clock(packed.getvalue()))


def _without_clock(package: bytes) -> bytes:
    """The same workbook, whatever the time: openpyxl stamps each member and the properties."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = _STAMP.sub(rb"\g<1>1980-01-01T00:00:00Z", old.read(name))
            new.writestr(zipfile.ZipInfo(name, _ZIP_DATE), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
