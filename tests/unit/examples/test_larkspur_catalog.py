"""The sample's catalog over the sample's files: each expression evaluates, and the figures are right to the
cent by another road."""

import csv
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow.parquet as pq
import pytest

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.check_spec import Sql
from knowledge.warehouse.spec import Classification, FileLocation, ViewLocation
from ledger.workspace import open_workspace
from tests.unit.examples.conftest import LARKSPUR
from tests.unit.examples.readings import product_table, read_expression


def metric_names(catalog: Catalog) -> list[str]:
    return [name for name, _, _ in catalog.metrics()]


def test_every_dimension_evaluates(catalog: Catalog, tables: duckdb.DuckDBPyConnection) -> None:
    for model in catalog.models.values():
        table = product_table(catalog, model.product)
        for name, dimension in model.dimensions.items():
            value = read_expression(dimension.expr or f"_.{name}").resolve(table)
            sql = ibis.to_sql(table.select(value.name(name)).distinct(), dialect="duckdb")
            found = {row[0] for row in tables.execute(str(sql)).fetchall()} - {None}
            assert found, f"{model.name}.{name} has no value"
            if dimension.is_time:
                assert all(type(value) is date for value in found), f"{model.name}.{name}"


def test_every_metric_evaluates(catalog: Catalog, tables: duckdb.DuckDBPyConnection) -> None:
    for model in catalog.models.values():
        table = product_table(catalog, model.product)
        plain = {name: read_expression(m.expr) for name, m in model.metrics.items() if not m.is_ratio}
        ratios = {name: read_expression(m.expr) for name, m in model.metrics.items() if m.is_ratio}
        result = table.aggregate(**plain).mutate(**ratios)
        cursor = tables.execute(str(ibis.to_sql(result, dialect="duckdb")))
        values = dict(zip(result.columns, cursor.fetchall()[0], strict=True))
        assert [name for name, value in values.items() if value is None] == [], model.name
        for name, metric in model.metrics.items():
            if metric.format == "currency" and not metric.is_ratio and metric.additivity == "additive":
                assert isinstance(values[name], Decimal), f"{model.name}.{name} is no exact money"
            if metric.format == "percent":
                assert 0 < values[name] < 1, f"{model.name}.{name}"


def test_additive_metrics_are_not_made_of_averages_or_distinct_counts(catalog: Catalog) -> None:
    for name, _, metric in catalog.metrics():
        if re.search(r"mean|median|nunique", metric.expr) or "/" in metric.expr:
            assert metric.additivity == "none", name


@pytest.mark.parametrize(
    ("first", "end"),
    [(date(2026, 7, 1), date(2026, 10, 1)), (date(2026, 4, 1), date(2026, 7, 1))],
)
def test_revenue_of_a_quarter_by_hand(
    data: Path, catalog: Catalog, tables: duckdb.DuckDBPyConnection, first: date, end: date
) -> None:
    """Out of the raw files, row by row, without a database."""
    days: dict[str, date] = {}
    for path in data.glob("orders-*.csv"):
        with path.open(newline="") as file:
            days.update((row["order_id"], _day(row["ordered_on"])) for row in csv.DictReader(file))
    lines = pq.read_table(data / "order_lines.parquet", columns=["order_id", "net_amount"]).to_pylist()
    by_hand = sum((row["net_amount"] for row in lines if first <= days[row["order_id"]] < end), Decimal(0))
    table = product_table(catalog, "sales.lines")
    revenue = read_expression(catalog.models["sales"].metrics["revenue"].expr)
    chosen = table.filter(table.ordered_on >= first, table.ordered_on < end)
    sql = str(ibis.to_sql(chosen.aggregate(revenue=revenue), dialect="duckdb"))
    assert tables.execute(sql).fetchall() == [(by_hand,)]
    assert by_hand > 1_000_000


def _day(text: str) -> date:
    for pattern in ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d %b %Y"):
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007  a day, not a moment
        except ValueError:
            continue
    raise AssertionError(f"{text} is no date")


def test_joins_keep_every_row_once(catalog: Catalog, tables: duckdb.DuckDBPyConnection) -> None:
    for model in catalog.models.values():
        for join in model.joins.values():
            other = catalog.models[join.model].product
            keys = ", ".join(join.on.values())
            twice = tables.execute(f"SELECT {keys} FROM {other} GROUP BY ALL HAVING count(*) > 1").fetchall()
            assert twice == [], f"{model.name} to {join.model}"


def test_checks_of_rows_hold_but_for_the_one_that_is_meant_to_fail(
    catalog: Catalog, tables: duckdb.DuckDBPyConnection
) -> None:
    failed = {
        (product.name, check.label, check.severity)
        for product in catalog.products.values()
        for check in product.checks
        if isinstance(check, Sql)
        and tables.execute(re.sub(r"\bproduct\b", product.name, check.find)).fetchall()
    }
    assert failed == {("sales.order_totals", "printed total is the sum of the lines", "warn")}


def test_every_kind_of_check_and_format_is_used(catalog: Catalog) -> None:
    kinds = {check.kind for product in catalog.products.values() for check in product.checks}
    assert kinds == {
        "completeness", "unique", "range", "accepted", "regex", "reference", "row_count", "distribution",
        "sql",
    }  # fmt: skip
    formats = {product.location.format for product in catalog.products.values()}
    assert formats == {"csv", "parquet", "json", "excel", "sqlite", "view"}


def test_every_product_is_described_and_owned_by_a_role(catalog: Catalog) -> None:
    for product in catalog.products.values():
        assert product.consumers, product.name
        assert product.upstream, product.name
        assert product.access_patterns, product.name
        assert "@" not in product.owner + product.steward
        for column in product.columns:
            if column.type.value == "decimal":
                assert column.unit, f"{product.name}.{column.name}"


def test_upstreams_within_the_catalog_are_those_a_view_selects_from(catalog: Catalog) -> None:
    for product in catalog.products.values():
        if isinstance(product.location, ViewLocation):
            used = set(re.findall(r"(?:FROM|JOIN) (\w+\.\w+)", product.location.sql))
            assert used == set(product.upstream), product.name
        elif isinstance(product.location, FileLocation):
            assert product.location.path.startswith("data/")


def test_personal_data_and_costs_are_shown_to_their_groups_only(catalog: Catalog) -> None:
    people = open_workspace(LARKSPUR).people
    for product in catalog.products.values():
        for column in product.columns:
            to = product.access.unmasked.get(column.name, ())
            if column.classification is Classification.PII:
                assert to == ("customer_care",), f"{product.name}.{column.name}"
            if column.classification is Classification.CONFIDENTIAL:
                assert "finance" in (to or product.access.groups), f"{product.name}.{column.name}"
                assert "everyone" not in (to or product.access.groups), f"{product.name}.{column.name}"
    assert "customer_care" in people.groups
    assert any("customer_care" in person.groups for person in people.people)
    assert [rule.groups for rule in catalog.products["support.tickets"].access.rows] == [
        ("customer_care",),
        ("everyone",),
    ]


def test_names_people_use_lead_to_one_metric_of_a_model(catalog: Catalog) -> None:
    said: dict[tuple[str, str], list[str]] = {}
    for name, model, metric in catalog.metrics():
        own = name.partition(".")[2].replace("_", " ")
        for word in {own, *(synonym.casefold() for synonym in metric.synonyms)}:
            said.setdefault((model.name, word), []).append(name)
    assert {word: names for word, names in said.items() if len(names) > 1} == {}
    assert len(metric_names(catalog)) > 40


def test_entities_know_their_rows(catalog: Catalog) -> None:
    assert set(catalog.entities) == {"customer", "store"}
    for entity in catalog.entities.values():
        for feature in entity.features.values():
            model: Any = catalog.models[feature.metric.partition(".")[0]]
            product = catalog.products[model.product]
            assert product.column(entity.key) is not None, f"{entity.name}: {feature.metric}"
