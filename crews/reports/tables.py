"""Tables and charts of a report: data with its units and formats, so that each renderer draws them its own
way."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from crews.reports.numbers import is_number
from crews.reports.sources import SourceId
from crews.reports.text import Line, Note, clean, one_line
from knowledge.warehouse.evidence import rows_of
from knowledge.warehouse.result import ResultColumn, Value
from knowledge.warehouse.statistics.columns import number_of
from knowledge.warehouse.statistics.decomposition import sum_exactly
from knowledge.warehouse.wording import unit_beside

MOST_ROWS = 100_000
MOST_SERIES = 7
MOST_PARTS = 7
_MOST_PLACES = {"line": 1_000, "bar": 40, "column stacked": 40, "share": MOST_PARTS}

ChartForm = Literal["bar", "line", "column stacked", "share"]


def check_column(column: ResultColumn) -> ResultColumn:
    label = one_line(column.label) or one_line(column.name) or "Column"
    unit = one_line(column.unit or "") or None
    return replace(column, label=label, unit=unit_beside(replace(column, label=label, unit=unit)))


def type_rows(
    columns: Sequence[ResultColumn], rows: Sequence[Sequence[Value]]
) -> tuple[tuple[Value, ...], ...]:
    """Of the columns' types again, where the rows come from JSON."""
    _, typed = rows_of({"columns": [asdict(column) for column in columns], "rows": rows})
    return tuple(tuple(_plain(value) for value in row) for row in typed)


class Table(BaseModel):
    """Rows are in the order of the columns. `total` adds a row that sums what may be summed; `source_rows`
    says how many rows there were where not all of them are here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["table"] = "table"
    title: Line
    columns: tuple[ResultColumn, ...] = Field(min_length=1, max_length=200)
    rows: tuple[tuple[Value, ...], ...] = Field(max_length=MOST_ROWS)
    cites: tuple[SourceId, ...] = ()
    total: bool = False
    source_rows: int | None = Field(default=None, ge=0)
    notes: tuple[Note, ...] = ()

    @field_validator("columns")
    @classmethod
    def _check_columns(cls, columns: tuple[ResultColumn, ...]) -> tuple[ResultColumn, ...]:
        return tuple(check_column(column) for column in columns)

    @field_validator("rows")
    @classmethod
    def _check_rows(cls, rows: tuple[tuple[Value, ...], ...], info: Any) -> tuple[tuple[Value, ...], ...]:
        columns: Sequence[ResultColumn] = info.data.get("columns", ())
        for at, row in enumerate(rows, start=1):
            if columns and len(row) != len(columns):
                raise ValueError(f"row {at} has {len(row)} values for {len(columns)} columns")
        if not columns:
            return rows
        return type_rows(columns, rows)

    def totals(self) -> tuple[Value, ...] | None:
        """One value for each column, None where there is no sum; None in all if there is no total row."""
        if not self.total or not self.rows:
            return None
        summed: list[Value] = []
        for at, column in enumerate(self.columns):
            if _sums(column):
                known = [value for row in self.rows if (value := number_of(row[at])) is not None]
                summed.append(sum_exactly(known) if known else None)
            else:
                summed.append(_growth(derived_from(self.columns, at), summed))
        return tuple(summed)


class Series(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Line
    values: tuple[Decimal | None, ...] = Field(min_length=1)


class Chart(BaseModel):
    """One value for each category and series. `measure` tells what the values are: label, unit, format. A
    share shows the parts of one whole; `faint` names the series that stands back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["chart"] = "chart"
    form: ChartForm
    title: Line
    categories: tuple[Line, ...] = Field(min_length=1)
    category_label: Line
    series: tuple[Series, ...] = Field(min_length=1, max_length=MOST_SERIES)
    measure: ResultColumn
    faint: Note = ""
    cites: tuple[SourceId, ...] = ()
    notes: tuple[Note, ...] = ()

    @field_validator("measure")
    @classmethod
    def _check_measure(cls, measure: ResultColumn) -> ResultColumn:
        return check_column(measure)

    @model_validator(mode="after")
    def _check(self) -> Self:
        most = _MOST_PLACES[self.form]
        if len(self.categories) > most:
            raise ValueError(f"a {self.form} chart of {len(self.categories)} categories; {most} can be read")
        if len(set(self.categories)) < len(self.categories):
            raise ValueError("two categories have one name")
        for series in self.series:
            if len(series.values) != len(self.categories):
                raise ValueError(
                    f"series {series.name} has {len(series.values)} values for "
                    f"{len(self.categories)} categories"
                )
        if self.form == "share":
            self._check_share()
        return self

    def _check_share(self) -> None:
        values = self.series[0].values
        if len(self.series) > 1:
            raise ValueError("a share chart has one series; use stacked columns for several")
        if any(value is None or value < 0 for value in values) or not sum(value or 0 for value in values):
            raise ValueError("the parts of a share chart are numbers of zero or more, and not all zero")


def may_total(columns: Sequence[ResultColumn]) -> bool:
    return any(_sums(column) for column in columns)


def derived_from(columns: Sequence[ResultColumn], at: int) -> tuple[int, int] | None:
    """Of a change or a growth, the places of the value now and of the one before it; else None."""
    if columns[at].role not in ("change", "growth"):
        return None
    roles = [column.role for column in columns[:at]]
    if "metric" not in roles or "before" not in roles:
        return None
    now, before = (len(roles) - 1 - roles[::-1].index(role) for role in ("metric", "before"))
    return (now, before) if before > now else None


def _growth(places: tuple[int, int] | None, totals: Sequence[Value]) -> Value:
    if places is None:
        return None
    now, before = (number_of(totals[place]) for place in places)
    return now / before - 1 if now is not None and before else None


def _sums(column: ResultColumn) -> bool:
    return column.role in ("metric", "before", "change") and column.additivity == "additive"


def _plain(value: Value) -> Value:
    if isinstance(value, str):
        return clean(value)
    return None if is_number(value) and not Decimal(str(value)).is_finite() else value
