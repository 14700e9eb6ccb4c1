"""What is asked of the metrics, before anything is run."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.result import Value

Operator = Literal["=", "!=", "in", "not in", "<", "<=", ">", ">=", "is null", "is not null", "contains"]
Comparison = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """`value` is a tuple for `in` and `not in`, and None where the operator needs none."""

    dimension: str
    operator: Operator
    value: Value | tuple[Value, ...] = None


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` up to `end`, which is the first one after it. `label` is for people."""

    start: date
    end: date
    label: str


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """Metrics are named `model.metric`, dimensions `model.dimension` of a metric's model or one joined to it
    (the join's name stands for the model where two joins lead to the same one). `grain` cuts the time
    dimension that is asked for, or else the model's own, into days, months and so on. `order_by` names what
    was asked for, or columns of the result."""

    metrics: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    filters: tuple[MetricFilter, ...] = ()
    period: Period | None = None
    grain: Grain | None = None
    compare_to: Period | None = None
    order_by: tuple[tuple[str, Literal["asc", "desc"]], ...] = ()
    limit: int | None = None
    share: bool = False
    having: tuple[tuple[str, Comparison, Decimal], ...] = ()
