"""What a model gives to ask for governed numbers, and the query it means."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.query import Comparison, MetricFilter, MetricQuery, Period
from knowledge.warehouse.resolve.calendar import spell_period

_Name = Annotated[str, Field(min_length=1, max_length=130)]
_Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
_Scalar = str | int | float | bool


class FilterArgument(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    dimension: Annotated[_Name, Field(description="model.dimension")]
    operator: Literal["=", "!=", "in", "not in", "<", "<=", ">", ">=", "is null", "is not null", "contains"]
    value: _Scalar | list[_Scalar] | None = None


class HavingArgument(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: Annotated[_Name, Field(description="model.metric")]
    operator: Comparison
    value: int | float | str


class PeriodArgument(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    first: Annotated[_Day, Field(description="first day, YYYY-MM-DD")]
    last: Annotated[_Day, Field(description="last day, YYYY-MM-DD, included")]


class QueryArguments(BaseModel):
    """As `describe_data_product` and `suggest_queries` name things."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: Annotated[list[_Name], Field(min_length=1, max_length=6, description="model.metric, each")]
    dimensions: Annotated[
        list[_Name], Field(default_factory=list, max_length=4, description="model.dimension, each")
    ]
    filters: Annotated[list[FilterArgument], Field(default_factory=list, max_length=10)]
    having: Annotated[
        list[HavingArgument], Field(default_factory=list, max_length=4, description="only groups like this")
    ]
    period: PeriodArgument | None = None
    grain: Literal["day", "week", "month", "quarter", "year"] | None = None
    compare_to: Annotated[
        PeriodArgument | None, Field(description="another period, for before, change and growth")
    ] = None
    order_by: Annotated[
        str | None, Field(description="a metric or dimension of this query; - in front: largest first")
    ] = None
    limit: Annotated[int | None, Field(ge=1, le=1000)] = None
    share: Annotated[bool, Field(description="adds each row's share of the total")] = False

    def query(self) -> MetricQuery:
        """Raises QueryRefused."""
        return MetricQuery(
            metrics=tuple(self.metrics),
            dimensions=tuple(self.dimensions),
            filters=tuple(_filter(item) for item in self.filters),
            having=tuple((item.metric, item.operator, _number(item.value)) for item in self.having),
            period=_period(self.period),
            grain=None if self.grain is None else Grain(self.grain),
            compare_to=_period(self.compare_to),
            order_by=_order(self.order_by),
            limit=self.limit,
            share=self.share,
        )


def arguments_of(query: MetricQuery) -> QueryArguments:
    """The same query as a model would ask for it."""
    order = query.order_by[0] if query.order_by else None
    return QueryArguments(
        metrics=list(query.metrics),
        dimensions=list(query.dimensions),
        filters=[
            FilterArgument(
                dimension=item.dimension,
                operator=item.operator,
                value=[_plain(part) for part in item.value]
                if isinstance(item.value, tuple)
                else None
                if item.value is None
                else _plain(item.value),
            )
            for item in query.filters
        ],
        having=[
            HavingArgument(metric=metric, operator=operator, value=str(value))
            for metric, operator, value in query.having
        ],
        period=_period_argument(query.period),
        grain=query.grain.value if query.grain else None,
        compare_to=_period_argument(query.compare_to),
        order_by=None if order is None else f"{'-' if order[1] == 'desc' else ''}{order[0]}",
        limit=query.limit,
        share=query.share,
    )


def _plain(value: object) -> _Scalar:
    return value if isinstance(value, str | int | float | bool) else str(value)


def _filter(item: FilterArgument) -> MetricFilter:
    value = tuple(item.value) if isinstance(item.value, list) else item.value
    return MetricFilter(item.dimension, item.operator, value)


def _number(given: float | str) -> Decimal:
    try:
        return Decimal(str(given))
    except InvalidOperation as error:
        raise QueryRefused(f"'{given}' is no number that a metric could be held against.") from error


def _order(given: str | None) -> tuple[tuple[str, Literal["asc", "desc"]], ...]:
    if given is None:
        return ()
    return ((given.removeprefix("-"), "desc" if given.startswith("-") else "asc"),)


def _period(given: PeriodArgument | None) -> Period | None:
    if given is None:
        return None
    try:
        first, last = date.fromisoformat(given.first), date.fromisoformat(given.last)
    except ValueError as error:
        raise QueryRefused(f"{given.first} to {given.last} is no period: {error}.") from error
    if last < first:
        raise QueryRefused(f"A period cannot end on {last} before it begins on {first}.")
    period = Period(first, last + timedelta(days=1), "")
    return replace(period, label=spell_period(period))


def _period_argument(period: Period | None) -> PeriodArgument | None:
    if period is None:
        return None
    return PeriodArgument(first=period.start.isoformat(), last=(period.end - timedelta(days=1)).isoformat())
