"""A check somebody wrote in SQL: one SELECT, over the load's rows as `product` and other products by name,
that finds the wrong rows.

It is read before it is run: it can reach those tables and nothing else, and a column of what it finds is
shown only if none of the columns it is made of is guarded.
"""

from collections.abc import Iterable
from typing import Any

import duckdb
import ibis
import sqlglot
from sqlglot import exp

from knowledge.warehouse.check_spec import Sql
from knowledge.warehouse.checks.examples import MOST_EXAMPLES, mask_row
from knowledge.warehouse.checks.subject import CannotCheck, Subject, counted, result
from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.sql_lineage import DIALECT, parse_select, products_in, table_name, trace_sql
from ledger.data_products import CheckResult, CheckState

PRODUCT = "product"
# What these say is about the statement; any other error may quote a row.
_ABOUT_THE_STATEMENT = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)


def check_sql(subject: Subject, check: Sql) -> tuple[CheckResult, tuple[dict[str, Any], ...]]:
    """The result and its examples, in one query. Raises CannotCheck."""
    try:
        query = parse_check(check, subject.product.name)
    except QueryRefused as refusal:
        raise CannotCheck(str(refusal)) from refusal
    tables = _tables(subject, query)
    names, rows, total = _run(subject, query, tables)
    if not total:
        return result(check, CheckState.PASS, f"{check.name}: no row is wrong.", 0.0), ()
    guarded = _guarded(subject, query, tables, names)
    examples = tuple(mask_row(dict(zip(names, row, strict=True)), guarded) for row in rows)
    verb = "is" if total == 1 else "are"
    sentence = f"{check.name}: {counted(total, 'row')} {verb} wrong; there should be none."
    return result(check, CheckState.FAIL, sentence, float(total)), examples


def parse_check(check: Sql, own_name: str, known: Iterable[str] | None = None) -> exp.Query:
    """With `product` under its whole name; `known` are the products it may read, any of them where that is
    None. Raises QueryRefused."""
    allowed = {name for name in _tables_in(check.find) if "." in name} if known is None else known
    query = parse_select(check.find, {PRODUCT, *allowed})
    domain, _, name = own_name.partition(".")
    for table in query.find_all(exp.Table):
        if table_name(table) == PRODUCT:
            _rename(table, exp.to_identifier(name), exp.to_identifier(domain))
    return query


def _tables_in(sql: str) -> frozenset[str]:
    """None if it cannot be read."""
    try:
        query = sqlglot.parse_one(sql, dialect=DIALECT)
    except (sqlglot.errors.SqlglotError, RecursionError):
        return frozenset()
    return frozenset(table_name(table) for table in query.find_all(exp.Table)) - {""}


def _tables(subject: Subject, query: exp.Query) -> dict[str, ibis.Table]:
    """By name, each product the check reads; its own name stands for this load's rows."""
    tables: dict[str, ibis.Table] = {}
    for name in sorted(products_in(query)):
        rows = subject.rows if name == subject.product.name else subject.others(name)
        if rows is None:
            raise CannotCheck(f"{name} has no published rows to look into.")
        tables[name] = rows
    return tables


def _run(
    subject: Subject, query: exp.Query, tables: dict[str, ibis.Table]
) -> tuple[list[str], list[tuple[Any, ...]], int]:
    """Names and a few rows of what it finds, and how many there are."""
    backend = subject.rows.get_backend()
    runnable = query.copy()
    given = {name: f"_rows_{number}" for number, name in enumerate(tables)}
    for table in runnable.find_all(exp.Table):
        if table_name(table) in given:
            _rename(table, exp.to_identifier(given[table_name(table)]), None)
    for column in runnable.find_all(exp.Column):
        column.set("db", None)
    sources = [f"{given[name]} AS ({ibis.to_sql(rows, dialect=DIALECT)})" for name, rows in tables.items()]
    wrong = f"_wrong AS ({runnable.sql(DIALECT)})"
    statement = (
        f"WITH {', '.join([*sources, wrong])} "
        f"SELECT *, count(*) OVER () AS _total FROM _wrong LIMIT {MOST_EXAMPLES}"
    )
    try:
        cursor = backend.raw_sql(statement)
        names = [described[0] for described in cursor.description][:-1]
        found = cursor.fetchall()
    except _ABOUT_THE_STATEMENT as error:
        raise CannotCheck(f"its SQL does not run ({_first_line(error)}).") from error
    except duckdb.Error as error:
        raise CannotCheck(
            f"its SQL stopped at a row it cannot work with ({type(error).__name__})."
        ) from error
    return names, [row[:-1] for row in found], found[0][-1] if found else 0


def _guarded(subject: Subject, query: exp.Query, tables: dict[str, ibis.Table], names: list[str]) -> set[str]:
    """What must not be shown: all of it where it cannot be told what it is made of. How another product's
    columns are classified is not known here."""
    try:
        trace = trace_sql(query, {name: rows.columns for name, rows in tables.items()})
    except QueryRefused:
        return set(names)
    if len(trace.columns) != len(names):
        return set(names)
    return {
        name
        for name, derived in zip(names, trace.columns, strict=True)
        if any(
            source.product != subject.product.name or subject.is_guarded(source.column)
            for source in derived.sources
        )
    }


def _rename(table: exp.Table, name: exp.Identifier, domain: exp.Identifier | None) -> None:
    """What the statement calls it by stays the same."""
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
    table.set("this", name)
    table.set("db", domain)


def _first_line(error: duckdb.Error) -> str:
    return str(error).partition("\n")[0].strip().rstrip(".")
