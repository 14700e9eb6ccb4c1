"""Small parts of making a report: what a template declares, where a quote goes, how a number is told."""

from dataclasses import replace
from decimal import Decimal

import pytest
from pydantic import ValidationError

from crews.report_steps.brief import NamedPeriod, ReportBrief
from crews.report_steps.sayings import MOST, headline_of
from crews.reports.build import build_report
from crews.reports.chart_labels import axis_of, label_value
from crews.reports.document import Quote, Tile
from crews.reports.figures import chart_of
from crews.reports.office_numbers import office_format
from crews.reports.sources import QuerySource
from crews.reports.template import load_templates
from crews.run_mask import RunMask
from crews.task_text import asked_question
from knowledge.pii.presidio import open_pattern_detector
from knowledge.warehouse.result import ResultColumn, Value
from knowledge.warehouse.wording import heading, show_with_unit
from ledger.db import Database
from ledger.errors import WorkspaceInvalid
from ledger.people import Principal
from ledger.step_plan import StepUnfit
from ledger.steps import ClaimedStep
from ledger.workflow import StepSpec
from tests.unit.crews.reports.larkspur import (
    REVENUE,
    board_material,
    by_channel,
    compared,
)
from tests.unit.crews.reports.test_building import SMALL, small

ORDERS = ResultColumn("orders", "Orders", "integer", "metric", "orders", "integer", 0, "none")
RATE = ResultColumn("rate", "Return rate", "float", "metric", None, "percent", 1)
BRIEF = ReportBrief(
    template="board_pack",
    title="Board pack, Q3 2026",
    period=NamedPeriod(label="Q3 2026", days="1 July to 30 September 2026"),
    against=NamedPeriod(label="Q3 2025", days="1 July to 30 September 2025"),
)


def tile(column: ResultColumn, value: Value, change: str | None = None, label: str = "E1") -> Tile:
    wanted = "change" if column.format == "percent" else "growth"
    changed = next(one for one in compared(column, "Q3 2025") if one.role == wanted)
    return Tile(
        label=column.label,
        column=column,
        value=value,
        change=None if change is None else Decimal(change),
        change_column=None if change is None else changed,
        cites=(label,),
    )


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            tile(REVENUE, Decimal("51812400"), "0.042"),
            "Revenue was 51.8 million EUR in Q3 2026, 4.2 % more than in Q3 2025.",
        ),
        (tile(ORDERS, 3459, "-0.01"), "Orders were 3,459 in Q3 2026, 1.0 % less than in Q3 2025."),
        (
            tile(RATE, 0.083, "0.007"),
            "Return rate was 8.3 % in Q3 2026, 0.7 percentage points more than in Q3 2025.",
        ),
        (tile(RATE, 0.083, "0.0002"), "Return rate was 8.3 % in Q3 2026, as in Q3 2025."),
        (tile(RATE, 0.083), "Return rate was 8.3 % in Q3 2026."),
    ],
)
def test_a_key_figure_is_told_in_a_sentence(given: Tile, sentence: str) -> None:
    assert headline_of([given], BRIEF) == {"E1": [sentence]}


def test_only_the_first_key_figures_are_told() -> None:
    said = headline_of([tile(REVENUE, 5, None, f"E{at}") for at in range(MOST + 3)], BRIEF)
    assert list(said) == [f"E{at}" for at in range(MOST)]


def test_a_change_that_is_rounded_away_is_neither_good_nor_bad() -> None:
    changed = tile(RATE, 0.083, "0.0002").model_copy(update={"good": "down"})
    assert (changed.direction, changed.is_welcome) == ("flat", None)
    assert tile(RATE, 0.083, "0.001").direction == "up"


def test_a_unit_the_name_says_is_not_said_twice() -> None:
    assert show_with_unit(3459, ORDERS) == "3,459"
    assert heading(replace(ORDERS, label="Orders, Q3 2025")) == "Orders, Q3 2025"
    assert show_with_unit(Decimal(5), REVENUE) == "5 EUR"
    assert tile(ORDERS, 5).column.unit is None


def test_bars_that_differ_are_labelled_so_that_they_do() -> None:
    small_axis = [
        (name, Decimal(now), Decimal(before), Decimal(1), Decimal(1))
        for name, now, before in (("Store", 1_223_752, 1_206_224), ("Online", 735_003, 681_871))
    ]
    chart = chart_of(replace(by_channel(), rows=tuple(small_axis)), "t", "E1")
    assert chart is not None
    axis = axis_of(chart)
    assert [label_value(value, chart, axis) for value in (Decimal(1_223_752), Decimal(1_206_224))] == [
        "1.22",
        "1.21",
    ]
    assert office_format(chart.measure, axis.factor, scaled_decimals=2) == "#,##0.00,,"
    large = chart_of(by_channel(), "t", "E1")
    assert large is not None
    assert label_value(Decimal(29_604_100), large, axis_of(large)) == "29.6"


def test_sql_takes_no_more_lines_than_it_needs_and_keeps_its_literals() -> None:
    sql = "SELECT\n  \"a  b\"\nFROM t\nWHERE c =  'x  ''y''  z'\n"
    source = QuerySource(id="E1", title="t", products=("p",), sql=sql)
    assert source.sql_in_a_row == "SELECT \"a  b\" FROM t WHERE c = 'x  ''y''  z'"


def test_a_quote_goes_where_it_was_looked_for() -> None:
    material = board_material()
    homes = {"E6": "outlook", "E7": "market"}
    report = build_report(load_templates()["board_pack"], material.model_copy(update={"homes": homes}))
    cited = {
        section.heading: [block.cites[0] for block in section.blocks if isinstance(block, Quote)]
        for section in report.sections
    }
    assert (cited["Market context"], cited["Outlook and risks"]) == (["E7"], ["E6"])


def test_what_is_said_of_several_sources_is_said_once() -> None:
    material = board_material()
    warned = [source for source in material.sources if isinstance(source, QuerySource)]
    note = "Rows are missing."
    worse = {"quality": "warn", "quality_notes": (note,)}
    sources = tuple(
        source.model_copy(update=worse) if source in warned else source for source in material.sources
    )
    report = build_report(load_templates()["board_pack"], material.model_copy(update={"sources": sources}))
    said = [
        (sentence.text, sentence.cites)
        for block in report.blocks()
        for sentence in getattr(block, "sentences", ())
        if sentence.text == note
    ]
    assert said == [(note, tuple(source.id for source in warned))]


def test_the_market_is_asked_only_for_sections_that_take_quotes() -> None:
    asked = "\nmarket: [{question: How large is it, section: SECTION}]\n"
    assert small(SMALL + asked.replace("SECTION", "words")).market[0].section == "words"
    for section in ("figures", "nowhere"):
        with pytest.raises(WorkspaceInvalid, match=f"'{section}' takes no quotes, or there is none"):
            small(SMALL + asked.replace("SECTION", section))


@pytest.mark.parametrize("figure", ["9569.81", "-385.66", "979.2100", "0.04", "735003.0000"])
def test_a_figure_in_json_is_no_phone_number(sqlite_db: Database, figure: str) -> None:
    mask = RunMask(sqlite_db, "r", open_pattern_detector)
    assert mask.data({"rows": [[figure]]}) == {"rows": [[figure]]}


@pytest.fixture
def claim() -> ClaimedStep:
    nobody = Principal("p", "a@b.example", "A", None, frozenset(), frozenset())
    return ClaimedStep("s", "r", "part.1", "crew", "c", 1, 1, 60.0, "The run's own", None, nobody, None, None)


def test_a_step_asks_what_its_workflow_says(claim: ClaimedStep) -> None:
    assert asked_question(claim) == "The run's own"
    asks = replace(claim, asks="item.question", item={"question": "Of this one?"})
    assert asked_question(asks) == "Of this one?"
    earlier = {"output": {"topic": "rental"}, "crew": "c"}
    assert asked_question(replace(claim, asks="plan.topic", inputs={"plan": earlier})) == "rental"
    for item in ({}, {"question": 5}, {"question": " "}):
        with pytest.raises(StepUnfit, match=r"asks 'item.question', which is not a text"):
            asked_question(replace(asks, item=item))


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ({"kind": "function", "uses": "f", "asks": "item"}, "only a crew step has `asks` and `tools`"),
        ({"kind": "function", "uses": "f", "tools": ["a"]}, "only a crew step has `asks` and `tools`"),
        ({"kind": "crew", "uses": "c", "asks": "other.x"}, "asks: it reads 'other'"),
    ],
)
def test_a_step_that_could_ask_nothing_is_refused(extra: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        StepSpec.model_validate({"key": "k", **extra})
