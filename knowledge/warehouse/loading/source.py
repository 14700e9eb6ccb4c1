"""What was read from a product's source, and the words DuckDB's complaints are told in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

# These speak of names in a query; all others may quote a value of a row.
_ABOUT_NAMES = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
# A row that cannot be read is somebody's data; only its number is told.
_LINE = re.compile(r"on Line: (\d+)")
_TELLING = re.compile(r"(Expected Number of Columns: \d+ Found: \d+|unterminated quote|Invalid unicode)")


@dataclass(frozen=True, slots=True)
class Readable:
    """A file or table DuckDB can select from: `relation` stands after FROM, `columns` gives for each column
    as the source calls it the one to select."""

    name: str
    relation: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Extracted:
    """Rows in the table `raw`, under the product's own column names; `ignored` are columns the product does
    not have; `types` are DuckDB's."""

    types: Mapping[str, str]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from, before they are read. `digest` is None where only the rows can tell whether they
    changed; `as_of` is what the source itself says of its age."""

    files: tuple[Path, ...]
    digest: str | None
    as_of: datetime | None


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def complaint(error: duckdb.Error) -> str:
    """What went wrong, without any value of a row."""
    text = str(error)
    line = _LINE.search(text)
    if line:
        what = _TELLING.search(text)
        return f"line {line[1]} cannot be read" + (f" ({what[1].lower()})" if what else "")
    first = text.strip().splitlines()[0].rstrip(". ") if text.strip() else type(error).__name__
    return first if isinstance(error, _ABOUT_NAMES) else _QUOTED.sub("...", first)
