"""The sample's generator: the same day gives the same files, and a day that is over stays as it was."""

import csv
import json
import re
import zipfile
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from examples.larkspur_data.__main__ import main
from examples.larkspur_data.days import FIRST_DAY
from examples.larkspur_data.demand import FLOOD_FIRST, FLOOD_LAST
from examples.larkspur_data.stock import STALE_DAYS
from examples.larkspur_data.write import MARKER, ensure_data
from knowledge.warehouse.catalog import Catalog
from ledger.workspace import open_workspace
from tests.unit.examples.conftest import LARKSPUR, TODAY

YESTERDAY = TODAY - timedelta(days=1)
# A small stretch, for tests that write tables of their own.
EARLY = FIRST_DAY + timedelta(days=45)


def test_the_same_day_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        ensure_data(tmp_path / name, EARLY)
    one, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "other")
    )
    assert one == other
    assert len(one) == 14


def test_the_workbook_does_not_tell_when_it_was_written(tmp_path: Path) -> None:
    ensure_data(tmp_path, EARLY)
    with zipfile.ZipFile(tmp_path / "suppliers.xlsx") as package:
        assert {member.date_time[0] for member in package.infolist()} == {1980}
        assert package.read("docProps/core.xml").count(b"1980-01-01T00:00:00Z") == 2


def test_files_are_written_once_a_day(tmp_path: Path) -> None:
    ensure_data(tmp_path, EARLY)
    (tmp_path / "stores.csv").write_text("changed")
    ensure_data(tmp_path, EARLY)
    assert (tmp_path / "stores.csv").read_text() == "changed"
    ensure_data(tmp_path, EARLY + timedelta(days=1))
    assert (tmp_path / "stores.csv").read_text().startswith("store_id,")


def test_a_writing_that_was_interrupted_is_begun_again(tmp_path: Path) -> None:
    ensure_data(tmp_path, EARLY)
    (tmp_path / MARKER).unlink()
    (tmp_path / "stores.csv").write_text("half a fi")
    ensure_data(tmp_path, EARLY)
    assert (tmp_path / "stores.csv").read_text().startswith("store_id,")


def test_going_back_a_year_leaves_no_file_of_the_later_one(tmp_path: Path) -> None:
    (tmp_path / "orders-2031.csv").write_text("order_id\n1\n")
    ensure_data(tmp_path, EARLY)
    assert [path.name for path in tmp_path.glob("orders-*.csv")] == ["orders-2024.csv"]


def test_there_is_nothing_before_the_first_day(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="begin on 2024-01-01"):
        ensure_data(tmp_path / "data", FIRST_DAY)
    assert not (tmp_path / "data").exists()


def test_the_command_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "data")]) == 0
    assert "order_lines.parquet" in capsys.readouterr().out
    assert main(["one", "two"]) == 2


def test_the_data_folder_is_not_checked_in() -> None:
    assert "/examples/larkspur/data/" in (LARKSPUR.parents[1] / ".gitignore").read_text().splitlines()


# What one day adds, by its day: the rest of a row may not depend on when it is read.
DATED = {
    "sales.orders": "ordered_on",
    "sales.lines": "ordered_on",
    "sales.returns": "returned_on",
    "web.sessions": "day",
    "customers.accounts": "joined",
}


@pytest.mark.parametrize("product", DATED)
def test_a_past_day_is_the_same_on_a_later_one(
    product: str, tables: duckdb.DuckDBPyConnection, later_tables: duckdb.DuckDBPyConnection
) -> None:
    # What came back of a line goes on growing.
    columns = "* EXCLUDE (returned_quantity, returned_amount)" if product == "sales.lines" else "*"
    rows = f"SELECT {columns} FROM {product} WHERE {DATED[product]} <= ?"
    # No row is there twice, so none can hide another.
    query = f"SELECT count(*), bit_xor(hash(row)) FROM ({rows}) AS row"
    found = tables.execute(query, [YESTERDAY]).fetchall()
    assert found[0][0] > 5000
    assert found == later_tables.execute(query, [YESTERDAY]).fetchall()


def test_tickets_change_only_by_being_resolved(
    tables: duckdb.DuckDBPyConnection, later_tables: duckdb.DuckDBPyConnection
) -> None:
    query = "SELECT * FROM support.tickets WHERE opened_at < ? ORDER BY ticket_id"
    rows = tables.execute(query, [TODAY]).fetchall()
    later = later_tables.execute(query, [TODAY]).fetchall()
    assert [row[:2] for row in rows] == [row[:2] for row in later]
    changed = [(row, new) for row, new in zip(rows, later, strict=True) if row != new]
    assert changed
    assert all(row[2] is None and new[2].date() >= TODAY for row, new in changed)


def test_only_the_live_troubles_of_pipelines_move(
    tables: duckdb.DuckDBPyConnection, later_tables: duckdb.DuckDBPyConnection
) -> None:
    query = "SELECT * FROM platform.pipeline_runs WHERE scheduled < ? ORDER BY run_id"
    rows, later = (db.execute(query, [TODAY]).fetchall() for db in (tables, later_tables))
    moved = {(row[1], row[3].date()) for row, new in zip(rows, later, strict=True) if row != new}
    assert ("quarterly_financial_reports", YESTERDAY) in moved
    assert {pipeline for pipeline, _ in moved} == {"quarterly_financial_reports", "stock_levels"}
    assert min(day for _, day in moved) > TODAY - timedelta(days=STALE_DAYS)


def test_month_ends_of_stock_stay(
    tables: duckdb.DuckDBPyConnection, later_tables: duckdb.DuckDBPyConnection
) -> None:
    query = (
        "SELECT * FROM inventory.stock WHERE counted_on = last_day(counted_on) AND counted_on < ? "
        "ORDER BY ALL"
    )
    rows = tables.execute(query, [date(2026, 11, 1)]).fetchall()
    assert len(rows) > 5000
    assert rows == later_tables.execute(query, [date(2026, 11, 1)]).fetchall()


def test_it_reaches_yesterday_and_not_today(tables: duckdb.DuckDBPyConnection) -> None:
    for product, column in DATED.items():
        newest = tables.execute(f"SELECT max({column}) FROM {product}").fetchall()[0][0]
        assert YESTERDAY - timedelta(days=2) <= newest <= YESTERDAY
    lines = tables.execute("SELECT count(*) FROM sales.order_lines").fetchall()[0][0]
    assert 150_000 < lines < 250_000


def test_customers_are_nobody(data: Path) -> None:
    with (data / "customers.csv").open(newline="") as file:
        customers = list(csv.DictReader(file))
    assert all(re.fullmatch(r"[a-z.0-9]+@(customers|mail|post)\.example", row["email"]) for row in customers)
    assert all(row["phone"] == "n/a" or row["phone"].startswith("+00 555 01") for row in customers)
    # Names are put together from parts that are no family's name.
    families = {row["name"].split()[1] for row in customers}
    assert len(families) > 200
    assert not families & {"Smith", "Brown", "Taylor", "Ashcroft", "Greenwood", "Bradbrook"}
    staff = {person.email for person in open_workspace(LARKSPUR).people.people}
    assert not staff & {row["email"] for row in customers}


def test_the_flood_shows_in_the_lakes_alone(tables: duckdb.DuckDBPyConnection) -> None:
    rows = tables.execute(
        "SELECT region, count(DISTINCT order_id) FILTER (ordered_on BETWEEN $first AND $last), "
        "count(DISTINCT order_id) FILTER (ordered_on BETWEEN $first - 28 AND $last - 28) "
        "FROM sales.lines JOIN retail.stores USING (store_id) GROUP BY region",
        {"first": FLOOD_FIRST, "last": FLOOD_LAST},
    ).fetchall()
    share = {region: after / before for region, after, before in rows}
    assert share.pop("Lakes") < 0.4
    assert min(share.values()) > 0.75


def test_the_faults_are_there(data: Path, tables: duckdb.DuckDBPyConnection) -> None:
    def one(query: str) -> object:
        return tables.execute(query).fetchall()[0][0]

    assert one("SELECT max(counted_on) FROM inventory.stock") == TODAY - timedelta(days=STALE_DAYS)
    share = one("SELECT 1 - count(category) / count(*) FROM support.tickets")
    assert isinstance(share, float)
    assert 0.01 < share < 0.02
    assert one("SELECT count(*) FROM sales.order_totals WHERE difference <> 0") == 4
    assert one("SELECT count(*) FROM sales.returns ANTI JOIN sales.orders USING (order_id)") == 3
    runs = json.loads((data / "pipeline_runs.json").read_text())
    last = [run for run in runs if run["pipeline"] == "quarterly_financial_reports"][-1]
    assert (last["status"], last["scheduled"]) == ("failed", f"{YESTERDAY}T02:00:00")
    assert "store_contribution" in last["error"]
    orders = [line for path in data.glob("orders-*.csv") for line in path.read_text().splitlines()]
    # Each file has a header; the first is no repetition.
    assert len(orders) - len(set(orders)) == 5 + len(list(data.glob("orders-*.csv"))) - 1
    dates = {re.sub(r"\d+", "0", re.sub(r"[A-Za-z]+", "b", line.split(",")[1])) for line in orders}
    assert {"0-0-0", "0/0/0", "0.0.0", "0 b 0"} <= dates
    assert "not recorded" in (data / "support_tickets.csv").read_text()


def test_regions_are_conformed_to_the_four_and_the_shop(
    catalog: Catalog, tables: duckdb.DuckDBPyConnection
) -> None:
    counted = dict(tables.execute("SELECT region, count(*) FROM retail.stores GROUP BY region").fetchall())
    assert counted == {"North": 9, "Coast": 11, "Lakes": 8, "South": 10, "Online": 1}
    desks = tables.execute("SELECT count(*) FROM retail.stores WHERE rental_desk").fetchall()
    assert desks == [(14,)]
    assert catalog.calendar.fiscal_year_starts == 1


def test_rentals_are_sold_where_there_is_a_desk(tables: duckdb.DuckDBPyConnection) -> None:
    found = tables.execute(
        "SELECT DISTINCT rental_desk FROM sales.lines JOIN retail.stores USING (store_id) "
        "JOIN merchandise.products USING (sku) WHERE category = 'Rental'"
    ).fetchall()
    assert found == [(True,)]
