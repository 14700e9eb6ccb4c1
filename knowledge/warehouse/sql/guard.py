"""What free SQL may be made of. Every node of the parsed statement has to be of a class on the list, with
arguments on the list; whatever nobody thought of is refused.

This says nothing about whose data it reads: that is for `binding`.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.sql.functions import check_function, is_function
from knowledge.warehouse.sql.grammar import ARGUMENT_IN_WORDS, IN_WORDS, INTERVALS, OPERATORS, SHAPES, TYPES
from knowledge.warehouse.sql.limits import SqlLimits

DIALECT = "duckdb"

_BEGINNINGS = (TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN, TokenType.FROM)
_JOINS = ("", "INNER", "CROSS", "OUTER")
_SIDES = ("", "LEFT", "RIGHT", "FULL")
_BRACKETS = (TokenType.L_BRACKET, TokenType.L_BRACE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_LONGEST_LABEL = 63


def parse_select(sql: str, limits: SqlLimits) -> exp.Query:
    """The one SELECT that `sql` is, made of nothing but what is on the list. Raises QueryRefused."""
    _check_text(sql, limits)
    try:
        tokens = sqlglot.tokenize(sql, dialect=DIALECT)
        _check_tokens(tokens)
        trees = sqlglot.parse(sql, dialect=DIALECT)
        tree = trees[0] if trees else None
        if not isinstance(tree, exp.Query) or isinstance(tree, exp.Table):
            raise QueryRefused("Only a SELECT can be run.")
        check_nodes(tree, limits.nodes)
    except SqlglotError as error:
        raise QueryRefused(f"This is no SQL that can be read: {first_line(error)}.") from error
    except RecursionError:
        raise QueryRefused("The statement is nested too deeply; write it flatter.") from None
    return tree


def check_nodes(tree: exp.Expr, most: int) -> None:
    """Raises QueryRefused naming the first part that is not on the list."""
    for count, node in enumerate(tree.walk(), start=1):
        if count > most:
            raise QueryRefused(f"The statement has more than the {most} parts that are allowed; shorten it.")
        _check_node(node)


def first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")[:200]


def _check_text(sql: str, limits: SqlLimits) -> None:
    size = len(sql.encode("utf-8", "replace"))
    if size > limits.text_bytes:
        raise QueryRefused(
            f"The statement has {size:,} bytes, and at most {limits.text_bytes:,} are allowed; shorten it."
        )
    if not sql.strip():
        raise QueryRefused("There is no statement; write one SELECT over the products of the catalog.")
    strange = next((sign for sign in sql if not (sign.isprintable() or sign in "\n\r\t")), None)
    if strange is not None:
        raise QueryRefused(f"The statement has a character that cannot be seen (U+{ord(strange):04X}).")


def _check_tokens(tokens: list[Token]) -> None:
    ends = [place for place, token in enumerate(tokens) if token.token_type is TokenType.SEMICOLON]
    if any(place < len(tokens) - 1 for place in ends):
        raise QueryRefused("Only one statement can be run at a time; leave out what follows the semicolon.")
    if not tokens or tokens[0].token_type not in _BEGINNINGS:
        first = tokens[0].text.upper()[:30] if tokens else "a comment"
        raise QueryRefused(f"Only a SELECT can be run, and this begins with {first}.")
    # Before the parser sees them: it takes seconds to give up on thousands of brackets.
    if any(token.token_type in _BRACKETS for token in tokens):
        raise QueryRefused("Brackets and braces, for lists and structs, may not be used in a statement here.")


def _check_node(node: exp.Expr) -> None:
    kind = type(node)
    if is_function(node):
        check_function(node)
    elif kind in SHAPES:
        _check_arguments(node, SHAPES[kind])
    elif kind not in OPERATORS:
        _refuse(kind)
    check = _CHECKS.get(kind)
    if check is not None:
        check(node)


def _check_arguments(node: exp.Expr, allowed: frozenset[str] | None) -> None:
    for name, value in node.args.items():
        if allowed is not None and name not in allowed and _is_given(value):
            kind = type(node).__name__
            words = ARGUMENT_IN_WORDS.get((kind, name)) or f"{kind.upper()} with {name.upper()}"
            raise QueryRefused(f"{words} may not be used in a statement here.")


def _is_given(value: object) -> bool:
    return value not in (None, False, "", [])


def _refuse(kind: type[exp.Expr]) -> NoReturn:
    words = IN_WORDS.get(kind) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).upper()
    raise QueryRefused(f"{words[:1].upper()}{words[1:]} may not be used in a statement here.")


def _check_table(node: exp.Expr) -> None:
    function = node.this
    if isinstance(function, exp.Func):
        check_function(function)
    if not all(isinstance(part, exp.Identifier) for part in (function, node.args.get("db")) if part):
        raise QueryRefused("FROM takes data products of the catalog, each by its name: domain.product.")


def _check_label(node: exp.Expr) -> None:
    """Names of tables and of parts of the statement are plain; a column's label is only short."""
    name = str(node.this)
    if isinstance(node.parent, exp.Table) and node.arg_key == "this" and not node.parent.args.get("db"):
        plain = all(_NAME.fullmatch(part) for part in name.split("."))
    elif isinstance(node.parent, exp.Alias):
        plain = 0 < len(name) <= _LONGEST_LABEL
    else:
        plain = _NAME.fullmatch(name) is not None
    if not plain:
        shown = name if len(name) < 60 else f"{name[:60]}..."
        raise QueryRefused(
            f"The name '{shown}' is none that can be used here; names have letters a-z, digits and _."
        )


def _check_join(node: exp.Expr) -> None:
    kind, side = (str(node.args.get(key) or "").upper() for key in ("kind", "side"))
    if kind in ("SEMI", "ANTI"):
        raise QueryRefused(f"Write this {kind} join as WHERE ... IN (SELECT ...).")
    if kind not in _JOINS or side not in _SIDES:
        raise QueryRefused(f"A {side} {kind} join may not be used in a statement here.".replace("  ", " "))


def _check_type(node: exp.Expr) -> None:
    if node.this not in TYPES or node.args.get("nested"):
        raise QueryRefused(f"Values cannot be cast to {node.sql(DIALECT)[:60]} here.")


def _check_number(node: exp.Expr) -> None:
    number = node.args.get("expression")
    if not (isinstance(number, exp.Literal) and number.is_int):
        raise QueryRefused("LIMIT and OFFSET take a number.")


def _check_var(node: exp.Expr) -> None:
    """A word such as the unit of an interval or the part of a date."""
    if not _NAME.fullmatch(str(node.this)):
        raise QueryRefused(f"The word '{str(node.this)[:60]}' may not be used here.")


def _check_interval(node: exp.Expr) -> None:
    unit, amount = node.args.get("unit"), node.this
    if not (isinstance(amount, exp.Literal) and unit is not None and unit.name.upper() in INTERVALS):
        raise QueryRefused("An INTERVAL takes a number and a unit, such as INTERVAL 3 MONTH.")


def _check_plain_arguments(node: exp.Expr) -> None:
    """What a window's frame says, beside its bounds, is words of the parser's own."""
    texts: Iterable[object] = (value for value in node.args.values() if not isinstance(value, exp.Expr))
    if not all(value is None or isinstance(value, (str, bool)) for value in texts):
        raise QueryRefused("This frame of a window may not be used in a statement here.")


_CHECKS: dict[type[Any], Callable[[exp.Expr], None]] = {
    exp.Table: _check_table,
    exp.Identifier: _check_label,
    exp.Join: _check_join,
    exp.DataType: _check_type,
    exp.Limit: _check_number,
    exp.Offset: _check_number,
    exp.Var: _check_var,
    exp.Interval: _check_interval,
    exp.WindowSpec: _check_plain_arguments,
}
