"""Summaries, correlations and requests: known answers, and what cannot be answered."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import pearsonr, spearmanr

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.result import Value
from knowledge.warehouse.statistics.correlation import correlate
from knowledge.warehouse.statistics.request import StatisticRequest, compute_statistic
from knowledge.warehouse.statistics.statistic import Statistic
from knowledge.warehouse.statistics.summary import summarize
from tests.unit.knowledge.warehouse.results import (
    BLOCKED,
    DAY,
    ORDERS,
    RATE,
    REGION,
    REVENUE,
    make_result,
    over_time,
    seasonal,
)


def told(statistic: Statistic, row: int = 0) -> dict[str, Value]:
    return {column.name: value for column, value in zip(statistic.columns, statistic.rows[row], strict=True)}


class TestSummary:
    def test_exact_values(self) -> None:
        values = ["10.10", "20.20", "30.30", "40.40", "0.10"]
        rows = [(f"r{at}", Decimal(value)) for at, value in enumerate(values)]
        measures = told(summarize(make_result((REGION, REVENUE), [*rows, ("r9", None)])))
        assert measures == {
            "count": 5,
            "missing": 1,
            "minimum": Decimal("0.10"),
            "lower_quartile": Decimal("10.10"),
            "median": Decimal("20.20"),
            "upper_quartile": Decimal("30.30"),
            "maximum": Decimal("40.40"),
            "mean": Decimal("20.2200"),
            "standard_deviation": Decimal("15.9379"),
            "sum": Decimal("101.10"),
        }

    def test_as_numpy_has_them(self) -> None:
        values = np.random.default_rng(3).normal(50, 9, size=41).round(2)
        measures = told(summarize(over_time(values)))
        for name, share in (("lower_quartile", 0.25), ("median", 0.5), ("upper_quartile", 0.75)):
            assert float(str(measures[name])) == pytest.approx(np.quantile(values, share))
        assert float(str(measures["mean"])) == pytest.approx(values.mean(), abs=1e-4)
        assert float(str(measures["standard_deviation"])) == pytest.approx(values.std(ddof=1), abs=1e-4)

    def test_cents_that_floats_would_lose(self) -> None:
        rows = [("a", Decimal("9007199254740993.01")), ("b", Decimal("0.01")), ("c", Decimal("-0.02"))]
        measures = told(summarize(make_result((REGION, REVENUE), rows)))
        assert measures["sum"] == Decimal("9007199254740993.00")

    def test_sentences_name_the_groups(self) -> None:
        rows = [("North", Decimal(3)), ("South", Decimal(1))]
        summary = summarize(make_result((REGION, REVENUE), rows, too_small=2))
        assert summary.findings[0].startswith(
            "Revenue has 2 values, from 1.00 EUR (South) to 3.00 EUR (North);"
        )
        assert summary.findings[-1] == "Its sum is 4.00 EUR."
        assert "Left out: 2 groups with too few rows to be told of." in summary.caveats

    def test_what_is_not_additive_has_no_sum(self) -> None:
        rows = [("North", 0.5), ("South", 0.25)]
        assert told(summarize(make_result((REGION, RATE), rows)))["sum"] is None

    def test_infinite_values_count_as_missing(self) -> None:
        rows = [("a", float("inf")), ("b", float("nan")), ("c", 2.0)]
        measures = told(summarize(make_result((REGION, RATE), rows)))
        assert (measures["count"], measures["missing"], measures["maximum"]) == (1, 2, Decimal(2))

    def test_numbers_beyond_all_measure(self) -> None:
        with pytest.raises(QueryRefused, match="more than 20 digits"):
            summarize(make_result((REGION, RATE), [("a", 1e300), ("b", 1.0)]))

    def test_nothing_of_what_is_blocked(self) -> None:
        result = make_result((REGION, REVENUE), [("a", Decimal(1))], quality=BLOCKED)
        with pytest.raises(QueryRefused, match=r"sales\.orders is 3 days late"):
            summarize(result)

    def test_no_values(self) -> None:
        with pytest.raises(QueryRefused, match="Revenue has no values"):
            summarize(make_result((REGION, REVENUE), [("a", None)]))

    def test_a_column_that_is_not_there(self) -> None:
        with pytest.raises(QueryRefused, match="no column of numbers called 'profit'; there is revenue"):
            summarize(make_result((REGION, REVENUE), [("a", Decimal(1))]), "profit")

    @pytest.mark.parametrize("name", ["orders", "Orders", "sales.orders"])
    def test_columns_by_name_and_label(self, name: str) -> None:
        result = make_result((REVENUE, ORDERS), [(Decimal(1), 2), (Decimal(3), 4)])
        assert told(summarize(result, name))["maximum"] == Decimal(4)


class TestCorrelation:
    def test_as_scipy_has_it(self) -> None:
        drawn = np.random.default_rng(1)
        first = drawn.normal(size=40)
        second = 0.6 * first + drawn.normal(size=40)
        rows = [
            (f"r{at}", float(one), float(two))
            for at, (one, two) in enumerate(zip(first, second, strict=True))
        ]
        found = correlate(make_result((REGION, RATE, REVENUE), rows), "rate", "revenue")
        expected = pearsonr(first, second)
        interval = expected.confidence_interval(0.95)
        assert found.rows[0] == (
            "Pearson",
            *(pytest.approx(value, abs=1e-3) for value in (expected.statistic, interval.low, interval.high)),
            40,
        )
        assert found.rows[1][1] == pytest.approx(spearmanr(first, second).statistic, abs=1e-3)
        assert "does not say that one is the cause" in found.caveats[0]

    def test_series_are_told_by_their_changes_too(self) -> None:
        drawn = np.random.default_rng(2).normal(size=(2, 60))
        rows = [
            (date(2026, 1, 1).replace(day=1 + at % 28, month=1 + at // 28), 10 * at + 3 * a, 7 * at + 3 * b)
            for at, (a, b) in enumerate(drawn.T)
        ]
        found = correlate(make_result((DAY, RATE, REVENUE), rows), "rate", "revenue")
        assert found.rows[0][1] == pytest.approx(1, abs=0.01)
        assert found.rows[2][0] == "Pearson, of the changes"
        assert abs(float(str(found.rows[2][1]))) < 0.4
        assert found.rows[2][4] == 59

    def test_rows_without_one_of_both_do_not_count(self) -> None:
        rows = [(f"r{at}", at, None if at == 3 else -at * at) for at in range(12)]
        found = correlate(make_result((REGION, ORDERS, REVENUE), rows), "orders", "revenue")
        assert (found.rows[1][1], found.rows[0][4]) == (-1.0, 11)
        assert "Left out: 1 row without one of the two." in found.caveats
        assert found.findings[0].startswith("Orders and Revenue go against each other strongly: r = -0.9")

    def test_too_few_and_constant(self) -> None:
        few = make_result((REGION, ORDERS, REVENUE), [("a", 1, 2)] * 9)
        with pytest.raises(
            QueryRefused, match="needs at least 10 rows with both Orders and Revenue; there are 9"
        ):
            correlate(few, "orders", "revenue")
        constant = make_result((REGION, ORDERS, REVENUE), [("a", 1, at) for at in range(12)])
        with pytest.raises(QueryRefused, match="Orders is the same in all rows"):
            correlate(constant, "orders", "revenue")
        with pytest.raises(QueryRefused, match="two different columns"):
            correlate(constant, "orders", "Orders")


class TestRequest:
    @pytest.mark.parametrize("kind", ["summary", "trend", "anomalies", "forecast"])
    def test_each_kind_of_a_series(self, kind: str) -> None:
        request = StatisticRequest.model_validate({"kind": kind})
        statistic = compute_statistic(over_time(seasonal(40, 12)), request)
        assert statistic.name == kind
        assert statistic.findings
        assert statistic.method

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"kind": "summary", "horizon": 3}, "summary takes no `horizon`; it takes metric"),
            ({"kind": "correlation", "metric": "a"}, "correlation needs `metric` and `other`"),
            ({"kind": "decomposition", "numerator": "a"}, "both `numerator` and `denominator`"),
            ({"kind": "forecast", "horizon": 0}, "greater than or equal to 1"),
            ({"kind": "magic"}, "Input should be"),
            ({"kind": "trend", "code": "1"}, "Extra inputs"),
        ],
    )
    def test_what_does_not_belong_together(self, fields: dict[str, object], sentence: str) -> None:
        with pytest.raises(ValidationError, match=sentence):
            StatisticRequest.model_validate(fields)

    def test_the_same_twice(self) -> None:
        result = over_time(seasonal(30, 12, slope=0.3))
        for kind in ("trend", "anomalies", "forecast"):
            request = StatisticRequest.model_validate({"kind": kind})
            assert compute_statistic(result, request) == compute_statistic(result, request)
