"""The list of what free SQL may be made of: classes of nodes, their arguments, types and units.

Besides, what to call the parts that people try most often and that are not on it.
"""

from typing import Any

from sqlglot import exp

INTERVALS = frozenset(
    {"DAY", "DAYS", "WEEK", "WEEKS", "MONTH", "MONTHS", "QUARTER", "YEAR", "YEARS", "HOUR", "HOURS", "MINUTE"}
)
TYPES = frozenset(
    {
        exp.DataType.Type.VARCHAR,
        exp.DataType.Type.TEXT,
        exp.DataType.Type.TINYINT,
        exp.DataType.Type.SMALLINT,
        exp.DataType.Type.INT,
        exp.DataType.Type.BIGINT,
        exp.DataType.Type.INT128,
        exp.DataType.Type.FLOAT,
        exp.DataType.Type.DOUBLE,
        exp.DataType.Type.DECIMAL,
        exp.DataType.Type.BOOLEAN,
        exp.DataType.Type.DATE,
        exp.DataType.Type.TIMESTAMP,
    }
)
_AROUND = frozenset({"with_", "distinct", "order", "limit", "offset"})
# The shape of a statement: the class, and which of its arguments may be given; None where all may.
SHAPES: dict[type[Any], frozenset[str] | None] = {
    exp.Select: _AROUND | {"expressions", "from_", "joins", "where", "group", "having", "qualify", "windows"},
    exp.Union: _AROUND | {"this", "expression"},
    exp.Except: _AROUND | {"this", "expression"},
    exp.Intersect: _AROUND | {"this", "expression"},
    exp.Subquery: frozenset({"this", "alias", "joins"}),
    exp.With: frozenset({"expressions"}),
    exp.CTE: frozenset({"this", "alias", "materialized"}),
    exp.Table: frozenset({"this", "db", "alias", "joins"}),
    exp.TableAlias: frozenset({"this"}),
    exp.Join: frozenset({"this", "on", "using", "side", "kind"}),
    exp.From: frozenset({"this"}),
    exp.Where: None,
    exp.Group: frozenset({"expressions", "all"}),
    exp.Having: None,
    exp.Qualify: None,
    exp.Order: frozenset({"expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"expression"}),
    exp.Offset: frozenset({"expression"}),
    exp.Distinct: frozenset({"expressions"}),
    exp.Window: frozenset({"this", "partition_by", "order", "spec", "alias", "over"}),
    exp.WindowSpec: None,
    exp.Filter: None,
    exp.IgnoreNulls: None,
    exp.Star: frozenset(),
    exp.Column: frozenset({"this", "table", "db"}),
    exp.Identifier: None,
    exp.Alias: frozenset({"this", "alias"}),
    exp.Literal: None,
    exp.Boolean: None,
    exp.Null: None,
    exp.Var: None,
    exp.DataType: frozenset({"this", "expressions", "nested"}),
    exp.DataTypeParam: None,
    exp.Interval: frozenset({"this", "unit"}),
}
OPERATORS = frozenset(
    {exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is}
    | {exp.NullSafeEQ, exp.NullSafeNEQ, exp.Between, exp.In, exp.Like, exp.ILike, exp.Exists, exp.Tuple}
    | {exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.DPipe}
)
IN_WORDS: dict[type[Any], str] = {
    exp.Anonymous: "a function",
    exp.Values: "VALUES",
    exp.Lateral: "LATERAL",
    exp.Unnest: "UNNEST, which makes rows of its own,",
    exp.Pivot: "PIVOT or UNPIVOT",
    exp.Columns: "COLUMNS()",
    exp.Lambda: "a lambda",
    exp.TableSample: "a sample (TABLESAMPLE)",
    exp.Parameter: "a parameter",
    exp.Placeholder: "a parameter",
    exp.Dot: "a name with a dot in this place",
    exp.Bracket: "an element in brackets",
    exp.Struct: "a struct",
    exp.Array: "a list",
    exp.Map: "a map",
    exp.Rollup: "ROLLUP",
    exp.Cube: "CUBE",
    exp.GroupingSets: "GROUPING SETS",
    exp.Collate: "COLLATE",
    exp.AtTimeZone: "AT TIME ZONE",
    exp.Into: "INTO",
    exp.Lock: "FOR UPDATE",
    exp.Command: "a command",
    exp.TableColumn: "a whole row as one value",
    exp.WithinGroup: "WITHIN GROUP",
}
ARGUMENT_IN_WORDS = {
    ("With", "recursive"): "A recursive WITH",
    ("Table", "catalog"): "A name of three parts",
    ("Table", "pivots"): "PIVOT or UNPIVOT",
    ("Subquery", "pivots"): "PIVOT or UNPIVOT",
    ("Table", "sample"): "A sample (TABLESAMPLE)",
    ("Column", "catalog"): "A column's name of four parts",
    ("Distinct", "on"): "DISTINCT ON",
    ("TableAlias", "columns"): "A list of columns behind a table's name",
    ("Star", "except_"): "A * with EXCLUDE",
    ("Star", "replace"): "A * with REPLACE",
    ("Star", "rename"): "A * with RENAME",
    ("Select", "laterals"): "LATERAL",
    ("Limit", "limit_options"): "A LIMIT in per cent",
    ("Join", "method"): "A NATURAL, ASOF or POSITIONAL join",
}
