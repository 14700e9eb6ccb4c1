"""Tables as pages show them: text in cells, as many rows and columns as can be read, a note on the rest."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from crews.reports.document import Format
from crews.reports.numbers import is_number, show
from crews.reports.tables import Table
from crews.reports.text import cut_line, one_line
from knowledge.warehouse.result import ResultColumn, Value
from knowledge.warehouse.wording import heading

_TOTAL = "Total"
# A longer word is broken, so it never needs more room than this.
_LONGEST_WORD = 14
_WIDEST = 38
_GAP = 2
_LONGEST_CELL = 400


@dataclass(frozen=True, slots=True)
class Limits:
    """`line` is how many characters fit beside each other."""

    rows: int
    columns: int
    line: int


@dataclass(frozen=True, slots=True)
class TableView:
    """`right` marks columns of numbers; `widths` are in characters, with the gap to the next; `total` is a
    last row that sums the whole table, also where not all its rows are shown."""

    title: str
    headings: tuple[str, ...]
    right: tuple[bool, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] | None
    notes: tuple[str, ...]


def view_table(table: Table, limits: Limits, number: int, formats: Sequence[Format]) -> TableView:
    """`number` is the table's in its report, whose formats say where the whole of it is to be had."""
    shown = table.rows[: limits.rows]
    cells = [tuple(_cell(*pair) for pair in zip(row, table.columns, strict=True)) for row in shown]
    total = _total_row(table)
    headings = [cut_line(heading(column), 120) for column in table.columns]
    right = [_is_right(table, at) for at in range(len(table.columns))]
    lines = [*cells, *([total] if total else [])]
    wants = [_width(at, headings, lines, whole=True) for at in range(len(headings))]
    needs = [_width(at, headings, lines, whole=right[at]) for at in range(len(headings))]
    kept = _fitting(needs, limits)
    return TableView(
        table.title,
        tuple(headings[:kept]),
        tuple(right[:kept]),
        _share_out(needs[:kept], wants[:kept], limits.line),
        tuple(row[:kept] for row in cells),
        total[:kept] if total else None,
        (*table.notes, *_cuts(table, len(shown), kept, where_whole(f"Table {number}", formats))),
    )


def where_whole(sheet: str, formats: Sequence[Format]) -> str:
    if Format.XLSX in formats:
        return f"The workbook (XLSX) of this report has the whole, on its sheet {sheet}."
    return "Ask for this report as XLSX to have the whole."


def width_of(text: str) -> int:
    """In characters of a Latin line; those of East Asia take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _cell(value: Value, column: ResultColumn) -> str:
    return cut_line(one_line(show(value, column)), _LONGEST_CELL)


def _total_row(table: Table) -> tuple[str, ...] | None:
    totals = table.totals()
    if totals is None:
        return None
    cells = [
        "" if value is None else show(value, column)
        for value, column in zip(totals, table.columns, strict=True)
    ]
    if not cells[0]:
        cells[0] = _TOTAL
    return tuple(cells)


def _is_right(table: Table, at: int) -> bool:
    if table.columns[at].role == "dimension":
        return False
    if table.columns[at].role != "column":
        return True
    values = [row[at] for row in table.rows if row[at] is not None]
    return bool(values) and all(is_number(value) for value in values)


def _width(at: int, headings: Sequence[str], lines: Sequence[Sequence[str]], *, whole: bool) -> int:
    """Room for the column's cells: for whole ones, or for their longest words."""
    cells = [line[at] for line in lines]
    words = [word for text in (headings[at], *([] if whole else cells)) for word in re.split(r"\s", text)]
    longest_word = min(max(map(width_of, words), default=1), _LONGEST_WORD)
    if not whole:
        return max(longest_word, 3)
    return max(longest_word, min(max(map(width_of, cells), default=1), _WIDEST), 3)


def _fitting(needs: Sequence[int], limits: Limits) -> int:
    """How many columns, at least one."""
    used, kept = 0, 0
    for need in needs[: limits.columns]:
        used += need + _GAP
        if used > limits.line:
            break
        kept += 1
    return max(kept, 1)


def _share_out(needs: Sequence[int], wants: Sequence[int], line: int) -> tuple[int, ...]:
    """Each column has what it needs, and a part of what is left if it wants more."""
    more = [max(0, want - need) for want, need in zip(wants, needs, strict=True)]
    spare = max(0, line - sum(need + _GAP for need in needs))
    part = min(1.0, spare / sum(more)) if sum(more) else 0.0
    return tuple(need + _GAP + int(extra * part) for need, extra in zip(needs, more, strict=True))


def _cuts(table: Table, rows: int, columns: int, where: str) -> list[str]:
    notes = []
    if not table.rows:
        notes.append("The query gave no row.")
    if rows < len(table.rows):
        notes.append(f"Rows 1 to {rows:,} of {len(table.rows):,} are shown.")
    if columns < len(table.columns):
        notes.append(f"Columns 1 to {columns} of {len(table.columns)} are shown.")
    if notes and table.rows:
        notes.append(where)
    if table.source_rows is not None and table.source_rows > len(table.rows):
        notes.append(f"The query gave {table.source_rows:,} rows, of which {len(table.rows):,} are kept.")
    return notes
