"""Sensitive columns in totals: no group of fewer rows than its product's `smallest_group` is told of.

That can be guaranteed for one plain SELECT of totals over the products themselves, so that is the only shape
in which a sensitive column may stand. Its parts are held to what cannot fail on a single value either: a
division or conversion that fails would tell of one row whether it was reached.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import NoReturn

from sqlglot import exp

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.spec import ColumnType
from knowledge.warehouse.sql.binding import Bound, ColumnUse
from knowledge.warehouse.sql.functions import AGGREGATES

_LARGEST_FACTOR = 1000
_MOST_PRODUCTS = 2
_NUMBER, _TEXT, _DATE, _TRUTH = "number", "text", "date", "truth"
_FAMILIES = {
    ColumnType.STRING: _TEXT,
    ColumnType.INTEGER: _NUMBER,
    ColumnType.DECIMAL: _NUMBER,
    ColumnType.FLOAT: _NUMBER,
    ColumnType.BOOLEAN: _TRUTH,
    ColumnType.DATE: _DATE,
    ColumnType.TIMESTAMP: _DATE,
}
_TOTALS = (exp.Count, exp.Sum, exp.Avg, exp.Median, exp.Stddev, exp.StddevPop, exp.StddevSamp)
_VARIANCES = (exp.Variance, exp.VariancePop)
_DATE_PARTS = (exp.Year, exp.Quarter, exp.Month, exp.Week, exp.Day, exp.DayOfWeek, exp.DayOfWeekIso)
_DATE_TYPES = (exp.DataType.Type.DATE, exp.DataType.Type.TIMESTAMP)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PLAIN_NUMBER = re.compile(r"\d{1,12}(\.\d{1,4})?")
_JOINS = frozenset({"", "INNER", "CROSS"})


def keep_groups_large(bound: Bound) -> Bound:
    """With groups that are too small left out, where a sensitive column is used. Raises QueryRefused for any
    other shape."""
    uses = [use for use in bound.uses if use.is_sensitive]
    if not uses:
        return bound
    select = _plain_totals(bound, uses[0])
    _Parts(bound, uses[0]).check(select)
    least = max(use.relation.smallest_group for use in uses if use.relation)
    for condition in _conditions(select, uses, least):
        select.having(condition, copy=False)
    named = ", ".join(sorted({str(use) for use in uses}))
    sentence = f"Groups of fewer than {least} rows are left out, because of what is confidential: {named}."
    return replace(bound, filters=(*bound.filters, sentence))


def _plain_totals(bound: Bound, use: ColumnUse) -> exp.Select:
    select = bound.tree
    if not isinstance(select, exp.Select) or len(bound.scopes) > 1:
        _refuse(use, "write one SELECT without WITH, UNION or a SELECT within it")
    for part, words in (("qualify", "QUALIFY"), ("windows", "WINDOW"), ("distinct", "DISTINCT")):
        if select.args.get(part):
            _refuse(use, f"leave out {words}")
    if not (select.args.get("group") or any(item.find(*AGGREGATES) for item in select.selects)):
        _refuse(use, "it cannot be listed row by row; name the other columns, or ask for totals")
    if any(
        str(join.args.get("side") or "") or str(join.kind) not in _JOINS for join in select.find_all(exp.Join)
    ):
        _refuse(use, "join with JOIN ... ON")
    return select


def _conditions(select: exp.Select, uses: Iterable[ColumnUse], least: int) -> list[exp.Expr]:
    """Each product with a sensitive column has so many rows of its own in a group, however often a join
    repeats them, and each total so many that count towards it."""
    owners = sorted({use.node.table for use in uses})
    totals: dict[str, exp.Expr] = {}
    for total in select.find_all(*_TOTALS, *_VARIANCES):
        argument = _argument(total)
        if argument is not None:
            totals.setdefault(argument.sql(), argument)
    conditions: list[exp.Expr] = []
    for owner in owners:
        rows = exp.Count(this=exp.Distinct(expressions=[exp.column("rowid", table=owner, quoted=True)]))
        conditions.append(exp.GTE(this=rows.copy(), expression=exp.Literal.number(least)))
        for argument in totals.values():
            counted = exp.Filter(this=rows.copy(), expression=exp.Where(this=_counts(argument)))
            conditions.append(exp.GTE(this=counted, expression=exp.Literal.number(least)))
    return conditions


def _counts(argument: exp.Expr) -> exp.Expr:
    """Whether a row has a part in a total: nothing has none, and neither has a product with nought."""
    has_value: exp.Expr = exp.Not(this=exp.Is(this=argument.copy(), expression=exp.Null()))
    if isinstance(argument, exp.Column):
        return has_value
    return exp.and_(has_value, exp.NEQ(this=exp.paren(argument.copy()), expression=exp.Literal.number(0)))


def _argument(total: exp.Expr) -> exp.Expr | None:
    argument = total.this
    if isinstance(argument, exp.Distinct):
        argument = argument.expressions[0] if len(argument.expressions) == 1 else None
    return None if argument is None or isinstance(argument, exp.Star) else argument


def _refuse(use: ColumnUse, instead: str) -> NoReturn:
    raise QueryRefused(
        f"The column {use} is confidential, so that it can only be used in plain totals: {instead}."
    )


class _Parts:
    """Tells of each part what family of values it gives; refuses any part it does not know."""

    def __init__(self, bound: Bound, use: ColumnUse) -> None:
        self._use = use
        self._columns: Mapping[int, str] = {
            id(other.node): _FAMILIES[other.relation.columns[other.node.name]]
            for other in bound.uses
            if other.relation
        }
        self._products = 0

    def check(self, select: exp.Select) -> None:
        for item in select.selects:
            self._family(item.unalias(), in_total=False)
        for part in ("where", "having"):
            if select.args.get(part):
                self._truth(select.args[part].this)
        for join in select.args.get("joins") or ():
            if join.args.get("on"):
                self._truth(join.args["on"])
        for item in select.args["group"].expressions if select.args.get("group") else ():
            self._family(item, in_total=False)
        for ordered in select.args["order"].expressions if select.args.get("order") else ():
            if ordered.this.args.get("table") or not isinstance(ordered.this, exp.Column):
                self._family(ordered.this, in_total=False)

    def _truth(self, node: exp.Expr) -> None:
        if isinstance(node, (exp.And, exp.Or)):
            self._truth(node.left)
            self._truth(node.right)
        elif isinstance(node, (exp.Not, exp.Paren)):
            self._truth(node.this)
        elif isinstance(node, _COMPARISONS):
            self._alike(node.left, node.right)
        elif isinstance(node, exp.Between):
            self._alike(node.this, node.args["low"], node.args["high"])
        elif isinstance(node, exp.In) and not node.args.get("query"):
            self._alike(node.this, *node.expressions)
        elif isinstance(node, exp.Is):
            self._family(node.this, in_total=False)
        elif isinstance(node, (exp.Like, exp.ILike)):
            if not (self._family(node.left, in_total=False) == _text_of(node.right) == _TEXT):
                self._unknown(node)
        elif self._family(node, in_total=False) != _TRUTH:
            self._unknown(node)

    def _alike(self, *nodes: exp.Expr) -> None:
        """Values of different families would be converted, which can fail."""
        families = {self._family(node, in_total=False) for node in nodes if not _is_day(node)}
        if len(families) > 1 or (any(_is_day(node) for node in nodes) and not families <= {_DATE, _TEXT}):
            _refuse(self._use, "compare numbers with numbers, dates with dates and texts with texts")
        if _DATE in families and any(_is_text(node) and not _is_day(node) for node in nodes):
            _refuse(self._use, "write dates as 'YYYY-MM-DD'")

    def _family(self, node: exp.Expr, *, in_total: bool) -> str:
        if isinstance(node, exp.Column):
            return self._columns.get(id(node)) or self._unknown(node)
        if isinstance(node, exp.Paren):
            return self._family(node.this, in_total=in_total)
        if isinstance(node, exp.Boolean):
            return _TRUTH
        if isinstance(node, exp.Literal):
            return self._literal(node)
        if isinstance(node, (*_TOTALS, *_VARIANCES)) and not in_total:
            return self._total(node)
        if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Neg)):
            return self._arithmetic(node, in_total=in_total)
        if isinstance(node, exp.Div) and not in_total:
            return self._numbers(node.left, node.right, in_total=False)
        if isinstance(node, exp.Round) and not in_total and _is_number(node.args.get("decimals")):
            return self._numbers(node.this, in_total=False)
        if isinstance(node, _DATE_PARTS) and self._family(node.this, in_total=False) == _DATE:
            return _NUMBER
        if isinstance(node, exp.Extract) and self._family(node.expression, in_total=False) == _DATE:
            return _NUMBER
        if isinstance(node, (exp.DateTrunc, exp.TimestampTrunc)):
            return self._truncated(node)
        if type(node) is exp.Cast and node.to.this in _DATE_TYPES and _is_day(node.this):
            return _DATE
        return self._unknown(node)

    def _literal(self, node: exp.Literal) -> str:
        """A number of many digits would have the values it is compared with converted to its own type."""
        if node.is_string:
            return _TEXT
        if not _PLAIN_NUMBER.fullmatch(node.name):
            _refuse(self._use, "write numbers with up to 12 digits and 4 decimals")
        return _NUMBER

    def _total(self, node: exp.Expr) -> str:
        argument = _argument(node)
        if node.expressions:
            return self._unknown(node)
        if argument is None:
            if isinstance(node, exp.Count) and (node.this is None or isinstance(node.this, exp.Star)):
                return _NUMBER
            return self._unknown(node)
        family = self._family(argument, in_total=True)
        if not isinstance(node, exp.Count) and family != _NUMBER:
            return self._unknown(node)
        return _NUMBER

    def _arithmetic(self, node: exp.Expr, *, in_total: bool) -> str:
        if isinstance(node, exp.Mul):
            self._products += 1
            if self._products > _MOST_PRODUCTS:
                _refuse(self._use, f"multiply no more than {_MOST_PRODUCTS} times")
        for literal in (item for item in node.iter_expressions() if isinstance(item, exp.Literal)):
            if not _is_small(literal):
                _refuse(self._use, f"compute with no number above {_LARGEST_FACTOR:,}")
        return self._numbers(*node.iter_expressions(), in_total=in_total)

    def _numbers(self, *nodes: exp.Expr, in_total: bool) -> str:
        for node in nodes:
            if self._family(node, in_total=in_total) != _NUMBER:
                self._unknown(node)
        return _NUMBER

    def _truncated(self, node: exp.Expr) -> str:
        return _DATE if self._family(node.this, in_total=False) == _DATE else self._unknown(node)

    def _unknown(self, node: exp.Expr) -> NoReturn:
        _refuse(self._use, f"leave out {node.sql('duckdb', comments=False)[:80]}")


def _text_of(node: exp.Expr) -> str | None:
    return _TEXT if _is_text(node) else None


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _is_number(node: exp.Expr | None) -> bool:
    return node is None or (isinstance(node, exp.Literal) and bool(node.is_int) and len(node.name) == 1)


def _is_small(node: exp.Literal) -> bool:
    try:
        return not node.is_string and abs(float(node.name)) <= _LARGEST_FACTOR
    except ValueError:
        return False


def _is_day(node: exp.Expr) -> bool:
    """A date as it is written, which is one."""
    if not (_is_text(node) and _DAY.fullmatch(node.name)):
        return False
    try:
        date.fromisoformat(node.name)
    except ValueError:
        return False
    return True
