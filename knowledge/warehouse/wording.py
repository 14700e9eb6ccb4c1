"""Governed results in words: values as people read them, rows as a table of text, and sentences that say no
more than the rows do."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from knowledge.warehouse.result import NumberResult, ResultColumn, Value

NOTHING = "-"
POINTS = "points"
_PERCENT = 100


def show_value(value: Value, column: ResultColumn) -> str:
    """With thousands set apart by commas, and without its unit."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        first = value.date() if column.grain else None
        return _stretch(first, column.grain) if first else value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date):
        return _stretch(value, column.grain)
    if isinstance(value, str):
        return value
    number = Decimal(str(value))
    if not number.is_finite():
        return NOTHING
    if column.role == "dimension":
        # A year or a number of something is a name.
        return str(value)
    sign = "+" if column.role in ("change", "growth") else ""
    if column.role == "column" and column.format == "number":
        # Of free SQL nobody has said how it is to be shown.
        return f"{number:,}"
    if is_points(column):
        return f"{_rounded(number * _PERCENT, min(column.decimals, 1)):+,} {POINTS}"
    if column.role == "growth" or column.format == "percent":
        return f"{_rounded(number * _PERCENT, min(column.decimals, 1)):{sign},} %"
    if column.format == "integer" or (isinstance(value, int) and column.format == "number"):
        return f"{_rounded(number, 0):{sign},}"
    return f"{_rounded(number, column.decimals):{sign},}"


def _stretch(first: date, grain: str | None) -> str:
    """The month, quarter or year that begins on this day; the day itself where it is another stretch."""
    if grain == "month":
        return f"{first:%B} {first.year}"
    if grain == "quarter" and first.month % 3 == 1:
        return f"Q{first.month // 3 + 1} {first.year}"
    if grain == "year" and first.month == 1:
        return str(first.year)
    return first.isoformat()


def show_with_unit(value: Value, column: ResultColumn) -> str:
    shown, unit = show_value(value, column), unit_beside(column)
    has_own = shown.endswith(("%", POINTS))
    return shown if value is None or unit is None or has_own else f"{shown} {unit}"


def is_points(column: ResultColumn) -> bool:
    """A difference of two rates is in percentage points."""
    return column.role == "change" and column.format == "percent"


def heading(column: ResultColumn) -> str:
    unit = unit_beside(column)
    return f"{column.label} ({unit})" if unit else column.label


def unit_beside(column: ResultColumn) -> str | None:
    """Its unit, unless its label has said it: of orders, the number alone."""
    if column.unit is None or column.unit.lower() in re.findall(r"\w+", column.label.lower()):
        return None
    return column.unit


def text_table(result: NumberResult) -> str:
    """One line for the headings and one for each row, columns apart by ` | `."""
    lines = [" | ".join(heading(column) for column in result.columns)]
    lines += [" | ".join(_cells(row, result.columns)) for row in result.rows]
    return "\n".join(lines)


def row_sentences(columns: Sequence[ResultColumn], rows: Sequence[Sequence[Value]]) -> Iterator[str]:
    """A sentence for each row: `North: revenue 1,204.50 EUR, 8.2 % more than 1,113.00 EUR.`"""
    for row in rows:
        cells = list(zip(row, columns, strict=True))
        group = ", ".join(show_value(value, column) for value, column in cells if column.role == "dimension")
        figures = "; ".join(_figure(at, cells) for at, (_, column) in enumerate(cells) if _leads(column))
        yield f"{group}: {figures}." if group else f"{figures[:1].upper()}{figures[1:]}."


def _leads(column: ResultColumn) -> bool:
    return column.role in ("metric", "column")


def _figure(at: int, cells: Sequence[tuple[Value, ResultColumn]]) -> str:
    value, column = cells[at]
    said = f"{column.label} {show_with_unit(value, column)}"
    followers: dict[str, tuple[Value, ResultColumn]] = {}
    for its_value, its_column in cells[at + 1 :]:
        if _leads(its_column) or its_column.role == "dimension":
            break
        followers[its_column.role] = (its_value, its_column)
    return said + _against(followers)


def _against(followers: dict[str, tuple[Value, ResultColumn]]) -> str:
    if "before" not in followers:
        return ""
    before = show_with_unit(*followers["before"])
    change, of_rates = followers.get("change", (None, None))
    if change is not None and of_rates is not None and is_points(of_rates):
        return _more_or_less(change, of_rates, before)
    growth, column = followers.get("growth", (None, None))
    if growth is None or column is None:
        return f", before {before}"
    return _more_or_less(growth, column, before)


def _more_or_less(difference: Value, column: ResultColumn, before: str) -> str:
    if isinstance(difference, str | bool | date):
        return f", before {before}"
    amount = Decimal(str(difference))
    if amount == 0:
        return f", as much as before ({before})"
    by = show_value(abs(amount), column).removeprefix("+")
    return f", {by} {'more' if amount > 0 else 'less'} than {before}"


def _cells(row: Sequence[Value], columns: Sequence[ResultColumn]) -> list[str]:
    return [show_value(value, column) for value, column in zip(row, columns, strict=True)]


def _rounded(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
