"""The functions free SQL may call; all others are refused.

A function is on the list if its result depends on its arguments alone and is not much larger than they are:
none reads files, settings, the catalog or another query, none makes rows or long texts out of nothing.
"""

from collections.abc import Iterator

from sqlglot import exp

from knowledge.warehouse.errors import QueryRefused

MOST_PADDED = 100
_LONGEST_PATTERN = 200

AGGREGATES: dict[type[exp.Expr], str] = {
    exp.Count: "count",
    exp.Sum: "sum",
    exp.Avg: "avg",
    exp.Min: "min",
    exp.Max: "max",
    exp.Median: "median",
    exp.PercentileCont: "quantile_cont",
    exp.PercentileDisc: "quantile_disc",
    exp.ApproxDistinct: "approx_count_distinct",
    exp.Stddev: "stddev",
    exp.StddevPop: "stddev_pop",
    exp.StddevSamp: "stddev_samp",
    exp.Variance: "variance",
    exp.VariancePop: "var_pop",
    exp.Corr: "corr",
    exp.CovarPop: "covar_pop",
    exp.CovarSamp: "covar_samp",
    exp.CountIf: "count_if",
    exp.LogicalAnd: "bool_and",
    exp.LogicalOr: "bool_or",
    exp.Mode: "mode",
    exp.AnyValue: "any_value",
    exp.ArgMax: "arg_max",
    exp.ArgMin: "arg_min",
    exp.GroupConcat: "string_agg",
}
_WINDOWS: dict[type[exp.Expr], str] = {
    exp.RowNumber: "row_number",
    exp.Rank: "rank",
    exp.DenseRank: "dense_rank",
    exp.PercentRank: "percent_rank",
    exp.CumeDist: "cume_dist",
    exp.Ntile: "ntile",
    exp.Lag: "lag",
    exp.Lead: "lead",
    exp.FirstValue: "first_value",
    exp.LastValue: "last_value",
    exp.First: "first",
    exp.Last: "last",
}
_MATHS: dict[type[exp.Expr], str] = {
    exp.Abs: "abs",
    exp.Round: "round",
    exp.Ceil: "ceil",
    exp.Floor: "floor",
    exp.Trunc: "trunc",
    exp.Sqrt: "sqrt",
    exp.Pow: "power",
    exp.Ln: "ln",
    exp.Log: "log",
    exp.Exp: "exp",
    exp.Sign: "sign",
    exp.Greatest: "greatest",
    exp.Least: "least",
    exp.Coalesce: "coalesce",
    exp.Nullif: "nullif",
    exp.If: "if",
    exp.Case: "case",
    exp.Cast: "cast",
    exp.TryCast: "try_cast",
}
_DATES: dict[type[exp.Expr], str] = {
    exp.DateTrunc: "date_trunc",
    exp.TimestampTrunc: "date_trunc",
    exp.DateDiff: "date_diff",
    exp.DateAdd: "date_add",
    exp.Extract: "extract",
    exp.Year: "year",
    exp.Quarter: "quarter",
    exp.Month: "month",
    exp.Week: "week",
    exp.WeekOfYear: "weekofyear",
    exp.Day: "day",
    exp.DayOfMonth: "dayofmonth",
    exp.DayOfWeek: "dayofweek",
    exp.DayOfWeekIso: "isodow",
    exp.DayOfYear: "dayofyear",
    exp.Hour: "hour",
    exp.Minute: "minute",
    exp.Second: "second",
    exp.Dayname: "dayname",
    exp.Monthname: "monthname",
    exp.LastDay: "last_day",
    exp.DateFromParts: "make_date",
    exp.TimeToStr: "strftime",
    exp.CurrentDate: "current_date",
    exp.Date: "date",
}
_STRINGS: dict[type[exp.Expr], str] = {
    exp.Lower: "lower",
    exp.Upper: "upper",
    exp.Trim: "trim",
    exp.Length: "length",
    exp.Substring: "substring",
    exp.Left: "left",
    exp.Right: "right",
    exp.Concat: "concat",
    exp.ConcatWs: "concat_ws",
    exp.Replace: "replace",
    exp.Reverse: "reverse",
    exp.SplitPart: "split_part",
    exp.StrPosition: "position",
    exp.Contains: "contains",
    exp.StartsWith: "starts_with",
    exp.EndsWith: "ends_with",
    exp.RegexpLike: "regexp_matches",
    exp.RegexpExtract: "regexp_extract",
    exp.Pad: "lpad",
}
# Operators that sqlglot counts among functions.
_OPERATORS: tuple[type[exp.Expr], ...] = (exp.And, exp.Or, exp.Exists, exp.Interval)

FUNCTIONS: dict[type[exp.Expr], str] = {**AGGREGATES, **_WINDOWS, **_MATHS, **_DATES, **_STRINGS}
# Those sqlglot has no class for.
_BY_NAME = frozenset({"date_part", "datepart", "isoyear", "yearweek", "decade", "century", "fdiv", "ntile"})
_PATTERNS = (exp.RegexpLike, exp.RegexpExtract)


def is_function(node: exp.Expr) -> bool:
    return isinstance(node, exp.Func) and not isinstance(node, _OPERATORS)


def check_function(node: exp.Expr) -> None:
    """Raises QueryRefused unless it is on the list and its sizes are small."""
    if type(node) not in FUNCTIONS and not _is_known_by_name(node):
        raise QueryRefused(
            f"The function {name_of(node)}() may not be used; those that may are: "
            f"{', '.join(listed_functions())}."
        )
    if isinstance(node, exp.Pad) and not _is_small(node.args.get("expression")):
        raise QueryRefused(
            f"The function {name_of(node)}() takes its length as a number up to {MOST_PADDED}."
        )
    if isinstance(node, _PATTERNS) and not _is_short_text(node.args.get("expression")):
        raise QueryRefused(
            f"The function {name_of(node)}() takes its pattern as a text, of up to {_LONGEST_PATTERN} signs."
        )


def listed_functions() -> Iterator[str]:
    return iter(sorted({*FUNCTIONS.values(), *_BY_NAME, "rpad"}))


def name_of(node: exp.Expr) -> str:
    """As its writer knows it."""
    if isinstance(node, exp.Anonymous):
        return str(node.this)[:63].lower()
    if isinstance(node, exp.Pad):
        return "lpad" if node.args.get("is_left") else "rpad"
    if isinstance(node, exp.Func):
        return FUNCTIONS.get(type(node)) or node.sql_name().lower()
    return type(node).__name__.lower()


def _is_known_by_name(node: exp.Expr) -> bool:
    return type(node) is exp.Anonymous and isinstance(node.this, str) and node.this.lower() in _BY_NAME


def _is_small(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Literal) and node.is_int and int(node.name) <= MOST_PADDED


def _is_short_text(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Literal) and node.is_string and len(node.name) <= _LONGEST_PATTERN
