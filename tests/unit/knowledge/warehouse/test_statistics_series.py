"""Trends, anomalies and forecasts: made series whose answer is known, noise that has none, and histories that
are too short or too full of holes."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, theilslopes

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.result import Value
from knowledge.warehouse.statistics.anomalies import find_anomalies
from knowledge.warehouse.statistics.forecast import forecast
from knowledge.warehouse.statistics.periods import call_period, find_grain, step_from, steps_between
from knowledge.warehouse.statistics.season import find_season
from knowledge.warehouse.statistics.series import read_series
from knowledge.warehouse.statistics.slope import fit_slope
from knowledge.warehouse.statistics.trend import find_trend
from tests.unit.knowledge.warehouse.results import (
    BLOCKED,
    DAY,
    RATE,
    REGION,
    REVENUE,
    make_result,
    over_time,
    seasonal,
)

CLOSE = pytest.approx


def noise(count: int, seed: int) -> list[float]:
    return [float(value) for value in np.random.default_rng(seed).normal(100, 5, size=count)]


def number(value: Value) -> float:
    return float(str(value))


class TestPeriods:
    @given(
        first=st.dates(date(2000, 1, 1), date(2030, 1, 1)),
        grain=st.sampled_from(list(Grain)),
        steps=st.integers(0, 200),
    )
    def test_a_step_and_back(self, first: date, grain: Grain, steps: int) -> None:
        if grain not in (Grain.DAY, Grain.WEEK):
            first = first.replace(day=1)
        assert steps_between(first, step_from(first, steps, grain), grain) == steps

    @pytest.mark.parametrize("grain", list(Grain))
    def test_the_grain_is_found(self, grain: Grain) -> None:
        assert find_grain([step_from(date(2024, 2, 1), at, grain) for at in range(6)]) is grain

    def test_names(self) -> None:
        day = date(2026, 7, 1)
        assert [call_period(day, grain) for grain in Grain] == [
            "1 July 2026",
            "the week of 1 July 2026",
            "July 2026",
            "Q3 2026",
            "the year from July 2026",
        ]
        assert call_period(date(2026, 12, 1), Grain.QUARTER) == "the quarter from December 2026"
        assert call_period(date(2026, 10, 1), Grain.QUARTER) == "Q4 2026"


class TestSeries:
    def test_an_unfinished_period_does_not_count(self) -> None:
        result = over_time([10.0] * 11 + [1.0], as_of=datetime(2020, 12, 20, 6, tzinfo=UTC))
        series = read_series(result, None, None, 8, "A trend")
        assert (len(series.days), series.days[-1]) == (11, date(2020, 11, 1))
        assert series.caveats == ("Left out: December 2020, which was not over as of 2020-12-20.",)

    @pytest.mark.parametrize(
        ("as_of", "count"),
        [
            (datetime(2020, 12, 31, 20, tzinfo=UTC), 12),
            (datetime(2021, 1, 1, tzinfo=UTC), 12),
            (datetime(2020, 12, 30, 20, tzinfo=UTC), 11),
            # Data up to the evening before, and of the morning: the last day is missing, or most of it.
            (datetime(2020, 12, 31, tzinfo=UTC), 11),
            (datetime(2020, 12, 31, 9, tzinfo=UTC), 11),
        ],
    )
    def test_the_evening_of_the_last_day_is_late_enough(self, as_of: datetime, count: int) -> None:
        series = read_series(over_time([10.0] * 12, as_of=as_of), None, None, 8, "A trend")
        assert len(series.days) == count

    def test_today_is_not_over_by_day(self) -> None:
        result = over_time([10.0] * 10, Grain.DAY, as_of=datetime(2020, 1, 10, 20, tzinfo=UTC))
        assert len(read_series(result, None, None, 8, "A trend").days) == 9

    def test_a_gap_is_bridged_and_said(self) -> None:
        values: list[float | None] = [float(at) for at in range(20)]
        values[5] = None
        series = read_series(over_time(values), None, None, 8, "A trend")
        assert series.exact[5] == 5
        assert series.filled == {date(2020, 6, 1)}
        assert series.caveats == (
            "No value for June 2020; a straight line between the neighbours stands in.",
        )

    def test_days_without_sales_are_zeros_of_a_sum(self) -> None:
        values = [None if at % 7 == 6 else 10.0 for at in range(28)]
        series = read_series(over_time(values[:-1], Grain.DAY), None, None, 8, "A trend")
        assert series.exact.count(Decimal(0)) == 3
        assert "they count as zero" in series.caveats[0]
        with pytest.raises(QueryRefused, match="3 of 27 days have no Return rate"):
            read_series(over_time(values[:-1], Grain.DAY, column=RATE), None, None, 8, "A trend")

    def test_gaps_that_may_be_hidden_groups_are_no_zeros(self) -> None:
        rows = [(step_from(date(2026, 1, 1), at, Grain.DAY), Decimal(1)) for at in range(27) if at % 7 != 6]
        with pytest.raises(QueryRefused, match="3 of 27 days have no Revenue"):
            read_series(make_result((DAY, REVENUE), rows, too_small=3), None, None, 8, "A trend")

    def test_groups_are_summed_only_where_that_means_something(self) -> None:
        rows = [(date(2026, month, 1), region, Decimal(month)) for month in range(1, 10) for region in "ab"]
        series = read_series(make_result((DAY, REGION, REVENUE), rows), None, None, 8, "A trend")
        assert series.exact[2] == 6
        assert series.caveats == ("Revenue is summed over Region.",)
        with pytest.raises(QueryRefused, match="several values of Return rate for one Day"):
            read_series(make_result((DAY, REGION, RATE), rows), None, None, 8, "A trend")

    def test_refusals(self) -> None:
        with pytest.raises(QueryRefused, match="needs values over time"):
            find_trend(make_result((REGION, REVENUE), [("a", Decimal(1))]))
        with pytest.raises(
            QueryRefused, match="A trend of Revenue needs at least 8 finished months; there are 5"
        ):
            find_trend(over_time([1.0] * 5))
        with pytest.raises(QueryRefused, match="cut after 20 rows"):
            find_trend(make_result((DAY, REVENUE), over_time([1.0] * 20).rows, truncated=True))
        with pytest.raises(QueryRefused, match="3 days late"):
            find_trend(make_result((DAY, REVENUE), over_time([1.0] * 20).rows, quality=BLOCKED))
        hours = [(datetime(2026, 1, 1, hour, tzinfo=UTC), Decimal(hour)) for hour in range(20)]
        with pytest.raises(QueryRefused, match="by day or longer"):
            find_trend(make_result((DAY, REVENUE), hours))


class TestTrend:
    def test_as_scipy_has_it(self) -> None:
        values = np.round(np.arange(30) * 0.8 + np.random.default_rng(4).normal(size=30) * 5, 2)
        mine, expected = fit_slope(values), theilslopes(values, np.arange(30), 0.95)
        assert (mine.middle, mine.low, mine.high) == CLOSE((expected[0], expected[2], expected[3]), abs=0.02)
        # SciPy has no correction for continuity, which makes p a little smaller.
        chance = kendalltau(np.arange(30), values, method="asymptotic").pvalue
        assert chance < mine.chance < chance * 1.3

    def test_a_rise_with_a_season(self) -> None:
        trend = find_trend(over_time(seasonal(48, 12, slope=2)))
        slope, low, high = (number(trend.rows[0][at]) for at in (3, 4, 5))
        assert low < 2 < high
        assert slope == CLOSE(2, abs=0.1)
        assert trend.findings[0].startswith("Revenue rose by about ")
        assert trend.findings[2] == (
            "It has a season of 12 months: highest in April, lowest in October; the trend is without it."
        )

    def test_a_fall_and_no_change(self) -> None:
        fall = find_trend(over_time([100.0 - at for at in range(10)]))
        assert fall.findings[0] == (
            "Revenue fell by about 1.00 EUR a month from January 2020 to October 2020 (95 % interval -1.00 "
            "EUR to -1.00 EUR, p < 0.001)."
        )
        assert fall.findings[1] == (
            "It began at 100.00 EUR (January 2020) and ended at 91.00 EUR (October 2020)."
        )
        assert "no trend that could not be chance" in find_trend(over_time([5.0] * 10)).findings[0]

    def test_noise_is_seldom_a_trend(self) -> None:
        plain = sum(fit_slope(np.array(noise(36, seed))).chance < 0.05 for seed in range(200))
        with_season = sum(
            fit_slope(np.array(seasonal(36, 12, seed=seed)), 12).chance < 0.05 for seed in range(200)
        )
        assert plain <= 20
        assert with_season <= 20

    def test_neighbours_that_resemble_each_other_are_said(self) -> None:
        steps = np.random.default_rng(8).normal(size=60)
        assert "resemble each other" in find_trend(over_time(np.cumsum(steps))).caveats[0]


class TestSeason:
    @pytest.mark.parametrize(
        ("grain", "period", "count"), [(Grain.MONTH, 12, 48), (Grain.DAY, 7, 56), (Grain.QUARTER, 4, 24)]
    )
    def test_it_is_found(self, grain: Grain, period: int, count: int) -> None:
        series = read_series(over_time(seasonal(count, period), grain), None, None, 8, "A trend")
        season = find_season(series)
        assert season is not None
        assert season.period == period
        assert max(season.effects) == CLOSE(10, abs=2.5)

    def test_noise_seldom_has_one(self) -> None:
        found = 0
        for seed in range(60):
            series = read_series(over_time(noise(48, seed)), None, None, 8, "A trend")
            found += find_season(series) is not None
        assert found <= 3


class TestAnomalies:
    @pytest.mark.parametrize(
        ("grain", "period", "count", "at"),
        [
            (Grain.MONTH, 12, 48, 30),
            (Grain.DAY, 7, 120, 119),
            (Grain.QUARTER, 4, 24, 3),
            (Grain.WEEK, 52, 80, 40),
        ],
    )
    def test_what_was_made_odd_is_found_alone(self, grain: Grain, period: int, count: int, at: int) -> None:
        values = seasonal(count, period)
        values[at] -= 14
        found = find_anomalies(over_time(values, grain))
        assert [row[0] for row in found.rows] == [step_from(date(2020, 1, 1), at, grain)]
        day, there, expected, difference, score = found.rows[0]
        assert there == Decimal(str(round(values[at], 2)))
        assert number(expected) == CLOSE(values[at] + 14, abs=4)
        assert number(there) - number(expected) == CLOSE(number(difference), abs=0.011)
        assert number(score) < -4
        assert isinstance(day, date)
        assert found.findings[1].startswith(f"{call_period(day, grain)}: {there} EUR, ")
        assert " EUR below the expected " in found.findings[1]

    def test_two_are_found_though_one_hides_the_other(self) -> None:
        values = seasonal(60, 12)
        values[20] += 80
        values[32] += 12
        found = find_anomalies(over_time(values))
        assert [row[0] for row in found.rows] == [date(2021, 9, 1), date(2022, 9, 1)]

    def test_noise_is_seldom_odd(self) -> None:
        plain = sum(bool(find_anomalies(over_time(noise(40, seed))).rows) for seed in range(60))
        with_season = sum(
            bool(find_anomalies(over_time(seasonal(60, 12, seed=seed))).rows) for seed in range(60)
        )
        assert plain <= 6
        assert with_season <= 8

    def test_busy_weeks_of_a_growing_shop_are_not_odd(self) -> None:
        found = 0
        for seed in range(6):
            at = np.arange(400)
            week = np.array([0.8, 0.8, 0.9, 0.9, 1.2, 1.5, 1.1])[at % 7]
            values = 8000 * (1 + at / 400) * week * np.random.default_rng(seed).lognormal(0, 0.12, 400)
            values[300] *= 0.3
            days = [row[0] for row in find_anomalies(over_time(values, Grain.DAY)).rows]
            assert days[0] == date(2020, 10, 27)
            found += len(days)
        assert found <= 8

    def test_nothing_odd_in_what_never_changes(self) -> None:
        found = find_anomalies(over_time([5.0] * 20))
        assert found.rows == ()
        assert found.findings == (
            "No value of Revenue stands out among 20 months from January 2020 to August 2021.",
        )

    def test_one_odd_value_among_equal_ones(self) -> None:
        found = find_anomalies(over_time([5.0] * 15 + [9.0] + [5.0] * 15))
        assert [row[0] for row in found.rows] == [date(2021, 4, 1)]

    def test_a_bridged_gap_is_never_told(self) -> None:
        values: list[float | None] = [*seasonal(48, 12)]
        values[9] = None
        assert find_anomalies(over_time(values)).rows == ()

    def test_outliers_of_a_table(self) -> None:
        rows = [(f"r{at}", Decimal(at)) for at in range(1, 12)]
        found = find_anomalies(make_result((REGION, REVENUE), [*rows, ("odd", Decimal(30)), ("no", None)]))
        # Quartiles 3.75 and 9.25 of 12 values: fences at -4.5 and 17.5.
        assert found.findings == (
            "1 value lies outside -4.50 EUR to 17.50 EUR, of 12 of Revenue.",
            "odd: 30.00 EUR, 12.50 EUR above that range.",
        )
        assert found.rows == (("odd", Decimal(30), 3.77, True),)
        assert "Left out: 1 row without a value." in found.caveats

    def test_too_little_to_tell(self) -> None:
        with pytest.raises(QueryRefused, match="needs at least 12 finished months; there are 11"):
            find_anomalies(over_time([1.0] * 11))
        with pytest.raises(QueryRefused, match="needs at least 8 values of Revenue; there are 2"):
            find_anomalies(make_result((REGION, REVENUE), [("a", Decimal(1)), ("b", Decimal(2))]))
        with pytest.raises(QueryRefused, match="Half of the values of Revenue are the same"):
            find_anomalies(make_result((REGION, REVENUE), [("a", Decimal(1))] * 9))


class TestForecast:
    def test_a_season_and_a_rise_go_on(self) -> None:
        values = seasonal(72, 12, slope=0.5)
        ahead = forecast(over_time(values[:60]), horizon=12)
        assert [row[0] for row in ahead.rows] == [
            step_from(date(2025, 1, 1), at, Grain.MONTH) for at in range(12)
        ]
        for row, value in zip(ahead.rows, values[60:], strict=True):
            assert number(row[1]) == CLOSE(value, abs=6)
        assert "with a season of 12 months" in ahead.method

    def test_four_of_five_lie_within_the_interval(self) -> None:
        within = tried = 0
        for seed in range(4):
            values = seasonal(44, 4, slope=0.2, noise=2, seed=seed)
            ahead = forecast(over_time(values[:40], Grain.QUARTER), horizon=4)
            for row, value in zip(ahead.rows, values[40:], strict=True):
                within += number(row[2]) <= value <= number(row[3])
                tried += 1
        assert within / tried >= 0.7

    def test_a_week_that_is_always_the_same_comes_again(self) -> None:
        pattern = [10.0, 20.0, 30.0, 40.0, 50.0, 90.0, 70.0] * 8
        ahead = forecast(over_time(pattern, Grain.DAY), horizon=7)
        assert [number(row[1]) for row in ahead.rows] == CLOSE(pattern[:7], abs=0.5)

    def test_no_farther_than_a_third_of_the_history(self) -> None:
        ahead = forecast(over_time(noise(30, 1)), horizon=24)
        assert len(ahead.rows) == 10
        assert any("carry no more than 10 months ahead" in caveat for caveat in ahead.caveats)

    def test_what_was_never_negative_stays_so(self) -> None:
        falling = [float(max(0, 60 - 3 * at)) for at in range(24)]
        ahead = forecast(over_time(falling), horizon=8)
        assert all(number(row[at]) >= 0 for row in ahead.rows for at in (1, 2, 3))

    def test_a_constant_goes_on(self) -> None:
        ahead = forecast(over_time([7.5] * 20), horizon=3)
        assert [row[1:] for row in ahead.rows] == [(Decimal("7.50"),) * 3] * 3

    def test_large_and_small_units(self) -> None:
        small = forecast(over_time(noise(24, 2)), horizon=2).rows
        large = forecast(over_time([value * 1e9 for value in noise(24, 2)]), horizon=2).rows
        assert number(large[0][1]) == CLOSE(number(small[0][1]) * 1e9, rel=1e-2)

    def test_the_whole_is_the_sum_of_its_parts(self) -> None:
        ahead = forecast(over_time(noise(24, 3)), horizon=3)
        total = sum(number(row[1]) for row in ahead.rows)
        assert ahead.findings[2] == f"Over all 3 months that is {total:,.2f} EUR."

    def test_refusals(self) -> None:
        with pytest.raises(
            QueryRefused, match="A forecast of Revenue needs at least 12 finished months; there are 9"
        ):
            forecast(over_time([1.0] * 9))
        with pytest.raises(QueryRefused, match="one period ahead or more"):
            forecast(over_time([1.0] * 20), horizon=0)
