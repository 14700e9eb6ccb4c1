"""Two worlds that are alike in all anybody may know of people, and differ in what is confidential of them."""

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from tests.unit.knowledge.warehouse.sql.people_statements import Asked
from tests.unit.knowledge.warehouse.sql.shop import teams

Row = dict[str, Any]

SMALLEST = 5
_CONFIDENTIAL = ("salary", "bonus", "grade")
_TEAMS = ("Tills",) * 7 + ("Stores",) * 7 + ("Legal",) * 2 + ("Board",) * 2
_KINDS = {
    "id": pa.int64(),
    "name": pa.string(),
    "team": pa.string(),
    "hired": pa.date32(),
    "hours": pa.int64(),
    "salary": pa.decimal128(18, 2),
    "bonus": pa.int64(),
    "grade": pa.string(),
}


def people() -> list[Row]:
    """More of them than in the shop, some without hours or a bonus."""
    return [
        {
            "id": number,
            "name": f"Person {number}",
            "team": team,
            "hired": date(2018 + number % 3, 1, 1) + timedelta(days=number),
            "hours": None if number in (3, 9) else 40 - 20 * (number % 4 == 0),
            "salary": Decimal(1000 * (number * number % 11 + 1)),
            "bonus": None if number % 5 == 0 else number % 3 * 10,
            "grade": "AABC"[number * 7 % 4],
        }
        for number, team in enumerate(_TEAMS)
    ]


def world_of(rows: list[Row]) -> duckdb.DuckDBPyConnection:
    """As a child process has it."""
    connection = duckdb.connect(":memory:", config={"threads": 1})
    staff = pa.Table.from_pylist(rows, schema=pa.schema(_KINDS))
    floors = pa.Table.from_pylist([*teams(), {"team": "Board", "floor": 9}])
    for name, table in (("hr.staff", staff), ("hr.teams", floors)):
        connection.register("made", table)
        connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM made')
    return connection


def another_world(first: duckdb.DuckDBPyConnection, asked: Asked, chance: random.Random) -> list[Row]:
    """Whoever is in a group that is too small, or in none, has any other values; the people of all others
    have swapped theirs, with somebody who weighs as much."""
    members: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    found = first.execute(asked.people).fetchall()
    assert len({person for person, *_ in found}) == len(found), "somebody is in several groups"
    for person, weight, group in found:
        members[group][weight if asked.is_weighted else ""].append(person)
    known, rows = people(), people()
    for row in rows:
        row["salary"] = Decimal(chance.choice((1, 4000, 90000)))
        row["bonus"] = chance.choice((None, 10, 500))
        row["grade"] = chance.choice("ABX")
    for group in members.values():
        if sum(map(len, group.values())) >= SMALLEST:
            for alike in group.values():
                for person, other in zip(alike, chance.sample(alike, len(alike)), strict=True):
                    rows[person] |= {name: known[other][name] for name in _CONFIDENTIAL}
    return rows
