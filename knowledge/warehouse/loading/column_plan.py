"""What is done to one column, as expressions of DuckDB in three layers: the cleaned value, each way to read
it, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.warehouse.errors import SourceUnreadable
from knowledge.warehouse.loading.readings import (
    SQL_TYPES,
    DecimalSign,
    Reading,
    date_pattern_words,
    readings_of_text,
    readings_of_value,
)
from knowledge.warehouse.loading.source import identifier, literal
from knowledge.warehouse.loading.workbench import Workbench
from knowledge.warehouse.spec import Column, ColumnType, OnBad

# What became of a value, beside the number of the reading that fitted, counted from one.
MISSING, FILLED, LEFT_OUT, NEEDED, BAD = 0, 100, 101, 102, 103
_BLANK = "' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(65279)"
_WORDS = {
    ColumnType.STRING: "text",
    ColumnType.INTEGER: "whole number",
    ColumnType.DECIMAL: "number that can be read in one way only",
    ColumnType.FLOAT: "number that can be read in one way only",
    ColumnType.BOOLEAN: "yes or no",
}


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """`index` keeps the names of its layers apart from those of other columns; `fill` is SQL. `is_needed`: a
    row without a value of it is kept back."""

    index: int
    column: Column
    cleaned: str
    is_mapped: str | None
    readings: Sequence[Reading]
    fill: str | None
    is_needed: bool

    @property
    def clean_layer(self) -> list[str]:
        mapped = [f"{self.is_mapped} AS m{self.index}"] if self.is_mapped else []
        return [f"{self.cleaned} AS t{self.index}", *mapped]

    @property
    def reading_layer(self) -> list[str]:
        passed = [f"t{self.index}", *([f"m{self.index}"] if self.is_mapped else [])]
        return passed + [f"{reading.sql} AS c{self.index}_{n}" for n, reading in enumerate(self.readings)]

    @property
    def value_layer(self) -> list[str]:
        """The value under the column's name, and what became of it."""
        i = self.index
        kind = SQL_TYPES[self.column.type]
        read = ", ".join(f"c{i}_{n}" for n in range(len(self.readings)))
        value = f"coalesce({read})" if len(self.readings) > 1 else read
        if self.fill is not None:
            value = f"CASE WHEN t{i} IS NULL THEN {self.fill} ELSE {value} END"
        fits = " ".join(f"WHEN c{i}_{n} IS NOT NULL THEN {n + 1}" for n in range(len(self.readings)))
        missing = FILLED if self.fill is not None else NEEDED if self.is_needed else MISSING
        return [
            f"CAST({value} AS {kind}) AS {identifier(self.column.name)}",
            f"CAST(CASE WHEN t{i} IS NULL THEN {missing} {fits} ELSE {self._unfit} END AS UTINYINT) AS r{i}",
            *([f"m{i}"] if self.is_mapped else []),
        ]

    @property
    def reasons(self) -> dict[int, str]:
        """By what became of a value, why its row is kept back. No value stands in it: it may be personal."""
        name, kind = self.column.name, self.column.type
        if kind in (ColumnType.DATE, ColumnType.TIMESTAMP):
            what = f"no {kind.value} written as {date_pattern_words(self.column)}"
        elif kind is ColumnType.BOOLEAN:
            what = "neither yes nor no"
        else:
            what = f"no {_WORDS[kind]}"
        return {NEEDED: f"{name} has no value, but needs one", BAD: f"{name} is {what}"}

    @property
    def _unfit(self) -> int:
        if self.column.conform.on_bad is OnBad.QUARANTINE:
            return BAD
        return NEEDED if self.is_needed else LEFT_OUT


def plan_column(
    bench: Workbench, index: int, column: Column, raw_type: str, sign: DecimalSign, *, in_key: bool
) -> ColumnPlan:
    """Raises SourceUnreadable where the product's own rules for the column make no sense."""
    name = f"raw.{identifier(column.name)}"
    t = f"t{index}"
    readings = None
    if raw_type != "VARCHAR" and not column.conform.values:
        readings = readings_of_value(column, raw_type, t)
    cleaned = name if readings is not None else f"nullif(trim(CAST({name} AS VARCHAR), {_BLANK}), '')"
    if raw_type in ("DOUBLE", "FLOAT"):
        # A table that knows no missing numbers writes them as NaN.
        cleaned = f"CASE WHEN isnan({name}) THEN NULL ELSE {cleaned} END"
    if column.conform.missing:
        texts = ", ".join(map(literal, column.conform.missing))
        cleaned = f"CASE WHEN CAST({cleaned} AS VARCHAR) IN ({texts}) THEN NULL ELSE {cleaned} END"
    kept, is_mapped = _map_values(column, cleaned)
    return ColumnPlan(
        index=index,
        column=column,
        cleaned=kept,
        is_mapped=is_mapped,
        readings=readings if readings is not None else readings_of_text(column, sign, t),
        fill=_fill(bench, column),
        is_needed=column.required or in_key,
    )


def check_date_formats(bench: Workbench, column: Column) -> None:
    for pattern in column.conform.dates:
        # DuckDB says what it does not know only when it meets a value.
        if not _is_known(bench, f"strftime(TIMESTAMP '2026-01-31', {literal(pattern)})"):
            raise SourceUnreadable(f"The column {column.name} has the date format {pattern}, which is none.")


def _map_values(column: Column, cleaned: str) -> tuple[str, str | None]:
    """The kept spelling of each text, and whether that is another than it came in."""
    values = column.conform.values
    if not values:
        return cleaned, None
    spellings = {**{kept: kept for kept in values.values()}, **values}
    cases = " ".join(
        f"WHEN lower({literal(spelling.strip())}) THEN {literal(kept)}"
        for spelling, kept in spellings.items()
    )
    kept = f"(CASE lower({cleaned}) {cases} ELSE {cleaned} END)"
    return kept, f"coalesce({kept} <> {cleaned}, false)"


def _fill(bench: Workbench, column: Column) -> str | None:
    fill = column.conform.fill
    if fill is None:
        return None
    kind = SQL_TYPES[column.type]
    text = str(fill).lower() if isinstance(fill, bool) else str(fill)
    if bench.row(f"SELECT try_cast({literal(text)} AS {kind})")[0] is None:
        raise SourceUnreadable(f"The column {column.name} is filled with {text}, which is no {column.type}.")
    return f"CAST({literal(text)} AS {kind})"


def _is_known(bench: Workbench, sql: str) -> bool:
    import duckdb

    try:
        bench.run(f"SELECT {sql}")
    except duckdb.Error:
        return False
    return True
