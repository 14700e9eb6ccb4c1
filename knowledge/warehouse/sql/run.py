"""`run_sql`: from a statement somebody wrote to a governed result.

The statement is held against the list of what is allowed, bound to the products its asker may read, and run
in a child process that has their rows and columns and nothing else.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from knowledge.search.access import AccessScope
from knowledge.warehouse.disclosure import told_within_rights
from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.provenance import lineage_of
from knowledge.warehouse.query_metrics import default_judge
from knowledge.warehouse.result import NumberResult, Quality, ResultColumn, Verdict
from knowledge.warehouse.sql.binding import Bound, bind
from knowledge.warehouse.sql.child_process import Answer, run_in_child
from knowledge.warehouse.sql.cost import check_cost
from knowledge.warehouse.sql.guard import DIALECT, parse_select
from knowledge.warehouse.sql.limits import SqlLimits
from knowledge.warehouse.sql.masked import check_masked
from knowledge.warehouse.sql.naming import name_products
from knowledge.warehouse.sql.policed import PolicedSource, open_policed
from knowledge.warehouse.sql.relation import relation_of
from knowledge.warehouse.sql.rewrite import child_sql, readable_sql
from knowledge.warehouse.sql.small_groups import Grouping, group_confidential
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import ProductLoad

Judge = Callable[[Warehouse, Iterable[str], datetime], Quality]
OpenPoliced = Callable[[Warehouse, AccessScope], AbstractContextManager[PolicedSource]]

_LONGEST_LABEL = 60


@dataclass(frozen=True, slots=True)
class CheckedSql:
    """`bound` is the statement as it is told of; `loads` are what it reads, `tables` the policed SELECTs that
    give the child its rows, both by product. `grouping` is there where it uses confidential columns."""

    bound: Bound
    grouping: Grouping | None
    loads: Mapping[str, ProductLoad]
    tables: Mapping[str, str]

    def statement(self, rows: int) -> str:
        """As it runs, for at most `rows` rows."""
        return child_sql(self.grouping.tree if self.grouping else self.bound.tree, rows)

    def told(self, answer: Answer) -> tuple[Answer, int]:
        """What may be shown of the answer, and how many groups are too small to be. Raises QueryTooLarge."""
        return self.grouping.told(answer) if self.grouping else (answer, 0)


def run_sql(
    warehouse: Warehouse,
    scope: AccessScope,
    sql: str,
    now: datetime,
    limits: SqlLimits = SqlLimits(),  # noqa: B008  frozen
    *,
    judge: Judge | None = None,
    policed: OpenPoliced = open_policed,
) -> NumberResult:
    """Without rows where the quality of a product blocks it. Raises QueryRefused, QueryTooLarge, UnknownData,
    NotLoaded."""
    try:
        with policed(warehouse, scope) as source:
            checked = check_sql(source, sql, limits)
            used = tuple(checked.loads)
            judged = (judge or default_judge())(warehouse, used, now)
            quality = told_within_rights(judged, used, source)
            lineage = lineage_of(source, warehouse.catalog.products, used)
    except RecursionError:
        raise QueryRefused("The statement is nested too deeply; write it flatter.") from None
    answer, too_small = Answer((), (), truncated=False), 0
    if quality.verdict is not Verdict.BLOCK:
        # One row more than is given, which tells that there are more.
        statement = checked.statement(limits.rows + 1)
        answer, too_small = checked.told(run_in_child(checked.tables, statement, limits.rows, limits))
    return _result(checked, quality, lineage, answer, too_small)


def check_sql(source: PolicedSource, sql: str, limits: SqlLimits) -> CheckedSql:
    """All that can be told of a statement without running it. Raises what `run_sql` does."""
    tree = parse_select(sql, limits)
    names = name_products(tree, frozenset(source.names()))
    loads = {name: source.load(name) for name in names}
    relations = {
        name: relation_of(source.product(name), source.masked(name), loads[name].rows) for name in names
    }
    bound = bind(tree, relations)
    check_masked(bound)
    grouping = group_confidential(bound)
    check_cost(bound, limits.joined_rows)
    return CheckedSql(
        bound, grouping, loads, {name: source.select_sql(name, bound.columns_of(name)) for name in names}
    )


def _result(
    checked: CheckedSql, quality: Quality, lineage: tuple[str, ...], answer: Answer, too_small: int
) -> NumberResult:
    # Without an answer there are no columns either, only units.
    described = zip(answer.columns, checked.bound.tree.selects, _units(checked.bound), strict=False)
    columns = tuple(
        ResultColumn(name, _label(name, item), kind, "column", unit, _format(kind))
        for (name, kind), item, unit in described
    )
    known = [load.as_of for load in checked.loads.values() if load.as_of is not None]
    return NumberResult(
        columns=columns,
        rows=answer.rows,
        sql=readable_sql(checked.bound.tree),
        products=tuple(checked.loads),
        quality=quality,
        as_of=min(known, default=None),
        filters=(checked.grouping.sentence,) if checked.grouping else (),
        lineage=lineage,
        row_count=len(answer.rows),
        truncated=answer.truncated,
        too_small=too_small,
    )


def _units(bound: Bound) -> Iterator[str | None]:
    """Of each column of the result, where it is a product's own column or a total of one."""
    origins = {id(use.node): use for use in bound.uses}
    for item in bound.tree.selects:
        value = item.unalias()
        if isinstance(value, (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Median)):
            value = value.this
        use = origins.get(id(value))
        yield use.relation.units[use.node.name] if use and use.relation else None


def _label(name: str, item: exp.Expr) -> str:
    """What was given no name is called by what it is."""
    if not name.startswith("_col_"):
        return name.replace("_", " ")
    bare = item.unalias().copy()
    for column in bare.find_all(exp.Column):
        column.set("table", None)
        column.this.set("quoted", False)
    text = bare.sql(DIALECT, comments=False).lower()
    return text if len(text) <= _LONGEST_LABEL else f"{text[:_LONGEST_LABEL]}..."


def _format(kind: str) -> str:
    return "integer" if kind == "integer" else "number"
