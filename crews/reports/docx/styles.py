"""The look of the Word document: page, styles, running header and footer."""

from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

from crews.reports.citing import show_moment
from crews.reports.document import Report
from crews.reports.docx.marks import add_field, shade_paragraphs
from crews.reports.text import cut_line
from crews.reports.theme import INK, NAVY, PALE, WASH

# Of every Office; another program puts one of the same widths (Carlito) in its place.
FONT, CODE_FONT = "Calibri", "Consolas"
_MARGIN_MM, _PAGE_MM = 22, (210, 297)
TEXT_MM = _PAGE_MM[0] - 2 * _MARGIN_MM
SMALL, CAPTION, LABEL = "Report Note", "Report Caption", "Report Label"
CELL, SOURCE_TEXT, GAP = "Report Cell", "Report Source", "Report Gap"
_HEADINGS = ((16, 20, 6), (13, 14, 4), (11, 10, 3))


def colour(code: str) -> RGBColor:
    return RGBColor.from_string(code.lstrip("#"))


def lay_out(document: Document, report: Report) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = (Mm(side) for side in _PAGE_MM)
    section.left_margin = section.right_margin = Mm(_MARGIN_MM)
    section.top_margin, section.bottom_margin = Mm(24), Mm(22)
    section.header_distance = section.footer_distance = Mm(11)
    section.different_first_page_header_footer = True
    _style(document, "Normal", 10.5, INK, after=6, line=1.12)
    _style(document, "Title", 26, NAVY, bold=True, after=2)
    _style(document, "Subtitle", 12.5, PALE, after=8)
    for level, (large, before, after) in enumerate(_HEADINGS, start=1):
        _style(document, f"Heading {level}", large, NAVY, bold=True, before=before, after=after)
    _style(document, "List Bullet", 10.5, INK, after=3)
    _style(document, "Quote", 10.5, INK, after=2, italic=True)
    for name, size, shade, bold in (
        (SMALL, 8, PALE, False),
        (CAPTION, 9.5, NAVY, True),
        (LABEL, 8.5, PALE, False),
        (CELL, 9, INK, False),
        (SOURCE_TEXT, 8, INK, False),
        (GAP, 4, INK, False),
    ):
        document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        _style(document, name, size, shade, bold=bold, after=2)
    document.styles[CAPTION].paragraph_format.keep_with_next = True
    document.styles[CAPTION].paragraph_format.space_before = Pt(10)
    shade_paragraphs(document.styles[SOURCE_TEXT], WASH)
    document.styles[SOURCE_TEXT].paragraph_format.space_before = Pt(3)
    _head_and_foot(document, report)


def _style(
    document: Document,
    name: str,
    size: float,
    shade: str,
    *,
    bold: bool = False,
    italic: bool = False,
    before: float = 0,
    after: float = 0,
    line: float = 1.05,
) -> None:
    style = document.styles[name]
    assert isinstance(style, ParagraphStyle)
    style.font.name = FONT
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for script in ("eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), FONT)
    style.font.size, style.font.bold, style.font.italic = Pt(size), bold, italic
    style.font.color.rgb = colour(shade)
    form = style.paragraph_format
    form.space_before, form.space_after, form.line_spacing = Pt(before), Pt(after), line
    for borders in style.element.iter(qn("w:pBdr")):
        borders.getparent().remove(borders)


def _head_and_foot(document: Document, report: Report) -> None:
    section = document.sections[0]
    as_of = f"Data as of {show_moment(report.as_of)}" if report.as_of else ""
    _run_line(section.header.paragraphs[0], cut_line(report.title, 70), as_of)
    for footer in (section.footer, section.first_page_footer):
        line = footer.paragraphs[0]
        _run_line(line, cut_line(f"Prepared for {report.prepared_for}", 80), "Page ")
        add_field(line, "PAGE")
        line.add_run(" of ")
        add_field(line, "NUMPAGES")


def _run_line(paragraph: Paragraph, left: str, right: str) -> None:
    paragraph.style = SMALL
    paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(TEXT_MM), WD_TAB_ALIGNMENT.RIGHT)
    paragraph.add_run(f"{left}\t{right}")
