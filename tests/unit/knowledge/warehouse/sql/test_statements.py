"""What free SQL can do: statements an analyst writes, and what they come to."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from knowledge.search.access import AccessScope
from knowledge.warehouse.errors import QueryRefused, QueryTooLarge, UnknownData
from knowledge.warehouse.result import NumberResult, Quality, QualityFinding, Verdict
from knowledge.warehouse.sql.limits import SqlLimits
from knowledge.warehouse.sql.run import check_sql, run_sql
from knowledge.warehouse.warehouse import Warehouse
from tests.conftest import START
from tests.unit.knowledge.warehouse.sql.shop import (
    NORTH,
    FilePolicy,
    all_well,
    customers,
    file_policy,
    orders,
)

SEEN = [order for order in orders() if order["region"] == "north"]
TOTAL = sum(order["net"] for order in SEEN)


def ask(shop: Warehouse, statement: str, scope: AccessScope = NORTH) -> NumberResult:
    return run_sql(shop, scope, statement, START, judge=all_well, policed=file_policy)


def refusal(shop: Warehouse, statement: str) -> str:
    with pytest.raises((QueryRefused, QueryTooLarge, UnknownData)) as error:
        check_sql(FilePolicy(shop, NORTH), statement, SqlLimits())
    return str(error.value)


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("SELECT sum(net) FROM commerce.orders", [(TOTAL,)]),
        ("FROM commerce.orders SELECT count(*)", [(40,)]),
        ("SELECT o.region, count(*) AS n FROM Commerce.Orders o GROUP BY ALL HAVING n > 1;", [("north", 40)]),
        ('SELECT id FROM "commerce.orders" ORDER BY 1 LIMIT 2', [(1,), (2,)]),
        (
            "SELECT id, net * 2 AS t FROM commerce.orders ORDER BY abs(t) DESC LIMIT 1",
            [(59, Decimal("118.50"))],
        ),
        ("SELECT id FROM commerce.orders INTERSECT SELECT id FROM crm.customers ORDER BY id LIMIT 1", [(1,)]),
        (
            "WITH m AS (SELECT month(day) AS m, sum(net) AS t FROM commerce.orders GROUP BY 1) "
            "SELECT m, t - lag(t) OVER (ORDER BY m) AS d FROM m ORDER BY m LIMIT 2",
            [(1, None), (2, Decimal("540.75"))],
        ),
        (
            "SELECT c.segment, count(DISTINCT c.id) FROM commerce.orders o JOIN crm.customers c "
            "ON c.id = o.customer_id GROUP BY 1 ORDER BY 1",
            [("new", 5), ("old", 5)],
        ),
        (
            "SELECT id FROM crm.customers c WHERE EXISTS (SELECT 1 FROM commerce.orders o WHERE "
            "o.customer_id = c.id AND o.net < 2) OR id IN (SELECT 0 FROM commerce.orders) ORDER BY id",
            [(0,), (1,)],
        ),
        (
            "SELECT id, rank() OVER (PARTITION BY paid ORDER BY net DESC) AS r FROM commerce.orders "
            "QUALIFY r = 1 ORDER BY id",
            [(58, 1), (59, 1)],
        ),
        (
            "SELECT CASE WHEN paid THEN 'yes' ELSE 'no' END AS p, count(*) FILTER (WHERE net > 30) AS n "
            "FROM commerce.orders GROUP BY 1 ORDER BY 1",
            [("no", 10), ("yes", 10)],
        ),
    ],
)
def test_an_analysts_statement_gives_its_rows(
    shop: Warehouse, statement: str, rows: list[tuple[Any, ...]]
) -> None:
    assert list(ask(shop, statement).rows) == rows


def test_values_keep_their_types(shop: Warehouse) -> None:
    result = ask(shop, "SELECT *, net / 4 AS quarter FROM commerce.orders ORDER BY id LIMIT 1")
    first = SEEN[0]
    assert result.rows == (
        (1, 1, "north", first["net"], first["day"], first["at"], False, float(first["net"]) / 4),
    )
    kinds = [type(value) for value in result.rows[0]]
    assert kinds == [int, int, str, Decimal, date, datetime, bool, float]
    types = ["integer", "integer", "string", "decimal", "date", "timestamp", "boolean", "float"]
    assert [column.type for column in result.columns] == types


def test_a_result_says_what_it_is(shop: Warehouse) -> None:
    joined = "commerce.orders o, crm.customers c /* x */"
    result = ask(shop, f"SELECT segment, SUM(net), o.net AS net FROM {joined} GROUP BY 1, 3")
    assert [(column.label, column.unit, column.role) for column in result.columns] == [
        ("segment", None, "column"),
        ("sum(net)", "EUR", "column"),
        ("net", "EUR", "column"),
    ]
    assert result.products == ("commerce.orders", "crm.customers")
    assert result.lineage == ("commerce.orders", "crm.customers", "Till", "The till")
    assert result.as_of == START - timedelta(days=1)
    assert '"commerce"."orders"' in result.sql
    assert "/*" not in result.sql
    assert (result.row_count, result.truncated) == (80, False)


def test_what_lies_behind_a_product_is_told_to_those_who_may_read_it(shop: Warehouse) -> None:
    late = QualityFinding(
        "board.plans", "plans@shop.example", "freshness", Verdict.WARN, "The plans are old."
    )

    def asked_by(*groups: str) -> str:
        scope = AccessScope(frozenset(groups))
        quality = Quality(Verdict.WARN, (late,))
        statement = "SELECT COUNT(*) AS n FROM commerce.orders"
        result = run_sql(shop, scope, statement, START, judge=lambda *_: quality, policed=file_policy)
        assert result.quality.verdict is Verdict.WARN
        return f"{result.lineage} {result.quality.findings}"

    assert "plans" not in asked_by("everyone", "north")
    assert asked_by("everyone", "north", "board").count("board.plans") == 2


def test_what_ran_can_be_asked_again(shop: Warehouse) -> None:
    result = ask(shop, "SELECT region, sum(net) AS s FROM commerce.orders GROUP BY 1 ORDER BY s LIMIT 3")
    assert ask(shop, result.sql).rows == result.rows


def test_a_masked_column_is_shown_as_its_mask_leaves_it(shop: Warehouse) -> None:
    statement = "WITH c AS (SELECT * FROM crm.customers) SELECT name, email AS e, phone FROM c ORDER BY id"
    [(name, email, phone), *_] = ask(shop, statement).rows
    assert (name, phone) == ("A***", None)
    assert "SECRET" not in str(email)
    board = AccessScope(frozenset({"everyone", "board"}))
    first = customers()[0]
    assert ask(shop, statement, board).rows[0] == (first["name"], first["email"], first["phone"])


def test_who_is_named_may_filter_by_what_is_masked_for_others(shop: Warehouse) -> None:
    board = AccessScope(frozenset({"everyone", "board"}))
    statement = "SELECT id FROM crm.customers WHERE phone = '666-3'"
    assert ask(shop, statement, board).rows == ((3,),)
    with pytest.raises(QueryRefused, match=r"phone of crm\.customers is masked for you"):
        ask(shop, statement, AccessScope(board.groups, (NORTH.groups,)))


def test_who_is_in_no_row_rule_sees_no_row(shop: Warehouse) -> None:
    nobody = AccessScope(frozenset({"everyone"}))
    assert ask(shop, "SELECT count(*) FROM commerce.orders", nobody).rows == ((0,),)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("SELECT * FROM read_csv('/etc/passwd')", "The function read_csv() may not be used"),
        ("DROP TABLE commerce.orders", "Only a SELECT can be run, and this begins with DROP."),
        ("SELECT plan FROM board.plans", "There is no data product board.plans that you may read; there"),
        ("SELECT plan FROM board.nope", "There is no data product board.nope that you may read; there"),
        (
            "SELECT nett FROM commerce.orders",
            "There is no column nett. commerce.orders has id, customer_id, ",
        ),
        ("SELECT o.nett FROM commerce.orders o", "There is no column nett. commerce.orders has id, "),
        ("SELECT salary FROM hr.staff", "The column salary of hr.staff is confidential, so that it can only"),
        ("SELECT id FROM crm.customers ORDER BY email", "it can be shown, but you cannot sort by it."),
        (
            "SELECT id FROM crm.customers WHERE name = 'x'",
            "The column name of crm.customers is masked for you",
        ),
        ("SELECT id FROM commerce.orders; SELECT 1", "Only one statement can be run at a time"),
        (
            "WITH RECURSIVE x AS (SELECT 1) SELECT * FROM x, commerce.orders",
            "A recursive WITH may not be used",
        ),
        ("SELECT id FRM commerce.orders", "This is no SQL that can be read: "),
        (
            "SELECT count(*) FROM " + ", ".join(f"commerce.orders o{n}" for n in range(6)),
            "about 40,000,000,000 ",
        ),
    ],
)
def test_a_refusal_names_the_part_that_is_refused(shop: Warehouse, statement: str, says: str) -> None:
    assert says in refusal(shop, statement)


def test_nobody_can_tell_a_product_that_is_not_theirs_from_none(shop: Warehouse) -> None:
    forbidden, none = (refusal(shop, f"SELECT 1 FROM {name}") for name in ("board.plans", "board.plant"))
    assert forbidden.replace("plans", "plant") == none


def test_the_policed_tables_are_read_unless_told_otherwise(shop: Warehouse) -> None:
    pytest.importorskip("knowledge.warehouse.tables")
    statement = (
        "SELECT o.id, o.net, c.phone, c.segment FROM commerce.orders o JOIN crm.customers c "
        "ON c.id = o.customer_id ORDER BY o.id"
    )
    by_default = run_sql(shop, NORTH, statement, START, judge=all_well)
    assert by_default.rows == ask(shop, statement).rows
    assert len(by_default.rows) == len(SEEN)
