"""Figures from the sample company's files to an answer in the terminal, and held against SQL of our own over
the same files."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.integration.larkspur import figures_of, open_larkspur
from tests.integration.test_cli import Terminal

EMPLOYEE, FINANCE = "employee@larkspur.example", "finance.lead@larkspur.example"
QUESTION = "revenue by region in Q3 2026 against Q2"
BY_REGION = """
    SELECT s.region,
        SUM(l.net_amount) FILTER (l.ordered_on >= DATE '2026-07-01' AND l.ordered_on < DATE '2026-10-01'),
        SUM(l.net_amount) FILTER (l.ordered_on >= DATE '2026-04-01' AND l.ordered_on < DATE '2026-07-01')
    FROM sales.lines AS l JOIN retail.stores AS s USING (store_id)
    GROUP BY s.region
"""


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    return open_larkspur(tmp_path_factory.mktemp("numbers"))


@pytest.fixture(scope="module")
def ours(terminal: Terminal) -> Iterator[duckdb.DuckDBPyConnection]:
    with figures_of(terminal) as db:
        yield db


def figures(run: dict[str, Any]) -> dict[str, Any]:
    [evidence] = [item for item in run["evidence"] if item["kind"] == "figures"]
    details: dict[str, Any] = evidence["details"]
    return details


@pytest.fixture(scope="module")
def answered(terminal: Terminal) -> dict[str, Any]:
    run: dict[str, Any] = terminal.json("ask", QUESTION, "--as", EMPLOYEE)
    return run


def test_a_question_of_figures_is_answered_to_the_cent(
    answered: dict[str, Any], ours: duckdb.DuckDBPyConnection
) -> None:
    assert (answered["outcome"], answered["specialist"]) == ("answered", "Data analyst")
    details = figures(answered)
    told = {row[0]: (Decimal(row[1]), Decimal(row[2]), Decimal(row[3])) for row in details["rows"]}
    expected = {
        region: (now, before, now - before) for region, now, before in ours.execute(BY_REGION).fetchall()
    }
    assert told == expected
    for now, before, _ in expected.values():
        assert f"{now:,.2f} EUR" in answered["answer"]
        assert f"{before:,.2f} EUR" in answered["answer"]


def test_it_says_what_the_figures_are_how_old_and_how_good(answered: dict[str, Any]) -> None:
    details = figures(answered)
    assert details["title"] == (
        "Revenue by region, 1 July to 30 September 2026, against 1 April to 30 June 2026"
    )
    assert [(metric["name"], metric["owner"]) for metric in details["metrics"]] == [
        ("sales.revenue", "Financial Reporting")
    ]
    assert details["quality"] == "pass"
    assert details["sql"].startswith("SELECT")
    assert "sales.order_lines" in details["lineage"]
    [evidence] = answered["evidence"]
    assert evidence["as_of"].startswith(f"{datetime.now(UTC):%Y-%m-}")


def test_it_says_which_periods_were_compared(answered: dict[str, Any]) -> None:
    compared = "They compare 1 July to 30 September 2026 with 1 April to 30 June 2026."
    assert compared in answered["how_found"]


def test_last_year_is_the_same_quarter_of_the_year_before(terminal: Terminal) -> None:
    run = terminal.json("ask", "What was revenue in Q1 2026 compared to last year?", "--as", EMPLOYEE)
    assert "They compare 1 January to 31 March 2026 with 1 January to 31 March 2025." in run["how_found"]
    assert "against 1 January to 31 March 2025" in run["answer"]


def test_there_is_a_picture_of_it(terminal: Terminal, answered: dict[str, Any]) -> None:
    [file] = answered["artifacts"]
    path = terminal.var / "artifacts" / file["file"]
    assert (file["media_type"], path.read_bytes()[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    shown = terminal.run("run", "show", answered["run_id"])
    assert str(path) in shown
    assert "735,002.76" in shown


def test_the_commands_give_the_same(terminal: Terminal, answered: dict[str, Any]) -> None:
    told = {row[0]: Decimal(row[1]) for row in figures(answered)["rows"]}
    period = ("--from", "2026-07-01", "--to", "2026-09-30")
    query = ("metrics", "query", "sales.revenue", "--by", "store.region", *period, "--as", EMPLOYEE)
    asked = terminal.json(*query)
    assert {row[0]: Decimal(str(row[1])) for row in asked["rows"]} == told
    statement = (
        "SELECT s.region, SUM(l.net_amount) AS revenue FROM sales.lines AS l JOIN retail.stores AS s "
        "ON s.store_id = l.store_id WHERE l.ordered_on >= DATE '2026-07-01' AND "
        "l.ordered_on < DATE '2026-10-01' GROUP BY s.region"
    )
    selected = terminal.json("sql", statement, "--as", EMPLOYEE)
    assert {row[0]: Decimal(str(row[1])) for row in selected["rows"]} == told


def test_a_product_that_fails_its_contract_gives_no_figure(terminal: Terminal) -> None:
    ran = terminal.run("metrics", "query", "stock.stock_on_hand", "--as", EMPLOYEE, status=3)
    assert "inventory.stock: Stock is 9 days old; it should be at most 2 days old. (owner: Logistics)" in ran


def test_what_lies_outside_of_the_data_is_said_so(terminal: Terminal) -> None:
    ended = terminal.end("ask", "What was revenue in 2003?", "--as", EMPLOYEE, "--json")
    run = json.loads(ended.out)
    assert (ended.status, run["specialist"], run["artifacts"]) == (3, "Data analyst", [])
    assert "The data covers 1 January 2024 to" in run["answer"]


def test_what_only_finance_may_see_nobody_else_learns_of(terminal: Terminal) -> None:
    query = ("metrics", "query", "margins.gross_margin", "--from", "2025-01-01", "--to", "2025-12-31")
    assert terminal.json(*query, "--as", FINANCE)["rows"]
    said = terminal.run(*query, "--as", EMPLOYEE, status=2)
    assert "margin" in said
    assert json.dumps(terminal.json("metrics", "list", "--as", EMPLOYEE)).count("margins.gross_margin") == 0
