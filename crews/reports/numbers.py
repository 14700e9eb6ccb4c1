"""Numbers as a report prints them, alike in every format that is read and not reckoned with."""

import re
from decimal import ROUND_HALF_UP, Decimal

from knowledge.warehouse.result import ResultColumn, Value
from knowledge.warehouse.wording import NOTHING, is_points, show_value, unit_beside

MINUS = "−"
ABSENT = "–"
_POINTS = "pp"
_HUNDRED = 100
_LARGE = ((Decimal(10**12), "trillion"), (Decimal(10**9), "billion"), (Decimal(10**6), "million"))
_NO_CENTS_FROM = 1_000


def is_number(value: Value) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def show(value: Value, column: ResultColumn) -> str:
    """Without its unit, but for percent and percentage points: a difference of two rates is in points."""
    if is_points(column) and is_number(value):
        points = Decimal(str(value)) * _HUNDRED
        return _signed(f"{_rounded(points, min(column.decimals, 1)):+,} {_POINTS}")
    shown = show_value(value, column)
    if shown == NOTHING:
        return ABSENT
    return _signed(shown) if is_number(value) else shown


def show_with_unit(value: Value, column: ResultColumn) -> str:
    shown = show(value, column)
    has_own = shown == ABSENT or shown.endswith(("%", _POINTS))
    unit = unit_beside(column)
    return shown if has_own or unit is None else f"{shown} {unit}"


def show_short(value: Value, column: ResultColumn) -> str:
    """For a tile: to three digits or so, `51.8 million`; the exact value is in the workbook."""
    if not is_number(value) or column.format == "percent" or column.role in ("growth", "dimension"):
        return show(value, column)
    number = Decimal(str(value))
    sign = "+" if column.role == "change" else ""
    for unit, word in _LARGE:
        if abs(number) >= unit:
            return _signed(f"{_rounded(number / unit, 1):{sign},} {word}")
    if abs(number) >= _NO_CENTS_FROM:
        return _signed(f"{_rounded(number, 0):{sign},}")
    return show(value, column)


def _signed(shown: str) -> str:
    if not re.search("[1-9]", shown):
        # A loss that is rounded away is none.
        return shown.lstrip("+-")
    return f"{MINUS}{shown[1:]}" if shown.startswith("-") else shown


def _rounded(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
