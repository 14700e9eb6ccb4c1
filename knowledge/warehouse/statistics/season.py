"""What comes again each week or year in a series, where there is enough history to tell it from chance, and
the smooth course of what is left.

The season is the same each time (a median for each of its places). STL's, which may change from year to year,
follows short histories so closely that noise looked like anomalies: 98 of 100 series of five years by month.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.statistics.periods import SEASONS, call_season
from knowledge.warehouse.statistics.series import Series

Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]

# With two seasons the test below could not tell a season from chance whatever the values are.
_LEAST_SEASONS = 3
_CHANCE = 0.01
# How many periods the course at one place looks at: enough to be smooth, few enough to follow the swing of a
# year in days.
_SPANS = {Grain.DAY: 61, Grain.WEEK: 27, Grain.MONTH: 25, Grain.QUARTER: 13, Grain.YEAR: 11}
_WIDEST = 0.75


@dataclass(frozen=True, slots=True)
class Season:
    """`effects` is what the season adds to each period of the series."""

    period: int
    effects: Numbers
    highest: str
    lowest: str


def find_season(series: Series) -> Season | None:
    """None where the grain has no season, the history is short, or the season may be chance (Kruskal-Wallis
    test over the places in the season of what the trend leaves, p >= 0.01)."""
    # 0.7 s to import.
    from scipy.stats import kruskal

    values = series.values
    period = SEASONS.get(series.grain, 0)
    if not period or len(values) < _LEAST_SEASONS * period or np.ptp(values) == 0:
        return None
    detrended = values - smooth(series, values)
    if np.ptp(detrended) == 0 or kruskal(*by_place(detrended, period)).pvalue >= _CHANCE:
        return None
    # Once more without the season, which had pulled at the trend's ends.
    detrended = values - smooth(series, values - _effects(detrended, period))
    effects = _effects(detrended, period)
    names = [call_season(series.days[place], series.grain) for place in range(period)]
    first = effects[:period]
    return Season(period, effects, names[int(np.argmax(first))], names[int(np.argmin(first))])


def smooth(series: Series, values: Numbers, left_out: Marks | None = None) -> Numbers:
    """The course of values over the series' periods, by robust local lines (LOWESS), looking at all that are
    not left out."""
    # A second to import.
    from statsmodels.nonparametric.smoothers_lowess import lowess

    if np.ptp(values) == 0:
        return values
    at = np.arange(len(values), dtype=np.float64)
    kept = np.ones(len(values), dtype=bool) if left_out is None else ~left_out
    share = min(_WIDEST, _SPANS[series.grain] / len(values))
    return np.asarray(lowess(values[kept], at[kept], frac=share, it=3, xvals=at), dtype=np.float64)


def by_place(values: Numbers, period: int) -> list[Numbers]:
    """The values of each place in the season."""
    return [values[place::period] for place in range(period)]


def _effects(detrended: Numbers, period: int) -> Numbers:
    medians = np.array([float(np.median(place)) for place in by_place(detrended, period)])
    return np.resize(medians - medians.mean(), len(detrended))
