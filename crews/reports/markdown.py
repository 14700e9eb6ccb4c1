"""Renders a report as Markdown, for a chat, a repository or a wiki.

Every sign that Markdown or HTML would read as more than itself is escaped.
"""

import re
from collections.abc import Iterator, Sequence

from crews.reports.chart_labels import describe_chart, share_note
from crews.reports.citing import cited_once, footnotes, marks, show_moment, source_facts, source_line
from crews.reports.document import Block, Bullets, Callout, Paragraph, Quote, Report, Sentence, Tile, Tiles
from crews.reports.numbers import show, show_with_unit
from crews.reports.sources import QuerySource, Source
from crews.reports.tables import Chart, Table
from crews.reports.text import one_line
from crews.reports.theme import ARROWS, TONE_WORDS
from crews.reports.view import Limits, TableView, view_table

LIMITS = Limits(rows=100, columns=20, line=1_000)
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&$^])")
# A list, a heading underlined or a number of a list, at the beginning of a line.
_LEADING = re.compile(r"^([-+=]|\d+(?=[.)](?:\s|$)))(?=.)")
_MOST_CHART_ROWS = 60


def render_markdown(report: Report) -> bytes:
    return ("\n".join(_lines(report)).rstrip() + "\n").encode()


def _lines(report: Report) -> Iterator[str]:
    yield from (f"# {_escape(report.title)}", "")
    if report.subtitle:
        yield from (f"*{_escape(report.subtitle)}*", "")
    as_of = show_moment(report.as_of) if report.as_of else "an unknown time"
    facts = (
        ("Prepared for", report.prepared_for),
        ("Prepared by", report.author),
        ("Data as of", as_of),
        ("Generated", show_moment(report.generated_at)),
        ("Run", report.run_id),
    )
    yield from (*(f"- **{name}:** {_escape(value)}" for name, value in facts), "")
    tables, charts = 0, 0
    for section in report.sections:
        yield from (f"{'#' * (section.level + 1)} {_escape(section.heading)}", "")
        for block in section.blocks:
            tables += isinstance(block, Table)
            charts += isinstance(block, Chart)
            if isinstance(block, Table):
                yield from _table(report, block, tables)
            elif isinstance(block, Chart):
                yield from _chart(report, block, charts)
            else:
                yield from _words(report, block)
    if report.sources:
        yield from ("## Sources and queries", "")
        for number, source in enumerate(report.sources, start=1):
            yield from _source(number, source)


def _words(report: Report, block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield from (" ".join(_sentence(report, item) for item in cited_once(block.sentences)), "")
    elif isinstance(block, Bullets):
        yield from (*(f"- {_sentence(report, item)}" for item in block.items), "")
    elif isinstance(block, Callout):
        yield f"> **{TONE_WORDS[block.tone]}: {_escape(block.title)}**"
        for sentence in cited_once(block.sentences):
            yield from (">", f"> {_sentence(report, sentence)}")
        for note in block.notes:
            yield from (">", f"> *{_escape(note)}*")
        yield ""
    elif isinstance(block, Tiles):
        yield from (*(_tile(report, tile) for tile in block.tiles), "")
    elif isinstance(block, Quote):
        by = "; ".join(source_line(source) for source in report.sources if source.id in block.cites)
        yield from (f"> “{_escape(block.text)}”{_marks(report, block.cites)}", ">", f"> {_escape(by)}", "")


def _tile(report: Report, tile: Tile) -> str:
    said = f"- **{_escape(tile.label)}:** {_escape(show_with_unit(tile.value, tile.column))}"
    if tile.change is not None and tile.change_column is not None and tile.direction is not None:
        change = show_with_unit(tile.change, tile.change_column)
        moved = one_line(f"{ARROWS[tile.direction]} {change} {tile.compared_with}")
        said += f" ({_escape(moved)})"
    return said + _marks(report, tile.cites)


def _table(report: Report, table: Table, number: int) -> Iterator[str]:
    view = view_table(table, LIMITS, number, report.formats)
    yield from (f"**Table {number}. {_escape(view.title)}**", "", *_grid(view), "")
    yield from _small((*view.notes, *footnotes(report, table.cites)))


def _grid(view: TableView) -> Iterator[str]:
    yield _row(view.headings)
    yield "|" + "|".join(" ---: " if right else " --- " for right in view.right) + "|"
    yield from (_row(row) for row in view.rows)
    if view.total is not None:
        yield _row(view.total, bold=True)


def _row(cells: Sequence[str], *, bold: bool = False) -> str:
    shown = [f"**{_escape_marks(cell)}**" if bold and cell else _escape_marks(cell) for cell in cells]
    return f"| {' | '.join(shown)} |"


def _chart(report: Report, chart: Chart, number: int) -> Iterator[str]:
    """As the table it is drawn of."""
    head = (chart.category_label, *(series.name for series in chart.series))
    yield from (f"**Figure {number}. {_escape(chart.title)}**", "", _escape(describe_chart(chart)), "")
    unit = f" ({chart.measure.unit})" if chart.measure.unit else ""
    yield _row([f"{name}{unit}" if at else name for at, name in enumerate(head)])
    yield "| --- |" + " ---: |" * len(chart.series)
    for at, category in enumerate(chart.categories[:_MOST_CHART_ROWS]):
        yield _row([category, *(show(series.values[at], chart.measure) for series in chart.series)])
    yield ""
    left = len(chart.categories) - _MOST_CHART_ROWS
    cut = (f"{left:,} more are left out here.",) if left > 0 else ()
    yield from _small((*share_note(chart), *chart.notes, *cut, *footnotes(report, chart.cites)))


def _source(number: int, source: Source) -> Iterator[str]:
    yield from (f"### [{number}] {_escape(source.title)}", "")
    yield from (f"- **{name}:** {_escape(value)}" for name, value in source_facts(source))
    yield ""
    if isinstance(source, QuerySource):
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", source.sql)), default=0))
        yield from (f"{fence}sql", source.sql, fence, "")
    else:
        yield from (f"> {_escape(line)}" for line in source.text.split("\n"))
        yield ""


def _sentence(report: Report, sentence: Sentence) -> str:
    return _escape(sentence.text) + _marks(report, sentence.cites)


def _marks(report: Report, cites: Sequence[str]) -> str:
    marked = marks(report, cites)
    return f" {marked}" if marked else ""


def _small(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield from (f"*{_escape(line)}*", "")


def _escape_marks(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", one_line(text))


def _escape(text: str) -> str:
    """On one line, so that no text begins a list, a heading or a table of its own."""
    escaped = _escape_marks(text)
    leading = _LEADING.match(escaped)
    if leading is None:
        return escaped
    at = leading.end() if leading[1].isdigit() else 0
    return f"{escaped[:at]}\\{escaped[at:]}"
