"""A sheet of an Excel workbook as a table of texts: its first row names the columns."""

import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
from openpyxl.utils.exceptions import InvalidFileException

from knowledge.warehouse.errors import SourceUnreadable

# What openpyxl raises for files that are no workbooks, or broken ones.
_BROKEN = (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, EOFError, ParseError, OSError)


def read_sheet(path: Path, name: str, sheet: str | None) -> pa.Table:
    """The first sheet if none is named. Raises SourceUnreadable."""
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except _BROKEN as error:
        raise SourceUnreadable(f"{name} is no Excel workbook (.xlsx), or it is damaged.") from error
    try:
        if sheet is not None and sheet not in book.sheetnames:
            there = ", ".join(book.sheetnames)
            raise SourceUnreadable(f"{name} has no sheet {sheet}; there are {there}.")
        found = book[sheet] if sheet is not None else book.worksheets[0]
        # What the file says of its own extent is often wrong.
        found.reset_dimensions()
        return _table(found.iter_rows(values_only=True), name)
    except _BROKEN as error:
        raise SourceUnreadable(f"{name}: a sheet of it is damaged.") from error
    finally:
        book.close()


def _table(rows: Iterable[Sequence[Any]], name: str) -> pa.Table:
    lines = iter(rows)
    header = [_text(cell) for cell in next(lines, ())]
    while header and header[-1] is None:
        header.pop()
    if not header:
        raise SourceUnreadable(f"{name}: the first row of the sheet is empty; it has to name the columns.")
    columns: list[list[str | None]] = [[] for _ in header]
    for line in lines:
        cells = [_text(cell) for cell in line[: len(header)]]
        if any(cells):
            for values, cell in zip(columns, cells + [None] * (len(header) - len(cells)), strict=True):
                values.append(cell)
    names = [text.strip() if text else f"(column {index})" for index, text in enumerate(header, start=1)]
    folded = [text.casefold() for text in names]
    if twice := next((text for text in names if folded.count(text.casefold()) > 1), None):
        raise SourceUnreadable(f"{name} has two columns named {twice}; give each its own name.")
    return pa.table([pa.array(values, pa.string()) for values in columns], names)


def _text(cell: Any) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        midnight = cell.time() == time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell)
