"""`crewdesk catalog ...` as a person meets it: what is served, what is not, and why."""

import json
from pathlib import Path

import pytest

from cli.exits import ExitStatus
from ledger.db import Database
from tests.unit.cli.conftest import Crewdesk

# Ibis 11 calls DuckDB 2 by names it has given up.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_:DeprecationWarning")

_ORDERS = """\
name: shop.orders
owner: sales@company.example
steward: data@company.example
description: What customers ordered
origin: the web shop
version: 1
location: {format: csv, path: data/orders.csv}
primary_key: [order_id]
freshness: {within: 26h}
known_issues: [Orders by phone are missing]
columns:
  - {name: order_id, type: integer, description: Its number}
  - {name: total, type: decimal, unit: EUR, description: What was paid}
  - {name: email, type: string, description: Who ordered, classification: pii}
checks:
  - {kind: sql, name: no free orders, find: "SELECT * FROM product WHERE total <= 0"}
"""
_GOOD = "order_id,total,email\n" + "".join(f"{n},{n}.50,me{n}@home.example\n" for n in range(1, 41))


@pytest.fixture
def orders(workspace: Path, ledger: Database) -> Path:
    """The file orders are loaded from, good and not loaded yet."""
    del ledger
    (workspace / "catalog" / "products").mkdir(parents=True, exist_ok=True)
    (workspace / "catalog" / "products" / "orders.yaml").write_text(_ORDERS)
    path = workspace / "data" / "orders.csv"
    path.parent.mkdir()
    path.write_text(_GOOD)
    return path


def _words(text: str) -> str:
    return " ".join(text.split())


def test_a_product_that_was_never_loaded_is_listed_so(crewdesk: Crewdesk, orders: Path) -> None:
    del orders
    ran = crewdesk("catalog", "list")
    assert ran.status == ExitStatus.DONE
    assert "shop.orders - - not loaded not loaded sales@company.example" in _words(ran.out)
    shown = _words(crewdesk("catalog", "show", "shop.orders").out)
    assert "served nothing" in shown
    assert "known issue Orders by phone are missing" in shown


def test_a_good_load_is_served(crewdesk: Crewdesk, orders: Path) -> None:
    del orders
    ran = crewdesk("catalog", "load")
    assert ran.status == ExitStatus.DONE
    assert _words(ran.out) == "shop.orders published 40 rows 1 published"
    assert "1 unchanged" in crewdesk("catalog", "load").out
    [product] = json.loads(crewdesk("catalog", "list", "--json").out)["products"]
    assert (product["status"], product["rows"], product["quality"]) == ("served", 40, 1.0)
    assert product["freshness"] == "0 minutes old, limit 26 hours"
    shown = _words(crewdesk("catalog", "show", "shop.orders").out)
    assert "freshness 0 minutes old, limit 26 hours" in shown
    assert "no free orders pass block" in shown


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (_GOOD + "41,0,me@home.example\n", "The check no free orders failed: "),
        (
            _GOOD.replace(",total", "").replace(".50,", ",").replace("\n", ",\n"),
            "The column total is missing from data/orders.csv; it has ",
        ),
        (
            _GOOD.replace(".50", ".50 EUR"),
            "40 of 40 rows do not conform, more than 5%: "
            "total is no number that can be read in one way only (40).",
        ),
    ],
)
def test_what_is_kept_back_is_said_everywhere_with_the_last_good_served(
    crewdesk: Crewdesk, orders: Path, text: str, told: str
) -> None:
    crewdesk("catalog", "load")
    orders.write_text(text)
    ran = crewdesk("catalog", "load", "shop.orders")
    assert ran.status == ExitStatus.CHECK_FAILED
    assert told in _words(ran.out)
    assert "1 kept back" in ran.out
    shown = _words(crewdesk("catalog", "show", "shop.orders").out)
    assert f"is kept back: {told}" in shown
    assert "is still served" in shown
    assert "served 40 rows" in shown
    listed = _words(crewdesk("catalog", "list").out)
    assert "KEPT BACK" in listed
    assert f"shop.orders is kept back: {told}" in listed


def test_rows_that_were_kept_back_are_shown_with_personal_values_masked(
    crewdesk: Crewdesk, orders: Path
) -> None:
    orders.write_text(_GOOD + "41,two,secret@home.example\n")
    ran = crewdesk("catalog", "load")
    assert ran.status == ExitStatus.DONE
    assert "1 row kept back (see `crewdesk catalog quarantine shop.orders`)" in ran.out
    ran = crewdesk("catalog", "quarantine", "shop.orders")
    assert "total is no number that can be read in one way only" in ran.out
    assert "order_id: 41 total: two email: (masked)" in _words(ran.out)
    assert "secret" not in ran.out
    view = json.loads(crewdesk("catalog", "quarantine", "shop.orders", "--json").out)
    assert view["kept_back"] == 1
    assert view["examples"][0]["columns"] == {"order_id": "41", "total": "two", "email": "(masked)"}
    assert "secret@home.example" in Path(view["file"]).read_text()


def test_rows_that_failed_a_check_are_shown_with_personal_values_masked(
    crewdesk: Crewdesk, orders: Path
) -> None:
    orders.write_text(_GOOD + "41,0,secret@home.example\n")
    crewdesk("catalog", "load")
    for command in ("show", "quarantine"):
        shown = _words(crewdesk("catalog", command, "shop.orders").out)
        assert "Rows that fail no free orders, for example: order_id: 41 total: 0" in shown
        assert "secret" not in shown
    view = json.loads(crewdesk("catalog", "quarantine", "shop.orders", "--json").out)
    assert [check["check"] for check in view["failed"]] == ["no free orders"]


def test_what_checks_came_to_is_shown_over_time(crewdesk: Crewdesk, orders: Path) -> None:
    assert "No check of shop.orders was made yet" in crewdesk("catalog", "history", "shop.orders").out
    crewdesk("catalog", "load")
    orders.write_text(_GOOD + "41,0,me@home.example\n")
    crewdesk("catalog", "load")
    history = json.loads(crewdesk("catalog", "history", "shop.orders", "--json").out)["checks"]
    assert [each["outcome"]["state"] for each in history] == ["fail", "pass"]
    assert "no free orders fail 1 " in _words(crewdesk("catalog", "history", "shop.orders").out)


def test_a_file_nobody_would_read_is_refused(crewdesk: Crewdesk, orders: Path, workspace: Path) -> None:
    del orders
    stray = workspace / "catalog" / "products" / "returns.yml"
    stray.write_text("name: shop.returns\n")
    ran = crewdesk("catalog", "list")
    assert ran.status == ExitStatus.USAGE
    assert f"{stray}: this file is not read" in ran.complaint


def test_nothing_kept_back_and_never_loaded_are_said(crewdesk: Crewdesk, orders: Path) -> None:
    del orders
    assert "was never loaded" in crewdesk("catalog", "quarantine", "shop.orders").out
    crewdesk("catalog", "load")
    shown = crewdesk("catalog", "quarantine", "shop.orders").out
    assert "No row of the newest load of shop.orders failed to conform." in shown


def test_products_are_searched_by_words_and_filters(crewdesk: Crewdesk, orders: Path) -> None:
    del orders
    crewdesk("catalog", "load")
    assert "shop.orders" in crewdesk("catalog", "search", "customers").out
    for arguments in (
        ("search", "zebra"),
        ("list", "--domain", "people"),
        ("list", "--late"),
    ):
        assert crewdesk("catalog", *arguments).out == "No data product fits.\n"
    assert "shop.orders" in crewdesk("catalog", "search", "customers", "--fresh", "--quality", "1").out
    assert crewdesk("catalog", "search", "customers", "--late").out == "No data product fits.\n"
    assert "1 of 1 data products" in crewdesk("catalog", "list", "--fresh", "--quality", "1").out


@pytest.mark.parametrize("command", ["show", "quarantine", "load"])
def test_an_unknown_product_is_refused(crewdesk: Crewdesk, orders: Path, command: str) -> None:
    del orders
    ran = crewdesk("catalog", command, "shop.order")
    assert ran.status == ExitStatus.USAGE
    assert ran.complaint.startswith("There is no data product shop.order")


def test_an_empty_catalog_is_said(crewdesk: Crewdesk, ledger: Database) -> None:
    del ledger
    for command in ("list", "load"):
        told = "The catalog is empty: put products into catalog/products.\n"
        assert crewdesk("catalog", command).out == told


def test_loading_prepares_the_database_where_there_is_none(
    crewdesk: Crewdesk, workspace: Path, var: Path
) -> None:
    (workspace / "catalog" / "products").mkdir(parents=True, exist_ok=True)
    (workspace / "catalog" / "products" / "orders.yaml").write_text(_ORDERS)
    (workspace / "data").mkdir()
    (workspace / "data" / "orders.csv").write_text(_GOOD)
    assert "run `crewdesk ingest`" in crewdesk("catalog", "list").complaint
    assert crewdesk("catalog", "load").status == ExitStatus.DONE
    assert (var / "crewdesk.db").exists()
