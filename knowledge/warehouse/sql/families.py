"""Of a statement that uses confidential columns: what family of values each part gives.

Its parts are held to what cannot fail on a single value: a division or conversion that fails would tell of
one row whether it was reached.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import NoReturn

from sqlglot import exp

from knowledge.warehouse.spec import ColumnType
from knowledge.warehouse.sql.binding import Bound, ColumnUse
from knowledge.warehouse.sql.confidential import argument_of, refuse

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
_TOTALS = (
    *(exp.Count, exp.Sum, exp.Avg, exp.Median, exp.Stddev, exp.StddevPop, exp.StddevSamp),
    *(exp.Variance, exp.VariancePop),
)
_DATE_PARTS = (exp.Year, exp.Quarter, exp.Month, exp.Week, exp.Day, exp.DayOfWeek, exp.DayOfWeekIso)
_DATE_TYPES = (exp.DataType.Type.DATE, exp.DataType.Type.TIMESTAMP)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PLAIN_NUMBER = re.compile(r"\d{1,12}(\.\d{1,4})?")


class Families:
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
            refuse(self._use, "compare numbers with numbers, dates with dates and texts with texts")
        if _DATE in families and any(_is_text(node) and not _is_day(node) for node in nodes):
            refuse(self._use, "write dates as 'YYYY-MM-DD'")

    def _family(self, node: exp.Expr, *, in_total: bool) -> str:
        if isinstance(node, exp.Column):
            return self._columns.get(id(node)) or self._unknown(node)
        if isinstance(node, exp.Paren):
            return self._family(node.this, in_total=in_total)
        if isinstance(node, exp.Boolean):
            return _TRUTH
        if isinstance(node, exp.Literal):
            return self._literal(node)
        if isinstance(node, _TOTALS) and not in_total:
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
            refuse(self._use, "write numbers with up to 12 digits and 4 decimals")
        return _NUMBER

    def _total(self, node: exp.Expr) -> str:
        argument = argument_of(node)
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
                refuse(self._use, f"multiply no more than {_MOST_PRODUCTS} times")
        for literal in (item for item in node.iter_expressions() if isinstance(item, exp.Literal)):
            if not _is_small(literal):
                refuse(self._use, f"compute with no number above {_LARGEST_FACTOR:,}")
        return self._numbers(*node.iter_expressions(), in_total=in_total)

    def _numbers(self, *nodes: exp.Expr, in_total: bool) -> str:
        for node in nodes:
            if self._family(node, in_total=in_total) != _NUMBER:
                self._unknown(node)
        return _NUMBER

    def _truncated(self, node: exp.Expr) -> str:
        return _DATE if self._family(node.this, in_total=False) == _DATE else self._unknown(node)

    def _unknown(self, node: exp.Expr) -> NoReturn:
        refuse(self._use, f"leave out {node.sql('duckdb', comments=False)[:80]}")


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
