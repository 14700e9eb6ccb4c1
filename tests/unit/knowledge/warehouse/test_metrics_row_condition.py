"""A row rule's condition: what it lets through, and that nothing but comparisons gets in."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import duckdb
import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.warehouse.row_condition import ConditionRefused, bind_condition

TABLE = ibis.table(
    {"region": "string", "amount": "decimal(18, 2)", "pieces": "int64", "on_day": "date", "open": "boolean"},
    name="rows",
)
ROWS = [
    ("North", Decimal("10.50"), 1, date(2026, 1, 1), True),
    ("South", Decimal("-3.00"), 7, date(2026, 2, 1), False),
    (None, None, None, None, None),
    ("Nor'th", Decimal("99.99"), 3, date(2025, 12, 31), True),
]


@pytest.fixture(scope="module")
def rows() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE rows (region TEXT, amount DECIMAL(18, 2), pieces BIGINT, on_day DATE, open BOOLEAN)"
        )
        connection.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?)", ROWS)
        yield connection


def pieces_let_through(rows: duckdb.DuckDBPyConnection, where: str) -> list[int | None]:
    sql = ibis.to_sql(TABLE.filter(bind_condition(where, TABLE)).select("pieces"), "duckdb")
    return sorted((row[0] for row in rows.execute(str(sql)).fetchall()), key=str)


@pytest.mark.parametrize(
    "where",
    [
        "region = 'North' OR amount < -1",
        "NOT (region = 'North')",
        "region NOT LIKE 'N%'",
        "region LIKE 'N%'",
        "region IS NULL",
        "region IS NOT NULL AND pieces IN (1, 3)",
        "pieces NOT IN (1)",
        "on_day BETWEEN '2026-01-01' AND DATE '2026-01-31'",
        "on_day NOT BETWEEN '2026-01-01' AND '2026-01-31'",
        "open",
        "NOT open",
        "5 < pieces",
        "amount = -3",
        "region = 'Nor''th'",
        "TRUE",
        "open = false",
    ],
)
def test_lets_through_what_the_database_would(rows: duckdb.DuckDBPyConnection, where: str) -> None:
    found = rows.execute(f"SELECT pieces FROM rows WHERE {where}").fetchall()
    assert pieces_let_through(rows, where) == sorted((row[0] for row in found), key=str)


@pytest.mark.parametrize(
    ("where", "named"),
    [
        ("salary > 1", "no column salary"),
        ("LOWER(region) = 'x'", "LOWER(region)"),
        ("region = (SELECT 'x')", "SELECT"),
        ("region IN (SELECT 'x')", "SELECT"),
        ("EXISTS (SELECT 1)", "EXISTS"),
        ("region = 'x'; DROP TABLE rows", "DROP"),
        ("1 = 1", "compares no column"),
        ("pieces = 'many'", "'many' is no value of the column pieces"),
        ("pieces = 1.5", "1.5"),
        ("amount = 1.005", "1.005"),
        ("on_day > 'yesterday'", "yesterday"),
        ("region", "neither yes nor no"),
        ("region ILIKE 'n%'", "ILIKE"),
        ("region LIKE 'n!' ESCAPE '!'", "ESCAPE"),
        ("other.region = 'x'", "other.region"),
        ("region = pieces", "unlike"),
        ("pieces + 1 = 2", "pieces + 1"),
        ("CASE WHEN open THEN TRUE END", "CASE"),
        ("region = NULL", "NULL"),
        ("", "no SQL condition"),
        ("(" * 4000 + "open" + ")" * 4000, "no SQL condition"),
    ],
)
def test_refuses_everything_else_by_name(where: str, named: str) -> None:
    with pytest.raises(ConditionRefused) as refused:
        bind_condition(where, TABLE)
    assert named in str(refused.value)


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet="region amount pieces()=<>'%!,.-+*/;|&ANDORNOTINLIKEBETWEENSELECT 0123\\\"", max_size=60)
)
def test_any_text_is_a_condition_or_refused(where: str) -> None:
    try:
        condition = bind_condition(where, TABLE)
    except ConditionRefused:
        return
    assert condition.type().is_boolean()
