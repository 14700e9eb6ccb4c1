"""Tables of the slides: rows of one line each, so that a table is never higher than its slide."""

from collections.abc import Sequence

from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.slide import Slide
from pptx.table import _Cell
from pptx.util import Emu, Pt

from crews.reports.pptx.measure import fit_line
from crews.reports.pptx.slides import Box, colour, write
from crews.reports.theme import INK, NAVY, RULE, WASH
from crews.reports.view import TableView

ROWS_A_SLIDE = 12
_ROW, _HEAD, _SIZE = 24, 42, 12
_PAD = 6
# Of the table style without any line or fill.
_NO_STYLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"


def add_table(slide: Slide, box: Box, view: TableView, rows: Sequence[Sequence[str]], *, is_last: bool) -> bool:
    """One slide's part of it, with the total on the last. Tells whether a text had to be cut."""
    total = [view.total] if is_last and view.total is not None else []
    lines = [view.headings, *rows, *total]
    frame = slide.shapes.add_table(
        len(lines), len(view.headings), Pt(box.left), Pt(box.top), Pt(box.width), Pt(_HEAD + _ROW * (len(lines) - 1))
    )
    frame._element.graphic.graphicData.tbl.tblPr.find(qn("a:tableStyleId")).text = _NO_STYLE
    table = frame.table
    whole = sum(view.widths)
    widths = [box.width * width / whole for width in view.widths]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Emu(int(Pt(width)))
    was_cut = False
    for at, line in enumerate(lines):
        is_head, is_total = at == 0, bool(total) and at == len(lines) - 1
        table.rows[at].height = Pt(_HEAD if is_head else _ROW)
        for place, (words, width) in enumerate(zip(line, widths, strict=True)):
            shown = fit_line(words, (width - 2 * _PAD) * 0.96, _SIZE, 2 if is_head else 1)
            was_cut = was_cut or shown != words
            cell = table.cell(at, place)
            _write(cell, shown, right=view.right[place], bold=is_head or is_total)
            _rule(cell, NAVY if is_head or at == len(lines) - 1 else RULE, WASH if is_head else None)
    return was_cut


def _write(cell: _Cell, words: str, *, right: bool, bold: bool) -> None:
    cell.margin_left = cell.margin_right = Pt(_PAD)
    cell.margin_top = cell.margin_bottom = Pt(2)
    cell.vertical_anchor = MSO_ANCHOR.BOTTOM if bold else MSO_ANCHOR.MIDDLE
    paragraph = cell.text_frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.RIGHT if right else PP_ALIGN.LEFT
    write(paragraph, words, _SIZE, NAVY if bold else INK, bold=bold)


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
