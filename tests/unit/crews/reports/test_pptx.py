"""The slides, read back: their shapes, charts and notes, and that no text is larger than its box."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pptx
import pytest
from PIL import ImageFont
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Pt

from crews.reports.document import Format
from crews.reports.fonts import text_font
from crews.reports.pptx.measure import Item, fit_line, paginate, wrap
from crews.reports.render import render_report
from tests.unit.crews.reports.larkspur import MADE_AT, board_pack
from tests.unit.crews.reports.trouble import HTML, LONG_WORD, TYPST, trouble

LINE = 1.2


@pytest.fixture(scope="module")
def board() -> bytes:
    return render_report(board_pack(), Format.PPTX).content


@pytest.fixture(scope="module")
def slides(board: bytes) -> list[Any]:
    return list(pptx.Presentation(io.BytesIO(board)).slides)


@pytest.fixture(scope="module")
def trouble_deck() -> Any:
    return pptx.Presentation(io.BytesIO(render_report(trouble(), Format.PPTX).content))


def charts(slides: list[Any]) -> list[Any]:
    return [shape.chart for slide in slides for shape in slide.shapes if shape.has_chart]


def text_frames(slide: Any) -> Iterator[tuple[Any, float, float]]:
    """With their width and height in points."""
    for shape in slide.shapes:
        if shape.has_text_frame and shape.text_frame.text.strip():
            yield shape.text_frame, shape.width.pt, shape.height.pt
        if shape.has_table:
            table = shape.table
            for row in table.rows:
                for cell, column in zip(row.cells, table.columns, strict=True):
                    yield cell.text_frame, column.width.pt - 12, row.height.pt


def height_pt(frame: Any, width_pt: float) -> float:
    """Measured anew, line by line, in Noto Sans: wider than what the slides are set in."""
    height = 0.0
    for paragraph in frame.paragraphs:
        if not paragraph.runs:
            continue
        size = max(run.font.size.pt for run in paragraph.runs)
        font = ImageFont.truetype(str(text_font()), 100)
        used, lines = 0.0, 1
        for word in paragraph.text.split(" "):
            wide = font.getlength(f"{word} ") * size / 100
            lines += int((used + wide) // (width_pt * 1.02)) if used + wide > width_pt * 1.02 else 0
            used = wide % width_pt if used + wide > width_pt * 1.02 else used + wide
        height += lines * size * LINE
    return height


def test_each_slide_has_one_title_and_its_number(slides: list[Any]) -> None:
    titles = [slide.shapes.title.text_frame.text for slide in slides]
    assert titles[0] == "Board pack, third quarter of 2026"
    assert "Online and rental carried the growth" in titles
    assert titles[-1] == "Sources and queries"
    for number, slide in enumerate(slides[1:], start=2):
        texts = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
        assert f"{number} of {len(slides)}" in texts


def test_charts_are_native_with_the_exact_values(slides: list[Any]) -> None:
    line, bars, stacked, share = charts(slides)
    assert [chart.chart_type for chart in (line, bars, stacked, share)] == [
        XL_CHART_TYPE.LINE,
        XL_CHART_TYPE.BAR_CLUSTERED,
        XL_CHART_TYPE.COLUMN_STACKED,
        XL_CHART_TYPE.DOUGHNUT,
    ]
    assert list(bars.plots[0].categories) == ["Stores", "Online", "Rental and repair"]
    assert [series.name for series in bars.plots[0].series] == ["Revenue", "Revenue, Q3 2025"]
    assert list(bars.plots[0].series[0].values) == [29604100.0, 18903700.0, 3304600.0]
    assert len(list(line.plots[0].categories)) == 46
    assert bars.value_axis.axis_title.text_frame.text == "Revenue (EUR million)"


def test_notes_hold_the_sources(slides: list[Any]) -> None:
    by_title = {
        slide.shapes.title.text_frame.text: slide.notes_slide.notes_text_frame.text for slide in slides
    }
    notes = by_title["Online and rental carried the growth"]
    assert "[2] Revenue by channel in Q3 2026, against Q3 2025 (sales.lines); as of 25 November" in notes
    assert "Revenue: 51,812,400 EUR vs Q3 2025" in by_title["Executive summary"]
    assert 'SELECT "channel"' in by_title["Sources and queries"]


@pytest.mark.parametrize("deck", ["board", "trouble"])
def test_no_text_is_larger_than_its_box(deck: str, board: bytes, trouble_deck: Any) -> None:
    shown = pptx.Presentation(io.BytesIO(board)) if deck == "board" else trouble_deck
    for number, slide in enumerate(shown.slides, start=1):
        for shape in slide.shapes:
            assert shape.left >= 0, number
            assert shape.top >= 0, number
            assert shape.left + shape.width <= shown.slide_width + Pt(1), number
            assert shape.top + shape.height <= shown.slide_height + Pt(1), number
        for frame, width, height in text_frames(slide):
            assert height_pt(frame, width) <= height + 3, (number, frame.text[:80])


def test_a_long_text_goes_on_on_the_next_slide(trouble_deck: Any) -> None:
    whole = " ".join(
        shape.text_frame.text
        for slide in trouble_deck.slides
        for shape in slide.shapes
        if shape.has_text_frame
    )
    for at in (0, 200, 419):
        assert f"Sentence {at} of a text" in " ".join(whole.split())
    titles = [slide.shapes.title.text_frame.text for slide in trouble_deck.slides]
    assert "Many rows (2 of 2)" in titles
    assert TYPST in whole
    assert HTML in whole


def test_a_cut_table_says_where_the_whole_is(trouble_deck: Any) -> None:
    notes = {
        slide.shapes.title.text_frame.text: slide.notes_slide.notes_text_frame.text
        for slide in trouble_deck.slides
    }
    assert "Rows 1 to 22 of 2,000 are shown." in notes["Many rows (2 of 2)"]
    assert "Long texts are cut. The workbook (XLSX)" in notes["Many columns"]


def test_equal_reports_are_equal_bytes_of_the_reports_own_time(board: bytes) -> None:
    assert render_report(board_pack(), Format.PPTX).content == board
    with zipfile.ZipFile(io.BytesIO(board)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {MADE_AT.timetuple()[:6]}
        inner = [name for name in archive.namelist() if name.endswith(".xlsx")]
        assert len(inner) == 4
        with zipfile.ZipFile(io.BytesIO(archive.read(inner[0]))) as workbook:
            assert b"2026-11-25T09:15:42Z" in workbook.read("docProps/core.xml")


def test_lines_are_wrapped_and_cut_to_their_width() -> None:
    assert wrap("one two three", 50, 10) == ["one two", "three"]
    assert "".join(wrap(LONG_WORD, 80, 10)) == LONG_WORD
    assert wrap("第三四半期の売上高", 40, 10) == ["第三四半", "期の売上", "高"]
    assert fit_line("one two three", 60, 10) == "one two…"
    assert fit_line("one", 60, 10) == "one"
    pages = paginate([Item(" ".join(map(str, range(400))), "[1]", size=10)], 100, 100)
    assert len(pages) > 5
    assert " ".join(page[0].text for page in pages).split() == [str(at) for at in range(400)]
    assert [page[0].marks for page in pages][-2:] == ["", "[1]"]
