"""What `run_sql` tells of what is confidential: totals of many, and of nobody in particular."""

import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from knowledge.warehouse.errors import QueryRefused, QueryTooLarge
from knowledge.warehouse.result import Value
from knowledge.warehouse.sql.child_process import Answer
from knowledge.warehouse.sql.limits import SqlLimits
from knowledge.warehouse.sql.run import CheckedSql, check_sql, run_sql
from knowledge.warehouse.warehouse import Warehouse
from tests.conftest import START
from tests.unit.knowledge.warehouse.sql.people_statements import Asked, statements_on_people
from tests.unit.knowledge.warehouse.sql.shop import NORTH, FilePolicy, all_well, file_policy, staff
from tests.unit.knowledge.warehouse.sql.two_worlds import another_world, people, world_of

# Six people of the Tills and seven of the Stores sit on two floors, two of Legal with the latter.
TILLS, STORES, LEGAL = range(6), range(6, 13), range(13, 15)
Told = tuple[Counter[tuple[Value, ...]], int]
_REFUSALS = (QueryRefused, QueryTooLarge)


@pytest.fixture(scope="module")
def first() -> Iterator[duckdb.DuckDBPyConnection]:
    with world_of(people()) as world:
        yield world


def checked_of(shop: Warehouse, statement: str) -> CheckedSql:
    return check_sql(FilePolicy(shop, NORTH), statement, SqlLimits())


def told(checked: CheckedSql, world: duckdb.DuckDBPyConnection) -> Told:
    found = world.execute(checked.statement(1000)).fetchall()
    answer, too_small = checked.told(Answer((), tuple(found), truncated=False))
    return Counter(answer.rows), too_small


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(asked=statements_on_people(), seed=st.integers(0, 2**32))
def test_nothing_comes_out_that_goes_by_one_persons_values(
    shop: Warehouse, first: duckdb.DuckDBPyConnection, asked: Asked, seed: int
) -> None:
    """A statement that made something else of the second world would tell of single people."""
    try:
        checked = checked_of(shop, asked.statement)
    except _REFUSALS:
        event("refused")
        return
    assert checked.grouping or not any(name in asked.statement for name in ("salary", "bonus", "grade"))
    if checked.grouping:
        answer = told(checked, first)
        event("told" if answer[0] else "left out")
        with world_of(another_world(first, asked, random.Random(seed))) as other:
            assert told(checked, other) == answer


def pay(*groups: range) -> Decimal:
    return sum((row["salary"] for row in staff() if any(row["id"] in group for group in groups)), Decimal(0))


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("SELECT sum(salary) FROM hr.staff", [(pay(TILLS, STORES, LEGAL),)]),
        (
            "SELECT t.floor, sum(s.salary) AS pay, count(*) AS n FROM hr.staff s JOIN hr.teams t "
            "ON t.team = s.team GROUP BY t.floor ORDER BY pay DESC",
            [(1, pay(STORES, LEGAL), 9), (0, pay(TILLS), 6)],
        ),
        (
            "SELECT t.floor, count(*) FROM hr.staff s, hr.teams t WHERE t.team = s.team AND s.salary > 1500 "
            "GROUP BY 1 ORDER BY 1 LIMIT 1 OFFSET 1",
            [(1, 9)],
        ),
        ("SELECT grade, count(*), sum(bonus) FROM hr.staff GROUP BY grade", [("B", 8, 120)]),
        ("SELECT sum(salary * hours) / sum(hours) FROM hr.staff WHERE id < 6", [(float(pay(TILLS)) / 6,)]),
        (
            "SELECT year(hired) AS y, avg(salary) AS a FROM hr.staff GROUP BY 1 HAVING count(*) > 6",
            [(2020, 5500.0)],
        ),
    ],
)
def test_totals_of_what_is_confidential_are_told(
    shop: Warehouse, statement: str, rows: list[tuple[Value, ...]]
) -> None:
    result = run_sql(shop, NORTH, statement, START, judge=all_well, policed=file_policy)
    assert list(result.rows) == rows


def test_small_groups_are_left_out_with_another_that_would_give_them_away(shop: Warehouse) -> None:
    statement = "SELECT team, avg(salary) AS pay FROM hr.staff GROUP BY team ORDER BY team"
    result = run_sql(shop, NORTH, statement, START, judge=all_well, policed=file_policy)
    assert result.rows == (("Stores", 10000.0),)
    assert [column.name for column in result.columns] == ["team", "pay"]
    assert (result.row_count, result.too_small) == (1, 2)
    assert result.filters == (
        "Groups of fewer than 5 rows are left out, and others that would give them away, because of what is "
        "confidential: salary of hr.staff.",
    )
    assert "group_" not in result.sql


def test_who_weighs_most_in_a_total_does_not_hide_behind_the_others(shop: Warehouse) -> None:
    rows = people()
    for row in rows:
        row["hours"] = 4000 if row["id"] == 1 else 1
    checked = checked_of(shop, "SELECT sum(salary * hours) FROM hr.staff WHERE team = 'Tills'")
    with world_of(rows) as world:
        assert told(checked, world) == (Counter(), 1)


def test_a_value_that_few_have_is_not_told_behind_those_who_have_none(shop: Warehouse) -> None:
    rows = [{**row, "bonus": 666 if row["id"] == 4 else None} for row in people()]
    with world_of(rows) as world:
        assert told(checked_of(shop, "SELECT avg(bonus) FROM hr.staff"), world) == (Counter(), 1)
        assert told(checked_of(shop, "SELECT avg(salary) FROM hr.staff"), world)[1] == 0


def test_whether_one_of_few_fits_a_condition_shows_in_no_other_group(shop: Warehouse) -> None:
    """Left out for its size, theirs must not take another with it only if they fit."""
    checked = checked_of(
        shop, "SELECT team, count(*) FROM hr.staff WHERE salary > 500 AND team <> 'Legal' GROUP BY team"
    )
    answers = []
    for salary in (1, 90000):
        rows = [{**row, "salary": Decimal(salary if row["team"] == "Board" else 5000)} for row in people()]
        with world_of(rows) as world:
            answers.append(told(checked, world))
    assert answers[0] == answers[1]


def test_more_groups_than_can_be_looked_at_are_refused(shop: Warehouse) -> None:
    statement = "SELECT id, sum(salary) FROM hr.staff GROUP BY id"
    with pytest.raises(QueryTooLarge, match="more than 3 groups, among which small ones"):
        run_sql(shop, NORTH, statement, START, SqlLimits(rows=3), judge=all_well, policed=file_policy)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("SELECT median(salary) FROM hr.staff", "ask for its count, sum or avg, not for median()."),
        (
            "SELECT s.id, sum(t.salary) FROM hr.staff s JOIN hr.staff t ON t.id <> s.id GROUP BY s.id",
            "join hr.staff by its key (ON s.id = ...), so that each row of hr.staff is there once.",
        ),
        (
            "SELECT sum(s.salary) FROM hr.staff s JOIN commerce.orders o ON o.id = s.id",
            "leave out commerce.orders, which declares no primary key to be joined by.",
        ),
        (
            "SELECT count(*) FROM hr.staff WHERE salary > 7 OR id = 1",
            'not as in "staff"."salary" > 7 OR "staff"."id" = 1.',
        ),
        ("SELECT sum(id) FROM hr.staff WHERE salary > 7", 'alone; not SUM("staff"."id").'),
        ("SELECT sum(salary), avg(salary * hours) FROM hr.staff", "total salary in one way only, not both"),
        (
            "SELECT sum(salary * id * hours) FROM hr.staff",
            "multiply it by numbers and one other column at most",
        ),
        ("SELECT team, sum(salary) AS s FROM hr.staff GROUP BY 1 HAVING s > 7", "leave out HAVING."),
        (
            "SELECT count(*) FROM hr.staff GROUP BY salary - id",
            'group by it alone, not by "staff"."salary" - ',
        ),
    ],
)
def test_a_refusal_names_the_part_and_what_to_do(shop: Warehouse, statement: str, says: str) -> None:
    with pytest.raises(QueryRefused) as refusal:
        checked_of(shop, statement)
    assert "is confidential, so that it can only be used in plain totals: " in str(refusal.value)
    assert says in str(refusal.value)
