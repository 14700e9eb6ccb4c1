"""The expressions of metrics and dimensions: read safely, tried on a table, and asked what they stand on."""

import ast
from collections.abc import Mapping
from typing import TypeGuard

import ibis
from boring_semantic_layer.safe_eval import safe_eval
from ibis.common.deferred import Deferred
from ibis.common.exceptions import IbisError
from ibis.expr import operations as ops
from ibis.expr import types as ir
from returns.result import Failure

_NEVER_ADDITIVE = (
    ops.Mean, ops.Median, ops.Min, ops.Max, ops.CountDistinct, ops.CountDistinctStar, ops.Quantile,
    ops.StandardDev, ops.Variance, ops.ApproxCountDistinct, ops.ApproxMedian,
)  # fmt: skip


class ExpressionInvalid(ValueError):
    """The sentence says what is wrong with it."""


def read_expression(text: str) -> Deferred:
    """Over `_` and nothing else. Raises ExpressionInvalid."""
    result = safe_eval(text, {"_": ibis._})
    if isinstance(result, Failure):
        raise ExpressionInvalid(f"'{text}' is no expression over `_` ({result.failure()})")
    deferred = result.unwrap()
    if not isinstance(deferred, Deferred):
        raise ExpressionInvalid(f"'{text}' speaks of no column; write columns as `_.column`")
    return deferred


def bind_expression(text: str, table: ir.Table) -> ir.Value:
    """Raises ExpressionInvalid, naming a column the table does not have."""
    deferred = read_expression(text)
    try:
        value = deferred.resolve(table)
    except (AttributeError, IbisError, TypeError, ValueError) as error:
        unknown = sorted(names_in(text) - set(table.columns))
        found = f"there is no column {unknown[0]}" if unknown else " ".join(str(error).split())[:200]
        raise ExpressionInvalid(f"'{text}': {found}") from error
    if not isinstance(value, ir.Value):
        raise ExpressionInvalid(f"'{text}' is a table, not a value")
    return value


def columns_used(value: ir.Value, table: ir.Table) -> frozenset[str]:
    """Of the table the value is bound to; all of them where it looks at whole rows in another way than
    counting them."""
    operation = value.op()
    relations = set(operation.find(ops.Relation))
    if relations - set(table.op().find(ops.Relation)) or operation.find(ops.CountDistinctStar):
        return frozenset(table.columns)
    return frozenset(field.name for field in operation.find(ops.Field))


def is_never_additive(value: ir.Value) -> bool:
    """Whether it is made of averages, extremes or distinct counts."""
    return bool(value.op().find(_NEVER_ADDITIVE))


def names_in(text: str) -> frozenset[str]:
    """What it speaks of as attributes of `_` that are not called. Raises ExpressionInvalid."""
    tree = _parse(text)
    called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return frozenset(node.attr for node in ast.walk(tree) if _is_name(node) and node not in called)


def with_names_replaced(text: str, by_name: Mapping[str, str]) -> str:
    """Each name in it (`_.name`) replaced by an expression, in brackets."""
    tree = _Replacement({name: _parse(other) for name, other in by_name.items()}).visit(_parse(text))
    return ast.unparse(tree)


class _Replacement(ast.NodeTransformer):
    def __init__(self, by_name: Mapping[str, ast.expr]) -> None:
        self._by_name = by_name

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if _is_name(node) and node.attr in self._by_name:
            return self._by_name[node.attr]
        return self.generic_visit(node)


def _parse(text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, RecursionError) as error:
        raise ExpressionInvalid(f"'{text}' cannot be read") from error


def _is_name(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "_"
