"""How much of each article will be asked for in the months ahead.

A group's demand in a month is that of the same month a year before, times how the last twelve months compare
with the twelve before them; each article has the share of it that it had of those twelve months. So little is
sold of one article in a month that its own season could not be told from chance: shares of a group's forecast
are the better guess (top-down by past proportions, Gross and Sohl 1990). The same rule is tried on the past
months for which it can be, and what it missed there is how far it may be off.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import sqrt

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.result import NumberResult
from knowledge.warehouse.statistics.columns import number_of, refuse_blocked, refuse_cut
from knowledge.warehouse.statistics.periods import day_of, is_unfinished, step_from, steps_between
from knowledge.warehouse.supply.scope import Month

YEAR = 12
LEAST_MONTHS = 2 * YEAR
DEVIATIONS_80 = 1.281552
_LEAST_TRIALS = 3
_DAYS_OF_MONTH = 365.25 / YEAR


@dataclass(frozen=True, slots=True)
class Article:
    """`deviation` is how far a month's forecast was off on the past, as a standard deviation."""

    key: str
    name: str
    group: str
    share: float
    deviation: float
    months_sold: int


@dataclass(frozen=True, slots=True)
class Demand:
    """`months` are those of the history, all over; `growth` by group; `tried` counts months of the past the
    rule was tried on."""

    articles: tuple[Article, ...]
    months: tuple[date, ...]
    growth: Mapping[str, float]
    tried: int
    _sold: Mapping[str, Sequence[float]]

    def in_month(self, article: Article, first: date) -> float:
        at = steps_between(self.months[0], first, Grain.MONTH)
        group = _foretell(self._sold[article.group], at, len(self.months), self.growth[article.group])
        return group * article.share

    def between(self, article: Article, first: date, end: date) -> float:
        """Over days, each month's spread evenly over its own."""
        total, month = 0.0, first.replace(day=1)
        while month < end:
            following = step_from(month, 1, Grain.MONTH)
            days = (min(end, following) - max(first, month)).days
            total += self.in_month(article, month) * days / (following - month).days
            month = following
        return total

    def bounds(self, article: Article, month: Month) -> tuple[float, float]:
        """In which it will lie with 80 %."""
        middle, reach = self.in_month(article, month.first), DEVIATIONS_80 * article.deviation
        return max(0.0, middle - reach), middle + reach


def read_demand(
    result: NumberResult, article: str, called: str, group: str, time: str, metric: str
) -> Demand:
    """Of a metric by month and article. Raises QueryRefused where there are no two years of it."""
    refuse_blocked(result)
    refuse_cut(result)
    at = {column.name: place for place, column in enumerate(result.columns)}
    sold: dict[str, dict[date, float]] = defaultdict(dict)
    names: dict[str, tuple[str, str]] = {}
    for row in result.rows:
        day, pieces = day_of(row[at[time]]), number_of(row[at[metric]])
        if day is None or pieces is None or (result.as_of and is_unfinished(day, Grain.MONTH, result.as_of)):
            continue
        key = str(row[at[article]])
        sold[key][day] = sold[key].get(day, 0.0) + float(pieces)
        names[key] = str(row[at[called]]), str(row[at[group]])
    days = sorted({day for one in sold.values() for day in one})
    count = steps_between(days[0], _last_over(days[-1], result.as_of), Grain.MONTH) + 1 if days else 0
    if count < LEAST_MONTHS:
        raise QueryRefused(
            f"A forecast of demand needs {LEAST_MONTHS} months that are over; there are {count} of "
            f"{result.columns[at[metric]].label}."
        )
    months = tuple(step_from(days[0], step, Grain.MONTH) for step in range(count))
    # A month without a row is one in which nothing was sold.
    history = {key: [one.get(month, 0.0) for month in months] for key, one in sold.items()}
    return _demand(history, names, months)


def _last_over(sold: date, as_of: datetime | None) -> date:
    """The last month that is over, also where nothing was sold in it any more."""
    month = sold
    while as_of and not is_unfinished(step_from(month, 1, Grain.MONTH), Grain.MONTH, as_of):
        month = step_from(month, 1, Grain.MONTH)
    return month


def _demand(
    history: Mapping[str, Sequence[float]], names: Mapping[str, tuple[str, str]], months: tuple[date, ...]
) -> Demand:
    groups: dict[str, list[float]] = {}
    for key, values in history.items():
        whole = groups.setdefault(names[key][1], [0.0] * len(months))
        groups[names[key][1]] = [one + other for one, other in zip(whole, values, strict=True)]
    growth = {group: _growth(values, len(months)) for group, values in groups.items()}
    tried = max(0, len(months) - LEAST_MONTHS)
    articles = tuple(
        Article(
            key=key,
            name=names[key][0],
            group=names[key][1],
            share=_share(values, groups[names[key][1]], len(months)),
            deviation=_deviation(values, groups[names[key][1]], len(months)),
            months_sold=sum(value > 0 for value in values[-YEAR:]),
        )
        for key, values in sorted(history.items())
    )
    return Demand(articles, months, growth, tried, groups)


def _growth(values: Sequence[float], known: int) -> float:
    """How the last year of what is known compares with the one before it; 1 where there was none."""
    before = sum(values[known - 2 * YEAR : known - YEAR])
    return sum(values[known - YEAR : known]) / before if before else 1.0


def _share(values: Sequence[float], group: Sequence[float], known: int) -> float:
    whole = sum(group[known - YEAR : known])
    return sum(values[known - YEAR : known]) / whole if whole else 0.0


def _foretell(values: Sequence[float], at: int, known: int, growth: float) -> float:
    """A month by its place in the history; what is known is told as it was."""
    return values[at] if at < known else _foretell(values, at - YEAR, known, growth) * growth


def _deviation(values: Sequence[float], group: Sequence[float], known: int) -> float:
    """Of what the rule would have said a month ahead; at least what chance alone does to so few pieces."""
    misses = [
        values[at] - _foretell(group, at, at, _growth(group, at)) * _share(values, group, at)
        for at in range(LEAST_MONTHS, known)
    ]
    usual = sum(values[-YEAR:]) / YEAR
    off = sqrt(sum(miss**2 for miss in misses) / len(misses)) if len(misses) >= _LEAST_TRIALS else 0.0
    return max(off, sqrt(usual))


def months_in(days: int) -> float:
    return days / _DAYS_OF_MONTH
