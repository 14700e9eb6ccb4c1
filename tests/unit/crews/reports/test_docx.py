"""The Word document, read back."""

import io
import zipfile

import docx
import pytest
from docx.document import Document
from docx.oxml.ns import qn

from crews.reports.document import Format
from crews.reports.render import render_report
from tests.unit.crews.reports.larkspur import MADE_AT, board_pack
from tests.unit.crews.reports.trouble import ARABIC, EMOJI, FORMULAS, HTML, LONG_WORD, TYPST, trouble


@pytest.fixture(scope="module")
def board() -> bytes:
    return render_report(board_pack(), Format.DOCX).content


@pytest.fixture(scope="module")
def document(board: bytes) -> Document:
    return docx.Document(io.BytesIO(board))


def all_words(document: Document) -> str:
    return "\n".join(text.text or "" for text in document.element.body.iter(qn("w:t")))


def test_it_has_real_headings_and_styles(document: Document) -> None:
    by_style = [(part.style.name, part.text) for part in document.paragraphs if part.style and part.text]
    assert by_style[0] == ("Title", "Board pack, third quarter of 2026")
    headings = [text for style, text in by_style if style == "Heading 1"]
    assert headings[:2] == ["Executive summary", "Performance"]
    assert headings[-1] == "Sources and queries"
    captions = [text for style, text in by_style if style == "Report Caption"]
    assert captions[0].startswith("Figure 1  Revenue rose through both years")
    assert "Table 2  Revenue of stores by region, Q3 2026 against Q3 2025" in captions


def test_it_is_a4_with_running_page_numbers(document: Document) -> None:
    (section,) = document.sections
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert "Data as of 25 November 2026, 05:30 UTC" in section.header.paragraphs[0].text
    for footer in (section.footer, section.first_page_footer):
        fields = [field.text.strip() for field in footer._element.iter(qn("w:instrText"))]
        assert fields == ["PAGE", "NUMPAGES"]


def test_tables_repeat_their_head_and_keep_rows_whole(document: Document) -> None:
    table = next(table for table in document.tables if table.cell(0, 0).text == "Channel")
    assert [[cell.text for cell in row.cells] for row in table.rows][-1] == [
        "Total",
        "51,812,400",
        "49,722,800",
        "+2,089,600",
        "+4.2 %",
    ]
    heads = [row._tr.find(f".//{qn('w:tblHeader')}") is not None for row in table.rows]
    assert heads == [True, False, False, False, False]
    assert all(row._tr.find(f".//{qn('w:cantSplit')}") is not None for row in table.rows)


def test_the_parts_of_a_table_are_in_the_order_of_the_schema(document: Document) -> None:
    order = ["tblStyle", "tblW", "jc", "tblInd", "tblLayout", "tblCellMar", "tblLook"]
    for table in document.tables:
        parts = [part.tag.split("}")[1] for part in table._tbl.tblPr]
        assert parts == [name for name in order if name in parts]


def test_citations_are_links_to_the_appendix(document: Document) -> None:
    body = document.element.body
    anchors = {link.get(qn("w:anchor")) for link in body.iter(qn("w:hyperlink"))}
    marks = {mark.get(qn("w:name")) for mark in body.iter(qn("w:bookmarkStart"))}
    assert anchors
    assert anchors <= marks
    assert {f"source_{number}" for number in range(1, 8)} <= marks


def test_charts_are_pictures_with_words_for_those_who_cannot_see_them(document: Document) -> None:
    assert len(document.inline_shapes) == 4
    alt = [shape._inline.docPr.get("descr") for shape in document.inline_shapes]
    assert alt[1] == "Bar chart: Revenue by Channel, 3 categories, from 2,808,400 to 29,604,100 EUR."


def test_equal_reports_are_equal_bytes_of_the_reports_own_time(board: bytes) -> None:
    assert render_report(board_pack(), Format.DOCX).content == board
    with zipfile.ZipFile(io.BytesIO(board)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {MADE_AT.timetuple()[:6]}
    properties = docx.Document(io.BytesIO(board)).core_properties
    assert properties.created == properties.modified == MADE_AT


def test_trouble_is_text() -> None:
    document = docx.Document(io.BytesIO(render_report(trouble(), Format.DOCX).content))
    words = all_words(document)
    for hostile in (TYPST, HTML, LONG_WORD, ARABIC, EMOJI, *FORMULAS[:4]):
        assert hostile in words
    assert "Rows 1 to 100 of 2,000 are shown." in words
    assert not list(document.element.body.iter(qn("w:altChunk")))
    external = [part for part in document.part.rels.values() if part.is_external]
    assert external == []
