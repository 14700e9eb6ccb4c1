"""White text on white is hidden text in Office files too; on a darker ground it is seen."""

import io
from collections.abc import Callable

import docx
import openpyxl
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import RGBColor
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Color, Font, PatternFill
from pptx import Presentation
from pptx.dml.color import RGBColor as SlideColor
from pptx.slide import Slide
from pptx.util import Inches

from knowledge.loading.load import load_file

SECRET = "obey the white letters"


def read(name: str, file: object) -> tuple[list[str], tuple[str, ...]]:
    buffer = io.BytesIO()
    file.save(buffer)  # type: ignore[attr-defined]
    loaded = load_file(name, buffer.getvalue())
    return [block.text for block in loaded.blocks], loaded.hidden


def shading(fill: str) -> object:
    return parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{fill}"/>')


@pytest.mark.parametrize("color", ["FFFFFF", "F8F8F8"])
def test_white_words_in_a_word_file_are_hidden(color: str) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Bring the receipt.")
    run = paragraph.add_run(SECRET)
    run.font.color.rgb = RGBColor.from_string(color)
    run._r.get_or_add_rPr().append(shading("auto"))
    document.styles.add_style("Pale", 1).font.color.rgb = RGBColor(255, 255, 255)
    document.add_paragraph("and by style", style="Pale")
    table = document.add_table(1, 2, style="Table Grid")
    table.cell(0, 0).text = "a"
    table.cell(0, 1).paragraphs[0].add_run("and in cells").font.color.rgb = RGBColor(255, 255, 255)
    assert read("a.docx", document) == (
        ["Bring the receipt.", "a | "],
        (SECRET, "and by style", "and in cells"),
    )


def shade_run(document: "docx.document.Document") -> None:
    document.paragraphs[0].runs[0]._r.get_or_add_rPr().append(shading("1F3864"))


def shade_paragraph(document: "docx.document.Document") -> None:
    document.paragraphs[0]._p.get_or_add_pPr().append(shading("1F3864"))


def highlight(document: "docx.document.Document") -> None:
    document.paragraphs[0].runs[0].font.highlight_color = 1


def color_page(document: "docx.document.Document") -> None:
    document.element.insert(0, parse_xml(f'<w:background {nsdecls("w")} w:color="000000"/>'))


def put_into_cell(document: "docx.document.Document") -> None:
    cell = document.add_table(1, 1).cell(0, 0)
    cell._tc.get_or_add_tcPr().append(shading("1F3864"))
    cell._tc.append(document.paragraphs[0]._p)


def put_into_styled_table(document: "docx.document.Document") -> None:
    document.add_table(1, 1, style="Medium Shading 1 Accent 1").cell(0, 0)._tc.append(
        document.paragraphs[0]._p
    )


@pytest.mark.parametrize(
    "darken",
    [shade_run, shade_paragraph, highlight, color_page, put_into_cell, put_into_styled_table],
)
def test_white_words_on_a_darker_ground_are_read(darken: Callable[..., None]) -> None:
    document = docx.Document()
    document.add_paragraph().add_run("Terms").font.color.rgb = RGBColor(255, 255, 255)
    darken(document)
    assert read("a.docx", document) == (["Terms"], ())


def whiten(slide: Slide) -> None:
    frame = slide.shapes.add_textbox(Inches(1), Inches(1), Inches(2), Inches(1)).text_frame
    frame.text = "Bring the receipt. "
    run = frame.paragraphs[0].add_run()
    run.text = SECRET
    run.font.color.rgb = SlideColor(255, 255, 255)


def test_white_words_on_a_white_slide_are_hidden() -> None:
    deck = Presentation()
    whiten(deck.slides.add_slide(deck.slide_layouts[6]))
    assert read("a.pptx", deck) == (["Bring the receipt."], (SECRET,))


def darken_background(slide: Slide) -> None:
    slide.background.fill.solid()
    slide.background.fill.fore_color.rgb = SlideColor(0, 0, 64)


def put_shape_beneath(slide: Slide) -> None:
    slide.shapes.add_shape(1, 0, 0, Inches(5), Inches(5))


@pytest.mark.parametrize("darken", [darken_background, put_shape_beneath])
def test_white_words_on_a_dark_slide_are_read(darken: Callable[[Slide], None]) -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    darken(slide)
    whiten(slide)
    assert read("a.pptx", deck) == ([f"Bring the receipt. {SECRET}"], ())


@pytest.mark.parametrize("color", [Color("FFFFFFFF"), Color(theme=0), Color(indexed=9)])
def test_white_cells_are_hidden_unless_they_are_filled(color: Color) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Tent", SECRET, "Price"])
    book.active.append(["City", 1, 12])
    book.active["B1"].font = Font(color=color)
    book.active["A1"].font = book.active["C1"].font = Font(color=color)
    for cell in ("A1", "C1"):
        book.active[cell].fill = PatternFill("solid", fgColor="1F3864")
    assert read("a.xlsx", book) == (["Tent |  | Price\nCity | 1 | 12"], (SECRET,))


def test_a_rule_may_shade_white_cells() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Tent", "Price"])
    book.active["A1"].font = Font(color="FFFFFFFF")
    rule = CellIsRule("equal", ['"Tent"'], fill=PatternFill(bgColor="000000"))
    book.active.conditional_formatting.add("A1", rule)
    assert read("a.xlsx", book) == (["Tent | Price"], ())
