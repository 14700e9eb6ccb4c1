"""`crewdesk metrics`: what people write, and what they see of it."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cli.exits import ExitStatus
from cli.metric_arguments import Compared, compared_period, parse_condition, parse_period
from knowledge.warehouse.catalog import load_catalog
from knowledge.warehouse.metric_spec import CalendarFile
from knowledge.warehouse.query import MetricFilter
from knowledge.warehouse.warehouse import Warehouse
from ledger.db import Database
from ledger.errors import InvalidInput
from ledger.workspace import open_workspace
from tests.stand_ins.warehouse import publish
from tests.unit.cli.conftest import YOU, Crewdesk

PRODUCT = """\
name: sales.orders
owner: sales@company.example
steward: sales@company.example
description: Orders.
origin: the till
location: {format: csv, path: data/orders.csv}
version: 1
columns:
  - {name: ordered_on, type: date, description: When.}
  - {name: region, type: string, description: Where.}
  - {name: amount, type: decimal, description: Net.}
"""
MODEL = """\
name: orders
product: sales.orders
description: Orders.
entity: order
time: ordered_on
dimensions:
  ordered_on: {description: When., is_time: true}
  region: {description: Where.}
metrics:
  revenue: {description: Net amount., expr: _.amount.sum(), owner: cfo@company.example, unit: EUR,
            format: currency}
"""
ROWS = [
    {"ordered_on": date(2026, month, 5), "region": region, "amount": amount}
    for month, region, amount in [(1, "North", 10), (2, "North", 1234), (2, "South\x1b[31m", 7)]
]


@pytest.fixture
def shop(workspace: Path, var: Path, ledger: Database) -> Warehouse:
    for name, text in (("products", PRODUCT), ("metrics", MODEL)):
        folder = workspace / "catalog" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "orders.yaml").write_text(text)
    warehouse = Warehouse(ledger, load_catalog(open_workspace(workspace)), var / "warehouse")
    publish(warehouse, "sales.orders", ROWS)
    return warehouse


@pytest.mark.usefixtures("shop")
def test_metrics_are_listed_and_shown(crewdesk: Crewdesk) -> None:
    listed = json.loads(crewdesk("metrics", "list", "--as", YOU, "--json").out)
    assert [metric["name"] for metric in listed["metrics"]] == ["orders.revenue"]
    shown = crewdesk("metrics", "show", "revenue", "--as", YOU)
    assert shown.status == 0
    for word in ("_.amount.sum()", "cfo@company.example", "orders.region", "over everything"):
        assert word in shown.out
    assert "no metric 'profit'" in crewdesk("metrics", "show", "profit", "--as", YOU).complaint


@pytest.mark.usefixtures("shop")
def test_a_query_shows_figures_and_what_they_stand_on(crewdesk: Crewdesk) -> None:
    ran = crewdesk(
        "metrics", "query", "orders.revenue", "--by", "region", "--from", "2026-02-01", "--to", "2026-02-28",
        "--compare", "previous", "--as", YOU, "--sql",
    )  # fmt: skip
    assert ran.status == 0, ran.err
    assert "1,234.00" in ran.out
    assert "+1,224.00" in ran.out
    assert "+12,240.0 %" in ran.out
    assert "Revenue (EUR)" in ran.out
    assert "SUM(" in ran.out
    assert "Quality: " in ran.out
    assert "from sales.orders, the till" in ran.out
    assert "February 2026" in ran.out
    assert "\x1b[31m" not in ran.out


@pytest.mark.usefixtures("shop")
def test_programs_get_decimals_as_text(crewdesk: Crewdesk) -> None:
    ran = crewdesk("metrics", "query", "revenue", "--where", "region = North", "--as", YOU, "--json")
    report = json.loads(ran.out)
    assert report["rows"] == [["1244.00"]]
    assert report["filters"] == ["Region is North."]
    assert report["metrics"][0]["name"] == "orders.revenue"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--where", "region"], "cannot be read"),
        (["--to", "2026-01-01"], "--to needs --from"),
        (["--compare", "year"], "--compare needs --from"),
        (["--from", "2026-02-02", "--to", "2026-02-01"], "ends before it begins"),
        (["--by", "colour"], "no dimension 'colour'"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_wrong_usage_is_one_sentence(crewdesk: Crewdesk, arguments: list[str], complaint: str) -> None:
    ran = crewdesk("metrics", "query", "orders.revenue", "--as", YOU, *arguments)
    assert ran.status == ExitStatus.USAGE
    assert complaint in ran.complaint


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("region = North", MetricFilter("region", "=", "North")),
        ("stores.region!='South West'", MetricFilter("stores.region", "!=", "South West")),
        ("channel in (web, till)", MetricFilter("channel", "in", ("web", "till"))),
        ("channel NOT IN web", MetricFilter("channel", "not in", ("web",))),
        ("amount >= 5", MetricFilter("amount", ">=", "5")),
        ("region is not null", MetricFilter("region", "is not null")),
        ("region is null", MetricFilter("region", "is null")),
        ("region contains in", MetricFilter("region", "contains", "in")),
        ("name = a = b", MetricFilter("name", "=", "a = b")),
    ],
)
def test_conditions_are_read_as_people_write_them(text: str, found: MetricFilter) -> None:
    assert parse_condition(text) == found


@pytest.mark.parametrize("text", ["", "= 5", "region =", "region is null now", "region ~ x"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="--where"):
        parse_condition(text)


def test_the_last_day_belongs_to_the_period() -> None:
    calendar, today = CalendarFile(), date(2026, 5, 4)
    quarter = parse_period(
        datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC), today, calendar
    )
    assert quarter is not None
    assert (quarter.end, quarter.label) == (date(2026, 4, 1), "Q1 2026")
    until_today = parse_period(datetime(2026, 5, 1, tzinfo=UTC), None, today, calendar)
    assert until_today is not None
    assert until_today.end == date(2026, 5, 5)
    before = compared_period(quarter, Compared.YEAR, calendar)
    assert before is not None
    assert before.label == "Q1 2025"
