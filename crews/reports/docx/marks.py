"""What python-docx has no words for: fields, links within the document, shading, borders, repeated rows."""

from collections.abc import Mapping

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.styles.style import BaseStyle
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph
from docx.text.run import Run

_AFTER_INDENT = ("w:tblBorders", "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")


def add_field(paragraph: Paragraph, instruction: str) -> None:
    """Such as `PAGE`; Word reckons it when the page is drawn."""
    for kind in ("begin", None, "separate", "shown", "end"):
        run = paragraph.add_run()
        if kind == "shown":
            run.text = "1"
        elif kind is None:
            text = OxmlElement("w:instrText")
            text.set(qn("xml:space"), "preserve")
            text.text = f" {instruction} "
            run._r.append(text)
        else:
            character = OxmlElement("w:fldChar")
            character.set(qn("w:fldCharType"), kind)
            run._r.append(character)


def add_bookmark(paragraph: Paragraph, name: str, number: int) -> None:
    start, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
    for element in (start, end):
        element.set(qn("w:id"), str(number))
    start.set(qn("w:name"), name)
    paragraph._p.append(start)
    paragraph._p.append(end)


def link_run(paragraph: Paragraph, run: Run, bookmark: str) -> None:
    """Makes a run a link to a place of this document."""
    link = OxmlElement("w:hyperlink")
    link.set(qn("w:anchor"), bookmark)
    link.set(qn("w:history"), "1")
    paragraph._p.append(link)
    link.append(run._r)


def shade(cell: _Cell, colour: str) -> None:
    shading = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", colour.lstrip("#"))):
        shading.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shading)


def shade_paragraphs(style: BaseStyle, colour: str) -> None:
    """Behind the paragraphs of a style."""
    shading = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", colour.lstrip("#"))):
        shading.set(qn(f"w:{name}"), value)
    properties = style.element.get_or_add_pPr()
    spacing = properties.find(qn("w:spacing"))
    if spacing is None:
        properties.append(shading)
    else:
        spacing.addprevious(shading)


def border(cell: _Cell, sides: Mapping[str, tuple[int, str]]) -> None:
    """Widths are in eighths of a point."""
    borders = OxmlElement("w:tcBorders")
    for side in ("top", "left", "bottom", "right"):
        if side in sides:
            width, colour = sides[side]
            element = OxmlElement(f"w:{side}")
            for name, value in (("val", "single"), ("sz", str(width)), ("space", "0")):
                element.set(qn(f"w:{name}"), value)
            element.set(qn("w:color"), colour.lstrip("#"))
            borders.append(element)
    # Before the shading, as the schema has it.
    properties = cell._tc.get_or_add_tcPr()
    shading = properties.find(qn("w:shd"))
    if shading is None:
        properties.append(borders)
    else:
        shading.addprevious(borders)


def pad(table: Table, *, top: int, bottom: int, left: int, right: int) -> None:
    """The space around the text of its cells, in twentieths of a point; its edge stays at the margin."""
    indent = OxmlElement("w:tblInd")
    indent.set(qn("w:w"), str(left))
    indent.set(qn("w:type"), "dxa")
    margins = OxmlElement("w:tblCellMar")
    for side, value in (("top", top), ("left", left), ("bottom", bottom), ("right", right)):
        element = OxmlElement(f"w:{side}")
        element.set(qn("w:w"), str(value))
        element.set(qn("w:type"), "dxa")
        margins.append(element)
    # In the order of the schema; Word calls a file damaged that has another one.
    properties = table._tbl.tblPr
    properties.insert_element_before(indent, *_AFTER_INDENT)
    properties.insert_element_before(margins, *_AFTER_INDENT[_AFTER_INDENT.index("w:tblCellMar") :])


def repeat_at_top(row: _Row) -> None:
    """On each page the table runs over."""
    header = OxmlElement("w:tblHeader")
    header.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(header)


def keep_whole(row: _Row) -> None:
    """On one page."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def describe_picture(run: Run, words: str, number: int) -> None:
    """For those who cannot see it; and no space around it, which some programs add where nothing is said."""
    for place in run._r.iter(qn("wp:inline")):
        for side in ("distT", "distB", "distL", "distR"):
            place.set(side, "0")
    for properties in run._r.iter(qn("wp:docPr")):
        properties.set("descr", words)
        properties.set("name", f"Figure {number}")
