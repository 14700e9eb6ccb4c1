"""A governed result: rows, and all that somebody needs to trust them or not."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

Value = str | int | float | bool | Decimal | date | datetime | None


class Verdict(StrEnum):
    """From the best to the worst. With `block` there are no rows."""

    PASS = "pass"
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class QualityFinding:
    """Something a reader has to know of a product a result stands on, in a sentence for people."""

    product: str
    owner: str
    check: str
    verdict: Verdict
    sentence: str


@dataclass(frozen=True, slots=True)
class Quality:
    verdict: Verdict = Verdict.PASS
    findings: tuple[QualityFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """`label` is for people. `role` tells dimensions from figures; `before` holds a metric's value in the
    period it is compared with, `change` the difference, `growth` its share of the value before. What is not
    known to be `additive` (`semi`: except over time) is never summed. A value with a `grain` is a first
    day."""

    name: str
    label: str
    type: str
    role: Literal["dimension", "metric", "before", "change", "growth", "column"]
    unit: str | None = None
    format: str = "number"
    decimals: int = 2
    additivity: Literal["additive", "semi", "none"] = "none"
    grain: str | None = None


@dataclass(frozen=True, slots=True)
class MetricUse:
    """`name` is `model.metric`."""

    name: str
    version: int
    label: str
    definition: str
    owner: str


@dataclass(frozen=True, slots=True)
class NumberResult:
    """`rows` are in the order of `columns`; `filters` are sentences; `as_of` the oldest of its products';
    `lineage` names products, and systems they come from, nearest first; `too_small` counts groups that are
    not told of because they have too few rows; `notes` say what else a reader does not see. `sql` is what
    ran."""

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Value, ...], ...]
    sql: str
    products: tuple[str, ...]
    quality: Quality
    as_of: datetime | None
    metrics: tuple[MetricUse, ...] = ()
    filters: tuple[str, ...] = ()
    lineage: tuple[str, ...] = ()
    row_count: int = 0
    truncated: bool = False
    too_small: int = 0
    notes: tuple[str, ...] = ()
