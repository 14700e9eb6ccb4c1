"""Governed results with a few columns, as a query leaves them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import numpy as np

from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.result import (
    NumberResult,
    Quality,
    QualityFinding,
    ResultColumn,
    Value,
    Verdict,
)
from knowledge.warehouse.statistics.periods import step_from

DAY = ResultColumn("day", "Day", "date", "dimension")
REGION = ResultColumn("region", "Region", "string", "dimension")
KIND = ResultColumn("kind", "Kind", "string", "dimension")
REVENUE = ResultColumn("revenue", "Revenue", "decimal", "metric", "EUR", "currency", 2, "additive")
BEFORE = replace(REVENUE, name="revenue_before", label="Revenue before", role="before")
ORDERS = ResultColumn("orders", "Orders", "integer", "metric", None, "integer", 0, "additive")
ORDERS_BEFORE = replace(ORDERS, name="orders_before", label="Orders before", role="before")
RATE = ResultColumn("rate", "Return rate", "float", "metric", None, "percent", 1)
PASSED = Quality()
BLOCKED = Quality(
    Verdict.BLOCK,
    (QualityFinding("sales.orders", "Ana", "fresh", Verdict.BLOCK, "sales.orders is 3 days late."),),
)
WARNED = Quality(
    Verdict.WARN,
    (QualityFinding("sales.orders", "Ana", "rows", Verdict.WARN, "sales.orders has few rows."),),
)


def make_result(
    columns: Sequence[ResultColumn],
    rows: Iterable[Sequence[Value]],
    *,
    as_of: datetime | None = None,
    quality: Quality = PASSED,
    too_small: int = 0,
    truncated: bool = False,
) -> NumberResult:
    return NumberResult(
        tuple(columns),
        tuple(tuple(row) for row in rows),
        "SELECT",
        ("sales.orders",),
        quality,
        as_of,
        truncated=truncated,
        too_small=too_small,
    )


def over_time(
    values: Iterable[float | Decimal | None],
    grain: Grain = Grain.MONTH,
    first: date = date(2020, 1, 1),
    column: ResultColumn = REVENUE,
    as_of: datetime | None = None,
) -> NumberResult:
    """One value for each period from the first on."""
    rows = [
        (step_from(first, at, grain), None if value is None else Decimal(str(round(value, 2))))
        for at, value in enumerate(values)
    ]
    return make_result((DAY, column), rows, as_of=as_of)


def seasonal(count: int, period: int, slope: float = 0.0, noise: float = 1.0, seed: int = 7) -> list[float]:
    """Around 100, with a season of 10 up and down."""
    at = np.arange(count)
    drawn = np.random.default_rng(seed).normal(size=count)
    values = 100 + slope * at + 10 * np.sin(2 * np.pi * at / period) + noise * drawn
    return [float(value) for value in values]
