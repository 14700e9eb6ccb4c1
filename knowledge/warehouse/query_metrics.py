"""Figures by the metrics' definitions, for one scope, with all that is needed to trust them or not.

A product whose quality blocks it gives no figure, whatever is asked.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import compress
from typing import cast

from knowledge.search.access import AccessScope
from knowledge.warehouse.composition import compose, ordered
from knowledge.warehouse.confidential import (
    is_public,
    refuse_single_values,
    smallest_group,
    with_people,
    without_confidential,
)
from knowledge.warehouse.disclosure import columns_by_product, notes_on, refuse_masked, told_within_rights
from knowledge.warehouse.errors import QueryRefused, QueryTooLarge
from knowledge.warehouse.expressions import ExpressionInvalid
from knowledge.warehouse.metric_filters import filter_sentence
from knowledge.warehouse.metric_spec import Format
from knowledge.warehouse.plan import Cut, Measure, Plan, plan_query
from knowledge.warehouse.provenance import lineage_of, metric_use, oldest_as_of
from knowledge.warehouse.query import MetricQuery
from knowledge.warehouse.result import NumberResult, Quality, ResultColumn, Value, Verdict
from knowledge.warehouse.semantic import ROWS
from knowledge.warehouse.small_groups import Cell, Key, left_out
from knowledge.warehouse.statement import Ran, run_statement, statement_of
from knowledge.warehouse.tables import PolicedTables, open_tables
from knowledge.warehouse.vocabulary import Vocabulary
from knowledge.warehouse.warehouse import Warehouse
from ledger.errors import WorkspaceInvalid

Judge = Callable[[Warehouse, Iterable[str], datetime], Quality]

MOST_ROWS = 1_000
# Where small groups are to be found all of them are needed, beyond those that are shown.
_MOST_GROUPS = 50_000
# Kept with the tables they are of.
_MOST_STATEMENTS = 200
# Further down a divided amount is noise of the division.
_MONEY_DECIMALS = 9
_TYPES: Mapping[str, str] = {
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE": "float",
    "FLOAT": "float",
    "BIGINT": "integer",
    "HUGEINT": "integer",
    "INTEGER": "integer",
}


def query_metrics(
    warehouse: Warehouse, scope: AccessScope, query: MetricQuery, now: datetime, judge: Judge | None = None
) -> NumberResult:
    """Raises UnknownData, NotLoaded, QueryRefused, QueryTooLarge."""
    with open_tables(warehouse, scope) as tables:
        ready = _prepared(warehouse, tables, query)
        as_of = oldest_as_of(tables, ready.used)
        judged = (judge or default_judge())(warehouse, ready.used, now)
        quality = told_within_rights(judged, ready.used, tables)
        shown = _Shown()
        if quality.verdict is not Verdict.BLOCK:
            ran = run_statement(tables.connection, ready.sql)
            sizes = run_statement(tables.connection, ready.sizes).rows if ready.sizes else []
            shown = _show(ready, ran, sizes, query)
        return NumberResult(
            columns=shown.columns,
            rows=shown.rows,
            sql=shown.sql,
            products=ready.used,
            quality=quality,
            as_of=as_of,
            metrics=tuple(metric_use(measure.ref) for measure in ready.plan.measures),
            filters=ready.sentences,
            notes=ready.notes,
            lineage=lineage_of(tables, warehouse.catalog.products, ready.used),
            row_count=len(shown.rows),
            truncated=shown.truncated,
            too_small=shown.too_small,
        )


def default_judge() -> Judge:
    """The contracts of the products, held against what is known of them now."""
    from knowledge.warehouse.quality import judge_quality

    return judge_quality


def type_in_words(duckdb_type: str) -> str:
    """A column's type as the catalog calls it."""
    if duckdb_type.startswith("DECIMAL"):
        return "decimal"
    return "timestamp" if duckdb_type.startswith("TIMESTAMP") else _TYPES.get(duckdb_type, "string")


def exact(value: Value, kind: Format) -> Value:
    """Money is never a binary fraction, not even where it was divided."""
    if kind is Format.CURRENCY and isinstance(value, float):
        return Decimal(repr(round(value, _MONEY_DECIMALS)))
    return value


@dataclass(frozen=True, slots=True)
class _Prepared:
    """`used` are products; `names` the columns that are shown, in their order. Where something is
    confidential, `public` says which of the cuts are not, and `sizes` asks how many people there are by these
    alone."""

    plan: Plan
    used: tuple[str, ...]
    smallest: int
    public: tuple[bool, ...]
    names: tuple[str, ...]
    sql: str
    sizes: str
    sentences: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Shown:
    """Nothing, where quality keeps everything back."""

    columns: tuple[ResultColumn, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = ()
    sql: str = ""
    truncated: bool = False
    too_small: int = 0


def _prepared(warehouse: Warehouse, tables: PolicedTables, query: MetricQuery) -> _Prepared:
    """Of the same tables the same statement, so it is made once. By its text: 1 and true are equal keys."""
    key = repr(query)
    if key not in tables.statements:
        if len(tables.statements) >= _MOST_STATEMENTS:
            tables.statements.clear()
        tables.statements[key] = _prepare(warehouse, tables, query)
    return cast(_Prepared, tables.statements[key])


def _prepare(warehouse: Warehouse, tables: PolicedTables, query: MetricQuery) -> _Prepared:
    plan = plan_query(Vocabulary(warehouse.catalog, tables.names()), query)
    refuse_masked(plan, tables)
    used = columns_by_product(plan, tables)
    plan = with_people(plan, tables)
    refuse_single_values(plan, tables)
    smallest = smallest_group(plan, tables)
    if smallest and query.having:
        # How many groups are left out would tell of each of them what its figure is.
        raise QueryRefused(
            f"{query.having[0][0]} is only told of groups that are large enough, so groups may not be chosen "
            "by it; ask for it without a limit on it."
        )
    try:
        table = compose(plan, query, tables.table, warehouse.catalog.calendar)
        public = without_confidential(plan, tables)
        sizes = compose(public, query, tables.table, warehouse.catalog.calendar) if smallest else None
    except ExpressionInvalid as error:
        raise WorkspaceInvalid(f"{plan.measures[0].ref.model.name}: {error}.") from error
    names = tuple(name for name in table.columns if name != ROWS)
    table = ordered(table if smallest else table.select(names), plan, query)
    sql = statement_of(table.limit((_MOST_GROUPS if smallest else _limit(query)) + 1))
    return _Prepared(
        plan,
        tuple(used),
        smallest,
        is_public(plan, tables),
        names,
        sql,
        "" if sizes is None else statement_of(sizes.limit(_MOST_GROUPS + 1)),
        tuple(_taken_by(plan)),
        tuple(notes_on(plan, used, tables)),
    )


def _show(ready: _Prepared, ran: Ran, sizes: Sequence[tuple[Value, ...]], query: MetricQuery) -> _Shown:
    rows, too_small, limit = ran.rows, 0, _limit(query)
    if ready.smallest:
        rows, too_small = _without_small_groups(rows, sizes, ready)
        if too_small and query.share:
            rows = list(_with_shares_of_shown(rows, ready))
    columns = tuple(_columns(ready.names, ran.types, ready.plan))
    kept = tuple(_row(row, columns) for row in rows[:limit])
    return _Shown(columns, kept, ran.sql, len(rows) > limit, too_small)


def _limit(query: MetricQuery) -> int:
    return min(query.limit or MOST_ROWS, MOST_ROWS)


def _without_small_groups(
    rows: Sequence[tuple[Value, ...]], sizes: Sequence[tuple[Value, ...]], ready: _Prepared
) -> tuple[list[tuple[Value, ...]], int]:
    """Rows without their last column, which counts what each is made of; and how many are left out."""
    if max(len(rows), len(sizes)) > _MOST_GROUPS:
        raise QueryTooLarge(
            f"These are more than {_MOST_GROUPS:,} groups, among which small ones would have to be found: "
            "ask for fewer dimensions or a coarser grain."
        )
    cuts = len(ready.public)
    cells = [Cell(tuple(compress(row, ready.public)), row[:cuts], cast(int, row[-1])) for row in rows]
    people: dict[Key, int] = {row[:-1]: cast(int, row[-1]) for row in sizes}
    hidden, too_small = left_out(cells, people, ready.smallest)
    return [row[:-1] for place, row in enumerate(rows) if place not in hidden], too_small


def _with_shares_of_shown(rows: Sequence[tuple[Value, ...]], ready: _Prepared) -> Iterator[tuple[Value, ...]]:
    """Shares of a total that others are in as well would tell how much theirs is."""
    timed = [place for place, cut in enumerate(ready.plan.cuts) if cut.ref.dimension.is_time]
    measures = [measure.column for measure in ready.plan.measures]
    places = [(ready.names.index(name), ready.names.index(f"{name}_share")) for name in measures]
    totals: dict[tuple[Value, ...], float] = defaultdict(float)
    for row in rows:
        for value, _ in places:
            totals[value, *(row[place] for place in timed)] += float(cast(Decimal, row[value] or 0))
    for row in rows:
        shared = list(row)
        for value, share in places:
            total = totals[value, *(row[place] for place in timed)]
            known = row[value] is not None and total
            shared[share] = float(cast(Decimal, row[value])) / total if known else None
        yield tuple(shared)


def _row(row: tuple[Value, ...], columns: Sequence[ResultColumn]) -> tuple[Value, ...]:
    return tuple(exact(value, Format(column.format)) for value, column in zip(row, columns, strict=False))


def _columns(names: Sequence[str], types: Sequence[str], plan: Plan) -> Iterator[ResultColumn]:
    described = {cut.column: _cut_column(cut) for cut in plan.cuts}
    for measure in plan.measures:
        described |= {column.name: column for column in _metric_columns(measure, plan)}
    for name, kind in zip(names, types, strict=False):
        column = described[name]
        is_money = column.format == Format.CURRENCY
        words = type_in_words(kind)
        yield replace(column, type="decimal" if is_money and words == "float" else words)


def _cut_column(cut: Cut) -> ResultColumn:
    label = f"{cut.ref.label} ({cut.grain})" if cut.grain else cut.ref.label
    return ResultColumn(cut.column, label, "string", "dimension", grain=cut.grain)


def _metric_columns(measure: Measure, plan: Plan) -> Iterator[ResultColumn]:
    metric, name, label = measure.ref.metric, measure.column, measure.ref.label
    own = ResultColumn(
        name, label, "float", "metric", metric.unit, metric.format, metric.decimals, metric.additivity
    )
    yield own
    if plan.compare_to:
        before = plan.compare_to.label
        yield replace(own, name=f"{name}_before", label=f"{label}, {before}", role="before")
        yield replace(own, name=f"{name}_change", label=f"{label}, change", role="change")
        growth = f"{label}, growth"
        yield ResultColumn(f"{name}_growth", growth, "float", "growth", None, Format.PERCENT, 1)
    share = f"{label}, share of total"
    yield ResultColumn(f"{name}_share", share, "float", "metric", None, Format.PERCENT, 1)


def _taken_by(plan: Plan) -> Iterator[str]:
    """What rows the figures are of, in words."""
    first = plan.parts[0]
    for period, words in ((plan.period, ""), (plan.compare_to, "Compared with ")):
        if period and first.time:
            last = period.end - timedelta(days=1)
            yield f"{words}{first.time.label} from {period.start} to {last} ({period.label})."
    for ref, item in first.filters:
        yield filter_sentence(ref, item)
    for part in plan.parts:
        if part.at_end and part.time:
            names = ", ".join(measure.ref.label for measure in part.measures)
            yield f"{names}: of the last day there is of each stretch of time, not summed over days."
    if plan.period and plan.compare_to and any(cut.grain for cut in plan.cuts):
        yield f"Of {plan.compare_to.label}, what is beyond the length of {plan.period.label} is left out."
