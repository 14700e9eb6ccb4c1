"""A row rule's `where` as an Ibis condition over its product's columns.

Only comparisons of columns with written values, and what joins them, are let through; whatever else SQL knows
is refused, so that a rule never reads anything but the row it decides about.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

import ibis
import sqlglot
from ibis.expr import types as ir
from sqlglot import exp

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
# By node, the parts it may have. A part that is not known might turn its meaning round, as `negate` does.
_PARTS: Mapping[type[exp.Expr], frozenset[str]] = {
    exp.Paren: frozenset({"this"}),
    exp.And: frozenset({"this", "expression"}),
    exp.Or: frozenset({"this", "expression"}),
    exp.Not: frozenset({"this"}),
    exp.Boolean: frozenset({"this"}),
    exp.Column: frozenset({"this"}),
    exp.In: frozenset({"this", "expressions"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Is: frozenset({"this", "expression"}),
    exp.Like: frozenset({"this", "expression", "negate"}),
    **{comparison: frozenset({"this", "expression"}) for comparison in _COMPARISONS},
}


class ConditionRefused(ValueError):
    """The sentence names the part that is refused."""


def bind_condition(where: str, table: ir.Table) -> ir.BooleanValue:
    """Raises ConditionRefused."""
    try:
        tree = sqlglot.parse_one(where, dialect="duckdb", into=exp.Condition)
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise ConditionRefused(f"'{where}' is no SQL condition") from error
    return _condition(tree, table)


def _condition(node: exp.Expr, table: ir.Table) -> ir.BooleanValue:
    if not {name for name, part in node.args.items() if part} <= _PARTS.get(type(node), frozenset()):
        raise ConditionRefused(f"'{node.sql(dialect='duckdb')}' is not allowed in a row rule")
    if isinstance(node, exp.Paren):
        return _condition(node.this, table)
    if isinstance(node, exp.And):
        return _condition(node.left, table) & _condition(node.right, table)
    if isinstance(node, exp.Or):
        return _condition(node.left, table) | _condition(node.right, table)
    if isinstance(node, exp.Not):
        return ~_condition(node.this, table)
    if isinstance(node, exp.Boolean):
        return ibis.literal(bool(node.this))
    if isinstance(node, exp.Column):
        column = _column(node, table)
        if not isinstance(column, ir.BooleanValue):
            raise ConditionRefused(f"the column {column.get_name()} says neither yes nor no")
        return column
    return _test(node, table)


def _test(node: exp.Expr, table: ir.Table) -> ir.BooleanValue:
    if isinstance(node, _COMPARISONS):
        return _compare(node, table)
    if isinstance(node, exp.In):
        column = _column(node.this, table)
        return column.isin([_literal(item, column) for item in node.expressions])
    if isinstance(node, exp.Between):
        column = _column(node.this, table)
        return column.between(_literal(node.args["low"], column), _literal(node.args["high"], column))
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        return _column(node.this, table).isnull()
    if isinstance(node, exp.Like):
        column = _column(node.this, table)
        if isinstance(column, ir.StringValue) and _is_string(node.expression):
            like = column.like(node.expression.this)
            return ~like if node.args.get("negate") else like
    raise ConditionRefused(f"'{node.sql(dialect='duckdb')}' is not allowed in a row rule")


def _compare(node: exp.Expr, table: ir.Table) -> ir.BooleanValue:
    left, right = node.this, node.expression
    if not isinstance(left, exp.Column):
        if not isinstance(right, exp.Column):
            raise ConditionRefused(f"'{node.sql(dialect='duckdb')}' compares no column")
        column = _column(right, table)
        return _apply(node, _literal(left, column), column)
    column = _column(left, table)
    other = _column(right, table) if isinstance(right, exp.Column) else _literal(right, column)
    return _apply(node, column, other)


def _apply(node: exp.Expr, left: ir.Value, right: ir.Value) -> ir.BooleanValue:
    try:
        match node:
            case exp.EQ():
                return left == right
            case exp.NEQ():
                return left != right
            case exp.LT():
                return left < right
            case exp.LTE():
                return left <= right
            case exp.GT():
                return left > right
            case _:
                return left >= right
    except TypeError as error:
        raise ConditionRefused(f"'{node.sql(dialect='duckdb')}' compares unlike things") from error


def _column(node: exp.Expr, table: ir.Table) -> ir.Column:
    if not isinstance(node, exp.Column) or node.table:
        raise ConditionRefused(f"'{node.sql(dialect='duckdb')}' is no column of the product")
    if node.name not in table.columns:
        raise ConditionRefused(f"there is no column {node.name}; there are {', '.join(table.columns)}")
    return table[node.name]


def _literal(node: exp.Expr, column: ir.Column) -> ir.Scalar:
    """A written value as one of the column's type."""
    if type(node) is exp.Cast and node.to.is_type("date", "timestamp") and _is_string(node.this):
        node = node.this
    negative = isinstance(node, exp.Neg)
    if isinstance(node, exp.Neg):
        node = node.this
    if not isinstance(node, exp.Literal | exp.Boolean):
        raise ConditionRefused(f"'{node.sql(dialect='duckdb')}' is no written value")
    try:
        return ibis.literal(_value(node, column, negative=negative), type=column.type())
    except (TypeError, ValueError, InvalidOperation) as error:
        raise ConditionRefused(
            f"{node.sql(dialect='duckdb')} is no value of the column {column.get_name()}"
        ) from error


def _value(node: exp.Expr, column: ir.Column, *, negative: bool) -> object:
    """Raises TypeError, ValueError or InvalidOperation where text and type do not fit."""
    kind = column.type()
    if isinstance(node, exp.Boolean) != kind.is_boolean():
        raise TypeError
    if kind.is_boolean():
        return bool(node.this)
    if kind.is_numeric():
        if node.is_string:
            raise TypeError
        number = -Decimal(node.this) if negative else Decimal(node.this)
        if kind.is_integer() and number != number.to_integral_value():
            raise ValueError
        if kind.is_decimal() and number != round(number, kind.scale):
            raise ValueError
        return int(number) if kind.is_integer() else float(number) if kind.is_floating() else number
    if not node.is_string or negative:
        raise TypeError
    if kind.is_date():
        return date.fromisoformat(node.this)
    return datetime.fromisoformat(node.this) if kind.is_timestamp() else node.this


def _is_string(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)
