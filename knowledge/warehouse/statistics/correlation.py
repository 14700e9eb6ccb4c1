"""How far two columns of a result go together, which says nothing of why."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atanh, sqrt, tanh

import numpy as np
from numpy.typing import NDArray

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.result import NumberResult, ResultColumn, Value
from knowledge.warehouse.statistics.columns import (
    count_rows,
    find_figure,
    hidden_groups,
    is_time,
    number_of,
    other_dimensions,
    plain,
    refuse_blocked,
)
from knowledge.warehouse.statistics.statistic import Statistic

LEAST_PAIRS = 10
_DEVIATIONS_95 = 1.959964
_METHOD = (
    "Pearson's r with Fisher's interval (Fisher 1921) and Spearman's rank correlation with the interval of "
    "Bonett and Wright (2000), both 95 %."
)
_NO_CAUSE = "That two things go together does not say that one is the cause of the other."

_Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Correlation:
    kind: str
    r: float
    low: float
    high: float
    pairs: int


def correlate(result: NumberResult, metric: str, other: str) -> Statistic:
    """Of two columns of figures over the rows that have both, ten at least. Raises QueryRefused."""
    refuse_blocked(result)
    places = find_figure(result, metric), find_figure(result, other)
    columns = [result.columns[at] for at in places]
    if places[0] == places[1]:
        raise QueryRefused(f"{columns[0].label} goes together with itself; name two different columns.")
    rows, times = _in_order(result)
    first, second = _pairs(rows, places)
    if len(first) < LEAST_PAIRS:
        raise QueryRefused(
            f"A correlation needs at least {LEAST_PAIRS} rows with both {columns[0].label} and "
            f"{columns[1].label}; there are {len(first)}."
        )
    for numbers, column in ((first, columns[0]), (second, columns[1])):
        if np.ptp(numbers) == 0:
            raise QueryRefused(f"{column.label} is the same in all rows, so nothing can go together with it.")
    told = [_pearson("Pearson", first, second), _spearman(first, second)]
    if times:
        told += _of_changes(first, second)
    return Statistic(
        name="correlation",
        findings=_findings(told, columns, len(first)),
        columns=(
            plain("kind", "Correlation"),
            plain("r", "r", "float", 3),
            plain("low", "At least", "float", 3),
            plain("high", "At most", "float", 3),
            plain("pairs", "Pairs", "integer"),
        ),
        rows=tuple(
            (found.kind, *(round(number, 4) for number in (found.r, found.low, found.high)), found.pairs)
            for found in told
        ),
        method=_METHOD,
        caveats=(_NO_CAUSE, *_caveats(result, len(first), times=times), *hidden_groups(result)),
    )


def _in_order(result: NumberResult) -> tuple[Sequence[tuple[Value, ...]], bool]:
    """The rows, in the order of time if they are a series, and whether they are."""
    times = [at for at in range(len(result.columns)) if is_time(result, at)]
    if len(times) != 1 or other_dimensions(result, times[0]):
        return result.rows, False
    return sorted(
        (row for row in result.rows if row[times[0]] is not None), key=lambda row: str(row[times[0]])
    ), True


def _pairs(rows: Sequence[tuple[Value, ...]], places: tuple[int, int]) -> tuple[_Numbers, _Numbers]:
    pairs = [
        (float(first), float(second))
        for row in rows
        if (first := number_of(row[places[0]])) is not None
        and (second := number_of(row[places[1]])) is not None
    ]
    return np.array([first for first, _ in pairs]), np.array([second for _, second in pairs])


def _pearson(kind: str, first: _Numbers, second: _Numbers) -> _Correlation:
    r = float(np.clip(np.corrcoef(first, second)[0, 1], -1, 1))
    return _Correlation(kind, r, *_interval(r, 1 / sqrt(len(first) - 3)), len(first))


def _spearman(first: _Numbers, second: _Numbers) -> _Correlation:
    # 0.7 s to import.
    from scipy.stats import rankdata

    r = float(np.clip(np.corrcoef(rankdata(first), rankdata(second))[0, 1], -1, 1))
    error = sqrt((1 + r * r / 2) / (len(first) - 3))
    return _Correlation("Spearman", r, *_interval(r, error), len(first))


def _interval(r: float, error: float) -> tuple[float, float]:
    if abs(r) >= 1:
        return r, r
    middle = atanh(r)
    return tanh(middle - _DEVIATIONS_95 * error), tanh(middle + _DEVIATIONS_95 * error)


def _of_changes(first: _Numbers, second: _Numbers) -> list[_Correlation]:
    """Of two series: two that both grow go together whatever they are; their changes need not."""
    steps = np.diff(first), np.diff(second)
    if np.ptp(steps[0]) == 0 or np.ptp(steps[1]) == 0:
        return []
    return [_pearson("Pearson, of the changes", *steps)]


def _findings(told: Sequence[_Correlation], columns: Sequence[ResultColumn], count: int) -> tuple[str, ...]:
    plainly, by_rank, *of_changes = told
    names = f"{columns[0].label} and {columns[1].label}"
    together = "go together" if plainly.r > 0 else "go against each other"
    clear = plainly.low * plainly.high > 0
    judged = f"{names} {together} {_call(plainly.r)}" if clear else f"{names} show no clear connection"
    sentences = [
        f"{judged}: r = {plainly.r:.2f} (95 % interval {plainly.low:.2f} to {plainly.high:.2f}, {count:,} "
        "pairs).",
        f"By rank it is {by_rank.r:.2f} ({by_rank.low:.2f} to {by_rank.high:.2f}).",
    ]
    sentences += [
        f"Their changes from one time to the next: r = {found.r:.2f} ({found.low:.2f} to {found.high:.2f})."
        for found in of_changes
    ]
    return tuple(sentences)


def _call(r: float) -> str:
    """Cohen's (1988) bounds."""
    return "strongly" if abs(r) >= 0.5 else "moderately" if abs(r) >= 0.3 else "weakly"


def _caveats(result: NumberResult, count: int, *, times: bool) -> tuple[str, ...]:
    caveats = []
    if times:
        caveats.append(
            "Both are series over time: a common trend or season alone makes them go together; the "
            "correlation of their changes is the better witness."
        )
    if count < len(result.rows):
        caveats.append(f"Left out: {count_rows(len(result.rows) - count)} without one of the two.")
    if result.truncated:
        caveats.append(f"The result was cut after {len(result.rows):,} rows; this speaks of these only.")
    return tuple(caveats)
