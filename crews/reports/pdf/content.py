"""A report as the data its page template reads: every text a string, which Typst sets as it is and never as
markup."""

import re
from collections.abc import Sequence
from typing import Any

from crews.reports.chart_labels import describe_chart
from crews.reports.citing import cited_numbers, cited_once, footnotes, show_moment, source_facts, source_line
from crews.reports.document import Block, Bullets, Callout, Paragraph, Quote, Report, Sentence, Tile, Tiles
from crews.reports.numbers import show_short, show_with_unit
from crews.reports.sources import QuerySource, Source
from crews.reports.tables import Chart, Table
from crews.reports.text import cut_line
from crews.reports.theme import ARROWS, TONE_COLOURS, TONE_WASHES, TONE_WORDS, change_colour
from crews.reports.view import Limits, view_table

LIMITS = Limits(rows=100, columns=9, line=98)
_CONTENTS_FROM = 5
_LONGEST_SQL = 3_000
_PROSE_WORD, _CELL_WORD = 48, 24
_PIECE = 12


def page_data(report: Report) -> dict[str, Any]:
    """As JSON has it; a chart's picture is the file `chart-N.svg`."""
    numbering = _Numbering(report)
    sections = [
        {
            "heading": _broken(section.heading, _PROSE_WORD),
            "level": section.level,
            "blocks": [numbering.block_data(block) for block in section.blocks],
        }
        for section in report.sections
    ]
    top = sum(section.level == 1 for section in report.sections)
    return {
        "title": _broken(report.title, _CELL_WORD),
        "plain_title": report.title,
        "short_title": cut_line(report.title, 80),
        "short_reader": cut_line(f"Prepared for {report.prepared_for}", 90),
        "subtitle": _broken(report.subtitle, _PROSE_WORD),
        "facts": [
            ["Prepared for", _broken(report.prepared_for, _CELL_WORD)],
            ["Prepared by", _broken(report.author, _CELL_WORD)],
            ["Data as of", show_moment(report.as_of) if report.as_of else "an unknown time"],
            ["Generated", show_moment(report.generated_at)],
            ["Run", _broken(report.run_id, 40)],
        ],
        "contents": top >= _CONTENTS_FROM,
        "sections": sections,
        "sources": [_source_data(number, source) for number, source in enumerate(report.sources, start=1)],
    }


class _Numbering:
    """Numbers tables and charts in their order."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._tables, self._charts = 0, 0

    def block_data(self, block: Block) -> dict[str, Any]:
        if isinstance(block, Table):
            self._tables += 1
            return self._table(block, self._tables)
        if isinstance(block, Chart):
            self._charts += 1
            return self._chart(block, self._charts)
        if isinstance(block, Tiles):
            return {"kind": "tiles", "tiles": [self._tile(tile) for tile in block.tiles]}
        if isinstance(block, Quote):
            cited = cited_numbers(self._report, block.cites)
            by = "; ".join(source_line(self._report.sources[number - 1]) for number in cited)
            return {"kind": "quote", "text": block.text, "by": by, "cites": cited}
        return self._words(block)

    def _words(self, block: Paragraph | Bullets | Callout) -> dict[str, Any]:
        if isinstance(block, Bullets):
            return {"kind": "bullets", "items": [self._sentence(item) for item in block.items]}
        sentences = [self._sentence(sentence) for sentence in cited_once(block.sentences)]
        if isinstance(block, Paragraph):
            return {"kind": "paragraph", "sentences": sentences}
        return {
            "kind": "callout",
            "word": TONE_WORDS[block.tone],
            "colour": TONE_COLOURS[block.tone],
            "wash": TONE_WASHES[block.tone],
            "title": _broken(block.title, _PROSE_WORD),
            "sentences": sentences,
            "notes": [_broken(note, _PROSE_WORD) for note in block.notes],
        }

    def _sentence(self, sentence: Sentence) -> dict[str, Any]:
        return {
            "text": _broken(sentence.text, _PROSE_WORD),
            "cites": cited_numbers(self._report, sentence.cites),
        }

    def _tile(self, tile: Tile) -> dict[str, Any]:
        data: dict[str, Any] = {
            "label": _broken(tile.label, _CELL_WORD),
            "value": _broken(show_short(tile.value, tile.column), _CELL_WORD),
            "unit": tile.column.unit or "",
            "cites": cited_numbers(self._report, tile.cites),
            "change": "",
            "compared": tile.compared_with,
            "colour": change_colour(tile),
        }
        if tile.change is not None and tile.change_column is not None and tile.direction is not None:
            data["change"] = f"{ARROWS[tile.direction]} {show_with_unit(tile.change, tile.change_column)}"
        return data

    def _table(self, table: Table, number: int) -> dict[str, Any]:
        view = view_table(table, LIMITS, number, self._report.formats)
        return {
            "kind": "table",
            "number": number,
            "title": _broken(view.title, _PROSE_WORD),
            "headings": [_broken(heading, _CELL_WORD) for heading in view.headings],
            "right": list(view.right),
            "widths": list(view.widths),
            "rows": [_cells(row, view.right) for row in view.rows],
            "total": None if view.total is None else list(view.total),
            "notes": list(view.notes),
            "sources": footnotes(self._report, table.cites),
        }

    def _chart(self, chart: Chart, number: int) -> dict[str, Any]:
        return {
            "kind": "chart",
            "number": number,
            "title": _broken(chart.title, _PROSE_WORD),
            "file": chart_file(number),
            "is_share": chart.form == "share",
            "alt": describe_chart(chart),
            "notes": list(chart.notes),
            "sources": footnotes(self._report, chart.cites),
        }


def chart_file(number: int) -> str:
    return f"chart-{number}.svg"


def _source_data(number: int, source: Source) -> dict[str, Any]:
    is_query = isinstance(source, QuerySource)
    text = source.sql if isinstance(source, QuerySource) else source.text
    if len(text) > _LONGEST_SQL:
        text = f"{text[:_LONGEST_SQL]}… ({len(text) - _LONGEST_SQL:,} characters more)"
    return {
        "number": number,
        "title": _broken(source.title, _PROSE_WORD),
        "facts": [[name, _broken(value, _CELL_WORD * 2)] for name, value in source_facts(source)],
        "is_query": is_query,
        "text": _broken(text, _PROSE_WORD),
    }


def _cells(row: Sequence[str], right: Sequence[bool]) -> list[str]:
    return [
        cell if is_right else _broken(cell, _CELL_WORD) for cell, is_right in zip(row, right, strict=True)
    ]


def _broken(text: str, longest: int) -> str:
    """With places, unseen, at which a word that is too long for a line may be broken."""
    return re.sub(
        rf"\S{{{longest + 1},}}",
        lambda found: "\u200b".join(re.findall(rf".{{1,{_PIECE}}}", found[0])),
        text,
    )
