"""The sheets of a workbook, of whatever format: a heading and tables for each, and what it hides."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from knowledge.loading.blocks import (
    CELL_SEPARATOR,
    Block,
    BlockKind,
    FileStatus,
    LoadedFile,
    make_block,
    one_line,
)
from knowledge.loading.grid import GridRow, cell_label, grid_blocks

# A name the program gave says nothing about the sheet.
_GIVEN_NAME = re.compile(
    r"(?:sheet|tabelle|table|feuil(?:le)?|hoja|foglio|blad|arkusz|лист|chart|diagramm)[ _]?\d*", re.I
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows count from 1, columns from 0; the rows are read once."""

    name: str
    rows: Iterable[GridRow]
    is_hidden: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)


def load_sheets(sheets: Iterable[Sheet], title: str | None = None) -> LoadedFile:
    blocks: list[Block] = []
    hidden: list[str] = []
    for sheet in sheets:
        found = _sheet_blocks(sheet, hidden)
        if sheet.is_hidden:
            hidden.extend(block.text for block in found)
        else:
            blocks.extend(found)
    return LoadedFile(FileStatus.OK, blocks=tuple(blocks), title=title, hidden=tuple(hidden))


def _sheet_blocks(sheet: Sheet, hidden: list[str]) -> list[Block]:
    name = one_line(sheet.name)
    place = f"sheet {name}"
    tables = grid_blocks(_shown_rows(sheet, hidden), cell_label, place, hidden_columns=sheet.hidden_columns)
    if not tables or _GIVEN_NAME.fullmatch(name):
        return tables
    heading = make_block(BlockKind.HEADING, name, 1, place)
    return [heading, *tables] if heading else tables


def _shown_rows(sheet: Sheet, hidden: list[str]) -> Iterator[GridRow]:
    """Row by row; what is hidden in it goes to `hidden`."""
    for row in sheet.rows:
        covered = [
            one_line(cell)
            for index, cell in enumerate(row.cells)
            if cell and (row.number in sheet.hidden_rows or index in sheet.hidden_columns)
        ]
        if any(covered):
            hidden.append(CELL_SEPARATOR.join(filter(None, covered)))
        if row.number in sheet.hidden_rows:
            # A hidden row does not part a table.
            continue
        cells = ["" if index in sheet.hidden_columns else cell for index, cell in enumerate(row.cells)]
        yield GridRow(row.number, cells)
