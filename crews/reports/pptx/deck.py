"""From the blocks of a report to slides: one message on each, its sources in the notes."""

from collections.abc import Iterable, Sequence

from pptx.presentation import Presentation
from pptx.slide import Slide

from crews.reports.chart_labels import describe_chart, share_note
from crews.reports.citing import cited_numbers, cited_once, footnotes, marks, source_facts, source_line
from crews.reports.document import (
    Block,
    Bullets,
    Callout,
    Paragraph,
    Quote,
    Report,
    Section,
    Sentence,
    Tiles,
    Tone,
    cites_of,
)
from crews.reports.numbers import show_with_unit
from crews.reports.pptx.charts import add_chart
from crews.reports.pptx.measure import Item, grow, height_of, paginate
from crews.reports.pptx.slides import (
    BODY,
    MARGIN,
    TEXT_WIDTH,
    Box,
    add_items,
    add_notes,
    add_rectangle,
    add_slide,
)
from crews.reports.pptx.tables import ROWS_A_SLIDE, add_table
from crews.reports.pptx.tiles import GAP, HEIGHT, add_tiles, rows_of
from crews.reports.sources import QuerySource
from crews.reports.tables import Chart, Table
from crews.reports.theme import TONE_COLOURS, TONE_WORDS
from crews.reports.view import Limits, view_table, where_whole

LIMITS = Limits(rows=22, columns=8, line=112)
_TILES_A_SLIDE = 6
_NOTE, _SMALL_GAP = 10, 3
_FOOT_HEIGHT = 40
_LONGEST_TITLE = 130
_LEAD_HEIGHT = 66


class Deck:
    """Numbers tables and charts as the other formats do."""

    def __init__(self, deck: Presentation, report: Report) -> None:
        self._deck, self._report = deck, report
        self._tables, self._charts = 0, 0

    def add_section(self, section: Section) -> None:
        """Key figures and words that follow each other share a slide if they fit on one."""
        waiting = list(section.blocks)
        while waiting:
            block = waiting.pop(0)
            words = []
            if isinstance(block, Tiles | Paragraph | Bullets | Quote):
                while waiting and isinstance(waiting[0], Paragraph | Bullets | Quote):
                    words.append(waiting.pop(0))
            if isinstance(block, Tiles):
                self._tiles(section, block, words)
            elif isinstance(block, Callout):
                self._callout(section, block)
            elif isinstance(block, Table):
                self._table(section, block)
            elif isinstance(block, Chart):
                self._chart(section, block)
            elif waiting and isinstance(waiting[0], Chart) and self._is_lead([block, *words]):
                chart = waiting.pop(0)
                assert isinstance(chart, Chart)
                self._chart(section, chart, [block, *words])
            else:
                self._words(section, [block, *words])

    def add_sources(self) -> None:
        lines = [
            f"[{number}] {source_line(source)}" for number, source in enumerate(self._report.sources, start=1)
        ]
        pages = paginate([Item(line, size=13, gap=6) for line in lines], TEXT_WIDTH, BODY.height)
        for at, items in enumerate(pages):
            slide = add_slide(self._deck, "Appendix", _counted("Sources and queries", at, len(pages)))
            add_items(slide, BODY, items)
            if at == 0:
                add_notes(slide, [line for source in self._report.sources for line in self._whole(source.id)])

    def _words(self, section: Section, blocks: Sequence[Block]) -> None:
        items = [item for block in blocks for item in self._items(block)]
        self._text(self._report.title, section.heading, items, *blocks)

    def _callout(self, section: Section, callout: Callout) -> None:
        """Its first sentence is the message, if it is short enough for a title."""
        kicker, items = f"{section.heading} · {TONE_WORDS[callout.tone]}", self._items(callout)
        first = items[0].whole
        if callout.tone is Tone.FINDING and len(callout.sentences) > 1 and len(first) <= _LONGEST_TITLE:
            kicker, title, items = f"{kicker} · {callout.title}", first, items[1:]
        else:
            title = callout.title
        self._text(kicker, title, items, callout, bar=TONE_COLOURS[callout.tone])

    def _text(self, kicker: str, title: str, items: Sequence[Item], *blocks: Block, bar: str = "") -> None:
        box = Box(MARGIN + 18, BODY.top, TEXT_WIDTH - 18, BODY.height) if bar else BODY
        width = box.width * 0.97
        pages = paginate(grow(items, width, box.height), width, box.height)
        for at, page in enumerate(pages):
            slide = add_slide(self._deck, kicker, _counted(title, at, len(pages)))
            if bar:
                height = min(height_of(page, box.width * 0.97), box.height)
                add_rectangle(slide, Box(MARGIN, box.top, 4, height), bar)
            add_items(slide, box, page)
            self._note(slide, blocks, title)

    def _tiles(self, section: Section, block: Tiles, words: Sequence[Block]) -> None:
        tiles = block.tiles
        for start in range(0, len(tiles), _TILES_A_SLIDE):
            shown = tiles[start : start + _TILES_A_SLIDE]
            slide = add_slide(self._deck, self._report.title, section.heading)
            height = rows_of(len(shown)) * (HEIGHT + GAP)
            add_tiles(slide, Box(BODY.left, BODY.top, BODY.width, height), shown, self._report)
            rest = Box(BODY.left, BODY.top + height + GAP, BODY.width, BODY.height - height - GAP)
            items = [item for word in words for item in self._items(word)]
            items = grow(items, rest.width * 0.97, rest.height)
            is_last = start + _TILES_A_SLIDE >= len(tiles)
            if is_last and items and height_of(items, rest.width * 0.97) <= rest.height:
                add_items(slide, rest, items)
                self._note(slide, [block, *words], section.heading)
                return
            self._note(slide, [block], section.heading)
        if words:
            self._words(section, words)

    def _is_lead(self, words: Sequence[Block]) -> bool:
        """Short enough to stand above a chart."""
        items = [item for block in words for item in self._items(block)]
        return height_of(items, BODY.width * 0.97) <= _LEAD_HEIGHT

    def _chart(self, section: Section, chart: Chart, lead: Sequence[Block] = ()) -> None:
        self._charts += 1
        slide = add_slide(self._deck, f"{section.heading} · Figure {self._charts}", chart.title)
        foot = self._foot(slide, (*share_note(chart), *chart.notes, *footnotes(self._report, chart.cites)))
        items = [item for block in lead for item in self._items(block)]
        top = BODY.top + height_of(items, BODY.width * 0.97)
        if items:
            add_items(slide, BODY, items)
        add_chart(slide, Box(BODY.left, top, BODY.width, BODY.top + BODY.height - foot - top), chart)
        self._note(slide, [*lead, chart], describe_chart(chart), (*share_note(chart), *chart.notes))

    def _table(self, section: Section, table: Table) -> None:
        self._tables += 1
        view = view_table(table, LIMITS, self._tables, self._report.formats)
        parts = [view.rows[at : at + ROWS_A_SLIDE] for at in range(0, len(view.rows), ROWS_A_SLIDE)] or [()]
        for at, rows in enumerate(parts):
            kicker = f"{section.heading} · Table {self._tables}"
            slide = add_slide(self._deck, kicker, _counted(table.title, at, len(parts)))
            was_cut = add_table(slide, BODY, view, rows, is_last=at == len(parts) - 1)
            whole = where_whole(f"Table {self._tables}", self._report.formats)
            cut = (f"Long texts are cut. {whole}",) if was_cut else ()
            self._foot(slide, (*view.notes, *cut, *footnotes(self._report, table.cites)))
            self._note(slide, [table], table.title, (*view.notes, *cut))

    def _foot(self, slide: Slide, lines: Sequence[str]) -> float:
        """Small print at the bottom of a slide, as much as fits; all is in the notes. Gives its height."""
        items = [Item(line, size=_NOTE, is_quiet=True, gap=_SMALL_GAP) for line in lines]
        shown = paginate(items, TEXT_WIDTH, _FOOT_HEIGHT)[0] if items else []
        if shown:
            height = height_of(shown, TEXT_WIDTH)
            add_items(slide, Box(BODY.left, BODY.top + BODY.height - height, BODY.width, height), shown)
        return _FOOT_HEIGHT + _SMALL_GAP

    def _items(self, block: Block) -> list[Item]:
        if isinstance(block, Paragraph):
            return self._said(cited_once(block.sentences))
        if isinstance(block, Bullets):
            return self._said(block.items)
        if isinstance(block, Callout):
            quiet = [Item(note, size=12, is_quiet=True) for note in block.notes]
            return [*self._said(cited_once(block.sentences)), *quiet]
        if isinstance(block, Quote):
            numbers = cited_numbers(self._report, block.cites)
            by = "; ".join(source_line(self._report.sources[number - 1]) for number in numbers)
            text = Item(f"“{block.text}”", marks(self._report, block.cites), is_quote=True, gap=2)
            return [text, Item(by, size=12, is_quiet=True, gap=14)]
        return []

    def _said(self, sentences: Iterable[Sentence]) -> list[Item]:
        return [
            Item(
                sentence.text,
                f" {marks(self._report, sentence.cites)}" if sentence.cites else "",
                is_bullet=True,
            )
            for sentence in sentences
        ]

    def _note(self, slide: Slide, blocks: Sequence[Block], said: str, notes: Sequence[str] = ()) -> None:
        cites = dict.fromkeys(source for block in blocks for source in cites_of(block))
        figures = [
            f"{tile.label}: {show_with_unit(tile.value, tile.column)} {tile.compared_with}".strip()
            for block in blocks
            if isinstance(block, Tiles)
            for tile in block.tiles
        ]
        lines = [said, *figures, *notes]
        if cites:
            lines += ["", "Sources", *footnotes(self._report, cites)]
        add_notes(slide, lines)

    def _whole(self, source_id: str) -> list[str]:
        number = self._report.numbers()[source_id]
        source = self._report.sources[number - 1]
        text = source.sql_in_a_row if isinstance(source, QuerySource) else source.text
        facts = [f"{name}: {value}" for name, value in source_facts(source)]
        return [f"[{number}] {source.title}", *facts, text, ""]


def _counted(title: str, at: int, count: int) -> str:
    return title if count == 1 else f"{title} ({at + 1} of {count})"
