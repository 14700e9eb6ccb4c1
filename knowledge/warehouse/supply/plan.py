"""How much of each article to order today.

An order-up-to rule with periodic review (Silver, Pyke and Thomas 2017, 7.9): what is free and what is under
way are filled up to the demand of the days until the next order could have arrived, and a safety stock for
what a forecast is off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, sqrt
from statistics import NormalDist

from knowledge.warehouse.supply.demand import Article, Demand, months_in
from knowledge.warehouse.supply.scope import Month


@dataclass(frozen=True, slots=True)
class Stock:
    """Of one article; `arrivals` are pieces under way by day."""

    supplier: str
    free: int
    make_days: int
    transit_days: int
    arrivals: Mapping[date, int]

    @property
    def days(self) -> int:
        return self.make_days + self.transit_days


@dataclass(frozen=True, slots=True)
class PlannedArticle:
    """`left` is what will be there at the end of the month if nothing more is ordered; less than nothing is
    demand that cannot be met."""

    article: Article
    stock: Stock
    forecast: float
    under_way: int
    safety: int
    left: int
    order: int


@dataclass(frozen=True, slots=True)
class Plan:
    """`unknown` are articles with demand and no booked position, which are not planned."""

    articles: tuple[PlannedArticle, ...]
    unknown: tuple[str, ...]


def make_plan(
    demand: Demand,
    stocks: Mapping[str, Stock],
    month: Month,
    today: date,
    review_days: int,
    service: float,
) -> Plan:
    """The largest orders first."""
    deviations = NormalDist().inv_cdf(service)
    planned = [
        _planned(demand, article, stocks[article.key], month, today, review_days, deviations)
        for article in demand.articles
        if article.key in stocks
    ]
    planned.sort(key=lambda one: (-one.order, one.left, one.article.name))
    unknown = tuple(article.name for article in demand.articles if article.key not in stocks)
    return Plan(tuple(planned), unknown)


def _planned(
    demand: Demand,
    article: Article,
    stock: Stock,
    month: Month,
    today: date,
    review_days: int,
    deviations: float,
) -> PlannedArticle:
    covered = stock.days + review_days
    until = today + timedelta(days=covered)
    under_way = _arriving(stock.arrivals, until)
    safety = ceil(deviations * article.deviation * sqrt(months_in(covered)))
    needed = demand.between(article, today, until) + safety
    left = stock.free + _arriving(stock.arrivals, month.end) - demand.between(article, today, month.end)
    return PlannedArticle(
        article=article,
        stock=stock,
        forecast=demand.in_month(article, month.first),
        under_way=under_way,
        safety=safety,
        left=round(left),
        order=max(0, ceil(needed - stock.free - under_way)),
    )


def _arriving(arrivals: Mapping[date, int], before: date) -> int:
    return sum(pieces for day, pieces in arrivals.items() if day < before)


@dataclass(frozen=True, slots=True)
class Delivery:
    """`is_ordered` says whether it is under way already; what is not has to be ordered today. It leaves the
    maker on `leaves`, where that is still ahead."""

    arrives: date
    supplier: str
    is_ordered: bool
    pieces: int
    articles: int
    leaves: date | None


def schedule(plan: Plan, today: date) -> tuple[Delivery, ...]:
    """What arrives when, the soonest first: of one supplier on one day together."""
    ordered: dict[tuple[date, str], list[int]] = {}
    planned: dict[tuple[date, str, date], list[int]] = {}
    for one in plan.articles:
        stock = one.stock
        for day, pieces in stock.arrivals.items():
            ordered.setdefault((day, stock.supplier), []).append(pieces)
        if one.order:
            leaves = today + timedelta(days=stock.make_days)
            arrives = leaves + timedelta(days=stock.transit_days)
            planned.setdefault((arrives, stock.supplier, leaves), []).append(one.order)
    deliveries = [
        Delivery(day, supplier, is_ordered=True, pieces=sum(pieces), articles=len(pieces), leaves=None)
        for (day, supplier), pieces in ordered.items()
    ]
    deliveries += [
        Delivery(day, supplier, is_ordered=False, pieces=sum(pieces), articles=len(pieces), leaves=leaves)
        for (day, supplier, leaves), pieces in planned.items()
    ]
    return tuple(sorted(deliveries, key=lambda one: (one.arrives, one.supplier, not one.is_ordered)))


def short(plan: Plan) -> Sequence[PlannedArticle]:
    """Those whose demand is not met to the end of the month by what is there and under way."""
    return [one for one in plan.articles if one.left < 0]
