"""CSV files as DuckDB reads them: every value as text, whatever encoding and separator the file has."""

import codecs
import csv
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from knowledge.warehouse.errors import SourceUnreadable
from knowledge.warehouse.loading.source import Readable, literal

_SEPARATORS = (",", ";", "\t", "|")
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SAMPLE_ROWS = 50
_CHUNK_BYTES = 1 << 20


def open_csv(path: Path, name: str, wanted: Iterable[str], scratch: Path) -> Readable:
    """`wanted` are the columns that tell the right separator from others; a file that is not UTF-8 is copied
    as UTF-8 into `scratch`. Raises SourceUnreadable."""
    encoding = _detect_encoding(path, name)
    separator, header = _read_header(path, name, encoding, {column.casefold() for column in wanted})
    readable = path if encoding in ("utf-8", "utf-8-sig") else _copy_as_utf8(path, encoding, scratch)
    # The header's names are data: DuckDB gets names of ours, which it cannot take for anything else.
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(header)))
    return Readable(
        name=name,
        relation=(
            f"read_csv({literal(str(readable))}, columns={{{columns}}}, delim={literal(separator)}, "
            "header=true, auto_detect=false, quote='\"', escape='\"', strict_mode=true, null_padding=false)"
        ),
        columns={column: f"c{index}" for index, column in enumerate(header)},
    )


def _detect_encoding(path: Path, name: str) -> str:
    """By its byte order mark; else UTF-8 if all of it is; else Windows's Latin-1."""
    with path.open("rb") as file:
        head = file.read(4096)
        for mark, encoding in _BYTE_ORDER_MARKS.items():
            if head.startswith(mark):
                return encoding
        if not head.strip():
            raise SourceUnreadable(f"{name} is empty; its first line has to name the columns.")
        if b"\0" in head:
            raise SourceUnreadable(f"{name} is no text, so it is no CSV file.")
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(head)
            while chunk := file.read(_CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _read_header(path: Path, name: str, encoding: str, wanted: set[str]) -> tuple[str, list[str]]:
    samples = {separator: _sample(path, name, encoding, separator) for separator in _SEPARATORS}

    def fit(separator: str) -> tuple[int, bool, int]:
        rows = samples[separator]
        known = sum(column.strip().casefold() in wanted for column in rows[0])
        return known, len({len(row) for row in rows}) == 1, len(rows[0])

    separator = max(_SEPARATORS, key=fit)
    header = [column.strip() for column in samples[separator][0]]
    if any("\n" in column or "\r" in column for column in header):
        raise SourceUnreadable(f"{name}: the names of its columns have to stand in one line, the first.")
    folded = [column.casefold() for column in header if column]
    twice = next((column for column in header if column and folded.count(column.casefold()) > 1), None)
    if twice:
        raise SourceUnreadable(f"{name} has two columns named {twice}; give each its own name.")
    return separator, [column or f"(column {index})" for index, column in enumerate(header, start=1)]


def _sample(path: Path, name: str, encoding: str, separator: str) -> list[list[str]]:
    """The first rows; never none."""
    try:
        with path.open(encoding=encoding, errors="replace", newline="") as file:
            rows = list(islice(csv.reader(file, delimiter=separator), _SAMPLE_ROWS))
    except csv.Error as error:
        raise SourceUnreadable(f"{name} cannot be read as CSV ({error}).") from error
    if not rows or not rows[0]:
        raise SourceUnreadable(f"{name}: its first line is empty; it has to name the columns.")
    return [row for row in rows if row]


def _copy_as_utf8(path: Path, encoding: str, scratch: Path) -> Path:
    target = scratch / f"{path.stem}-{abs(hash(path))}.utf8.csv"
    # Five bytes stand for nothing in Windows's table; Latin-1 has a character for each.
    codecs.register_error("latin-1", _as_latin1)
    with (
        path.open(encoding=encoding, errors="latin-1", newline="") as source,
        target.open("w", encoding="utf-8", newline="") as copy,
    ):
        while text := source.read(_CHUNK_BYTES):
            copy.write(text)
    return target


def _as_latin1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end
