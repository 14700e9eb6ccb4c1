"""Asks the governed metrics for what planning needs, within one scope: demand by month, what is free, what is
under way."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.metric_spec import Grain, SemanticModel
from knowledge.warehouse.query import MetricFilter, MetricQuery, Period
from knowledge.warehouse.result import NumberResult, Quality, Value, Verdict
from knowledge.warehouse.statistics.columns import number_of, refuse_cut
from knowledge.warehouse.statistics.periods import day_of
from knowledge.warehouse.supply.demand import Demand, read_demand
from knowledge.warehouse.supply.plan import Stock
from knowledge.warehouse.supply.scope import Month, groups_meant, month_meant
from knowledge.warehouse.supply.spec import SupplySpec

Ask = Callable[[MetricQuery], NumberResult]

_FROM_BEST = tuple(Verdict)
# Positions and orders are of now; a load of the last days is what there is.
_RECENT_DAYS = 14


class GroupUnclear(QueryRefused):
    """Nobody said what is to be planned."""


@dataclass(slots=True)
class Asked:
    """The results a plan stands on, in the order they were asked for."""

    ask: Ask
    results: list[NumberResult] = field(default_factory=list)

    def __call__(self, query: MetricQuery) -> NumberResult:
        result = self.ask(query)
        self.results.append(result)
        return result

    @property
    def blocked(self) -> NumberResult | None:
        return next((one for one in self.results if one.quality.verdict is Verdict.BLOCK), None)


@dataclass(frozen=True, slots=True)
class Supply:
    spec: SupplySpec
    month: Month
    groups: tuple[str, ...]
    today: date
    demand: Demand
    stocks: Mapping[str, Stock]
    results: tuple[NumberResult, ...]


def read_supply(
    asked: Asked,
    spec: SupplySpec,
    models: Mapping[str, SemanticModel],
    about: str,
    today: date,
    *,
    with_stock: bool,
) -> Supply | None:
    """None where a result is blocked. Raises QueryRefused, UnknownData, NotLoaded."""
    month = month_meant(about, today)
    demand = spec.demand
    time = f"{demand.metric.partition('.')[0]}.{models[demand.metric.partition('.')[0]].time}"
    known = asked(MetricQuery(metrics=(demand.metric,), dimensions=(demand.group,)))
    if asked.blocked:
        return None
    names = [str(row[_at(known, demand.group)]) for row in known.rows]
    groups = groups_meant(about, names)
    if not groups:
        raise GroupUnclear(f"Say what is to be planned; there are: {', '.join(sorted(names))}.")
    asked.results.clear()
    history = asked(
        MetricQuery(
            metrics=(demand.metric,),
            dimensions=(time, demand.article, demand.called, demand.group),
            filters=(MetricFilter(demand.group, "in", tuple(groups)),),
            grain=Grain.MONTH,
        )
    )
    if asked.blocked:
        return None
    columns = [_last(name) for name in (demand.article, demand.called, demand.group, time, demand.metric)]
    read = read_demand(history, *columns)
    stocks = _stocks(asked, spec, read, today) if with_stock else {}
    if asked.blocked:
        return None
    return Supply(spec, month, tuple(groups), today, read, stocks, tuple(asked.results))


def merged(results: Iterable[NumberResult]) -> NumberResult:
    """All that a reader needs to trust what was reckoned from several results, with the rows of none."""
    all_of = tuple(results)
    as_of = [one.as_of for one in all_of if one.as_of is not None]
    return NumberResult(
        columns=(),
        rows=(),
        sql=";\n".join(one.sql for one in all_of),
        products=_once(name for one in all_of for name in one.products),
        quality=Quality(
            max((one.quality.verdict for one in all_of), key=_FROM_BEST.index),
            _once(finding for one in all_of for finding in one.quality.findings),
        ),
        as_of=min(as_of, default=None),
        metrics=_once(metric for one in all_of for metric in one.metrics),
        filters=_once(text for one in all_of for text in one.filters),
        lineage=_once(name for one in all_of for name in one.lineage),
        too_small=sum(one.too_small for one in all_of),
        notes=_once(note for one in all_of for note in one.notes),
    )


def _stocks(asked: Asked, spec: SupplySpec, demand: Demand, today: date) -> dict[str, Stock]:
    keys = tuple(article.key for article in demand.articles)
    position, under_way = spec.position, spec.under_way
    places = (position.article, position.supplier, position.make_days, position.transit_days)
    free = asked(
        MetricQuery(
            metrics=(position.metric,),
            dimensions=places,
            filters=(MetricFilter(position.article, "in", keys),),
            period=Period(today - timedelta(days=_RECENT_DAYS), today + timedelta(days=1), "the last days"),
        )
    )
    coming = asked(
        MetricQuery(
            metrics=(under_way.metric,),
            dimensions=(under_way.article, under_way.arrives),
            filters=(MetricFilter(under_way.article, "in", keys),),
            grain=Grain.DAY,
        )
    )
    if asked.blocked:
        return {}
    for result in (free, coming):
        refuse_cut(result)
    arrivals: dict[str, dict[date, int]] = defaultdict(dict)
    for row in coming.rows:
        day = day_of(row[_at(coming, under_way.arrives)])
        if day is not None and day > today - timedelta(days=1):
            arrivals[str(row[_at(coming, under_way.article)])][day] = _whole(
                row[_at(coming, under_way.metric)]
            )
    return {
        str(row[_at(free, position.article)]): Stock(
            supplier=str(row[_at(free, position.supplier)]),
            free=_whole(row[_at(free, position.metric)]),
            make_days=_whole(row[_at(free, position.make_days)]),
            transit_days=_whole(row[_at(free, position.transit_days)]),
            arrivals=arrivals[str(row[_at(free, position.article)])],
        )
        for row in free.rows
    }


def _at(result: NumberResult, name: str) -> int:
    """The place of the column a name of the catalog became."""
    return [column.name for column in result.columns].index(_last(name))


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _whole(value: Value) -> int:
    number = number_of(value) or Decimal()
    return int(number)


def _once(items: Iterable[object]) -> tuple:  # type: ignore[type-arg]  # each as it came
    return tuple(dict.fromkeys(items))
