"""Tables of the slides: rows of one line each, so that a table is never higher than its slide."""

from collections.abc import Sequence
from typing import Any

from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.slide import Slide
from pptx.table import Table, _Cell
from pptx.util import Emu, Pt

from crews.reports.pptx.measure import LINE, fit_line, text_width
from crews.reports.pptx.slides import Box, colour, write
from crews.reports.theme import INK, NAVY, RULE, WASH
from crews.reports.view import TableView

ROWS_A_SLIDE = 11
_PAD = 6
_FEW_ROWS = 9
_SIZES = ((14, 30), (12, 24), (10, 24), (8, 24))
# Bold letters are wider than they were measured.
_BOLD = 0.95
# Of the table style without any line or fill.
_NO_STYLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"


def add_table(
    slide: Slide, box: Box, view: TableView, rows: Sequence[Sequence[str]], *, is_last: bool
) -> bool:
    """One slide's part of it, with the total on the last. Tells whether a text had to be cut."""
    total = [view.total] if is_last and view.total is not None else []
    lines = [view.headings, *rows, *total]
    whole = sum(view.widths)
    widths = [box.width * width / whole for width in view.widths]
    size, high = _size_for(lines, widths, view.right)
    shown = [_fit(line, widths, size, 2 if at == 0 else 1) for at, line in enumerate(lines)]
    head = 2 * size * LINE + _PAD if shown[0] != _fit(view.headings, widths, size, 1) else high
    table = _add_grid(slide, box, widths, [head, *([high] * (len(lines) - 1))])
    for at, line in enumerate(shown):
        is_head, is_total = at == 0, bool(total) and at == len(lines) - 1
        for place, words in enumerate(line):
            cell = table.cell(at, place)
            _write(cell, words, size, right=view.right[place], bold=is_head or is_total)
            _rule(cell, NAVY if is_head or at == len(lines) - 1 else RULE, WASH if is_head else None)
    return any(tuple(line) != tuple(fitted) for line, fitted in zip(lines, shown, strict=True))


def _size_for(
    lines: Sequence[Sequence[str]], widths: Sequence[float], right: Sequence[bool]
) -> tuple[float, float]:
    """The largest at which no number has to be cut, and the height of a row."""
    sizes = _SIZES if len(lines) - 1 <= _FEW_ROWS else _SIZES[1:]
    for size, high in sizes:
        room = [(width - 2 * _PAD) * _BOLD for width in widths]
        if all(
            text_width(words, size) <= most
            for line in lines[1:]
            for words, most, is_right in zip(line, room, right, strict=True)
            if is_right
        ):
            return size, high
    return _SIZES[-1]


def _add_grid(slide: Slide, box: Box, widths: Sequence[float], heights: Sequence[float]) -> Table:
    frame = slide.shapes.add_table(
        len(heights), len(widths), Pt(box.left), Pt(box.top), Pt(box.width), Pt(sum(heights))
    )
    table: Any = frame.table
    table._tbl.tblPr.find(qn("a:tableStyleId")).text = _NO_STYLE
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Emu(int(Pt(width)))
    for row, height in zip(table.rows, heights, strict=True):
        row.height = Emu(int(Pt(height)))
    return frame.table


def _fit(line: Sequence[str], widths: Sequence[float], size: float, lines: int) -> list[str]:
    return [
        fit_line(words, (width - 2 * _PAD) * _BOLD, size, lines)
        for words, width in zip(line, widths, strict=True)
    ]


def _write(cell: _Cell, words: str, size: float, *, right: bool, bold: bool) -> None:
    cell.margin_left = cell.margin_right = Pt(_PAD)
    cell.margin_top = cell.margin_bottom = Pt(2)
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    paragraph = cell.text_frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.RIGHT if right else PP_ALIGN.LEFT
    write(paragraph, words, size, NAVY if bold else INK, bold=bold)


def _rule(cell: _Cell, shade: str, fill: str | None) -> None:
    properties = cell._tc.get_or_add_tcPr()
    line = properties.makeelement(qn("a:lnB"), {"w": "9525", "cap": "flat", "cmpd": "sng"})
    solid = line.makeelement(qn("a:solidFill"), {})
    solid.append(solid.makeelement(qn("a:srgbClr"), {"val": shade.lstrip("#")}))
    line.append(solid)
    properties.insert(0, line)
    if fill is not None:
        cell.fill.solid()
        cell.fill.fore_color.rgb = colour(fill)
