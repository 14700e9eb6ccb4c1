"""What a chart shows of a result, what it says besides, and that there is nothing in it that could be fetched
or run."""

import json
import struct
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from knowledge.warehouse.charts.chart import Chart, ChartChoice, chart_for, chart_from_choice
from knowledge.warehouse.charts.render import render_chart
from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.result import NumberResult, ResultColumn, Value
from knowledge.warehouse.statistics.periods import step_from
from ledger.errors import InvalidInput
from tests.unit.knowledge.warehouse.results import (
    BEFORE,
    BLOCKED,
    DAY,
    KIND,
    RATE,
    REGION,
    REVENUE,
    WARNED,
    make_result,
    over_time,
)

AS_OF = datetime(2026, 9, 15, 6, 30, tzinfo=UTC)
# What Vega-Lite would fetch, run or link to.
DANGEROUS = {"url", "expr", "signal", "transform", "params", "href", "tooltip", "loader", "test", "datasets"}


def regions(count: int, column: ResultColumn = REVENUE) -> NumberResult:
    rows = [(f"Store {at}", Decimal(at) + Decimal("0.05")) for at in range(1, count + 1)]
    return make_result((REGION, column), rows, as_of=AS_OF)


def drawn(result: NumberResult, kind: Any = None) -> Chart:
    chart = chart_for(result, "A title", kind)
    assert chart is not None
    return chart


def bars_of(chart: Chart) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = chart.spec["layer"][0]["data"]["values"]
    return values


def points_of(chart: Chart) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = chart.spec["data"]["values"]
    return values


def keys(node: Any) -> Iterator[str]:
    """Of a spec, however deep; what is data is texts and numbers only."""
    if isinstance(node, dict):
        yield from node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from keys(child)


class TestChoice:
    def test_time_makes_a_line(self) -> None:
        chart = drawn(over_time([1.0, 2.0, 3.5]))
        assert chart.kind == "line"
        assert [point["value"] for point in points_of(chart)] == [1.0, 2.0, 3.5]
        assert points_of(chart)[1]["x"] == 1_580_515_200_000
        assert chart.spec["encoding"]["x"]["scale"]["type"] == "utc"
        assert chart.spec["encoding"]["y"]["axis"]["title"] == "Revenue (EUR)"

    def test_groups_make_bars_the_largest_first(self) -> None:
        rows = [("South", Decimal(5)), ("North", Decimal("9.5")), ("East", None), ("West", Decimal(-3))]
        chart = drawn(make_result((REGION, REVENUE), rows))
        assert chart.kind == "bars"
        assert [(bar["x"], bar["label"]) for bar in bars_of(chart)] == [
            ("North", "9.50"),
            ("South", "5.00"),
            ("West", "-3.00"),
            ("East", "-"),
        ]
        assert chart.spec["layer"][0]["encoding"]["y"]["sort"] == ["North", "South", "West", "East"]
        assert [layer["mark"].get("align") for layer in chart.spec["layer"]] == [None, "left", "right"]

    def test_a_comparison_makes_grouped_bars(self) -> None:
        rows = [("North", Decimal(9), Decimal(4)), ("South", Decimal(3), None)]
        chart = drawn(make_result((REGION, REVENUE, BEFORE), rows))
        assert chart.kind == "grouped bars"
        assert [(bar["series"], bar["value"]) for bar in bars_of(chart)] == [
            ("Revenue", 9.0),
            ("Revenue before", 4.0),
            ("Revenue", 3.0),
            ("Revenue before", None),
        ]
        colours = chart.spec["layer"][0]["encoding"]["color"]["scale"]
        assert colours["domain"] == ["Revenue", "Revenue before"]
        assert len(set(colours["range"])) == 2

    def test_a_single_number_makes_none(self) -> None:
        assert chart_for(make_result((REVENUE,), [(Decimal(5),)]), "x") is None
        assert chart_for(make_result((REGION, REVENUE), [("North", Decimal(5))]), "x") is None
        assert chart_for(make_result((REGION, REVENUE), [("a", None), ("b", None)]), "x") is None
        assert chart_for(make_result((REGION, REVENUE), []), "x") is None

    def test_what_is_blocked_makes_none(self) -> None:
        blocked = make_result((REGION, REVENUE), [], quality=BLOCKED)
        assert chart_for(blocked, "x") is None
        with pytest.raises(QueryRefused, match="3 days late"):
            chart_for(blocked, "x", "bars")

    def test_free_sql_has_no_roles(self) -> None:
        name = ResultColumn("name", "name", "string", "column")
        total = ResultColumn("total", "total", "decimal", "column")
        chart = drawn(make_result((name, total), [("a", Decimal(1)), ("b", Decimal(2))]))
        assert (chart.kind, [bar["x"] for bar in bars_of(chart)]) == ("bars", ["b", "a"])

    def test_a_form_that_does_not_fit(self) -> None:
        with pytest.raises(QueryRefused, match="needs values over time"):
            chart_for(regions(3), "x", "line")
        with pytest.raises(QueryRefused, match="Grouped bars need two dimensions"):
            chart_for(regions(3), "x", "grouped bars")

    def test_bars_over_time_stay_in_order(self) -> None:
        chart = drawn(over_time([3.0, 9.0, 1.0]), "bars")
        assert [bar["x"] for bar in bars_of(chart)] == ["January 2020", "February 2020", "March 2020"]


class TestModelsChoice:
    rows = tuple((region, kind, Decimal(at)) for at, region in enumerate("abc", 1) for kind in "xy")
    result = make_result((REGION, KIND, REVENUE), rows)

    def test_series_beside_each_other(self) -> None:
        choice = ChartChoice(kind="grouped bars", x="Region", y="sales.revenue", series="kind", title="T")
        chart = chart_from_choice(self.result, choice)
        assert [(bar["x"], bar["series"]) for bar in bars_of(chart)][:3] == [
            ("c", "x"),
            ("c", "y"),
            ("b", "x"),
        ]

    def test_a_dimension_that_is_left_out_is_summed_if_it_may_be(self) -> None:
        choice = ChartChoice(kind="bars", x="region", y="revenue", title="T")
        chart = chart_from_choice(self.result, choice)
        assert [bar["value"] for bar in bars_of(chart)] == [6.0, 4.0, 2.0]
        assert chart.notes == ("Revenue is summed over Kind.",)
        rate = make_result((REGION, KIND, RATE), self.rows)
        with pytest.raises(QueryRefused, match="several values of Return rate for one place"):
            chart_from_choice(rate, choice.model_copy(update={"y": "rate"}))

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"x": "nothing"}, "no dimension called 'nothing'; there is region, kind"),
            ({"y": "region"}, "no column of numbers called 'region'; there is revenue"),
            ({"kind": "grouped bars", "series": "region"}, "the same column"),
            ({"series": "kind"}, "Bars have no series"),
            ({"kind": "grouped bars"}, "needs two periods"),
            ({"kind": "line"}, "no column of dates called 'region'; there is none"),
        ],
    )
    def test_columns_that_do_not_fit(self, fields: dict[str, str], sentence: str) -> None:
        choice = ChartChoice.model_validate(
            {"kind": "bars", "x": "region", "y": "revenue", "title": "T", **fields}
        )
        with pytest.raises(QueryRefused, match=sentence):
            chart_from_choice(self.result, choice)

    @pytest.mark.parametrize(
        "fields",
        [
            {"data": {"url": "http://evil.example"}},
            {"transform": [{"calculate": "1"}]},
            {"kind": "geoshape"},
            {"title": " \n\t"},
            {"title": {"signal": "x"}},
            {"x": "a" * 201},
        ],
    )
    def test_there_is_no_more_to_choose(self, fields: dict[str, object]) -> None:
        with pytest.raises(ValidationError):
            ChartChoice.model_validate(
                {"kind": "bars", "x": "region", "y": "revenue", "title": "T", **fields}
            )


class TestMany:
    def test_others_are_summed_exactly(self) -> None:
        chart = drawn(regions(31))
        bars = bars_of(chart)
        assert len(bars) == 30
        assert bars[0]["label"] == "31.05"
        assert bars[-1] == {"x": "Others (2)", "value": 3.1, "label": "3.10"}
        assert chart.spec["layer"][0]["encoding"]["color"]["scale"]["range"][-1] == "#A7B1BA"

    def test_thirty_fit(self) -> None:
        assert not any("Others" in bar["x"] for bar in bars_of(drawn(regions(30))))

    def test_what_cannot_be_summed_is_left_out_with_a_word(self) -> None:
        chart = drawn(regions(40, RATE))
        assert len(bars_of(chart)) == 30
        assert chart.notes == ("Shown are the 30 largest of 40; the others are in the table.",)
        assert chart.notes[0] in chart.spec["title"]["subtitle"]

    def test_others_of_a_result_that_was_cut_are_not_told(self) -> None:
        chart = drawn(replace(regions(40), truncated=True))
        assert not any("Others" in bar["x"] for bar in bars_of(chart))
        assert chart.notes[0] == "The result was cut after 40 rows."

    def test_large_negatives_are_kept(self) -> None:
        result = regions(40)
        result = replace(result, rows=(*result.rows, ("Loss", Decimal(-500))))
        assert "Loss" in [bar["x"] for bar in bars_of(drawn(result))]

    def test_a_group_called_others_keeps_its_name(self) -> None:
        result = regions(31)
        result = replace(result, rows=(*result.rows[:-1], ("Others (2)", Decimal(99))))
        names = [bar["x"] for bar in bars_of(drawn(result))]
        assert names[0] == "Others (2)"
        assert names[-1] == "All others (2)"

    def test_lines_are_seven_at_most(self) -> None:
        rows = [(date(2026, month, 1), f"r{at}", Decimal(at)) for month in (1, 2, 3) for at in range(1, 13)]
        chart = drawn(make_result((DAY, REGION, REVENUE), rows))
        sums = {point["series"]: point["value"] for point in points_of(chart)}
        assert list(sums) == ["r7", "r8", "r9", "r10", "r11", "r12", "Others (6)"]
        assert sums["Others (6)"] == 21
        colours = chart.spec["encoding"]["color"]["scale"]["range"]
        assert len(set(colours)) == 7

    def test_a_long_line_has_few_ticks_and_its_last_periods(self) -> None:
        chart = drawn(over_time([float(at) for at in range(1500)], Grain.DAY))
        assert len(points_of(chart)) == 1000
        assert len(chart.spec["encoding"]["x"]["axis"]["values"]) <= 8
        assert chart.notes == ("Shown are the last 1,000 days of 1,500.",)


class TestHonesty:
    def test_as_of_and_quality(self) -> None:
        result = replace(regions(3), quality=WARNED)
        assert drawn(result).spec["title"]["subtitle"] == [
            "As of 2026-09-15 06:30 UTC · Quality: warn - sales.orders has few rows."
        ]
        assert drawn(regions(3)).spec["title"]["subtitle"] == ["As of 2026-09-15 06:30 UTC · Quality: pass"]

    def test_a_period_that_is_not_over(self) -> None:
        chart = drawn(over_time([1.0, 2.0], first=date(2026, 8, 1), as_of=AS_OF))
        assert "September 2026 was not over as of 2026-09-15." in chart.notes

    def test_an_axis_that_does_not_begin_at_zero_says_so(self) -> None:
        lifted = drawn(over_time([100.0, 105.0]))
        assert lifted.spec["encoding"]["y"]["scale"]["domain"][0] > 90
        assert "The axis does not begin at zero." in lifted.spec["title"]["subtitle"][-1]
        assert drawn(over_time([10.0, 105.0])).spec["encoding"]["y"]["scale"]["domain"][0] == 0
        assert drawn(regions(3)).spec["layer"][0]["encoding"]["x"]["scale"]["domain"][0] == 0

    def test_no_line_over_a_gap(self) -> None:
        rows = [(step_from(date(2026, 1, 1), at, Grain.MONTH), Decimal(at)) for at in (0, 1, 4, 5)]
        chart = drawn(make_result((DAY, REVENUE), rows))
        assert [point["value"] for point in points_of(chart)] == [0, 1, None, None, 4, 5]

    def test_large_amounts_are_counted_in_millions_and_written_whole(self) -> None:
        rows = [("a", Decimal("12345678.91")), ("b", Decimal("1000.01"))]
        chart = drawn(make_result((REGION, REVENUE), rows))
        assert chart.spec["layer"][0]["encoding"]["x"]["axis"]["title"] == "Revenue (EUR million)"
        assert [(bar["value"], bar["label"]) for bar in bars_of(chart)] == [
            (12.34567891, "12,345,678.91"),
            (0.00100001, "1,000.01"),
        ]

    def test_percent(self) -> None:
        chart = drawn(make_result((REGION, RATE), [("a", 0.123), ("b", 0.05)]))
        assert chart.spec["layer"][0]["encoding"]["x"]["axis"]["format"] == ".1~%"
        assert [bar["label"] for bar in bars_of(chart)] == ["12.3 %", "5.0 %"]

    def test_words_for_those_who_do_not_see_it(self) -> None:
        assert drawn(regions(3)).alt == (
            "Bar chart: Revenue by Region, 3 values on its axis, from 1.05 EUR to 3.05 EUR."
        )


class TestSafety:
    texts = st.text(max_size=20) | st.sampled_from(
        [
            "http://evil.example/x.png",
            "<script>alert(1)</script>",
            "datum.x",
            "{{x}}",
            "a\nb",
            "\u202e",
            "'\"\\",
        ]
    )
    numbers = (
        st.none()
        | st.decimals(-(10**12), 10**12, places=2)
        | st.floats(-1e19, 1e19)
        | st.integers(-(10**9), 10**9)
    )

    @settings(max_examples=60)
    @given(st.lists(st.tuples(texts, numbers), max_size=40), texts, st.sampled_from([REVENUE, RATE]))
    def test_a_spec_is_json_and_holds_nothing_to_run_or_fetch(
        self, rows: list[tuple[str, Value]], title: str, column: ResultColumn
    ) -> None:
        try:
            chart = chart_for(make_result((REGION, column), rows), title, "bars")
        except QueryRefused:
            return
        assert chart is not None
        assert json.loads(json.dumps(chart.spec, allow_nan=False)) == chart.spec
        assert not DANGEROUS & set(keys(chart.spec))

    def test_only_the_schema_has_an_address(self) -> None:
        text = json.dumps({**drawn(regions(3)).spec, "$schema": ""})
        assert "http" not in text

    def test_texts_are_drawn_as_they_are(self) -> None:
        name = "<script>alert(1)</script> & datum.x"
        chart = drawn(make_result((REGION, REVENUE), [(name, Decimal(1)), ("b", Decimal(2))]))
        svg = render_chart(chart, "svg").decode()
        assert "<script" not in svg
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; datum.x" in svg

    def test_the_renderer_fetches_nothing(self) -> None:
        chart = drawn(over_time([1.0, 2.0]))
        chart = replace(chart, spec={**chart.spec, "data": {"url": "http://127.0.0.1:9/x.json"}})
        with pytest.raises(ValueError, match="not allowed"):
            render_chart(chart)


class TestPictures:
    @pytest.mark.parametrize(
        "result",
        [
            over_time([1.0, None, 3.0, -4.0]),
            regions(31),
            make_result(
                (REGION, REVENUE, BEFORE), [("a", Decimal(1), None), ("b" * 300, Decimal(-2), Decimal(3))]
            ),
            make_result((REGION, REVENUE), [("a", Decimal(0)), (None, Decimal(0))]),
        ],
    )
    def test_they_are_drawn_and_the_same_each_time(self, result: NumberResult) -> None:
        chart = drawn(result)
        png = render_chart(chart, "png", 1.0)
        assert png.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", png[16:24])
        assert 500 < width < 1000
        assert 100 < height < 1200
        assert render_chart(drawn(result), "png", 1.0) == png
        assert render_chart(chart, "svg") == render_chart(drawn(result), "svg")

    def test_scale(self) -> None:
        chart = drawn(regions(3))
        once, twice = (struct.unpack(">II", render_chart(chart, "png", scale)[16:24]) for scale in (1.0, 2.0))
        assert twice == tuple(2 * side for side in once)
        for scale in (0.1, 5.0, float("nan")):
            with pytest.raises(InvalidInput, match=r"scale of 0\.5 to 4"):
                render_chart(chart, "png", scale)

    def test_labels_are_in_a_font_that_comes_along(self) -> None:
        assert "Liberation Sans" in render_chart(drawn(regions(2)), "svg").decode()
