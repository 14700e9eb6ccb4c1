"""The filters of a metric query: their values as ones of the column's type, as conditions, and in words."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from operator import eq, ge, gt, le, lt, ne

import ibis
from ibis.expr import datatypes as dt
from ibis.expr import types as ir

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.query import MetricFilter, Period
from knowledge.warehouse.result import Value
from knowledge.warehouse.vocabulary import DimensionRef

_COMPARED: Mapping[str, Callable[[ir.Value, ir.Value], ir.BooleanValue]] = {
    "=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge
}  # fmt: skip
_IN_WORDS = {
    "=": "is",
    "!=": "is not",
    "in": "is one of",
    "not in": "is none of",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
    "contains": "contains",
    "is null": "has no value",
    "is not null": "has a value",
}
_YES_NO = {"true": True, "yes": True, "false": False, "no": False}
_MOST_VALUES = 1_000


def filter_condition(name: str, item: MetricFilter, column: ir.Value) -> ir.BooleanValue:
    """`name` is the dimension's. Raises QueryRefused naming the value that does not fit."""
    if item.operator not in _IN_WORDS:
        raise QueryRefused(f"{name}: there is no operator '{item.operator}'.")
    if item.operator == "is null":
        return column.isnull()
    if item.operator == "is not null":
        return column.notnull()
    if item.operator in ("in", "not in"):
        values = [_typed(name, value, column) for value in _several(name, item)]
        return column.isin(values) if item.operator == "in" else column.notin(values)
    if item.value is None or isinstance(item.value, tuple):
        raise QueryRefused(f"{name}: give one value after '{item.operator}'.")
    if item.operator == "contains":
        if not isinstance(column, ir.StringValue) or not isinstance(item.value, str):
            raise QueryRefused(f"{name}: only a text contains another text.")
        return column.contains(item.value)
    return _COMPARED[item.operator](column, _typed(name, item.value, column))


def period_condition(period: Period, column: ir.Value) -> ir.BooleanValue:
    """With values of the column's own type: a date held against a timestamp keeps whole files from being
    passed over."""
    start, end = period.start, period.end
    if column.type().is_timestamp():
        ends = [ibis.literal(datetime.combine(day, time()), type=column.type()) for day in (start, end)]
    else:
        ends = [ibis.literal(day, type="date") for day in (start, end)]
    return (column >= ends[0]) & (column < ends[1])


def filter_sentence(ref: DimensionRef, item: MetricFilter) -> str:
    words = f"{ref.label} {_IN_WORDS[item.operator]}"
    if item.operator in ("is null", "is not null"):
        return f"{words}."
    values = item.value if isinstance(item.value, tuple) else (item.value,)
    return f"{words} {', '.join(str(value) for value in values)}."


def _several(name: str, item: MetricFilter) -> tuple[Value, ...]:
    if not isinstance(item.value, tuple) or not 0 < len(item.value) <= _MOST_VALUES:
        raise QueryRefused(f"{name}: give a list of 1 to {_MOST_VALUES:,} values after '{item.operator}'.")
    return item.value


def _typed(name: str, value: Value, column: ir.Value) -> ir.Scalar:
    kind = column.type()
    try:
        return ibis.literal(_converted(value, kind), type=None if kind.is_decimal() else kind)
    except (TypeError, ValueError, InvalidOperation) as error:
        raise QueryRefused(f"{name}: '{value}' is no {_kind_in_words(kind)}.") from error


def _converted(value: Value, kind: dt.DataType) -> Value:
    """Text is read as what the column holds. Raises TypeError, ValueError or InvalidOperation."""
    if kind.is_string() and isinstance(value, str):
        return value
    if kind.is_boolean():
        return value if isinstance(value, bool) else _yes_no(_text(value))
    if kind.is_numeric():
        return _number(value, kind)
    if kind.is_date():
        if isinstance(value, datetime):
            raise TypeError
        return value if isinstance(value, date) else date.fromisoformat(_text(value))
    if kind.is_timestamp():
        if isinstance(value, date) and not isinstance(value, datetime):
            return datetime.combine(value, time())
        return value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))
    raise TypeError


def _number(value: Value, kind: dt.DataType) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise TypeError
    number = Decimal(str(value).strip())
    if not number.is_finite():
        raise ValueError
    if kind.is_integer() and number != number.to_integral_value():
        raise ValueError
    return int(number) if kind.is_integer() else float(number) if kind.is_floating() else number


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.strip()


def _kind_in_words(kind: dt.DataType) -> str:
    if kind.is_boolean():
        return "yes or no"
    if kind.is_temporal():
        return "date (write YYYY-MM-DD)"
    return "whole number" if kind.is_integer() else "number" if kind.is_numeric() else "text"


def _yes_no(text: str) -> bool:
    if text.lower() not in _YES_NO:
        raise ValueError
    return _YES_NO[text.lower()]
