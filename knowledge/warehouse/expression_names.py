"""Which names an expression in the catalog uses: Ibis over `_` in metrics and dimensions, SQL in row rules.

Of one that cannot be read every word counts, so that a change never seems to touch less than it does.
"""

import ast
import re
from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from knowledge.warehouse.sql_lineage import DIALECT

_WORD = re.compile(r"[A-Za-z_]\w*")


def names_in(expression: str) -> frozenset[str]:
    """What an Ibis expression takes from `_`: columns, metrics, and the methods of `_` itself."""
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, RecursionError, ValueError):
        return frozenset(_WORD.findall(expression))
    return frozenset(_taken(tree))


def _taken(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute | ast.Subscript):
            continue
        if not (isinstance(node.value, ast.Name) and node.value.id == "_"):
            continue
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            yield node.slice.value


def columns_of_condition(condition: str) -> frozenset[str]:
    """What an SQL condition compares."""
    try:
        tree = sqlglot.parse_one(condition, dialect=DIALECT)
    except (SqlglotError, RecursionError):
        return frozenset(_WORD.findall(condition))
    return frozenset(column.name for column in tree.find_all(exp.Column))
