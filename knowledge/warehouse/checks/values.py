"""Bounds and values as a check's YAML gives them, in the type of the column they are held against."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

import ibis
import ibis.expr.datatypes as dt

from knowledge.warehouse.check_spec import Scalar
from knowledge.warehouse.checks.subject import NUMBERS, CannotCheck
from knowledge.warehouse.spec import Column, ColumnType

TODAY = "today"
_DECIMALS = 12
Typed: TypeAlias = str | bool | int | ibis.Scalar | date | datetime


def typed_value(column: Column, raw: Scalar, today: date) -> Typed:
    """A number as a decimal, so that 0.1 is a tenth; a date as a date. Raises CannotCheck."""
    text = str(raw).strip()
    try:
        if column.type in NUMBERS and not isinstance(raw, bool):
            return _number(Decimal(text))
        if column.type is ColumnType.DATE:
            return today if text == TODAY else date.fromisoformat(text)
        if column.type is ColumnType.TIMESTAMP:
            return _moment(text, today)
    except (ValueError, OverflowError, InvalidOperation):
        pass
    if column.type is ColumnType.BOOLEAN and isinstance(raw, bool):
        return raw
    if column.type is ColumnType.STRING:
        return str(raw)
    raise CannotCheck(f"'{raw}' is no {column.type.value}, which {column.name} is.")


def upper_bound(column: Column, raw: Scalar, today: date) -> tuple[Typed, bool]:
    """The bound, and whether it is itself within: the day of a moment's bound is, to its end. Raises
    CannotCheck."""
    bound = typed_value(column, raw, today)
    if isinstance(bound, datetime) and _is_day(str(raw).strip()):
        return bound + timedelta(days=1), False
    return bound, True


def _number(value: Decimal) -> int | ibis.Scalar:
    if value == value.to_integral_value():
        return int(value)
    # Ibis holds a decimal column only against a literal that has at least as many decimals.
    return ibis.literal(value, dt.Decimal(38, max(_DECIMALS, -int(value.as_tuple().exponent))))


def _moment(text: str, today: date) -> datetime:
    if text == TODAY:
        return datetime.combine(today, time.min)
    return datetime.fromisoformat(text)


def _is_day(text: str) -> bool:
    return text == TODAY or len(text) == len("2026-01-01")
