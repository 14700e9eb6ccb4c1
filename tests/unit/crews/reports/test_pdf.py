"""The PDF, read back: its words, where they stand, and what it is made of."""

import io
from collections.abc import Iterator

import pdfplumber
import pypdf
import pytest

from crews.reports.document import Format, Report
from crews.reports.pdf.content import LIMITS
from crews.reports.render import render_report
from tests.unit.crews.reports.larkspur import board_pack
from tests.unit.crews.reports.trouble import ARABIC, CJK, HEBREW, HTML, LONG_WORD, TYPST, trouble

A4_PT = (595, 842)
# A margin of 22 mm.
EDGE_PT = 62


def words_of(content: bytes) -> list[str]:
    """Of each page."""
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        return [page.extract_text() for page in pdf.pages]


@pytest.fixture(scope="module")
def board() -> Report:
    return board_pack()


@pytest.fixture(scope="module")
def board_pdf(board: Report) -> bytes:
    return render_report(board, Format.PDF).content


@pytest.fixture(scope="module")
def trouble_pdf() -> bytes:
    return render_report(trouble(), Format.PDF).content


@pytest.fixture(scope="module")
def trouble_pages(trouble_pdf: bytes) -> Iterator[list[pdfplumber.page.Page]]:
    with pdfplumber.open(io.BytesIO(trouble_pdf)) as pdf:
        yield pdf.pages


def test_the_pages_say_what_the_report_says(board_pdf: bytes) -> None:
    pages = words_of(board_pdf)
    assert "Board pack, third quarter of 2026" in pages[0]
    assert "51.8 million EUR" in pages[0]
    assert "▲+4.2 % vs Q3 2025" in pages[0].replace("▲ ", "▲")
    whole = "\n".join(pages)
    for words in (
        "Total 51,812,400 49,722,800 +2,089,600 +4.2 %",
        "North 5,162,700 5,391,800 −229,100 −4.2 %",
        "Stores 57.1 %; Online 36.5 %; Rental and repair 6.4 %.",
        "[2] Revenue by channel in Q3 2026, against Q3 2025 (sales.lines); as of 25 November 2026, "
        "05:30 UTC; passed its checks.",
        "sales.lines ← sales.order_lines ← Shop database ← Till system",
        'SELECT "channel", SUM("net_amount")',
        "2026-10-12 (due for review)",
        "Revenue (EUR million)",
    ):
        assert words in whole


def test_each_page_has_its_number_and_the_later_ones_their_head(board_pdf: bytes) -> None:
    pages = words_of(board_pdf)
    assert len(pages) == 6
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of 6" in page
        head = page.split("\n")[0]
        assert (head == "Board pack, third quarter of 2026 Data as of 25 November 2026, 05:30 UTC") == (
            number > 1
        )


def test_citations_lead_to_their_source(board_pdf: bytes) -> None:
    reader = pypdf.PdfReader(io.BytesIO(board_pdf))
    links = [
        note
        for page in reader.pages
        for note in page.get("/Annots", [])
        if note.get_object()["/Subtype"] == "/Link"
    ]
    # Seven entries of the contents, and each mark in the text.
    assert len(links) > 20
    assert [entry.title for entry in reader.outline if not isinstance(entry, list)][
        -1
    ] == "Sources and queries"
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == (
        "Board pack, third quarter of 2026",
        "Report writer",
    )


def test_equal_reports_are_equal_bytes(board: Report, board_pdf: bytes) -> None:
    assert render_report(board_pack(), Format.PDF).content == board_pdf
    later = board.model_copy(update={"generated_at": board.generated_at.replace(minute=59)})
    assert render_report(later, Format.PDF).content != board_pdf


def test_all_fonts_are_in_the_file(board_pdf: bytes, trouble_pdf: bytes) -> None:
    for content in (board_pdf, trouble_pdf):
        names = set()
        for item in pypdf.PdfReader(io.BytesIO(content)).pages:
            for font in item["/Resources"].get("/Font", {}).values():
                inner = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
                assert {"/FontFile2", "/FontFile3"} & set(inner)
                names.add(inner["/FontName"].split("+")[1])
        assert "NotoSans-Regular" in names
    assert any("Arabic" in name for name in names)
    assert any("CJK" in name for name in names)


def test_hostile_text_is_set_as_it_is(trouble_pages: list[pdfplumber.page.Page]) -> None:
    whole = "\n".join(page.extract_text() for page in trouble_pages)
    for hostile in (TYPST, HTML, '=HYPERLINK("http://evil.example","x")', "-2+3"):
        assert hostile in whole
    assert "root:" not in whole
    # Where a word may be broken is nothing that is copied with it.
    assert "\u200b" not in whole
    assert CJK in whole
    for word in (ARABIC, HEBREW):
        assert set(word) <= set(whole) | {" "}
    assert LONG_WORD in "".join(whole.split())


def test_nothing_runs_over_the_edge_of_a_page(trouble_pages: list[pdfplumber.page.Page]) -> None:
    for page in trouble_pages:
        assert (round(page.width), round(page.height)) == A4_PT
        for word in page.extract_words():
            assert word["x0"] >= EDGE_PT - 1, word["text"]
            assert word["x1"] <= A4_PT[0] - EDGE_PT + 1, word["text"]
            assert 20 < word["top"] < word["bottom"] < A4_PT[1] - 20, word["text"]


def test_a_cut_table_says_so_and_repeats_its_head(trouble_pages: list[pdfplumber.page.Page]) -> None:
    pages = [page.extract_text() for page in trouble_pages]
    with_rows = [page for page in pages if "Store 50" in page or "Store 99" in page]
    assert all("Day Name Revenue (EUR)" in page for page in with_rows)
    whole = "\n".join(pages)
    assert f"Store {LIMITS.rows - 1}" in whole
    assert f"Store {LIMITS.rows} " not in whole
    assert "Rows 1 to 100 of 2,000 are shown." in whole
    assert "The workbook (XLSX) of this report has the whole, on its sheet Table 1." in whole
    # The sum of all rows, not of those that are shown.
    assert "Total 599,000" in whole
    assert "Columns 1 to 6 of 15 are shown." in whole
    assert "The query gave no row." in whole


def test_a_report_without_a_workbook_promises_none() -> None:
    report = trouble()
    last = report.sections[2]
    sections = (last.model_copy(update={"blocks": last.blocks[:1]}),)
    short = report.model_copy(update={"sections": sections, "formats": (Format.PDF,)})
    whole = "\n".join(words_of(render_report(short, Format.PDF).content))
    assert "Ask for this report as XLSX to have the whole." in whole
