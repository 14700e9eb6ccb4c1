"""Tables of the Word document: data with its header repeated on each page, boxes and tiles."""

from collections.abc import Sequence

from docx.document import Document
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt
from docx.table import Table, _Cell, _Row

from crews.reports.docx.marks import border, keep_whole, pad, repeat_at_top, shade
from crews.reports.docx.styles import CELL, TEXT_MM, colour
from crews.reports.theme import NAVY, RULE, WASH
from crews.reports.view import TableView

_RULE, _STRONG = 4, 8
# A table that is not longer stays on one page.
_KEPT_ROWS = 15


def add_grid(document: Document, widths_mm: Sequence[float], rows: int) -> Table:
    """An empty table of these columns, without lines."""
    table: Table = document.add_table(rows=rows, cols=len(widths_mm))
    table.alignment = WD_TABLE_ALIGNMENT.LEFT
    table.autofit = False
    for column, width in zip(table.columns, widths_mm, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)
    return table


def add_data(document: Document, view: TableView) -> None:
    count = 1 + len(view.rows) + (view.total is not None)
    whole = sum(view.widths)
    table = add_grid(document, [TEXT_MM * width / whole for width in view.widths], count)
    pad(table, top=40, bottom=40, left=70, right=70)
    rows = list(table.rows)
    repeat_at_top(rows[0])
    lines = [view.headings, *view.rows, *([view.total] if view.total is not None else [])]
    for at, (row, line) in enumerate(zip(rows, lines, strict=True)):
        keep_whole(row)
        if at < count - 1 and (at == 0 or count <= _KEPT_ROWS):
            keep_with_next(row)
        is_head, is_total = at == 0, view.total is not None and at == count - 1
        for cell, words, right in zip(row.cells, line, view.right, strict=True):
            _write(cell, words, right=right, bold=is_head or is_total)
            _rule(cell, at, count, is_total=is_total)
            if is_head:
                shade(cell, WASH)
                cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.BOTTOM


def keep_with_next(row: _Row) -> None:
    for cell in row.cells:
        for paragraph in cell.paragraphs:
            paragraph.paragraph_format.keep_with_next = True


def _write(cell: _Cell, words: str, *, right: bool, bold: bool) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.style = CELL
    paragraph.paragraph_format.space_after = Pt(0)
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    run = paragraph.add_run(words)
    if bold:
        run.bold = True
        run.font.color.rgb = colour(NAVY)


def _rule(cell: _Cell, at: int, count: int, *, is_total: bool) -> None:
    sides = {"bottom": (_STRONG if at in (0, count - 1) else _RULE, NAVY if at in (0, count - 1) else RULE)}
    if at == 0 or is_total:
        sides["top"] = (_STRONG, NAVY)
    border(cell, sides)
