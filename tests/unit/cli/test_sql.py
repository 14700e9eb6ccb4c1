"""`crewdesk sql`: what a person sees, and what a program gets."""

import io
import json
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest

from knowledge.warehouse.warehouse import Warehouse, open_warehouse
from ledger.data_products import CheckResult, CheckState
from ledger.db import Database
from ledger.workspace import open_workspace
from tests.stand_ins.warehouse import publish
from tests.unit.cli.conftest import YOU, Crewdesk

# They decide what a person may see and how good it is.
pytest.importorskip("knowledge.warehouse.tables")
pytest.importorskip("knowledge.warehouse.quality")

TOTALS = "SELECT region, sum(net) AS total FROM shop.orders GROUP BY region ORDER BY region"
_ORDERS = """\
    name: shop.orders
    owner: owner@company.example
    steward: steward@company.example
    description: What was sold
    origin: The till
    location: {format: csv, path: orders.csv}
    version: 1
    columns:
      - {name: region, type: string, description: Where}
      - {name: net, type: decimal, description: How much, unit: EUR}
      - {name: card, type: string, description: Paid with, classification: pii}
    access:
      unmasked: {card: []}
    checks:
      - {kind: row_count, name: enough rows, least: 2, severity: block}
    """


@pytest.fixture
def warehouse(ledger: Database, workspace: Path, var: Path) -> Warehouse:
    path = workspace / "catalog" / "products" / "orders.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(dedent(_ORDERS))
    warehouse = open_warehouse(ledger, open_workspace(workspace), var)
    rows = [
        {"region": "north", "net": Decimal("1200.10"), "card": "4111"},
        {"region": "north \x1b[31m", "net": Decimal("0.05"), "card": "4222"},
    ]
    publish(warehouse, "shop.orders", rows)
    return warehouse


@pytest.mark.usefixtures("warehouse")
def test_a_person_gets_a_table_with_what_it_rests_on(crewdesk: Crewdesk) -> None:
    ran = crewdesk("sql", TOTALS, "--as", YOU)
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].split() == ["region", "total", "(EUR)"]
    assert lines[1].split() == ["north", "1,200.10"]
    assert any(line.startswith("As of 2") and "UTC, from shop.orders" in line for line in lines)
    assert "Quality: pass" in lines
    assert "\x1b" not in ran.out


@pytest.mark.usefixtures("warehouse")
def test_a_program_gets_every_cent(crewdesk: Crewdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(TOTALS))
    report = json.loads(crewdesk("sql", "-", "--as", YOU, "--limit", "1", "--json").out)
    assert report["rows"] == [["north", "1200.10"]]
    assert (report["truncated"], report["quality"], report["products"]) == (True, "pass", ["shop.orders"])
    assert [column["type"] for column in report["columns"]] == ["string", "decimal"]


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("SELECT region FROM shop.orders WHERE card = '4111'", "card of shop.orders is masked for you"),
        ("DROP TABLE shop.orders", "Only a SELECT can be run"),
        ("SELECT 1 FROM shop.nothing", "There is no data product shop.nothing"),
    ],
)
def test_a_refusal_is_one_line_and_wrong_usage(crewdesk: Crewdesk, statement: str, says: str) -> None:
    ran = crewdesk("sql", statement, "--as", YOU)
    assert ran.status == 2
    assert says in ran.complaint


def test_a_blocked_product_gives_no_number(crewdesk: Crewdesk, warehouse: Warehouse) -> None:
    failed = CheckResult("enough rows", "block", CheckState.FAIL, "There is 1 row and there have to be 2.")
    publish(warehouse, "shop.orders", [{"region": "north"}], checks=[failed])
    ran = crewdesk("sql", TOTALS, "--as", YOU)
    assert ran.status == 3
    assert "No figure is given" in ran.out
    assert "owner@company.example" in ran.out
    assert "north" not in ran.out


@pytest.mark.usefixtures("warehouse")
def test_nobody_unknown_asks(crewdesk: Crewdesk) -> None:
    assert crewdesk("sql", TOTALS, "--as", "stranger@company.example").status == 4
