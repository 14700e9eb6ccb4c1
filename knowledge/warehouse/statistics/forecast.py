"""What a metric will be if it goes on as it did, and how far that may be off.

Two models compete on the past: each foretells stretches of it from what came before, and the one that was
nearer foretells the future. No forecast reaches farther than a third of the history.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.result import NumberResult, ResultColumn
from knowledge.warehouse.statistics.columns import estimate, estimated, plain
from knowledge.warehouse.statistics.periods import SEASONS, call_period, step_from
from knowledge.warehouse.statistics.season import Numbers, find_season
from knowledge.warehouse.statistics.series import Series, read_series
from knowledge.warehouse.statistics.statistic import Statistic
from knowledge.warehouse.wording import show_with_unit

LEAST_PERIODS = 12
_HISTORY_PER_STEP = 3
_ORIGINS = 4
_DEVIATIONS_80 = 1.281552
_OUTSIDE = 0.2
_WORTH_A_WORD = 1.05
# Older periods say little of the future and cost time in each of the fits.
_LONGEST_HISTORY = 210


_Row = tuple[date, Decimal, Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Outlook:
    """One value for each step ahead, and the bounds of its 80 % interval."""

    middle: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True, slots=True)
class _Trial:
    """How a model did on the past: its mean absolute error over so many values, and by how much its
    intervals have to be wider for 80 % of these to lie within."""

    name: str
    foretell: Callable[[Numbers, int, int], Outlook]
    error: float
    tried: int
    widen: float


def forecast(
    result: NumberResult, metric: str | None = None, time: str | None = None, horizon: int | None = None
) -> Statistic:
    """So many periods ahead, at most a third of the history; without a number, a season or as many as may
    be. Raises QueryRefused if fewer than 12 periods are over."""
    series = read_series(result, metric, time, LEAST_PERIODS, "A forecast")
    season = find_season(series)
    period = season.period if season else 1
    if horizon is not None and horizon < 1:
        raise QueryRefused("A forecast reaches one period ahead or more.")
    most = len(series.days) // _HISTORY_PER_STEP
    steps = min(most, horizon or max(period, 3))
    history = series.values[-_LONGEST_HISTORY:]
    trials = [
        _try(name, foretell, history, period, steps)
        for name, foretell in (
            ("Seasonal naive" if period > 1 else "Naive", foretell_naively),
            ("Exponential smoothing", foretell_smoothly),
        )
    ]
    # In doubt the simpler one, which is the first.
    best = min(trials, key=lambda trial: trial.error)
    outlook = _widen(best.foretell(history, steps, period), best.widen)
    outlook = _never_negative(outlook, series)
    rows = _rows(series, outlook, steps)
    return Statistic(
        name="forecast",
        findings=_findings(series, rows),
        columns=_columns(series),
        rows=rows,
        method=_method(trials, best, period, series),
        caveats=(*_caveats(series, best, horizon, most, period), *series.caveats),
    )


def foretell_naively(history: Numbers, steps: int, period: int) -> Outlook:
    """Each period as it was a season ago; the interval grows with the seasons that lie between (Hyndman and
    Athanasopoulos 2021, 5.5)."""
    middle = np.resize(history[-period:], steps)
    misses = history[period:] - history[:-period]
    seasons = np.arange(steps) // period + 1
    reach = _DEVIATIONS_80 * float(np.sqrt(np.mean(misses**2))) * np.sqrt(seasons)
    return Outlook(middle, middle - reach, middle + reach)


def foretell_smoothly(history: Numbers, steps: int, period: int) -> Outlook:
    """Exponential smoothing with a damped trend, and a season if there is one (ETS(A,Ad,A))."""
    # A second to import.
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    if np.ptp(history) == 0:
        return foretell_naively(history, steps, 1)
    # The optimizer works on numbers around 1, whatever the unit is.
    centre, scale = float(np.mean(history)), float(np.std(history))
    model = ETSModel(
        # It foretells intervals for pandas's series only.
        pd.Series((history - centre) / scale),
        error="add",
        trend="add",
        damped_trend=True,
        seasonal="add" if period > 1 else None,
        seasonal_periods=period if period > 1 else None,
    )
    with warnings.catch_warnings():
        # That the optimizer stopped early makes a worse fit, which the trial on the past will show.
        warnings.simplefilter("ignore")
        fitted = model.fit(disp=False, maxiter=200)
        ahead = fitted.get_prediction(start=len(history), end=len(history) + steps - 1)
        bounds = np.asarray(ahead.pred_int(alpha=_OUTSIDE), dtype=np.float64)
        middle = np.asarray(ahead.predicted_mean, dtype=np.float64)
    return Outlook(middle * scale + centre, bounds[:, 0] * scale + centre, bounds[:, 1] * scale + centre)


def _try(
    name: str,
    foretell: Callable[[Numbers, int, int], Outlook],
    history: Numbers,
    period: int,
    steps: int,
) -> _Trial:
    """On the past, from several origins (rolling-origin evaluation, Tashman 2000); each leaves two seasons
    and eight periods of history at least."""
    least = max(2 * period + 2, 8)
    ahead = min(steps, len(history) - least)
    last = len(history) - ahead
    origins = sorted({max(least, last - at * max(1, ahead // 2)) for at in range(_ORIGINS)})
    misses: list[Numbers] = []
    reaches: list[Numbers] = []
    for origin in origins:
        outlook = foretell(history[:origin], ahead, period)
        there = history[origin : origin + ahead]
        misses.append(np.abs(there - outlook.middle))
        reaches.append((outlook.high - outlook.low) / 2)
    missed, reached = np.concatenate(misses), np.concatenate(reaches)
    error = float(np.mean(missed))
    ratios = missed[reached > 0] / reached[reached > 0]
    widen = max(1.0, float(np.quantile(ratios, 1 - _OUTSIDE))) if len(ratios) else 1.0
    return _Trial(name, foretell, error if np.isfinite(error) else np.inf, len(missed), widen)


def _widen(outlook: Outlook, factor: float) -> Outlook:
    middle = outlook.middle
    return Outlook(
        middle, middle - (middle - outlook.low) * factor, middle + (outlook.high - middle) * factor
    )


def _never_negative(outlook: Outlook, series: Series) -> Outlook:
    """What never was below zero, and is summed, will not be."""
    if series.column.additivity != "additive" or min(series.exact) < 0:
        return outlook
    parts = (np.maximum(part, 0.0) for part in (outlook.middle, outlook.low, outlook.high))
    return Outlook(*parts)


def _rows(series: Series, outlook: Outlook, steps: int) -> tuple[_Row, ...]:
    count = len(series.days)
    days = (step_from(series.days[0], count + at, series.grain) for at in range(steps))
    middle, low, high = (
        [estimate(float(value), series.column) for value in part]
        for part in (outlook.middle, outlook.low, outlook.high)
    )
    return tuple(zip(days, middle, low, high, strict=True))


def _columns(series: Series) -> tuple[ResultColumn, ...]:
    column = series.column
    return (
        plain("period", series.grain.capitalize(), "date"),
        estimated(column, "forecast", f"{column.label} (forecast)"),
        estimated(column, "low", "At least (80 %)"),
        estimated(column, "high", "At most (80 %)"),
    )


def _findings(series: Series, rows: Sequence[_Row]) -> tuple[str, ...]:
    column = estimated(series.column, series.column.name, series.column.label)
    told = [
        f"{column.label} is expected at {show_with_unit(middle, column)} ({call_period(day, series.grain)}; "
        f"80 % interval {show_with_unit(low, column)} to {show_with_unit(high, column)})."
        for day, middle, low, high in (rows[0], *rows[1:][-1:])
    ]
    last = f"The last known value is {show_with_unit(series.exact[-1], column)} ({series.call(-1)})."
    if series.column.additivity != "additive" or len(rows) < 2:
        return *told, last
    total = sum((middle for _, middle, _, _ in rows), Decimal())
    summed = f"Over all {len(rows)} {series.grain}s that is {show_with_unit(total, column)}."
    return *told, summed, last


def _method(trials: Sequence[_Trial], best: _Trial, period: int, series: Series) -> str:
    other = next(trial for trial in trials if trial is not best)
    column = estimated(series.column, series.column.name, series.column.label)
    errors = " against ".join(
        show_with_unit(estimate(trial.error, column), column) if np.isfinite(trial.error) else "no result"
        for trial in (best, other)
    )
    season = f", with a season of {period} {series.grain}s" if period > 1 else ""
    return (
        f"{best.name}{season}, chosen over {other.name[0].lower()}{other.name[1:]} by its mean absolute "
        f"error on {best.tried:,} values of the past ({errors}; rolling origin, Tashman 2000; models of "
        "Hyndman and Athanasopoulos 2021)."
    )


def _caveats(series: Series, best: _Trial, horizon: int | None, most: int, period: int) -> tuple[str, ...]:
    caveats = ["A forecast takes the future to be like the past; it knows of no plan and no event."]
    if horizon is not None and horizon > most:
        caveats.append(
            f"{len(series.days):,} {series.grain}s of history carry no more than {most:,} {series.grain}s "
            f"ahead, so it ends there and not after {horizon:,}."
        )
    if best.widen >= _WORTH_A_WORD:
        caveats.append(
            f"The model's own interval was too narrow on the past and is made {best.widen:.1f} times as wide."
        )
    if period == 1 and series.grain in SEASONS:
        caveats.append("No season was found, so none is foretold; it takes three or more to tell one.")
    return tuple(caveats)
