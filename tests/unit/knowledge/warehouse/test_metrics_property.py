"""Whatever the policy, the reader and the query: figures are those of the rows the reader may see, and no
other row or masked value can be read anywhere in a result, a statement or an error."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.search.access import AccessScope
from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.charts.chart import chart_for
from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.metric_spec import Dimension, Metric, SemanticModel
from knowledge.warehouse.query import MetricFilter, MetricQuery, Period
from knowledge.warehouse.query_metrics import query_metrics
from knowledge.warehouse.result import NumberResult
from knowledge.warehouse.spec import (
    Access,
    Column,
    ColumnType,
    DataProduct,
    FileLocation,
    MaskKind,
    RowRule,
)
from knowledge.warehouse.statistics.anomalies import find_anomalies
from knowledge.warehouse.statistics.correlation import correlate
from knowledge.warehouse.statistics.decomposition import decompose_change
from knowledge.warehouse.statistics.forecast import forecast
from knowledge.warehouse.statistics.outliers import find_outliers
from knowledge.warehouse.statistics.statistic import Statistic
from knowledge.warehouse.statistics.summary import summarize
from knowledge.warehouse.statistics.trend import find_trend
from knowledge.warehouse.warehouse import Warehouse
from ledger.db import Database
from ledger.errors import CrewdeskError
from tests.stand_ins.warehouse import publish
from tests.unit.knowledge.warehouse.metric_shop import judge_well

NOW = datetime(2026, 6, 1, tzinfo=UTC)
GROUPS = ("red", "green", "blue")
REGIONS = ("Zanzibar", "Yokohama", "Xanadu")
PEOPLE = tuple(
    f"{name}@mail-{number}.example" for number, name in enumerate(("quentin", "ursula", "wolfram"))
)
MASKS = [MaskKind.NULL, MaskKind.HASH, MaskKind.PARTIAL]
# Amounts that occur nowhere else: one in a result that may not be there is seen.
ROWS: list[dict[str, Any]] = [
    {
        "sold_on": date(2026, 1, 1) + timedelta(days=number * 5),
        "region": REGIONS[number % 3],
        "person": PEOPLE[number * 2 % 3],
        "amount": Decimal(f"{1000 * (number + 1)}.{17 + number}"),
        "cost": Decimal(f"{71000 + 311 * number}.{13 + number}"),
    }
    for number in range(12)
]


@dataclass(frozen=True, slots=True)
class Case:
    product: DataProduct
    scope: AccessScope
    query: MetricQuery

    @property
    def readers(self) -> tuple[frozenset[str], ...]:
        return self.scope.required_matches

    def sees(self, row: dict[str, Any]) -> bool:
        """By the rules' words, not by the code that is tested."""
        if not self.product.access.rows:
            return True
        return all(
            any(
                reader & set(rule.groups) and row["region"] in rule.where for rule in self.product.access.rows
            )
            for reader in self.readers
        )

    def masked(self, column: str) -> bool:
        named = self.product.access.unmasked.get(column)
        return named is not None and any(not reader & set(named) for reader in self.readers)


def product(access: Access, mask: MaskKind) -> DataProduct:
    kinds = {
        "sold_on": ColumnType.DATE,
        "region": ColumnType.STRING,
        "person": ColumnType.STRING,
        "amount": ColumnType.DECIMAL,
        "cost": ColumnType.DECIMAL,
    }
    return DataProduct(
        name="shop.sales",
        owner="a@shop.example",
        steward="a@shop.example",
        description="Sales.",
        origin="till",
        location=FileLocation(format="csv", path="sales.csv"),
        version=1,
        columns=tuple(
            Column(name=name, type=kind, description=name, mask=mask if name == "person" else MaskKind.NULL)
            for name, kind in kinds.items()
        ),
        access=access,
    )


def metric(expr: str) -> Metric:
    return Metric(description="m", expr=expr, owner="a@shop.example")


MODEL = SemanticModel(
    name="sales",
    product="shop.sales",
    description="Sales.",
    entity="sale",
    time="sold_on",
    dimensions={
        "sold_on": Dimension(description="d", is_time=True),
        "region": Dimension(description="d"),
        "person": Dimension(description="d"),
    },
    metrics={
        "amount": metric("_.amount.sum()"),
        "cost": metric("_.cost.sum()"),
        "sales": metric("_.count()"),
    },
)

SOME_GROUPS = st.lists(st.sampled_from(GROUPS), min_size=1, max_size=2, unique=True).map(tuple)
SETS = st.frozensets(st.sampled_from(GROUPS), min_size=1, max_size=2)


def where(regions: list[str]) -> str:
    return f"region IN ({', '.join(repr(region) for region in regions)})"


SOME_REGIONS = st.lists(st.sampled_from(REGIONS), min_size=1, max_size=2, unique=True)


def rule_for_each(regions: tuple[list[str], ...]) -> tuple[RowRule, ...]:
    return tuple(
        RowRule(groups=(group,), where=where(own)) for group, own in zip(GROUPS, regions, strict=True)
    )


RULE_FOR_EACH = st.tuples(SOME_REGIONS, SOME_REGIONS, SOME_REGIONS).map(rule_for_each)
ONE_RULE = st.builds(RowRule, groups=SOME_GROUPS, where=SOME_REGIONS.map(where)).map(lambda rule: (rule,))
RULES = st.one_of(RULE_FOR_EACH, ONE_RULE, st.just(()))
ACCESS = st.builds(
    Access,
    groups=st.one_of(st.just(GROUPS), SOME_GROUPS),
    rows=RULES,
    unmasked=st.dictionaries(st.sampled_from(["person", "cost", "region"]), SOME_GROUPS, max_size=1),
)
FILTERS = st.one_of(
    st.builds(MetricFilter, st.just("region"), st.sampled_from(["=", "!="]), st.sampled_from(REGIONS)),
    st.builds(MetricFilter, st.just("person"), st.just("contains"), st.sampled_from(["mail", "-1"])),
    st.builds(MetricFilter, st.just("sold_on"), st.just(">="), st.just(date(2026, 1, 20))),
)
QUERIES = st.builds(
    MetricQuery,
    metrics=st.sampled_from([("sales.amount",), ("sales.sales", "sales.amount"), ("sales.cost",)]),
    dimensions=st.lists(st.sampled_from(["region", "person"]), max_size=2, unique=True).map(tuple),
    filters=st.lists(FILTERS, max_size=1).map(tuple),
    period=st.sampled_from([None, Period(date(2026, 1, 1), date(2026, 2, 1), "January 2026")]),
    share=st.booleans(),
)
CASES = st.builds(
    Case,
    product=st.builds(product, ACCESS, st.sampled_from(MASKS)),
    scope=st.builds(AccessScope, SETS, st.one_of(st.tuples(), st.tuples(SETS), st.tuples(SETS, SETS))),
    query=QUERIES,
)


@pytest.fixture
def sales(sqlite_db: Database, tmp_path: Path) -> Warehouse:
    catalog = Catalog(tmp_path, {"shop.sales": product(Access(), MaskKind.NULL)}, {"sales": MODEL})
    warehouse = Warehouse(sqlite_db, catalog, tmp_path / "warehouse")
    publish(warehouse, "shop.sales", ROWS)
    return warehouse


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=CASES)
def test_figures_are_of_the_rows_a_reader_may_see_and_tell_of_no_others(sales: Warehouse, case: Case) -> None:
    catalog = Catalog(sales.folder, {"shop.sales": case.product}, {"sales": MODEL})
    warehouse = Warehouse(sales.db, catalog, sales.folder)
    refused = False
    try:
        result = query_metrics(warehouse, case.scope, case.query, NOW, judge_well)
    except CrewdeskError as error:
        assert_tells_nothing(case, f"{error} {error.__cause__}")
        refused = True
    finally:
        warehouse.readers.close()
    assert refused == not_allowed(case)
    if refused:
        return
    assert_tells_nothing(case, repr(result.rows), result.sql, repr(result.filters), repr(result.notes))
    assert_tells_nothing(case, *made_of(result))
    assert_right(case, result.rows)


def made_of(result: NumberResult) -> Iterator[str]:
    """What statistics and charts say of a result, or why they say nothing."""
    first = result.columns[0].name
    for statistic in (find_trend, find_anomalies, decompose_change, forecast):
        yield said_by(statistic, result)
    for column in result.columns:
        for statistic in (summarize, find_outliers, partial(correlate, other=first)):
            yield said_by(statistic, result, column.name)
    chart = chart_for(result, "Figures")
    if chart is not None:
        yield f"{json.dumps(chart.spec)} {chart.alt} {chart.notes}"


def said_by(statistic: Callable[..., Statistic], *given: Any) -> str:
    try:
        return repr(statistic(*given))
    except QueryRefused as refusal:
        return str(refusal)


def not_allowed(case: Case) -> bool:
    groups = set(case.product.access.groups)
    filtered = {item.dimension for item in case.query.filters}
    return (
        any(not reader & groups for reader in case.readers)
        or ("sales.cost" in case.query.metrics and case.masked("cost"))
        or any(case.masked(name) for name in filtered)
    )


def assert_tells_nothing(case: Case, *texts: str) -> None:
    """What the reader wrote into the query may of course be read."""
    written = repr(case.query)
    hidden = {row["region"] for row in ROWS} - {row["region"] for row in ROWS if case.sees(row)}
    hidden |= set(PEOPLE) if case.masked("person") else set()
    hidden |= set(REGIONS) if case.masked("region") else set()
    hidden |= {str(row["cost"]) for row in ROWS} if case.masked("cost") else set()
    hidden |= {str(row[name]) for row in ROWS if not case.sees(row) for name in ("amount", "cost")}
    for text in texts:
        assert not [value for value in hidden if value in text and value not in written]


def assert_right(case: Case, rows: tuple[tuple[Any, ...], ...]) -> None:
    """By the dimensions that are shown as they are; over a masked one, groups are added up."""
    query = case.query
    dimensions = [name for name in query.dimensions if not case.masked(name)]
    places = [query.dimensions.index(name) for name in dimensions]
    step = 2 if query.share else 1
    for number, name in enumerate(query.metrics):
        expected: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
        for row in filter(case.sees, ROWS):
            if taken(row, query):
                key = tuple(row[dimension] for dimension in dimensions)
                expected[key] += 1 if name == "sales.sales" else row[name.removeprefix("sales.")]
        found: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
        for line in rows:
            value = line[len(query.dimensions) + number * step]
            if value is not None:
                found[tuple(line[place] for place in places)] += value
        assert {k: v for k, v in found.items() if v} == dict(expected)


def taken(row: dict[str, Any], query: MetricQuery) -> bool:
    if query.period and not query.period.start <= row["sold_on"] < query.period.end:
        return False
    for item in query.filters:
        value = row[item.dimension]
        tests = {
            "=": value == item.value,
            "!=": value != item.value,
            "contains": str(item.value) in str(value),
            ">=": item.operator == ">=" and value >= item.value,
        }
        if not tests[item.operator]:
            return False
    return True
