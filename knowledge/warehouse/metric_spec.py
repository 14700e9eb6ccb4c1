"""The shape of a semantic model's file in the workspace (`catalog/metrics/*.yaml`): metrics and dimensions,
defined once over a data product.

Expressions are Ibis's, over the product's columns as attributes of `_`: `_.quantity * _.unit_price`,
`_.net_amount.sum()`. A ratio speaks of other metrics of its model by name: `_.revenue / _.orders`.
"""

from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from knowledge.warehouse.spec import ColumnName, ProductName, Text


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Grain(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Format(StrEnum):
    NUMBER = "number"
    INTEGER = "integer"
    CURRENCY = "currency"
    PERCENT = "percent"


class Dimension(_Part):
    """`expr` is the column of its name if nothing else is said. `is_time` marks what time ranges and grains
    go by."""

    description: Text
    expr: str | None = None
    synonyms: tuple[str, ...] = ()
    is_time: bool = False


class Metric(_Part):
    """`additivity`: `additive` may be summed over any dimension, `semi` not over time, `none` over nothing.
    `good` is the direction people wish for. `decimals` is how it is shown, never how it is kept."""

    description: Text
    expr: str
    owner: Text
    version: int = Field(default=1, ge=1)
    unit: str | None = None
    format: Format = Format.NUMBER
    decimals: int = Field(default=2, ge=0, le=6)
    additivity: Literal["additive", "semi", "none"] = "additive"
    good: Literal["up", "down"] | None = None
    synonyms: tuple[str, ...] = ()
    is_ratio: bool = False


class Join(_Part):
    """Each row of this model has at most one of the other's, by equal columns: `mine: theirs`."""

    model: ColumnName
    on: dict[ColumnName, ColumnName] = Field(min_length=1)


class SemanticModel(_Part):
    """`time` is the dimension that ranges, grains and comparisons go by if nothing else is said; `entity`
    names what a row is."""

    name: ColumnName
    product: ProductName
    description: Text
    entity: Text
    synonyms: tuple[str, ...] = ()
    time: ColumnName | None = None
    dimensions: dict[ColumnName, Dimension] = Field(default_factory=dict)
    metrics: dict[ColumnName, Metric] = Field(default_factory=dict)
    joins: dict[ColumnName, Join] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.time is not None and not (
            self.time in self.dimensions and self.dimensions[self.time].is_time
        ):
            raise ValueError(f"time: {self.time} is no dimension of this model with `is_time: true`")
        both = self.dimensions.keys() & self.metrics.keys()
        if both:
            raise ValueError(f"{min(both)} is a dimension and a metric; give one of them another name")
        return self


class Feature(_Part):
    """One fact about an entity: a metric over its rows, within the last `days` if given."""

    description: Text
    metric: str
    days: int | None = Field(default=None, gt=0)


class Entity(_Part):
    """What is known of one customer, store or product, defined once. `model` and `key` say which rows are its
    own; `attributes` are columns of the product that describes it; each feature's `metric` is
    `model.metric`."""

    name: ColumnName
    description: Text
    product: ProductName
    key: ColumnName
    attributes: tuple[ColumnName, ...] = ()
    features: dict[ColumnName, Feature] = Field(default_factory=dict)


class KeyFiguresFile(_Part):
    """What a report tells first, in this order: metrics as `model.metric`, and the dimensions it breaks them
    down by as `model.dimension`."""

    metrics: tuple[str, ...] = Field(min_length=1)
    dimensions: tuple[str, ...] = ()


class CalendarFile(_Part):
    """`fiscal_year_starts` is the month in which one begins; it is named by the year in which it ends.
    `week_starts` on monday or sunday."""

    fiscal_year_starts: int = Field(default=1, ge=1, le=12)
    week_starts: Literal["monday", "sunday"] = "monday"
