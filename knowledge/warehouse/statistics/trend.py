"""Whether a metric rises or falls over time, by how much, and whether that may be chance.

Unfinished periods never count, and a season is taken out first: both look like a trend and are none.
"""

import numpy as np

from knowledge.warehouse.result import NumberResult
from knowledge.warehouse.statistics.columns import estimate, estimated, plain
from knowledge.warehouse.statistics.season import Season, find_season
from knowledge.warehouse.statistics.series import Series, read_series
from knowledge.warehouse.statistics.slope import Slope, fit_slope
from knowledge.warehouse.statistics.statistic import Statistic
from knowledge.warehouse.wording import show_with_unit

LEAST_PERIODS = 8
CHANCE = 0.05
_ALIKE = 0.4
_METHOD = (
    "Slope and its 95 % interval by Theil and Sen (Sen 1968), significance by the Mann-Kendall test "
    "(Kendall 1975)"
)
_SEASONAL = ", comparing only periods of the same place in the season (Hirsch, Slack and Smith 1982)."


def find_trend(result: NumberResult, metric: str | None = None, time: str | None = None) -> Statistic:
    """Of one metric over time; eight finished periods are the least. Raises QueryRefused."""
    series = read_series(result, metric, time, LEAST_PERIODS, "A trend")
    season = find_season(series)
    slope = fit_slope(series.values, season.period if season else 1)
    column = series.column
    told = estimated(column, "slope", f"Change a {series.grain}")
    bounds = estimated(column, "low", "At least"), estimated(column, "high", "At most")
    ends = estimated(column, "first", "First value"), estimated(column, "last", "Last value")
    return Statistic(
        name="trend",
        findings=(*_findings(series, slope), *_season_finding(series, season)),
        columns=(
            plain("periods", "Periods", "integer"),
            *ends,
            told,
            *bounds,
            plain("chance", "p", "float", 4),
        ),
        rows=(
            (
                len(series.days),
                series.exact[0],
                series.exact[-1],
                *(estimate(value, column) for value in (slope.middle, slope.low, slope.high)),
                round(slope.chance, 4),
            ),
        ),
        method=_METHOD + (_SEASONAL if season else "."),
        caveats=(*_likeness(series, slope, season), *series.caveats),
    )


def _findings(series: Series, slope: Slope) -> tuple[str, ...]:
    column = estimated(series.column, series.column.name, series.column.label)
    span = f"from {series.call(0)} to {series.call(-1)}"
    ends = (
        f"It began at {show_with_unit(series.exact[0], column)} ({series.call(0)}) and ended at "
        f"{show_with_unit(series.exact[-1], column)} ({series.call(-1)})."
    )
    low, high = (show_with_unit(estimate(value, column), column) for value in (slope.low, slope.high))
    figures = f"95 % interval {low} to {high}, p {_call_chance(slope.chance)}"
    if slope.chance >= CHANCE or slope.middle == 0:
        return (f"{column.label} shows no trend that could not be chance {span} ({figures}).", ends)
    verb = "rose" if slope.middle > 0 else "fell"
    by = show_with_unit(estimate(abs(slope.middle), column), column)
    return (f"{column.label} {verb} by about {by} a {series.grain} {span} ({figures}).", ends)


def _season_finding(series: Series, season: Season | None) -> tuple[str, ...]:
    if season is None:
        return ()
    return (
        f"It has a season of {season.period} {series.grain}s: highest in {season.highest}, lowest in "
        f"{season.lowest}; the trend is without it.",
    )


def _call_chance(chance: float) -> str:
    return "< 0.001" if chance < 0.001 else f"= {chance:.3f}"


def _likeness(series: Series, slope: Slope, season: Season | None) -> tuple[str, ...]:
    """The caveat that the test counts values as independent that are not."""
    rest = series.values - slope.middle * np.arange(len(series.days))
    rest = rest - rest.mean() - (season.effects if season else 0)
    spread = float(np.sum(rest**2))
    alike = float(np.sum(rest[1:] * rest[:-1])) / spread if spread else 0.0
    if alike < _ALIKE:
        return ()
    return (
        f"Values next to each other resemble each other (correlation {alike:.2f}), so p is smaller than it "
        "should be.",
    )
