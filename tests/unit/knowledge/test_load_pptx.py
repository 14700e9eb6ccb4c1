"""Slides are read one by one, from top to bottom, and no shape makes them fail."""

import io

import pytest
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.presentation import Presentation as Deck
from pptx.slide import Slide
from pptx.util import Inches

from knowledge.loading.blocks import FileStatus, LoadedFile, Unreadable
from knowledge.loading.pptx import load_pptx
from tests.unit.knowledge.shop import make_docx

TITLE_AND_CONTENT, TITLE_ONLY, BLANK = 1, 5, 6


def load(deck: Deck) -> LoadedFile:
    buffer = io.BytesIO()
    deck.save(buffer)
    return load_pptx(buffer.getvalue())


def add_slide(deck: Deck, layout: int, title: str = "") -> Slide:
    slide = deck.slides.add_slide(deck.slide_layouts[layout])
    if title:
        slide.shapes.title.text = title
    return slide


def add_box(slide: Slide, left: float, top: float, text: str) -> None:
    slide.shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(1)).text_frame.text = text


def shape(loaded: LoadedFile) -> list[tuple[str, int, str, str | None]]:
    return [(block.kind.value, block.level, block.text, block.place) for block in loaded.blocks]


def test_title_points_and_notes_of_each_slide() -> None:
    deck = Presentation()
    first = add_slide(deck, TITLE_AND_CONTENT, "Results")
    frame = first.placeholders[1].text_frame
    frame.text = "Sales grew"
    point = frame.add_paragraph()
    point.text, point.level = "by a tenth", 1
    first.notes_slide.notes_text_frame.text = "Say thanks."
    add_box(add_slide(deck, BLANK), 1, 1, "No title here")
    assert shape(load(deck)) == [
        ("heading", 1, "Results", "slide 1"),
        ("list_item", 1, "- Sales grew", "slide 1"),
        ("list_item", 2, "- by a tenth", "slide 1"),
        ("paragraph", 0, "Notes: Say thanks.", "slide 1"),
        ("paragraph", 0, "No title here", "slide 2"),
    ]


def test_shapes_are_read_from_top_to_bottom_and_left_to_right() -> None:
    deck = Presentation()
    slide = add_slide(deck, BLANK)
    add_box(slide, 5, 1.02, "second")
    add_box(slide, 1, 4, "last")
    add_box(slide, 1, 1.1, "first")
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(2.5), Inches(2), Inches(1)).text_frame.text = "grouped"
    assert [block.text for block in load(deck).blocks] == ["first", "second", "grouped", "last"]


def test_numbered_points_count_and_deeper_ones_begin_anew() -> None:
    deck = Presentation()
    frame = add_slide(deck, TITLE_AND_CONTENT, "Steps").placeholders[1].text_frame
    for text, level in (("Open", 0), ("Key", 1), ("Door", 1), ("Wait", 0), ("Sit", 1)):
        paragraph = frame.paragraphs[0] if text == "Open" else frame.add_paragraph()
        paragraph.text, paragraph.level = text, level
        number = parse_xml(f'<a:buAutoNum {nsdecls("a")} type="arabicPeriod"/>')
        paragraph._p.get_or_add_pPr().append(number)
    texts = [block.text for block in load(deck).blocks]
    assert texts == ["Steps", "1. Open", "1. Key", "2. Door", "2. Wait", "1. Sit"]


def test_tables_and_charts_are_tables() -> None:
    deck = Presentation()
    slide = add_slide(deck, TITLE_ONLY, "Figures")
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for index, text in enumerate(("Bike", "Price", "City", "12 EUR")):
        table.cell(index // 2, index % 2).text = text
    data = CategoryChartData()
    data.categories = ["2024", "2025"]
    data.add_series("Sales", (0.1 + 0.2, 7))
    chart = slide.shapes.add_chart(
        XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(4), Inches(4), Inches(2), data
    ).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Sales by year"
    assert shape(load(deck))[1:] == [
        ("table", 0, "Bike | Price\nCity | 12 EUR", "slide 1"),
        ("paragraph", 0, "Sales by year", "slide 1"),
        ("table", 0, " | Sales\n2024 | 0.3\n2025 | 7", "slide 1"),
    ]


def test_a_shape_of_unknown_kind_gives_its_text() -> None:
    deck = Presentation()
    slide = add_slide(deck, BLANK)
    slide.shapes._spTree.append(
        parse_xml(
            f'<p:sp {nsdecls("p", "a")}><p:nvSpPr><p:cNvPr id="90" name="Odd"/><p:cNvSpPr/><p:nvPr/>'
            "</p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/>"
            "<a:p><a:r><a:t>odd but here</a:t></a:r></a:p></p:txBody></p:sp>"
        )
    )
    assert [block.text for block in load(deck).blocks] == ["odd but here"]


def test_what_nobody_sees_is_hidden_text() -> None:
    deck = Presentation()
    shown = add_slide(deck, BLANK)
    add_box(shown, 1, 1, "seen")
    add_box(shown, 40, 1, "beside the slide")
    add_box(shown, 1, 3, "switched off")
    shown.shapes[-1]._element.nvSpPr.cNvPr.set("hidden", "1")
    hidden = add_slide(deck, BLANK)
    add_box(hidden, 1, 1, "on a hidden slide")
    hidden._element.set("show", "0")
    loaded = load(deck)
    assert [block.text for block in loaded.blocks] == ["seen"]
    assert sorted(loaded.hidden) == ["beside the slide", "on a hidden slide", "switched off"]


def test_a_word_file_is_no_presentation() -> None:
    with pytest.raises(Unreadable) as raised:
        load_pptx(make_docx())
    assert raised.value.status is FileStatus.CORRUPT
