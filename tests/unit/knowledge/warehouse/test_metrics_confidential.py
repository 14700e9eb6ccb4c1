"""What metrics tell of what is confidential: people are counted, not rows, and whoever is one of few is in
nothing that comes out."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from knowledge.search.access import AccessScope
from knowledge.warehouse.entity_profile import feature_table
from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.query import MetricFilter, MetricQuery, Period
from knowledge.warehouse.query_metrics import query_metrics
from knowledge.warehouse.result import NumberResult
from knowledge.warehouse.warehouse import Warehouse
from ledger.clock import ManualClock
from ledger.db import Database
from tests.conftest import START
from tests.stand_ins.warehouse import day, open_shop, publish, write_workspace
from tests.unit.knowledge.warehouse.metric_shop import judge_well

Row = dict[str, Any]

NOW = datetime(2026, 8, 20, 12, 0, tzinfo=UTC)
ANYBODY = AccessScope(frozenset({"everyone"}))
SMALLEST = 3
_HEAD = """\
    owner: a@shop.example
    steward: a@shop.example
    description: For tests.
    origin: made up
    location: {format: csv, path: data/rows.csv}
    version: 1
"""
STAFF = f"""\
    name: hr.staff
{_HEAD}
    primary_key: [staff_id]
    access: {{groups: [everyone], smallest_group: {SMALLEST}}}
    columns:
      - {{name: staff_id, type: integer, description: Number.}}
      - {{name: city, type: string, description: Where.}}
      - {{name: team, type: string, description: With whom.}}
      - {{name: pay, type: decimal, description: Pay., classification: confidential}}
      - {{name: bonus, type: integer, description: On top., classification: confidential}}
      - {{name: grade, type: string, description: Step., classification: confidential}}
    """
SHIFTS = f"""\
    name: hr.shifts
{_HEAD}
    primary_key: [shift_id]
    columns:
      - {{name: shift_id, type: integer, description: Number.}}
      - {{name: staff_id, type: integer, description: Who.}}
      - {{name: worked_on, type: date, description: When.}}
      - {{name: place, type: string, description: Where.}}
      - {{name: hours, type: integer, description: How long.}}
    """
STAFF_MODEL = """\
    name: staff
    product: hr.staff
    description: People.
    entity: person
    dimensions:
      staff_id: {description: Number.}
      city: {description: Where.}
      team: {description: With whom.}
      grade: {description: Step.}
    metrics:
      people: {description: How many., expr: _.count(), owner: a@shop.example}
      pay: {description: Pay., expr: _.pay.sum(), owner: a@shop.example}
      mean_pay: {description: Mean pay., expr: _.pay.mean(), owner: a@shop.example, additivity: none}
      bonus: {description: Bonus., expr: _.bonus.sum(), owner: a@shop.example}
      mean_bonus: {description: Mean bonus., expr: _.bonus.mean(), owner: a@shop.example, additivity: none}
      bonus_red: {description: Of a team., expr: "_.bonus.sum(where=_.team == 'red')", owner: a@shop.example}
      first_class: {description: Of grade A., expr: "(_.grade == 'A').sum()", owner: a@shop.example}
      top_pay: {description: The most., expr: _.pay.max(), owner: a@shop.example, additivity: none}
    """
SHIFTS_MODEL = """\
    name: shifts
    product: hr.shifts
    description: Shifts.
    entity: shift
    time: worked_on
    dimensions:
      worked_on: {description: When., is_time: true}
      place: {description: Where.}
    metrics:
      shifts: {description: How many., expr: _.count(), owner: a@shop.example}
      hours: {description: How long., expr: _.hours.sum(), owner: a@shop.example}
    joins:
      staff: {model: staff, on: {staff_id: staff_id}}
    """
PERSON = """\
    name: person
    description: Somebody.
    product: hr.staff
    key: staff_id
    features:
      bonus: {description: Bonus., metric: staff.bonus}
      shifts: {description: Shifts., metric: shifts.shifts}
    """
FILES = {
    "products/staff.yaml": STAFF,
    "products/shifts.yaml": SHIFTS,
    "metrics/staff.yaml": STAFF_MODEL,
    "metrics/shifts.yaml": SHIFTS_MODEL,
    "entities/person.yaml": PERSON,
}


def people() -> list[Row]:
    """Eight in Alder, of whom three are red, five in Birch, two in Cove and one in Dell."""
    cities = ("Alder",) * 8 + ("Birch",) * 5 + ("Cove",) * 2 + ("Dell",)
    return [
        {
            "staff_id": number,
            "city": city,
            "team": "red" if number % 3 == 0 else "blue",
            "pay": Decimal(1000 + 10 * number * number),
            "bonus": None if number % 4 == 0 else 100 + number,
            "grade": "AAB"[number % 3],
        }
        for number, city in enumerate(cities)
    ]


def shifts() -> list[Row]:
    """Number 15 has most of them."""
    return [
        {
            "shift_id": number,
            "staff_id": number % 16 if number < 48 else 15,
            "worked_on": day(f"2026-{6 + number % 2:02}-{1 + number % 28:02}"),
            "place": "till" if number % 5 else "yard",
            "hours": 1 + number % 7,
        }
        for number in range(60)
    ]


def open_firm(db: Database, folder: Path) -> Warehouse:
    write_workspace(folder, ("everyone",), FILES)
    warehouse = open_shop(db, folder)
    publish(warehouse, "hr.staff", people())
    publish(warehouse, "hr.shifts", shifts())
    return warehouse


@pytest.fixture
def firm(sqlite_db: Database, tmp_path: Path) -> Warehouse:
    return open_firm(sqlite_db, tmp_path)


@pytest.fixture
def other_firm(_sqlite_template: Path, tmp_path: Path) -> Iterator[Warehouse]:
    (tmp_path / "other").mkdir()
    (tmp_path / "other.db").write_bytes(_sqlite_template.read_bytes())
    db = Database(f"sqlite:///{tmp_path / 'other.db'}", ManualClock(START))
    yield open_firm(db, tmp_path / "other")
    db.close()


def ask(firm: Warehouse, *metrics: str, **asked: Any) -> NumberResult:
    return query_metrics(firm, ANYBODY, MetricQuery(metrics, **asked), NOW, judge_well)


def equal(dimension: str, value: Any) -> MetricFilter:
    return MetricFilter(dimension, "=", value)


def test_a_person_with_many_rows_is_one(firm: Warehouse) -> None:
    alone = (equal("staff.staff_id", 15),)
    assert ask(firm, "shifts.shifts", filters=alone).rows == ((15,),)
    for filters, dimensions in (
        (alone, ("staff.grade",)),
        ((*alone, equal("staff.grade", "A")), ()),
        ((), ("staff.grade", "staff.staff_id")),
    ):
        result = ask(firm, "shifts.shifts", filters=filters, dimensions=dimensions)
        assert result.rows == ()
        assert result.too_small > 0
    by_grade = ask(firm, "shifts.shifts", dimensions=("staff.grade",)).rows
    assert sorted(by_grade) == [("A", 45), ("B", 15)]


def test_a_row_that_leads_nowhere_is_nobody(firm: Warehouse) -> None:
    lost = [{**row, "staff_id": 90 + number} for number, row in enumerate(shifts())]
    publish(firm, "hr.shifts", [*lost[:10], shifts()[0], shifts()[1]])
    assert ask(firm, "shifts.shifts").rows == ((12,),)
    assert ask(firm, "shifts.shifts", dimensions=("staff.grade",)).rows == ()


def test_who_has_no_value_is_not_behind_a_figure(firm: Warehouse) -> None:
    publish(firm, "hr.staff", [{**row, "bonus": 777 if row["staff_id"] == 5 else None} for row in people()])
    for metric in ("staff.bonus", "staff.mean_bonus", "staff.bonus_red"):
        for dimensions in ((), ("staff.city",)):
            assert "777" not in repr(ask(firm, metric, dimensions=dimensions).rows)
    assert ask(firm, "staff.people", "staff.pay").rows[0][0] == 16


def test_a_condition_of_a_metric_leaves_few(firm: Warehouse) -> None:
    red = [row["bonus"] for row in people() if row["team"] == "red" and row["bonus"]]
    assert ask(firm, "staff.bonus_red").rows == ((sum(red),),)
    assert ask(firm, "staff.bonus_red", filters=(equal("city", "Birch"),)).rows == ()
    few = [{**row, "team": "red" if row["staff_id"] else "blue"} for row in people()]
    publish(firm, "hr.staff", [{**row, "bonus": 100} for row in few])
    assert ask(firm, "staff.bonus", "staff.bonus_red").rows == (), "the difference is one person"
    assert ask(firm, "staff.bonus").rows == ((1600,),)


def test_a_metric_that_shows_one_persons_value_is_refused(firm: Warehouse) -> None:
    with pytest.raises(QueryRefused, match="Top pay shows single values of pay, which is confidential"):
        ask(firm, "staff.top_pay")


def test_shares_are_of_the_groups_that_are_shown(firm: Warehouse) -> None:
    result = ask(firm, "staff.pay", dimensions=("staff.city",), share=True)
    assert {row[0] for row in result.rows} == {"Alder", "Birch"}
    assert sum(row[2] for row in result.rows) == pytest.approx(1)  # type: ignore[misc]
    assert result.too_small == 2


def test_a_profile_tells_no_figure_of_few(firm: Warehouse) -> None:
    table = feature_table(firm, ANYBODY, "person", NOW, judge_well)
    assert {row[1] for row in table.rows} == {None}
    assert table.too_small == 16, "whether somebody has no bonus is told of nobody either"
    assert all(row[2] for row in table.rows)


OF_STAFF = ("people", "pay", "mean_pay", "bonus", "mean_bonus", "bonus_red", "first_class")
FILTERS = (
    equal("staff.grade", "A"),
    MetricFilter("staff.grade", "!=", "B"),
    MetricFilter("staff.grade", "is not null"),
    equal("staff.city", "Alder"),
    MetricFilter("staff.city", "in", ("Birch", "Cove", "Dell")),
    MetricFilter("staff.staff_id", "<", 6),
    MetricFilter("staff.staff_id", "!=", 15),
    equal("staff.staff_id", 15),
)
SOME_FILTERS = st.lists(st.sampled_from(FILTERS), max_size=2, unique=True).map(tuple)
STAFF_QUERIES = st.builds(
    MetricQuery,
    metrics=st.lists(st.sampled_from(OF_STAFF), min_size=1, max_size=3, unique=True).map(
        lambda names: tuple(f"staff.{name}" for name in names)
    ),
    dimensions=st.lists(
        st.sampled_from(["staff.city", "staff.team", "staff.grade"]), max_size=2, unique=True
    ).map(tuple),
    filters=SOME_FILTERS,
    limit=st.sampled_from([None, 1]),
    share=st.sampled_from([False, False, True]),
)
SHIFT_QUERIES = st.builds(
    MetricQuery,
    metrics=st.sampled_from([("shifts.shifts",), ("shifts.hours", "shifts.shifts")]),
    dimensions=st.lists(
        st.sampled_from(["staff.city", "staff.grade", "shifts.place", "staff.staff_id"]),
        max_size=2,
        unique=True,
    ).map(tuple),
    filters=SOME_FILTERS,
    grain=st.sampled_from([None, Grain.MONTH]),
    period=st.sampled_from([None, Period(date(2026, 6, 1), date(2026, 7, 1), "June")]),
)
QUERIES = st.one_of(STAFF_QUERIES, SHIFT_QUERIES)


def fits(row: Row, filters: Iterable[MetricFilter]) -> bool:
    """As far as anybody may know."""
    tests = {
        "=": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        "<": lambda a, b: a < b,
        "in": lambda a, b: a in b,
    }
    public = [item for item in filters if item.dimension != "staff.grade"]
    return all(tests[item.operator](row[item.dimension.partition(".")[2]], item.value) for item in public)


def public_groups(query: MetricQuery) -> list[set[int]]:
    """Who is where, by what anybody may know of them."""
    names = [name.partition(".")[2] for name in query.dimensions if name != "staff.grade"]
    by_id = {row["staff_id"]: row for row in people()}
    rows = people()
    if query.metrics[0].startswith("shifts."):
        rows = [{**row, **by_id[row["staff_id"]], "month": row["worked_on"].month} for row in shifts()]
        rows = [row for row in rows if not query.period or row["month"] == 6]
        names += ["month"] if query.grain else []
    groups: dict[tuple[Any, ...], set[int]] = defaultdict(set)
    for row in rows:
        if fits(row, query.filters):
            groups[tuple(row[name] for name in names)].add(row["staff_id"])
    return list(groups.values())


def another_world(query: MetricQuery, chance: random.Random) -> list[Row]:
    """Whoever is in groups that are too small alone, or in none, has other values. Of the others, those of
    one team in one group have swapped theirs, if they are in one group only."""
    groups, known = public_groups(query), people()
    large = [group for group in groups if len(group) >= SMALLEST]
    rows = people()
    for row in rows:
        if not any(row["staff_id"] in group for group in large):
            row |= {"pay": Decimal(chance.choice((1, 90000))), "grade": chance.choice("ABX")}
            row["bonus"] = chance.choice((None, 5, 5000))
    if query.metrics[0].startswith("staff."):
        for group in large:
            for team in ("red", "blue"):
                alike = [number for number in sorted(group) if known[number]["team"] == team]
                for person, other in zip(alike, chance.sample(alike, len(alike)), strict=True):
                    rows[person] |= {name: known[other][name] for name in ("pay", "bonus", "grade")}
    return rows


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(query=QUERIES, seed=st.integers(0, 2**32))
def test_nothing_comes_out_that_goes_by_one_persons_values(
    firm: Warehouse, other_firm: Warehouse, query: MetricQuery, seed: int
) -> None:
    """Statistics and charts are made of what comes out."""
    publish(other_firm, "hr.staff", another_world(query, random.Random(seed)))
    answers: list[NumberResult | str] = []
    for warehouse in (firm, other_firm):
        try:
            result = query_metrics(warehouse, ANYBODY, query, NOW, judge_well)
        except QueryRefused as refusal:
            answers.append(str(refusal))
            continue
        answers.append(replace(result, as_of=None, rows=tuple(sorted(result.rows, key=repr))))
    event("told" if isinstance(answers[0], NumberResult) and answers[0].rows else "left out")
    assert answers[0] == answers[1]
