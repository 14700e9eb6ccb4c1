"""Renders a report as a Word document, with styles that a person can go on working with."""

import io
from datetime import UTC

import docx
from docx.document import Document
from docx.shared import Pt
from docx.text.paragraph import Paragraph

from crews.reports.archive import settle
from crews.reports.citing import show_moment, source_facts
from crews.reports.document import Report
from crews.reports.docx.blocks import Writer, bookmark_of
from crews.reports.docx.marks import add_bookmark, border, pad, shade
from crews.reports.docx.styles import CELL, CODE_FONT, SOURCE_TEXT, TEXT_MM, colour, lay_out
from crews.reports.docx.tables import add_grid, keep_with_next
from crews.reports.sources import QuerySource, Source
from crews.reports.text import cut_line
from crews.reports.theme import ACCENT, NAVY, PALE, WASH

_FACT_MM = 28
_LONGEST_PROPERTY = 255


def render_docx(report: Report) -> bytes:
    """Equal bytes for equal reports."""
    document = docx.Document()
    lay_out(document, report)
    _properties(document, report)
    _title(document, report)
    writer = Writer(document, report)
    for section in report.sections:
        document.add_heading(section.heading, section.level)
        for block in section.blocks:
            writer.write(block)
    if report.sources:
        document.add_heading("Sources and queries", 1).paragraph_format.page_break_before = True
        for number, source in enumerate(report.sources, start=1):
            _source(document, number, source)
    buffer = io.BytesIO()
    document.save(buffer)
    return settle(buffer.getvalue(), report.generated_at)


def _properties(document: Document, report: Report) -> None:
    properties = document.core_properties
    moment = report.generated_at.astimezone(UTC).replace(tzinfo=None)
    properties.title = cut_line(report.title, _LONGEST_PROPERTY)
    properties.author = properties.last_modified_by = cut_line(report.author, _LONGEST_PROPERTY)
    properties.subject = cut_line(report.subtitle, _LONGEST_PROPERTY)
    properties.comments = f"Run {cut_line(report.run_id, 200)}"
    properties.created = properties.modified = moment
    properties.revision = 1


def _title(document: Document, report: Report) -> None:
    document.add_paragraph(report.title, style="Title")
    if report.subtitle:
        document.add_paragraph(report.subtitle, style="Subtitle")
    facts = (
        ("Prepared for", report.prepared_for),
        ("Prepared by", report.author),
        ("Data as of", show_moment(report.as_of) if report.as_of else "an unknown time"),
        ("Generated", show_moment(report.generated_at)),
        ("Run", report.run_id),
    )
    table = add_grid(document, [_FACT_MM, TEXT_MM - _FACT_MM], len(facts))
    pad(table, top=20, bottom=20, left=100, right=60)
    for row, (name, value) in zip(table.rows, facts, strict=True):
        for cell, words, bold in zip(row.cells, (name, value), (False, True), strict=True):
            shade(cell, WASH)
            _fill(cell.paragraphs[0], words, bold=bold)
    for cell in table.rows[0].cells:
        border(cell, {"top": (18, ACCENT)})


def _fill(paragraph: Paragraph, words: str, *, bold: bool) -> None:
    paragraph.style = CELL
    paragraph.paragraph_format.space_after = Pt(0)
    run = paragraph.add_run(words)
    run.bold = bold
    run.font.color.rgb = colour(NAVY if bold else PALE)


def _source(document: Document, number: int, source: Source) -> None:
    heading = document.add_heading(level=3)
    add_bookmark(heading, bookmark_of(number), number)
    heading.add_run(f"[{number}] ").font.color.rgb = colour(ACCENT)
    heading.add_run(source.title)
    facts = source_facts(source)
    table = add_grid(document, [_FACT_MM, TEXT_MM - _FACT_MM], len(facts))
    pad(table, top=10, bottom=10, left=40, right=40)
    for row, (name, value) in zip(table.rows, facts, strict=True):
        for cell, words in zip(row.cells, (name, value), strict=True):
            _fill(cell.paragraphs[0], words, bold=False)
        keep_with_next(row)
    said = document.add_paragraph(style=SOURCE_TEXT)
    if isinstance(source, QuerySource):
        run = said.add_run(source.sql_in_a_row)
        run.font.name, run.font.size = CODE_FONT, Pt(7.5)
    else:
        said.add_run(f"“{source.text}”").italic = True
