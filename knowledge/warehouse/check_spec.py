"""The shape of a data product's checks: what must hold of its rows before anybody gets a number out of
them."""

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Severity = Literal["warn", "block"]
Scalar = str | int | float | bool


class _Check(BaseModel):
    """`name` is what people are told failed; `label` is that, or says what is checked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = None
    severity: Severity = "block"

    @property
    def of_columns(self) -> tuple[str, ...]:
        """The product's columns it looks at; none where it looks at whole rows."""
        return ()

    @property
    def label(self) -> str:
        kind = str(getattr(self, "kind", "check"))
        return self.name or " of ".join([kind, *([", ".join(self.of_columns)] if self.of_columns else [])])


class _OfColumn(_Check):
    column: str

    @property
    def of_columns(self) -> tuple[str, ...]:
        return (self.column,)


class Completeness(_OfColumn):
    """At least this share of the rows has a value."""

    kind: Literal["completeness"]
    at_least: float = Field(default=1.0, ge=0, le=1)


class Unique(_Check):
    """No two rows share these values; rows without any of them do not count."""

    kind: Literal["unique"]
    columns: tuple[str, ...] = Field(min_length=1)

    @property
    def of_columns(self) -> tuple[str, ...]:
        return self.columns


class Range(_OfColumn):
    """Values lie within; dates as YYYY-MM-DD, `today` is allowed."""

    kind: Literal["range"]
    least: float | str | None = None
    most: float | str | None = None
    at_least: float = Field(default=1.0, ge=0, le=1)

    @field_validator("least", "most", mode="before")
    @classmethod
    def _as_text(cls, bound: object) -> object:
        # YAML makes a date of what looks like one.
        return bound.isoformat() if isinstance(bound, date) else bound

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.least is None and self.most is None:
            raise ValueError("give `least`, `most` or both")
        return self


class Accepted(_OfColumn):
    """Values are among these."""

    kind: Literal["accepted"]
    values: tuple[Scalar, ...] = Field(min_length=1)
    at_least: float = Field(default=1.0, ge=0, le=1)


class Matches(_OfColumn):
    """Values match this regular expression as a whole (RE2)."""

    kind: Literal["regex"]
    pattern: str
    at_least: float = Field(default=1.0, ge=0, le=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"'{self.pattern}' is no regular expression ({error})") from error
        return self


class Reference(_OfColumn):
    """Values occur in a column of another product, named `domain.product.column`."""

    kind: Literal["reference"]
    to: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\.[a-z_][a-z0-9_]*$")]
    at_least: float = Field(default=1.0, ge=0, le=1)

    @property
    def to_product(self) -> str:
        return self.to.rpartition(".")[0]

    @property
    def to_column(self) -> str:
        return self.to.rpartition(".")[2]


class RowCount(_Check):
    """There are so many rows; `z` compares their number with that of earlier loads, once there are five."""

    kind: Literal["row_count"]
    least: int | None = Field(default=None, ge=0)
    most: int | None = Field(default=None, ge=0)
    z: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.least is self.most is self.z is None:
            raise ValueError("give `least`, `most` or `z`")
        return self


class Distribution(_OfColumn):
    """The column looks as it did in earlier loads: its mean by `z` (numbers), its shares by the population
    stability index `psi` (numbers in ten ranges, else by value)."""

    kind: Literal["distribution"]
    z: float | None = Field(default=None, gt=0)
    psi: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.z is self.psi is None:
            raise ValueError("give `z` or `psi`")
        return self


class Sql(_Check):
    """One SELECT over `product` (this load's rows) and other products; the rows it finds are wrong ones."""

    kind: Literal["sql"]
    name: str
    find: str


Check = Annotated[
    Completeness | Unique | Range | Accepted | Matches | Reference | RowCount | Distribution | Sql,
    Field(discriminator="kind"),
]
