"""Renders a report as a workbook: an index, the data behind each figure on a sheet of its own, and the
sources."""

import io
from datetime import UTC

from xlsxwriter import Workbook

from crews.reports.archive import settle
from crews.reports.citing import marks, show_moment, source_facts
from crews.reports.document import Callout, Report, Tile, Tiles, Tone
from crews.reports.sources import QuerySource
from crews.reports.text import cut_line
from crews.reports.theme import TONE_WORDS
from crews.reports.xlsx.cells import Cells
from crews.reports.xlsx.page import HEAD_ROW, INDEX, open_sheet
from crews.reports.xlsx.sheets import add_chart_data, add_table

_LONGEST_PROPERTY = 255
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_KEY_FIGURES, _SOURCES = "Key figures", "Sources"


def render_xlsx(report: Report) -> bytes:
    """Equal bytes for equal reports."""
    buffer = io.BytesIO()
    with Workbook(buffer, _OPTIONS) as book:
        moment = report.generated_at.astimezone(UTC).replace(tzinfo=None)
        book.set_properties(
            {
                "title": cut_line(report.title, _LONGEST_PROPERTY),
                "subject": cut_line(report.subtitle, _LONGEST_PROPERTY),
                "author": cut_line(report.author, _LONGEST_PROPERTY),
                "comments": f"Run {cut_line(report.run_id, 200)}",
                "created": moment,
            }
        )
        cells = Cells(book)
        _add_index(book, cells, report)
        tiles = _tiles(report)
        if tiles:
            _add_key_figures(book, cells, report, tiles)
        for number, table in enumerate(report.tables(), start=1):
            add_table(book, cells, report, table, f"Table {number}")
        for number, chart in enumerate(report.charts(), start=1):
            add_chart_data(book, cells, report, chart, f"Figure {number}")
        _add_sources(book, cells, report)
    return settle(buffer.getvalue(), report.generated_at)


def _add_index(book: Workbook, cells: Cells, report: Report) -> None:
    sheet = open_sheet(book, cells, INDEX, report.title)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 90)
    cells.text(sheet, 1, 0, report.subtitle, "note")
    facts = (
        ("Prepared for", report.prepared_for),
        ("Prepared by", report.author),
        ("Data as of", show_moment(report.as_of) if report.as_of else "an unknown time"),
        ("Generated", show_moment(report.generated_at)),
        ("Run", report.run_id),
    )
    at = 3
    for name, value in facts:
        cells.text(sheet, at, 0, name, "label")
        cells.text(sheet, at, 1, value, "text")
        at += 1
    cells.text(sheet, at + 1, 0, "Sheet", "head")
    cells.text(sheet, at + 1, 1, "What it holds", "head")
    at += 2
    for name, title in _contents(report):
        sheet.write_url(at, 0, f"internal:'{name}'!A1", cells.style("link"), name)
        cells.text(sheet, at, 1, title, "text")
        at += 1
    for callout in report.blocks():
        if isinstance(callout, Callout) and callout.tone is not Tone.FINDING:
            for sentence in callout.sentences:
                at += 1
                cells.text(sheet, at, 0, TONE_WORDS[callout.tone], "label")
                said = f"{sentence.text} {marks(report, sentence.cites)}".strip()
                cells.text(sheet, at, 1, said, "text")


def _contents(report: Report) -> list[tuple[str, str]]:
    tables = [(f"Table {number}", table.title) for number, table in enumerate(report.tables(), start=1)]
    charts = [(f"Figure {number}", chart.title) for number, chart in enumerate(report.charts(), start=1)]
    key = [(_KEY_FIGURES, "The key figures, exactly")] if _tiles(report) else []
    return [*key, *tables, *charts, (_SOURCES, "What each figure stands on: query, age, quality, lineage")]


def _tiles(report: Report) -> list[Tile]:
    return [tile for block in report.blocks() if isinstance(block, Tiles) for tile in block.tiles]


def _add_key_figures(book: Workbook, cells: Cells, report: Report, tiles: list[Tile]) -> None:
    sheet = open_sheet(book, cells, _KEY_FIGURES, _KEY_FIGURES)
    for place, name in enumerate(("Figure", "Value", "Unit", "Change", "Compared", "Sources")):
        cells.text(sheet, HEAD_ROW, place, name, "head right" if name in ("Value", "Change") else "head")
    for at, tile in enumerate(tiles, start=HEAD_ROW + 1):
        cells.text(sheet, at, 0, tile.label)
        cells.value(sheet, at, 1, tile.value, tile.column)
        cells.text(sheet, at, 2, tile.column.unit or "")
        if tile.change is not None and tile.change_column is not None:
            cells.value(sheet, at, 3, tile.change, tile.change_column)
        cells.text(sheet, at, 4, tile.compared_with)
        cells.text(sheet, at, 5, marks(report, tile.cites))
    for place, width in enumerate((34, 20, 12, 14, 22, 12)):
        sheet.set_column(place, place, width)


def _add_sources(book: Workbook, cells: Cells, report: Report) -> None:
    sheet = open_sheet(book, cells, _SOURCES, "Sources and queries")
    sheet.set_column(0, 0, 8)
    sheet.set_column(1, 1, 18)
    sheet.set_column(2, 2, 110)
    at = HEAD_ROW
    for number, source in enumerate(report.sources, start=1):
        is_query = isinstance(source, QuerySource)
        cells.text(sheet, at, 0, f"[{number}]", "strong")
        cells.text(sheet, at, 1, source.title, "strong")
        text = source.sql if isinstance(source, QuerySource) else source.text
        for name, value in (*source_facts(source), ("SQL" if is_query else "Words", text)):
            at += 1
            cells.text(sheet, at, 1, name, "label")
            cells.text(sheet, at, 2, value, "text")
        at += 2
