"""The sample's questions of figures: what they give stays right on any later day, and each reading of them
comes to what plain SQL does."""

from datetime import date
from typing import Any, Literal

import duckdb
import pytest
from pydantic import BaseModel, ConfigDict

from knowledge.warehouse.catalog import Catalog
from ledger.workspace import open_workspace
from ledger.yaml_file import load_yaml
from tests.unit.examples.conftest import LARKSPUR
from tests.unit.examples.readings import Reading, as_written, work_out


class Answerable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    ask_as: str
    reading: Reading
    sql: str
    rows: tuple[tuple[Any, ...], ...]


class Unanswerable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    ask_as: str
    why: Literal["blocked", "not_permitted", "unknown", "out_of_range", "unclear"]
    metric: str | None = None
    because: str


class QuestionsFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    answerable: tuple[Answerable, ...]
    unanswerable: tuple[Unanswerable, ...]


QUESTIONS = load_yaml(LARKSPUR / "metric_questions.yaml", QuestionsFile)
BY_QUESTION = {item.question: item for item in QUESTIONS.answerable}


def test_there_are_enough_and_each_is_asked_once() -> None:
    asked = [item.question for item in (*QUESTIONS.answerable, *QUESTIONS.unanswerable)]
    assert len(QUESTIONS.answerable) >= 40
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("question", BY_QUESTION)
def test_plain_sql_gives_the_rows_today_and_later(
    question: str, tables: duckdb.DuckDBPyConnection, later_tables: duckdb.DuckDBPyConnection
) -> None:
    item = BY_QUESTION[question]
    for db in (tables, later_tables):
        rows = db.execute(item.sql).fetchall()
        assert tuple(tuple(map(as_written, row)) for row in rows) == item.rows


@pytest.mark.parametrize("question", BY_QUESTION)
def test_the_reading_comes_to_the_same_rows(
    question: str, catalog: Catalog, tables: duckdb.DuckDBPyConnection
) -> None:
    item = BY_QUESTION[question]
    rows = work_out(tables, catalog, item.reading)
    # The reader is taken for one who may see all rows; what employees may not see is in the SQL.
    if item.ask_as.startswith("employee") and item.reading.metrics[0].startswith("tickets."):
        assert rows > list(item.rows)
        return
    assert tuple(tuple(map(as_written, row)) for row in rows) == item.rows


def test_who_asks_is_known_and_may_read_the_product(catalog: Catalog) -> None:
    people = {person.email: person for person in open_workspace(LARKSPUR).people.people}
    for item in QUESTIONS.answerable:
        groups = set(people[item.ask_as].groups)
        for metric in item.reading.metrics:
            model = catalog.models[metric.partition(".")[0]]
            assert groups & set(catalog.products[model.product].access.groups), item.question


def test_unanswerable_ones_say_why(catalog: Catalog) -> None:
    metrics = {name: model for name, model, _ in catalog.metrics()}
    people = {person.email: person for person in open_workspace(LARKSPUR).people.people}
    assert {item.why for item in QUESTIONS.unanswerable} == {
        "blocked", "not_permitted", "unknown", "out_of_range", "unclear",
    }  # fmt: skip
    for item in QUESTIONS.unanswerable:
        assert item.ask_as in people
        assert item.metric is None or item.metric in metrics
        if item.why == "blocked":
            assert item.metric is not None
            assert metrics[item.metric].product == "inventory.stock"


def test_periods_lie_behind(catalog: Catalog) -> None:
    for item in QUESTIONS.answerable:
        for span in (item.reading.period, item.reading.compare_to):
            assert span is None or date(2024, 1, 1) <= span.start < span.end <= date(2026, 10, 1)
        for metric in item.reading.metrics:
            assert catalog.models[metric.partition(".")[0]]
