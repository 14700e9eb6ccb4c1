"""Values of a series that stand out against its trend and season.

The bar rises with the length of the series, so that noise alone is seldom told as an anomaly.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from knowledge.warehouse.result import NumberResult
from knowledge.warehouse.statistics.columns import (
    estimate,
    estimated,
    is_time,
    plain,
    refuse_blocked,
)
from knowledge.warehouse.statistics.outliers import find_outliers
from knowledge.warehouse.statistics.season import Marks, Numbers, find_season, smooth
from knowledge.warehouse.statistics.series import Series, read_series
from knowledge.warehouse.statistics.statistic import Statistic
from knowledge.warehouse.wording import show_with_unit

LEAST_PERIODS = 12
_TOLD = 5
_MOST_FOUND = 20
# In standard errors of a rank correlation.
_GROWS = 2
_NOTHING = 1e-9
_LEAST_SCORE = 3.5
_CHANCE = 0.05
_MAD_TO_DEVIATION = 1.4826
_MEAN_TO_DEVIATION = 1.2533
_SERIES_METHOD = (
    "What {model} leaves{scale}, as a robust z score (distance over 1.4826 times the median absolute "
    "deviation, Iglewicz and Hoaglin 1993); told from {score:.1f} on, which noise reaches in about one of "
    "20 such series."
)


def find_anomalies(result: NumberResult, metric: str | None = None, time: str | None = None) -> Statistic:
    """In a series if the result has a time, else in the table. Raises QueryRefused."""
    refuse_blocked(result)
    if time is not None or any(is_time(result, at) for at in range(len(result.columns))):
        return _find_in_series(read_series(result, metric, time, LEAST_PERIODS, "A search for anomalies"))
    return find_outliers(result, metric)


def _find_in_series(series: Series) -> Statistic:
    season = find_season(series)
    bar = _bar(len(series.days))
    period = season.period if season else 0
    relative = _is_relative(series, period)
    values = np.log(series.values) if relative else series.values
    expected, scores, found = _search(series, values, period, bar)
    if relative:
        expected = np.exp(expected)
    model = (
        "trend and season (LOWESS, Cleveland 1979, and seasonal medians)"
        if season
        else "the trend (LOWESS, Cleveland 1979)"
    )
    rest = series.values - expected
    column = series.column
    return Statistic(
        name="anomalies",
        findings=_series_findings(series, found, expected, scores),
        columns=(
            plain("period", series.grain.capitalize(), "date"),
            estimated(column, "value", column.label),
            estimated(column, "expected", "Expected"),
            estimated(column, "difference", "Difference"),
            plain("score", "Robust z", "float", 1),
        ),
        rows=tuple(
            (
                series.days[at],
                series.exact[at],
                estimate(float(expected[at]), column),
                estimate(float(rest[at]), column),
                round(float(scores[at]), 2),
            )
            for at in found
        ),
        method=_SERIES_METHOD.format(model=model, score=bar, scale=" of the logarithms" if relative else ""),
        caveats=series.caveats,
    )


def _expect(series: Series, values: Numbers, period: int, out: Marks) -> Numbers:
    """What each period should be, judged without those that are out and, in its season, without itself: a
    value that is part of its own measure never looks far off."""
    if not period:
        return smooth(series, values, out)
    effects = _typical(values - smooth(series, values, out), period, out)
    course = smooth(series, values - effects, out)
    return course + _typical(values - course, period, out)


def _is_relative(series: Series, period: int) -> bool:
    """Whether ups and downs grow with the level, as those of a growing business do: then shares of the level
    are compared, or every busy season would look odd."""
    # 0.7 s to import.
    from scipy.stats import spearmanr

    values = series.values
    if np.min(values) <= 0 or np.ptp(values) == 0:
        return False
    expected = _expect(series, values, period, np.zeros(len(values), dtype=bool))
    distance = np.abs(values - expected)
    if np.ptp(expected) == 0 or np.ptp(distance) == 0:
        return False
    return float(spearmanr(distance, expected).statistic) > _GROWS / sqrt(len(values))


def _typical(detrended: Numbers, period: int, out: Marks) -> Numbers:
    typical = np.zeros_like(detrended)
    for place in range(period):
        members = np.arange(place, len(detrended), period)
        for at in members:
            others = members[(members != at) & ~out[members]]
            typical[at] = np.median(detrended[others]) if len(others) else 0.0
    return typical


def _search(series: Series, values: Numbers, period: int, bar: float) -> tuple[Numbers, Numbers, list[int]]:
    """What is expected, robust z scores, and the places that stand out, the farthest first. One is taken out
    at a time, since an odd value makes its neighbours look odd."""
    bridged = np.array([day in series.filled for day in series.days])
    out = bridged.copy()
    for _ in range(min(_MOST_FOUND, len(out) // 5) + 1):
        expected = _expect(series, values, period, out)
        scores = _score(values - expected, out)
        farthest = int(np.argmax(np.where(out, 0, np.abs(scores))))
        if out[farthest] or abs(scores[farthest]) < bar:
            break
        out[farthest] = True
    found = [int(at) for at in np.flatnonzero(out & ~bridged) if abs(scores[at]) >= bar]
    return expected, scores, sorted(found, key=lambda at: (-abs(scores[at]), at))


def _score(rest: Numbers, out: Marks) -> Numbers:
    """Robust z, by the spread of those that are not out; zero throughout if there is none."""
    kept = rest[~out]
    middle = float(np.median(kept))
    distance = np.abs(kept - middle)
    spread = _MAD_TO_DEVIATION * float(np.median(distance))
    if spread <= _NOTHING * float(np.max(distance)):
        # More than half are just as expected; the mean distance still tells ordinary from odd.
        spread = _MEAN_TO_DEVIATION * float(np.mean(distance))
    return (rest - middle) / spread if spread > 0 else np.zeros_like(rest)


def _bar(count: int) -> float:
    # 0.7 s to import.
    from scipy.stats import t

    # Student's t with a third of the values as degrees of freedom: the spread is itself an estimate, and
    # that of a robust fit. Found by trying: with the normal distribution a series of 24 has one in four.
    return max(_LEAST_SCORE, float(t.isf(_CHANCE / (2 * count), count / 3)))


def _series_findings(
    series: Series, found: Sequence[int], expected: Numbers, scores: Numbers
) -> tuple[str, ...]:
    column = estimated(series.column, series.column.name, series.column.label)
    span = f"from {series.call(0)} to {series.call(-1)}"
    if not found:
        return (f"No value of {column.label} stands out among {len(scores):,} {series.grain}s {span}.",)
    stand = "1 value stands" if len(found) == 1 else f"{len(found):,} values stand"
    sentences = [f"{stand} out among {len(scores):,} {series.grain}s of {column.label} {span}."]
    for at in found[:_TOLD]:
        there, due = series.exact[at], estimate(float(expected[at]), column)
        above = "above" if there > due else "below"
        sentences.append(
            f"{series.call(at)}: {show_with_unit(there, column)}, {show_with_unit(abs(there - due), column)} "
            f"{above} the expected {show_with_unit(due, column)} (z = {scores[at]:.1f})."
        )
    return tuple(sentences)
