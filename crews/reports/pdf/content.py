"""A report as the data its page template reads: every text a string, which Typst sets as it is and never as
markup."""

import re
from typing import Any

from crews.reports.chart_labels import describe_chart, share_note
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
_LONGEST_SQL = 4_000
_LONGEST_WORD, _LONGEST_CELL_WORD, _LONGEST_TILE_WORD, _LONGEST_VALUE = 40, 24, 18, 10
_PIECE = 12


def page_data(report: Report) -> dict[str, Any]:
    """As JSON has it; a chart's picture is the file `chart-N.svg`."""
    plain = {
        "plain_title": report.title,
        "short_title": cut_line(report.title, 80),
        "short_reader": cut_line(f"Prepared for {report.prepared_for}", 90),
    }
    return {**_breakable(_words_of(report), _LONGEST_WORD), **plain}


def _words_of(report: Report) -> dict[str, Any]:
    numbering = _Numbering(report)
    sections = [
        {
            "heading": section.heading,
            "level": section.level,
            "blocks": [numbering.block_data(block) for block in section.blocks],
        }
        for section in report.sections
    ]
    top = sum(section.level == 1 for section in report.sections)
    return {
        "title": _breakable(report.title, _LONGEST_CELL_WORD),
        "subtitle": report.subtitle,
        "facts": _breakable(_facts(report), _LONGEST_CELL_WORD),
        "contents": top >= _CONTENTS_FROM,
        "sections": sections,
        "sources": [_source_data(number, source) for number, source in enumerate(report.sources, start=1)],
    }


def _facts(report: Report) -> list[list[str]]:
    return [
        ["Prepared for", report.prepared_for],
        ["Prepared by", report.author],
        ["Data as of", show_moment(report.as_of) if report.as_of else "an unknown time"],
        ["Generated", show_moment(report.generated_at)],
        ["Run", report.run_id],
    ]


class _Numbering:
    """Numbers tables and charts in their order."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._tables, self._charts = 0, 0

    def block_data(self, block: Block) -> dict[str, Any]:
        if isinstance(block, Table):
            self._tables += 1
            cells = self._table(block, self._tables)
            return {**cells, **_breakable(cells, _LONGEST_CELL_WORD)}
        if isinstance(block, Chart):
            self._charts += 1
            return self._chart(block, self._charts)
        if isinstance(block, Tiles):
            return {
                "kind": "tiles",
                "tiles": [_breakable(self._tile(tile), _LONGEST_TILE_WORD) for tile in block.tiles],
            }
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
            "title": block.title,
            "sentences": sentences,
            "notes": list(block.notes),
        }

    def _sentence(self, sentence: Sentence) -> dict[str, Any]:
        return {
            "text": sentence.text,
            "cites": cited_numbers(self._report, sentence.cites),
        }

    def _tile(self, tile: Tile) -> dict[str, Any]:
        data: dict[str, Any] = {
            "label": tile.label,
            "value": _breakable(show_short(tile.value, tile.column), _LONGEST_VALUE),
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
            "title": view.title,
            "headings": list(view.headings),
            "right": list(view.right),
            "widths": list(view.widths),
            "rows": [list(row) for row in view.rows],
            "total": None if view.total is None else list(view.total),
            "notes": list(view.notes),
            "sources": footnotes(self._report, table.cites),
        }

    def _chart(self, chart: Chart, number: int) -> dict[str, Any]:
        return {
            "kind": "chart",
            "number": number,
            "title": chart.title,
            "file": chart_file(number),
            "is_share": chart.form == "share",
            "alt": describe_chart(chart),
            "notes": [*share_note(chart), *chart.notes],
            "sources": footnotes(self._report, chart.cites),
        }


def chart_file(number: int) -> str:
    return f"chart-{number}.svg"


def _source_data(number: int, source: Source) -> dict[str, Any]:
    is_query = isinstance(source, QuerySource)
    text = source.sql_in_a_row if isinstance(source, QuerySource) else source.text
    if len(text) > _LONGEST_SQL:
        text = f"{text[:_LONGEST_SQL]}… ({len(text) - _LONGEST_SQL:,} characters more)"
    return {
        "number": number,
        "title": source.title,
        "facts": [[name, value] for name, value in source_facts(source)],
        "is_query": is_query,
        "text": text,
    }


def _breakable(data: Any, longest: int) -> Any:
    """With places, unseen, at which a word that is too long for its line may be broken."""
    if isinstance(data, str):
        piece = min(_PIECE, longest // 2)
        return re.sub(
            rf"\S{{{longest + 1},}}",
            lambda found: "\u200b".join(re.findall(rf".{{1,{piece}}}", found[0])),
            data,
        )
    if isinstance(data, dict):
        return {name: _breakable(value, longest) for name, value in data.items()}
    return [_breakable(value, longest) for value in data] if isinstance(data, list) else data
