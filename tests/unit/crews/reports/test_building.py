"""From governed results and templates to a report."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crews.reports.build import build_report
from crews.reports.document import Callout, Format, Paragraph, Report, Tile, Tiles, Tone
from crews.reports.errors import ReportIncomplete, UnknownTemplate
from crews.reports.evidence_sources import result_of, source_of
from crews.reports.figures import chart_of, table_of, tiles_of
from crews.reports.findings import Compared, compute_change, compute_course
from crews.reports.material import Material
from crews.reports.sources import QuerySource, QuoteSource
from crews.reports.template import ReportTemplate, find_template, load_template, load_templates
from knowledge.warehouse.evidence import number_finding
from knowledge.warehouse.result import Verdict
from ledger.errors import InvalidInput, WorkspaceInvalid
from ledger.yaml_file import parse_yaml
from tests.unit.crews.reports.larkspur import (
    AS_OF,
    CATEGORY,
    MONTH,
    REVENUE,
    WARNED,
    board_material,
    board_pack,
    by_channel,
    by_month,
    by_month_and_channel,
    by_region,
    claim,
    compare,
    compared,
    headline,
    passage,
    result,
)

TEMPLATES = load_templates()
SMALL = """
name: small
title: Small
description: Two sections
formats: [pdf]
sections:
  - {key: figures, heading: Figures, required: true, parts: [{fill: tiles, metrics: [sales.revenue]}]}
  - {key: words, heading: Words, parts: [{fill: narrative, at_most: 1}, {fill: quotes}]}
"""


def small(text: str = SMALL) -> ReportTemplate:
    return parse_yaml(text, ReportTemplate, source="small.yaml")


def headings(report: Report) -> list[str]:
    return [section.heading for section in report.sections]


def said(report: Report, tone: Tone) -> list[str]:
    boxes = [block for block in report.blocks() if isinstance(block, Callout) and block.tone is tone]
    return [sentence.text for box in boxes for sentence in box.sentences]


def test_evidence_of_figures_is_a_source_with_all_a_reader_needs() -> None:
    source = source_of("E4", number_finding(replace(by_channel(), too_small=2, quality=WARNED), "Revenue"))
    assert isinstance(source, QuerySource)
    assert (source.title, source.as_of, source.quality) == ("Revenue", AS_OF, Verdict.WARN)
    assert source.metrics[0].name == "sales.revenue"
    assert source.lineage == ("sales.order_lines", "Shop database", "Till system")
    assert "12 % fewer rows" in source.quality_notes[0]
    assert "ask Store Operations" in source.quality_notes[0]
    assert source.notes == ("2 groups are left out, with too few rows to be told of.",)
    quote = source_of("E6", passage())
    assert isinstance(quote, QuoteSource)
    assert (quote.locator, quote.owner, quote.updated) == ("page 3", "Strategy", "2026-02-10")


def test_a_result_comes_out_of_its_evidence_again() -> None:
    original = by_month_and_channel()
    again = result_of(number_finding(original, "Revenue"))
    assert again == replace(original, metrics=again.metrics)
    assert again.rows[0][2] == original.rows[0][2]


def test_key_figures_carry_their_change_in_its_own_unit() -> None:
    revenue, margin, _ = tiles_of(headline(), "E1", {"revenue": "up"})
    assert (revenue.value, revenue.change, revenue.compared_with) == (
        Decimal(51812400),
        Decimal("0.042025"),
        "vs Q3 2025",
    )
    assert revenue.is_welcome is True
    # Of a rate, a share of a share would mislead: its change is in points.
    assert (margin.change, margin.good) == (Decimal("0.007"), None)
    assert tiles_of(by_channel(), "E2") == []


def test_a_table_has_a_total_only_of_all_there_is() -> None:
    assert table_of(by_channel(), "t", "E2").total
    assert not table_of(replace(by_channel(), too_small=1), "t", "E2").total
    cut = table_of(replace(by_channel(), truncated=True, row_count=90), "t", "E2")
    assert (cut.total, cut.source_rows) == (False, 90)


def test_the_form_of_a_chart_fits_its_data() -> None:
    line = chart_of(by_month(), "t", "E4")
    assert line is not None
    assert (line.form, line.categories[0], line.categories[-1]) == ("line", "Jan 2023", "Oct 2026")
    bars = chart_of(by_channel(), "t", "E2")
    assert bars is not None
    assert (bars.form, bars.faint, len(bars.series)) == ("bar", "Revenue, Q3 2025", 2)
    share = chart_of(by_channel(), "t", "E2", "share")
    assert share is not None
    assert (share.form, share.series[0].values[0]) == ("share", Decimal(29604100))
    loss = chart_of(result((CATEGORY, REVENUE), [("a", Decimal(-1)), ("b", Decimal(2))]), "t", "E1", "share")
    assert loss is not None
    assert loss.form == "bar"
    stacked = chart_of(by_month_and_channel(), "t", "E5", "column stacked")
    assert stacked is not None
    assert [series.name for series in stacked.series] == ["Stores", "Online", "Rental and repair"]
    assert chart_of(headline(), "t", "E1") is None
    names = [("", Decimal(3)), ("x", Decimal(2)), (None, Decimal(1))]
    odd = chart_of(result((CATEGORY, REVENUE), names), "t", "E1")
    assert odd is not None
    assert odd.categories == ("(blank)", "x", "-")


def test_findings_are_reckoned_in_plain_sentences_that_cite() -> None:
    parts = [Compared(by_channel(), "channel", "E2"), Compared(by_region(), "region", "E3")]
    change = compute_change("revenue", parts)
    assert change is not None
    assert change.title == "Where the change in revenue comes from"
    assert [(sentence.text, sentence.cites) for sentence in change.sentences] == [
        ("Revenue rose by 2,089,600 EUR, or 4.2 %, from 49,722,800 EUR to 51,812,400 EUR.", ("E2",)),
        (
            "By channel: Online +1,401,600 EUR, Rental and repair +496,200 EUR, Stores +191,800 EUR.",
            ("E2",),
        ),
        (
            "By region: South +338,000 EUR, North −229,100 EUR, Lakes +84,400 EUR, Coast −1,500 EUR.",
            ("E3",),
        ),
    ]
    assert change.notes[-1].startswith("Method: ")
    course = compute_course(by_month(), "revenue", "E4")
    assert [one.title for one in course] == ["Trend: revenue", "Values that stand out: revenue"]
    assert any("September 2025" in sentence.text for sentence in course[1].sentences)


def test_many_groups_are_told_of_together_and_cents_are_not_told() -> None:
    names = ["a", "b", "c", "d", "e", "f"]
    rows = [(name, *compare(f"{at}000.40", "500.10")) for at, name in enumerate(names, start=1)]
    change = compute_change(
        "revenue", [Compared(result((CATEGORY, *compared(REVENUE, "Q2")), rows), "kind", "E1")]
    )
    assert change is not None
    assert change.sentences[1].text == (
        "By kind: f +5,500 EUR, e +4,500 EUR, d +3,500 EUR, c +2,500 EUR, the other 2 together +2,001 EUR."
    )


def test_one_group_more_than_are_told_of_is_told_too() -> None:
    rows = [(name, *compare(f"{at}000", "500")) for at, name in enumerate("abcde", start=1)]
    change = compute_change(
        "revenue", [Compared(result((CATEGORY, *compared(REVENUE, "Q2")), rows), "kind", "E1")]
    )
    assert change is not None
    assert change.sentences[1].text.endswith("b +1,500 EUR, a +500 EUR.")


def test_what_shows_nothing_or_cannot_be_reckoned_is_no_finding() -> None:
    assert compute_course(replace(by_month(), rows=by_month().rows[:3]), "revenue", "E4") == ()
    flat = [(month, Decimal(100 + at % 2)) for at, (month, _) in enumerate(by_month().rows[:24])]
    assert compute_course(result((MONTH, REVENUE), flat), "revenue", "E4") == ()
    assert compute_change("revenue", [Compared(by_month(), "month", "E4")]) is None


def test_the_board_pack_puts_each_piece_in_its_place_once() -> None:
    report = board_pack()
    assert headings(report) == [
        "Executive summary",
        "Performance",
        "What drove the figures",
        "Market context",
        "Outlook and risks",
        "Caveats",
    ]
    assert report.as_of == AS_OF
    assert [source.id for source in report.sources] == ["E1", "E2", "E3", "E4", "E5", "E6", "E7"]
    assert (len(report.tables()), len(report.charts())) == (2, 4)
    performance = report.sections[1].blocks[0]
    assert isinstance(performance, Paragraph)
    assert performance.sentences[0].text.startswith("Stores grew in the South")


def test_caveats_tell_of_quality_age_and_what_is_left_out() -> None:
    report = board_pack()
    assert "12 % fewer rows" in said(report, Tone.WARNING)[0]
    assert said(report, Tone.WARNING)[1] == "Freight briefing October 2026 is due for review."
    assert said(report, Tone.CAVEAT)[-1] == (
        "Left out, because there was nothing to show: “Decisions asked of the board”."
    )


def test_a_required_section_stops_the_report() -> None:
    with pytest.raises(
        ReportIncomplete, match="Nothing was found for its section “Figures”, which takes key figures"
    ):
        build_report(small(), board_material().model_copy(update={"tiles": ()}))


def test_a_part_takes_what_stands_on_its_metrics_and_the_rest_is_named() -> None:
    other = Tile(label="Other", value=1, column=REVENUE, cites=("E6",))
    material = Material(
        head=board_material().head,
        tiles=(*board_material().tiles[:1], other),
        narrative=(claim("One.", "E1"), claim("Two.", "E1"), claim("Three.", "E1", "nowhere")),
        sources=board_material().sources,
    )
    report = build_report(small(), material)
    assert headings(report) == ["Figures", "Words", "Caveats"]
    figures, words = report.sections[0].blocks[0], report.sections[1].blocks[0]
    assert isinstance(figures, Tiles)
    assert [tile.label for tile in figures.tiles] == ["Revenue"]
    assert isinstance(words, Paragraph)
    assert [sentence.text for sentence in words.sentences] == ["One."]
    assert said(report, Tone.CAVEAT) == [
        "Not shown, because this kind of report has no place for it: “Other”, 2 sentences."
    ]
    # A piece that is not shown is not cited either.
    assert [source.id for source in report.sources] == ["E1"]
    assert report.formats == (Format.PDF,)


def test_material_that_cites_what_it_does_not_hold_is_refused() -> None:
    with pytest.raises(InvalidInput, match="cites E1, which is not among its sources"):
        build_report(small(), board_material().model_copy(update={"sources": ()}))


def test_the_age_of_a_report_is_that_of_its_oldest_data() -> None:
    old = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
    material = board_material()
    sources = tuple(
        source.model_copy(update={"as_of": {"E5": old, "E4": AS_OF}.get(source.id)})
        if isinstance(source, QuerySource)
        else source
        for source in material.sources
    )
    report = build_report(TEMPLATES["board_pack"], material.model_copy(update={"sources": sources}))
    assert report.as_of == old


@pytest.mark.parametrize("name", ["board_pack", "executive_summary", "kpi_review", "market_brief"])
def test_each_shipped_template_makes_a_report(name: str) -> None:
    report = build_report(TEMPLATES[name], board_material())
    assert report.sections[0].blocks
    assert Format.PDF in report.formats
    # Nothing of the material is lost without a word, whichever the template.
    words = report.model_dump_json()
    material = board_material()
    for piece in (*material.findings, *material.tables, *material.charts):
        assert piece.title in words
    for tile in material.tiles:
        assert tile.label in words


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("heading: Words", "headding: Words"), "small.yaml:8: sections.1.heading: this key is required"),
        (("{fill: quotes}", "{fill: jokes}"), "sections.1.parts.1.fill"),
        (("key: words", "key: figures"), "two sections have the key 'figures'"),
        (("[pdf]", "[pdf, pdf]"), "a format is given twice"),
        (("at_most: 1", "at_most: 0"), "sections.1.parts.0.at_most"),
    ],
)
def test_a_template_that_does_not_fit_names_its_line(change: tuple[str, str], complaint: str) -> None:
    with pytest.raises(WorkspaceInvalid, match=complaint):
        small(SMALL.replace(*change))


def test_a_workspace_may_add_and_replace_templates(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    (tmp_path / "market_brief.yaml").write_text(SMALL.replace("name: small", "name: market_brief"))
    templates = load_templates(tmp_path)
    assert templates["small"].metrics() == ("sales.revenue",)
    assert templates["market_brief"].title == "Small"
    with pytest.raises(UnknownTemplate, match="no report template 'big'; there are board_pack, executive"):
        find_template(templates, "big")
    (tmp_path / "big.yaml").write_text(SMALL)
    with pytest.raises(WorkspaceInvalid, match="this is 'small'; the file is called 'big'"):
        load_template(tmp_path / "big.yaml")
