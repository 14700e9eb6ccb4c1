"""The parts of a report as parts of the Word document."""

import io

from docx.document import Document
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph as Words

from crews.reports.chart_labels import describe_chart, share_note
from crews.reports.chart_picture import draw_chart
from crews.reports.citing import cited_numbers, cited_once, footnotes, source_line
from crews.reports.document import Block, Bullets, Callout, Paragraph, Quote, Report, Sentence, Tile, Tiles
from crews.reports.docx.marks import border, describe_picture, keep_whole, link_run, pad, shade
from crews.reports.docx.styles import CAPTION, GAP, LABEL, SMALL, TEXT_MM, colour
from crews.reports.docx.tables import add_data, add_grid
from crews.reports.numbers import show_short, show_with_unit
from crews.reports.tables import Chart, Table
from crews.reports.theme import (
    ACCENT,
    ARROWS,
    NAVY,
    TONE_COLOURS,
    TONE_WASHES,
    TONE_WORDS,
    WASH,
    change_colour,
)
from crews.reports.view import Limits, view_table

LIMITS = Limits(rows=100, columns=9, line=100)
_TILES_ACROSS = 3
_GAP_MM = 3


class Writer:
    """Writes blocks in order, and numbers tables and figures."""

    def __init__(self, document: Document, report: Report) -> None:
        self._document, self._report = document, report
        self._tables, self._charts = 0, 0

    def write(self, block: Block) -> None:
        if isinstance(block, Paragraph):
            words = self._document.add_paragraph()
            for sentence in cited_once(block.sentences):
                self._say(words, sentence)
        elif isinstance(block, Bullets):
            for item in block.items:
                self._say(self._document.add_paragraph(style="List Bullet"), item)
        elif isinstance(block, Callout):
            self._box(block)
        elif isinstance(block, Tiles):
            self._tiles(block)
        elif isinstance(block, Quote):
            self._quote(block)
        elif isinstance(block, Table):
            self._table(block)
        else:
            self._chart(block)

    def cite(self, words: Words, cites: tuple[str, ...]) -> None:
        for number in cited_numbers(self._report, cites):
            run = words.add_run(f"[{number}]")
            run.font.superscript = True
            run.font.color.rgb = colour(ACCENT)
            link_run(words, run, bookmark_of(number))

    def _say(self, words: Words, sentence: Sentence) -> None:
        words.add_run(sentence.text)
        self.cite(words, sentence.cites)
        words.add_run(" ")

    def _note(self, lines: list[str]) -> None:
        for line in lines:
            self._document.add_paragraph(line, style=SMALL)

    def _box(self, callout: Callout) -> None:
        table = add_grid(self._document, [TEXT_MM], 1)
        pad(table, top=110, bottom=90, left=160, right=160)
        cell = table.cell(0, 0)
        shade(cell, TONE_WASHES[callout.tone])
        border(cell, {"left": (24, TONE_COLOURS[callout.tone])})
        head = cell.paragraphs[0]
        head.paragraph_format.keep_with_next = True
        word = head.add_run(f"{TONE_WORDS[callout.tone].upper()}  ")
        word.bold, word.font.size = True, Pt(8)
        word.font.color.rgb = colour(TONE_COLOURS[callout.tone])
        title = head.add_run(callout.title)
        title.bold = True
        title.font.color.rgb = colour(NAVY)
        for sentence in cited_once(callout.sentences):
            words = cell.add_paragraph()
            words.paragraph_format.space_after = Pt(3)
            self._say(words, sentence)
        for note in callout.notes:
            cell.add_paragraph(note, style=SMALL)
        self._space()

    def _tiles(self, tiles: Tiles) -> None:
        """Narrow columns between them make the gaps."""
        across = min(len(tiles.tiles), _TILES_ACROSS)
        width = (TEXT_MM - _GAP_MM * (across - 1)) / across
        widths = [width if at % 2 == 0 else _GAP_MM for at in range(2 * across - 1)]
        for start in range(0, len(tiles.tiles), across):
            table = add_grid(self._document, widths, 1)
            pad(table, top=90, bottom=80, left=130, right=60)
            keep_whole(table.rows[0])
            for at, tile in enumerate(tiles.tiles[start : start + across]):
                cell = table.cell(0, 2 * at)
                shade(cell, WASH)
                border(cell, {"top": (18, ACCENT)})
                self._tile(cell.paragraphs[0], cell.add_paragraph(), cell.add_paragraph(), tile)
            self._space()

    def _tile(self, label: Words, value: Words, change: Words, tile: Tile) -> None:
        for words in (label, value, change):
            words.style = LABEL
        label.add_run(tile.label)
        self.cite(label, tile.cites)
        number = value.add_run(show_short(tile.value, tile.column))
        number.bold, number.font.size = True, Pt(17)
        number.font.color.rgb = colour(NAVY)
        if tile.column.unit:
            value.add_run(f" {tile.column.unit}")
        if tile.change is not None and tile.change_column is not None and tile.direction is not None:
            shown = show_with_unit(tile.change, tile.change_column)
            moved = change.add_run(f"{ARROWS[tile.direction]} {shown}")
            moved.bold = True
            moved.font.color.rgb = colour(change_colour(tile))
            change.add_run(f" {tile.compared_with}")

    def _quote(self, quote: Quote) -> None:
        words = self._document.add_paragraph(style="Quote")
        words.paragraph_format.left_indent = Mm(6)
        words.paragraph_format.keep_with_next = True
        words.add_run(f"“{quote.text}”")
        self.cite(words, quote.cites)
        numbers = cited_numbers(self._report, quote.cites)
        by = "; ".join(source_line(self._report.sources[number - 1]) for number in numbers)
        line = self._document.add_paragraph(by, style=SMALL)
        line.paragraph_format.left_indent = Mm(6)
        line.paragraph_format.space_after = Pt(8)

    def _table(self, table: Table) -> None:
        self._tables += 1
        view = view_table(table, LIMITS, self._tables, self._report.formats)
        self._caption("Table", self._tables, view.title)
        add_data(self._document, view)
        self._note([*view.notes, *footnotes(self._report, table.cites)])
        self._space()

    def _chart(self, chart: Chart) -> None:
        self._charts += 1
        # In one paragraph: not every program keeps a picture with the paragraph before it.
        words = self._caption("Figure", self._charts, chart.title)
        words.paragraph_format.keep_together = True
        run = words.add_run()
        run.add_break()
        width = TEXT_MM * (0.55 if chart.form == "share" else 1)
        run.add_picture(io.BytesIO(draw_chart(chart, "png")), width=Mm(width))
        describe_picture(run, describe_chart(chart), self._charts)
        self._note([*share_note(chart), *chart.notes, *footnotes(self._report, chart.cites)])
        self._space()

    def _caption(self, kind: str, number: int, title: str) -> Words:
        words = self._document.add_paragraph(style=CAPTION)
        words.paragraph_format.keep_with_next = True
        first = words.add_run(f"{kind} {number}  ")
        first.font.color.rgb = colour(ACCENT)
        words.add_run(title)
        return words

    def _space(self) -> None:
        self._document.add_paragraph(style=GAP)


def bookmark_of(number: int) -> str:
    return f"source_{number}"
