"""Renders a report as slides, 16 by 9."""

import io
from datetime import UTC

import pptx
from pptx.presentation import Presentation
from pptx.util import Pt

from crews.reports.archive import settle
from crews.reports.citing import show_moment
from crews.reports.document import Report
from crews.reports.pptx.deck import Deck
from crews.reports.pptx.measure import fit_line, fitting_size
from crews.reports.pptx.slides import (
    HEIGHT,
    MARGIN,
    TEXT_WIDTH,
    WIDTH,
    Box,
    add_notes,
    add_rectangle,
    add_slide,
    add_text,
    colour,
    number_slides,
    place,
)
from crews.reports.text import cut_line
from crews.reports.theme import ACCENT, INK, NAVY, PALE

_LONGEST_PROPERTY = 255
_TITLE_SIZES = (40, 34, 28, 24, 20, 16)
_BAND = 300


def render_pptx(report: Report) -> bytes:
    """Equal bytes for equal reports."""
    presentation = pptx.Presentation()
    presentation.slide_width, presentation.slide_height = Pt(WIDTH), Pt(HEIGHT)
    _properties(presentation, report)
    _title(presentation, report)
    deck = Deck(presentation, report)
    for section in report.sections:
        deck.add_section(section)
    if report.sources:
        deck.add_sources()
    as_of = f"Data as of {show_moment(report.as_of)}" if report.as_of else ""
    number_slides(presentation, " · ".join(part for part in (report.title, as_of) if part))
    buffer = io.BytesIO()
    presentation.save(buffer)
    return settle(buffer.getvalue(), report.generated_at)


def _title(presentation: Presentation, report: Report) -> None:
    slide = add_slide(presentation, "", report.title)
    band = add_rectangle(slide, Box(0, 0, WIDTH, _BAND), NAVY)
    rule = add_rectangle(slide, Box(0, _BAND, WIDTH, 5), ACCENT)
    shape = slide.shapes.title
    assert shape is not None
    for behind in (rule, band):
        slide.shapes._spTree.insert(2, behind._element)
    size = fitting_size(report.title, TEXT_WIDTH * 0.9, 130, _TITLE_SIZES)
    place(shape, Box(MARGIN, 90, TEXT_WIDTH, 130))
    run = shape.text_frame.paragraphs[0].runs[0]
    run.text = fit_line(report.title, TEXT_WIDTH * 0.9, size, int(130 / (size * 1.25)))
    run.font.size = Pt(size)
    run.font.color.rgb = colour("#FFFFFF")
    if report.subtitle:
        words = fit_line(report.subtitle, TEXT_WIDTH, 18, 2)
        add_text(slide, Box(MARGIN, 232, TEXT_WIDTH, 50), words, 18, "#D6E4EF")
    facts = (
        ("Prepared for", report.prepared_for),
        ("Prepared by", report.author),
        ("Data as of", show_moment(report.as_of) if report.as_of else "an unknown time"),
        ("Generated", show_moment(report.generated_at)),
    )
    for at, (name, value) in enumerate(facts):
        top = _BAND + 36 + at * 30
        add_text(slide, Box(MARGIN, top, 120, 22), name, 15, PALE)
        add_text(slide, Box(MARGIN + 130, top, 700, 22), fit_line(value, 680, 15), 15, INK, bold=True)
    add_notes(slide, [report.title, report.subtitle, f"Run {report.run_id}"])


def _properties(presentation: Presentation, report: Report) -> None:
    properties = presentation.core_properties
    moment = report.generated_at.astimezone(UTC).replace(tzinfo=None)
    properties.title = cut_line(report.title, _LONGEST_PROPERTY)
    properties.author = properties.last_modified_by = cut_line(report.author, _LONGEST_PROPERTY)
    properties.subject = cut_line(report.subtitle, _LONGEST_PROPERTY)
    properties.comments = f"Run {cut_line(report.run_id, 200)}"
    properties.created = properties.modified = moment
    properties.revision = 1
