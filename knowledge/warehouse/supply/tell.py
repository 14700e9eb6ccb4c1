"""Forecast, plan and schedule as governed results: their rows, the sentences that sum them up, and by which
rule and how surely."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from knowledge.warehouse.result import NumberResult, ResultColumn, Value
from knowledge.warehouse.statistics.columns import plain
from knowledge.warehouse.supply.demand import YEAR, Demand
from knowledge.warehouse.supply.plan import Plan, make_plan, schedule, short
from knowledge.warehouse.supply.read import Supply, merged
from knowledge.warehouse.supply.scope import Month

_PIECES = "pieces"
_MOST_NAMED = 5
_FORECAST_RULE = (
    "Demand of a month is that of the same month a year before times the growth of the last twelve months "
    "over the twelve before, shared among articles as in the last twelve months (Gross and Sohl 1990)"
)


@dataclass(frozen=True, slots=True)
class Told:
    """`sentences` are what a reader is to know first."""

    title: str
    result: NumberResult
    sentences: tuple[str, ...]


def tell_forecast(supply: Supply) -> Told:
    demand, month = supply.demand, supply.month
    rows = [
        (
            article.name,
            article.key,
            round(demand.in_month(article, month.first), 1),
            round(demand.bounds(article, month)[0], 1),
            round(demand.bounds(article, month)[1], 1),
        )
        for article in demand.articles
    ]
    rows.sort(key=lambda row: (-row[2], row[0]))
    total = sum(demand.in_month(article, month.first) for article in demand.articles)
    columns = (
        *_article(),
        _pieces("forecast", f"Demand in {month.label}", decimals=1),
        _pieces("low", "At least (80 %)", decimals=1),
        _pieces("high", "At most (80 %)", decimals=1),
    )
    sentence = (
        f"In {month.label} about {total:,.0f} pieces of {_listed(supply.groups)} are expected to be asked "
        f"for, of {len(rows)} articles."
    )
    notes = (*_growths(demand), f"{_FORECAST_RULE}; {_tried(demand)}.", *_uncertain(demand))
    return _told(
        f"Demand forecast for {_listed(supply.groups)}, {month.label}",
        supply,
        columns,
        rows,
        (sentence,),
        notes,
    )


def tell_plan(supply: Supply) -> Told:
    month, plan = supply.month, _plan(supply)
    columns = (
        *_article(),
        ResultColumn("supplier", "Supplier", "string", "dimension"),
        _pieces("order", "To order"),
        _pieces("forecast", f"Demand in {month.label}", decimals=1),
        _pieces("free", "Free today"),
        _pieces("under_way", "Under way"),
        _pieces("safety", "Safety stock"),
        _pieces("left", f"Left at the end of {month.label}"),
        replace(plain("days", "Days from order to arrival", "integer"), unit="days"),
    )
    rows = [
        (
            one.article.name,
            one.article.key,
            one.stock.supplier,
            one.order,
            round(one.forecast, 1),
            one.stock.free,
            one.under_way,
            one.safety,
            one.left,
            one.stock.days,
        )
        for one in plan.articles
    ]
    orders = [one for one in plan.articles if one.order]
    pieces = sum(one.order for one in orders)
    sentences = [f"To order today: {pieces:,} pieces of {len(orders)} of {len(rows)} articles."]
    lacking = short(plan)
    if lacking:
        names = [f"{one.article.name} ({-one.left:,})" for one in lacking]
        sentences.append(
            f"Without more than what is under way, {len(lacking)} articles run out before {month.label} "
            f"ends, short by so many pieces: {_listed(names)}."
        )
    notes = (
        f"To order = demand until the next order could arrive (days from order to arrival and "
        f"{supply.spec.review_days} days of review) + safety stock - free - under way until then; safety "
        f"stock = {supply.spec.service:.0%} service, from how far forecasts were off (Silver, Pyke and "
        "Thomas 2017).",
        *_uncertain(supply.demand),
        *_left_out(plan),
    )
    return _told(
        f"Stock plan for {_listed(supply.groups)}, {month.label}",
        supply,
        columns,
        rows,
        tuple(sentences),
        notes,
    )


def tell_schedule(supply: Supply) -> Told:
    month, plan = supply.month, _plan(supply)
    deliveries = schedule(plan, supply.today)
    columns = (
        ResultColumn("arrives", "Arrives", "date", "dimension"),
        ResultColumn("supplier", "Supplier", "string", "dimension"),
        ResultColumn("kind", "State", "string", "dimension"),
        _pieces("pieces", "Quantity"),
        plain("articles", "Articles", "integer"),
    )
    rows = [
        (
            one.arrives,
            one.supplier,
            "under way" if one.is_ordered else "to be ordered today",
            one.pieces,
            one.articles,
        )
        for one in deliveries
    ]
    notes = (
        "Arrival = today + days until departure + days of transit, of the supplier; what is under way "
        "arrives when its order says. All goes to the distribution centres; stores are served from there.",
        *_left_out(plan),
    )
    title = f"Delivery schedule for {_listed(supply.groups)}, from {supply.today.isoformat()}"
    return _told(title, supply, columns, rows, tuple(_arriving(supply, plan, month)), notes)


def _arriving(supply: Supply, plan: Plan, month: Month) -> Iterator[str]:
    deliveries = schedule(plan, supply.today)
    coming = [one for one in deliveries if one.is_ordered and one.arrives < month.end]
    pieces = sum(one.pieces for one in coming)
    yield (
        f"Until the end of {month.label} {len(coming)} deliveries with {pieces:,} pieces arrive that are "
        "under way."
    )
    new = [one for one in deliveries if not one.is_ordered]
    if new and new[0].arrives >= month.end:
        yield f"Nothing that is ordered today arrives before {month.label} ends."
    for one in new:
        assert one.leaves is not None
        yield (
            f"What is to be ordered today from {one.supplier} is {one.pieces:,} pieces; it leaves on "
            f"{one.leaves.isoformat()} and arrives on {one.arrives.isoformat()}."
        )


def _plan(supply: Supply) -> Plan:
    spec = supply.spec
    return make_plan(supply.demand, supply.stocks, supply.month, supply.today, spec.review_days, spec.service)


def _told(
    title: str,
    supply: Supply,
    columns: tuple[ResultColumn, ...],
    rows: Sequence[tuple[Value, ...]],
    sentences: tuple[str, ...],
    notes: tuple[str, ...],
) -> Told:
    base = merged(supply.results)
    result = replace(
        base, columns=columns, rows=tuple(rows), row_count=len(rows), notes=(*base.notes, *notes)
    )
    return Told(title, result, sentences)


def _article() -> tuple[ResultColumn, ResultColumn]:
    return (
        ResultColumn("article", "Article", "string", "dimension"),
        ResultColumn("sku", "Number", "string", "dimension"),
    )


def _pieces(name: str, label: str, decimals: int = 0) -> ResultColumn:
    kind, shown = ("float", "currency") if decimals else ("integer", "integer")
    return ResultColumn(name, label, kind, "column", _PIECES, shown, decimals)


def _growths(demand: Demand) -> Iterator[str]:
    for group, growth in demand.growth.items():
        yield f"{group}: the last twelve months against the twelve before: {growth - 1:+.1%}."


def _tried(demand: Demand) -> str:
    if not demand.tried:
        return "there is no month of the past it could be tried on, so the interval is chance alone"
    months = "one month" if demand.tried == 1 else f"{demand.tried} months"
    return f"tried on {months} of the past, which gives the interval"


def _uncertain(demand: Demand) -> Iterator[str]:
    yield "A forecast takes the future to be like the past; it knows of no plan, price or event."
    new = [article.name for article in demand.articles if 0 < article.months_sold < YEAR]
    if new:
        yield f"Sold in fewer than twelve of the last months, so the forecast is less sure: {_listed(new)}."


def _left_out(plan: Plan) -> Iterator[str]:
    if plan.unknown:
        yield f"Not planned, as no stock of them is booked: {_listed(plan.unknown)}."


def _listed(names: Sequence[str]) -> str:
    named = ", ".join(names[:_MOST_NAMED])
    return f"{named} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else named
