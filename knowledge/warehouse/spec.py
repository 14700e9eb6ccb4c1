"""The shape of a data product's file in the workspace (`catalog/products/*.yaml`)."""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from knowledge.warehouse.check_spec import Check, Unique
from ledger.people import EVERYONE

PRODUCT_NAME = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"

ProductName = Annotated[str, StringConstraints(pattern=PRODUCT_NAME, max_length=120)]
ColumnName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*$", max_length=63)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]

_DURATION = re.compile(r"^\s*(\d+)\s*(h|d|w)\s*$")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def parse_duration(text: str) -> timedelta:
    """Of `26h`, `2d`, `1w`. Raises ValueError."""
    match = _DURATION.match(text)
    if match is None:
        raise ValueError(f"'{text}' is no duration; write hours, days or weeks, such as 26h, 2d or 1w")
    return int(match[1]) * _UNITS[match[2]]


def _check_duration(text: str) -> str:
    parse_duration(text)
    return text


Duration = Annotated[str, AfterValidator(_check_duration)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnType(StrEnum):
    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"


class Classification(StrEnum):
    """From the mildest to the strictest. What is `pii` is masked for everybody who is not named; a group of
    few rows is not told of what is `confidential` or `pii`."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    PII = "pii"


class MaskKind(StrEnum):
    """From the strictest to the mildest. `hash` keeps equal values equal within one product and column;
    `partial` keeps the first character, and the domain of an address; `bucket` gives the range a number or
    the year a date falls into."""

    NULL = "null"
    HASH = "hash"
    PARTIAL = "partial"
    BUCKET = "bucket"


class OnBad(StrEnum):
    """What becomes of a row whose value does not conform: the row is kept back, or the value left out."""

    QUARANTINE = "quarantine"
    NULL = "null"


class Conform(_Part):
    """How a column's raw values become those of its type. `dates` are strptime formats, tried in order;
    `values` maps spellings, whatever their case, to the one that is kept; `missing` are texts that stand for
    no value, besides the empty one; `fill` takes their place."""

    dates: tuple[str, ...] = ()
    values: dict[str, str] = Field(default_factory=dict)
    missing: tuple[str, ...] = ()
    fill: str | int | float | bool | None = None
    on_bad: OnBad = OnBad.QUARANTINE


class Column(_Part):
    """A decimal keeps four places. `source` is its name where it comes from; `mask` is what those see who may
    not see its values; `bucket` the width of the ranges where that is `bucket`."""

    name: ColumnName
    type: ColumnType
    description: Text
    unit: str | None = None
    classification: Classification = Classification.INTERNAL
    source: str | None = None
    required: bool = False
    synonyms: tuple[str, ...] = ()
    conform: Conform = Conform()
    mask: MaskKind = MaskKind.NULL
    bucket: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        numeric = {ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.FLOAT}
        if self.mask is MaskKind.BUCKET and self.type in numeric and self.bucket is None:
            raise ValueError(f"{self.name} is masked into buckets, but `bucket` does not say how wide")
        if self.mask is MaskKind.PARTIAL and self.type is not ColumnType.STRING:
            raise ValueError(f"{self.name} is no string and cannot be shown in part; use bucket or null")
        if self.conform.dates and self.type not in (ColumnType.DATE, ColumnType.TIMESTAMP):
            raise ValueError(f"{self.name} is no date, so it has no date formats")
        return self


class FileLocation(_Part):
    """`path` is within the workspace; several files of one shape by a pattern such as `data/orders-*.csv`.
    `table` is the sheet of a workbook or the table of a database file."""

    format: Literal["csv", "parquet", "json", "excel", "duckdb", "sqlite"]
    path: str
    table: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.path.startswith(("/", "~")) or ".." in self.path.split("/"):
            raise ValueError("the path must lie within the workspace")
        if self.format in ("duckdb", "sqlite") and not self.table:
            raise ValueError(f"say which table of the {self.format} file")
        return self


class DatabaseLocation(_Part):
    """A table of any database Ibis speaks to. `connection` is a name: its URL is kept in the settings, so
    that no password stands in a file of the workspace."""

    format: Literal["postgres", "ibis"]
    connection: str
    table: str


class ViewLocation(_Part):
    """A SELECT over other products, each named as `domain.product`."""

    format: Literal["view"]
    sql: Text


Location = Annotated[FileLocation | DatabaseLocation | ViewLocation, Field(discriminator="format")]


class Freshness(_Part):
    """The newest value of `column` may be no older than `within`; without a column, the newest file."""

    within: Duration
    column: ColumnName | None = None
    severity: Literal["warn", "block"] = "block"


class RowRule(_Part):
    """Members of any of `groups` see the rows for which `where`, an SQL condition, holds."""

    groups: tuple[str, ...] = Field(min_length=1)
    where: Text


class Access(_Part):
    """`groups` may read the product at all. Once there are row rules, who is in no rule's groups sees no
    row. `unmasked` names, by column, the groups that see its values as they are: what is `pii` is masked for
    all others, and so is any column named here."""

    groups: tuple[str, ...] = (EVERYONE,)
    rows: tuple[RowRule, ...] = ()
    unmasked: dict[ColumnName, tuple[str, ...]] = Field(default_factory=dict)
    smallest_group: int = Field(default=5, ge=1)


class Consumer(_Part):
    """Who breaks when this product changes. Without `columns` it uses all of them."""

    name: Text
    kind: Literal["report", "dashboard", "schedule", "team", "application"]
    owner: Text
    columns: tuple[ColumnName, ...] = ()


class DataProduct(_Part):
    """`version` is its schema's; `upstream` names products or systems it is made of. `target` is the share
    of checks that are promised to hold; `most_kept_back` the share of rows that may fail to conform before
    the whole load is kept back."""

    name: ProductName
    owner: Text
    steward: Text
    description: Text
    origin: Text
    location: Location
    version: int = Field(ge=1)
    columns: tuple[Column, ...] = Field(min_length=1)
    primary_key: tuple[ColumnName, ...] = ()
    refresh: Literal["hourly", "daily", "weekly", "monthly", "by hand"] = "daily"
    freshness: Freshness | None = None
    target: float | None = Field(default=None, gt=0, le=1)
    most_kept_back: float = Field(default=0.05, ge=0, le=1)
    known_issues: tuple[Text, ...] = ()
    upstream: tuple[str, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    access_patterns: tuple[Text, ...] = ()
    access: Access = Access()
    checks: tuple[Check, ...] = ()

    @property
    def domain(self) -> str:
        return self.name.partition(".")[0]

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    @property
    def unique_keys(self) -> tuple[frozenset[str], ...]:
        """Sets of columns whose values no two published rows share."""
        keys = [self.primary_key] if self.primary_key else []
        keys += [
            check.columns for check in self.checks if isinstance(check, Unique) and check.severity == "block"
        ]
        return tuple(map(frozenset, keys))

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [column.name for column in self.columns]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the column {name} is given twice")
        for place, column in self._mentions():
            if column not in names:
                raise ValueError(f"{place}: there is no column {column}; there are {', '.join(names)}")
        checks = [check.label for check in self.checks]
        for check in checks:
            if checks.count(check) > 1:
                raise ValueError(f"two checks are called {check}; give one of them a name of its own")
        return self

    def _mentions(self) -> list[tuple[str, str]]:
        """Every column another part speaks of, with where it does."""
        mentions = [("primary_key", column) for column in self.primary_key]
        if self.freshness and self.freshness.column:
            mentions.append(("freshness.column", self.freshness.column))
        mentions += [("access.unmasked", column) for column in self.access.unmasked]
        mentions += [(f"consumers.{item.name}", column) for item in self.consumers for column in item.columns]
        return mentions + [
            (f"checks.{check.label}", column) for check in self.checks for column in check.of_columns
        ]
