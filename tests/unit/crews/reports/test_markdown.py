"""The Markdown, read back by a parser."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from crews.reports.document import Format
from crews.reports.render import render_report
from tests.unit.crews.reports.larkspur import board_pack
from tests.unit.crews.reports.trouble import trouble

PARSER = MarkdownIt("commonmark").enable("table")


def flat(tokens: list[Token]) -> list[Token]:
    return [part for token in tokens for part in (token, *flat(token.children or []))]


def test_it_reads_as_the_report() -> None:
    rendered = render_report(board_pack(), Format.MARKDOWN)
    assert rendered.name == "board-pack-third-quarter-of-2026-2026-11-25.md"
    text = rendered.content.decode()
    assert text.startswith("# Board pack, third quarter of 2026\n")
    for line in (
        "- **Revenue:** 51,812,400 EUR (▲ +4.2 % vs Q3 2025) [1]",
        "| North | 5,162,700 | 5,391,800 | −229,100 | −4.2 % |",
        "| **Total** | **51,812,400** | **49,722,800** | **+2,089,600** | **+4.2 %** |",
        "> **Finding: Trend: revenue by month**",
        "- **As of:** 25 November 2026, 05:30 UTC",
    ):
        assert line in text.split("\n")
    assert render_report(board_pack(), Format.MARKDOWN).content == rendered.content


def test_hostile_text_makes_no_markup() -> None:
    report = trouble()
    tokens = flat(PARSER.parse(render_report(report, Format.MARKDOWN).content.decode()))
    kinds = {token.type for token in tokens}
    assert not kinds & {"image", "link_open", "html_inline", "html_block", "hr", "ordered_list_open"}
    headings = [token for token in tokens if token.type == "heading_open"]
    # A title, its sections, the appendix and an entry for each source.
    assert len(headings) == 1 + len(report.sections) + 1 + len(report.sources)
    (fence,) = [token for token in tokens if token.type == "fence"]
    source = report.sources[0]
    assert source.kind == "query"
    assert fence.content == f"{source.sql}\n"
    grids = [token for token in tokens if token.type == "table_open"]
    assert len(grids) == len(report.tables()) + len(report.charts())


def test_rows_that_are_left_out_are_told() -> None:
    text = render_report(trouble(), Format.MARKDOWN).content.decode()
    assert "*Rows 1 to 100 of 2,000 are shown.*" in text
    assert len(re.findall(r"Store \d+", text)) == 100
    assert "*340 more are left out here.*" in text
