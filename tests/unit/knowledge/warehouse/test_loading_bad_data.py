"""Bad data of every kind: caught by name, kept back, and the last good version still served."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from knowledge.search.access import AccessScope
from knowledge.warehouse.catalog import load_catalog
from knowledge.warehouse.evidence import number_finding
from knowledge.warehouse.quality import judge_quality
from knowledge.warehouse.query import MetricQuery
from knowledge.warehouse.query_metrics import query_metrics
from knowledge.warehouse.result import Verdict
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import CheckState, LoadState, latest_loads
from ledger.db import Database
from ledger.people import EVERYONE
from ledger.workspace import open_workspace
from tests.unit.knowledge.warehouse.loading_shop import ORDERS, Shop, column, make_shop

# Ibis 11 calls DuckDB 2 by names it has given up.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_:DeprecationWarning")

_COLUMNS = "\n".join(
    [
        column("order_id", "integer", required="true"),
        column("ordered_on", "date", conform='{dates: ["%d/%m/%Y"]}'),
        column("net", "decimal"),
        column("tax", "decimal"),
        column("total", "decimal"),
        column("customer_id", "string", classification="pii"),
    ]
)
_REST = """\
primary_key: [order_id]
freshness: {within: 26h, column: ordered_on}
checks:
  - {kind: sql, name: totals add up, find: "SELECT * FROM product WHERE net + tax <> total"}
  - {kind: reference, column: customer_id, to: shop.customers.customer_id}
"""
_HEADER = "order_id,ordered_on,net,tax,total,customer_id\n"
_GOOD = [f"{n},2026-03-02,10.00,1.90,11.90,c{n % 3}" for n in range(1, 101)]


@pytest.fixture
def shop(sqlite_db: Database, tmp_path: Path) -> Shop:
    """Customers and a good load of orders are published."""
    shop = make_shop(
        sqlite_db,
        tmp_path,
        shop__orders={
            "columns": _COLUMNS,
            "location": "{format: csv, path: data/orders.csv}",
            "rest": _REST,
        },
        shop__customers={
            "columns": column("customer_id"),
            "location": "{format: csv, path: data/customers.csv}",
        },
    )
    shop.write("data/customers.csv", "customer_id\nc0\nc1\nc2\n")
    _write(shop, _GOOD)
    assert shop.load().state is LoadState.PUBLISHED
    return shop


def _write(shop: Shop, lines: list[str], header: str = _HEADER) -> None:
    shop.write("data/orders.csv", header + "\n".join(lines) + "\n")


def _kept_back(shop: Shop) -> str:
    """Why the load of what was just written was kept back, with the good one still served."""
    good = shop.warehouse.served()[ORDERS]
    load = shop.load(ORDERS)
    assert load.state is LoadState.KEPT_BACK
    assert shop.warehouse.served()[ORDERS] == good
    assert len(shop.rows()) == 100
    assert latest_loads(shop.db)[ORDERS].id == load.id
    assert load.reason is not None
    return load.reason


def test_dates_in_mixed_formats_are_read_and_the_impossible_ones_held(shop: Shop) -> None:
    mixed = [line.replace("2026-03-02", "02/03/2026") for line in _GOOD[:40]]
    _write(shop, [*mixed, *_GOOD[40:99], _GOOD[99].replace("2026-03-02", "31/02/2026")])
    load = shop.load(ORDERS)
    assert load.state is LoadState.PUBLISHED
    assert (load.rows, load.kept_back) == (99, 1)
    assert load.counts["ordered_on"] == {
        "dates_by_format:%d/%m/%Y": 40,
        "dates_by_format:iso": 59,
        "quarantined": 1,
    }
    assert {row[0].isoformat() for row in shop.rows(columns="ordered_on")} == {"2026-03-02"}
    summary, [held] = shop.held(load)
    assert summary.reasons == {"ordered_on is no date written as %d/%m/%Y or YYYY-MM-DD": 1}
    assert held.columns["ordered_on"] == "31/02/2026"


def test_too_many_dates_that_are_none_keep_the_load_back(shop: Shop) -> None:
    _write(shop, [line.replace("2026-03-02", "March 2nd") for line in _GOOD[:6]] + _GOOD[6:])
    assert _kept_back(shop) == (
        "6 of 100 rows do not conform, more than 5%: "
        "ordered_on is no date written as %d/%m/%Y or YYYY-MM-DD (6)."
    )


def test_wrong_totals_keep_the_load_back(shop: Shop) -> None:
    _write(shop, [*_GOOD[:99], _GOOD[99].replace("11.90", "11.91")])
    assert _kept_back(shop) == (
        "The check totals add up failed: totals add up: 1 row is wrong; there should be none."
    )


def test_a_reference_to_nobody_keeps_the_load_back(shop: Shop) -> None:
    _write(shop, [*_GOOD[:99], _GOOD[99].replace("c1", "c9")])
    assert _kept_back(shop) == (
        "The check reference of customer_id failed: "
        "1 of 100 values in customer_id (1 %) does not occur in shop.customers.customer_id; all should."
    )


def test_keys_with_several_values_are_held_and_the_same_row_twice_is_dropped(shop: Shop) -> None:
    rival = _GOOD[0].replace("10.00,1.90,11.90", "20.00,3.80,23.80")
    _write(shop, [*_GOOD, rival, _GOOD[1], _GOOD[1]])
    load = shop.load(ORDERS)
    assert load.state is LoadState.PUBLISHED
    assert (load.rows, load.kept_back) == (99, 2)
    assert load.counts["*"] == {
        "read": 103,
        "duplicates_dropped": 2,
        "key_conflicts": 2,
        "quarantined": 2,
    }
    assert [row[0] for row in shop.rows(columns="order_id")] == list(range(2, 101))
    summary, held = shop.held(load)
    assert summary.reasons == {"other rows have the same order_id, but not the same values": 2}
    assert [row.columns["net"] for row in held] == ["10.00", "20.00"]


def test_keys_that_are_missing_keep_the_load_back(shop: Shop) -> None:
    _write(shop, ["," + line.partition(",")[2] for line in _GOOD[:10]] + _GOOD[10:])
    assert _kept_back(shop) == (
        "10 of 100 rows do not conform, more than 5%: order_id has no value, but needs one (10)."
    )


def test_a_late_file_is_kept_back(shop: Shop) -> None:
    _write(shop, [line.replace("2026-03-02", "2026-02-27") for line in _GOOD])
    assert _kept_back(shop) == (
        "It is late: its newest ordered_on is 3 days old (2026-02-28 00:00 UTC), and the limit is 26 hours."
    ).replace("3 days", "57 hours")


def test_a_late_file_is_published_where_lateness_only_warns(shop: Shop) -> None:
    location = "{format: csv, path: data/orders.csv}"
    rest = _REST.replace("ordered_on}", "ordered_on, severity: warn}")
    shop.redefine(ORDERS, columns=_COLUMNS, location=location, rest=rest)
    _write(shop, [line.replace("2026-03-02", "2026-02-27") for line in _GOOD])
    assert shop.load(ORDERS).state is LoadState.PUBLISHED


def test_a_first_load_that_is_late_is_published(shop: Shop) -> None:
    later = shop.db.clock.now() + timedelta(days=9)
    shop.redefine(
        "shop.second", columns=_COLUMNS, location="{format: csv, path: data/orders.csv}", rest=_REST
    )
    load = shop.load("shop.second", now=later)
    assert load.state is LoadState.PUBLISHED
    assert load.as_of is not None
    assert load.as_of.isoformat() == "2026-03-03T00:00:00+00:00"


def test_a_dropped_column_keeps_the_load_back(shop: Shop) -> None:
    _write(
        shop,
        [",".join([*line.split(",")[:3], *line.split(",")[4:]]) for line in _GOOD],
        header=_HEADER.replace("tax,", ""),
    )
    assert _kept_back(shop) == (
        "The column tax is missing from data/orders.csv; "
        "it has order_id, ordered_on, net, total, customer_id."
    )


def test_a_source_that_was_cut_off_does_not_take_the_place_of_good_rows(shop: Shop) -> None:
    _write(shop, [])
    assert _kept_back(shop) == (
        "It holds no row, and what is served has 100; a check of the row count with `least: 0` lets it "
        "be empty."
    )
    rest = _REST + "  - {kind: row_count, least: 0}\n"
    rest = rest.replace("freshness: {within: 26h, column: ordered_on}\n", "")
    shop.redefine(ORDERS, columns=_COLUMNS, location="{format: csv, path: data/orders.csv}", rest=rest)
    assert shop.load(ORDERS).state is LoadState.PUBLISHED
    assert shop.rows() == []


def test_a_product_says_how_many_rows_may_be_kept_back(shop: Shop) -> None:
    location = "{format: csv, path: data/orders.csv}"
    rest = _REST + "most_kept_back: 0.0\n"
    shop.redefine(ORDERS, columns=_COLUMNS, location=location, rest=rest)
    _write(shop, [*_GOOD[:99], _GOOD[99].replace("10.00", "ten")])
    assert _kept_back(shop).startswith("1 of 100 rows do not conform, more than 0%: net is no number")


def test_what_is_left_out_of_a_figure_is_told_with_it(shop: Shop) -> None:
    _write(shop, [*_GOOD[:98], *(line.replace("10.00", "ten") for line in _GOOD[98:])])
    assert shop.load(ORDERS).state is LoadState.PUBLISHED
    quality = judge_quality(shop.warehouse, [ORDERS], shop.db.clock.now())
    assert quality.verdict is Verdict.WARN
    [finding] = quality.findings
    assert finding.sentence == "2 rows of 100 of shop.orders did not conform and are not counted in."


def test_a_reference_that_breaks_on_the_other_side_is_seen(shop: Shop) -> None:
    assert [check.state for check in shop.warehouse.served()[ORDERS].checks] == [CheckState.PASS] * 2
    shop.write("data/customers.csv", "customer_id\nc0\nc1\n")
    shop.load("shop.customers")
    [failed] = shop.warehouse.served()[ORDERS].failed
    assert failed.check == "reference of customer_id"
    assert judge_quality(shop.warehouse, [ORDERS], shop.db.clock.now()).verdict is Verdict.BLOCK


def test_rows_that_cannot_be_read_any_more_end_no_other_load(sqlite_db: Database, tmp_path: Path) -> None:
    shop = make_shop(
        sqlite_db,
        tmp_path,
        shop__a={"columns": column("n", "integer"), "location": "{format: csv, path: a.csv}"},
        shop__b={
            "columns": column("n", "integer"),
            "location": "{format: view, sql: SELECT n FROM shop.a}",
        },
        shop__c={"columns": column("n", "integer"), "location": "{format: csv, path: a.csv}"},
    )
    shop.write("a.csv", "n\n1\n")
    shop.load("shop.a")
    shop.warehouse.file_of(shop.warehouse.served()["shop.a"]).write_bytes(b"PAR1 and no more")
    view, other = (shop.load(name) for name in ("shop.b", "shop.c"))
    assert (view.state, other.state) == (LoadState.KEPT_BACK, LoadState.PUBLISHED)
    assert (view.reason or "").startswith("It cannot be loaded: ")


def test_a_missing_file_keeps_the_load_back(shop: Shop) -> None:
    (shop.folder / "data/orders.csv").unlink()
    assert _kept_back(shop) == f"There is no file data/orders.csv in the workspace {shop.folder}."


def test_a_check_that_only_warns_does_not_keep_the_load_back(shop: Shop) -> None:
    rest = _REST.replace("name: totals add up", "name: totals add up, severity: warn")
    shop.redefine(ORDERS, columns=_COLUMNS, location="{format: csv, path: data/orders.csv}", rest=rest)
    _write(shop, [*_GOOD[:99], _GOOD[99].replace("11.90", "11.91")])
    load = shop.load(ORDERS)
    assert load.state is LoadState.PUBLISHED
    assert [check.check for check in load.failed] == ["totals add up"]


_MODEL = """\
name: sales
product: shop.orders
description: Orders
entity: order
metrics:
  revenue: {description: What was paid, expr: _.total.sum(), owner: sales@shop.example}
"""


@pytest.mark.parametrize(
    ("lines", "header", "told"),
    [
        ([*_GOOD[:99], _GOOD[99].replace("11.90", "11.91")], _HEADER, "totals add up: 1 row is wrong"),
        ([*_GOOD[:99], _GOOD[99].replace("c1", "c9")], _HEADER, "does not occur in shop.customers"),
        ([line.replace("2026-03-02", "2026-02-27") for line in _GOOD], _HEADER, "It is late: its newest"),
        (
            [line.rpartition(",")[0] for line in _GOOD],
            _HEADER.replace(",customer_id", ""),
            "customer_id is missing",
        ),
        ([line.replace("2026-03-02", "3/2/26") for line in _GOOD], _HEADER, "100 of 100 rows do not conform"),
    ],
)
def test_figures_of_the_last_good_rows_come_with_what_is_wrong_with_newer_ones(
    shop: Shop, lines: list[str], header: str, told: str
) -> None:
    model = shop.folder / "catalog" / "metrics" / "sales.yaml"
    model.parent.mkdir()
    model.write_text(_MODEL)
    catalog = load_catalog(open_workspace(shop.folder))
    shop.warehouse = Warehouse(shop.db, catalog, shop.warehouse.folder)
    _write(shop, lines, header)
    assert told in _kept_back(shop)
    scope = AccessScope(frozenset({EVERYONE}))
    result = query_metrics(shop.warehouse, scope, MetricQuery(("sales.revenue",)), shop.db.clock.now())
    finding = number_finding(result, "Revenue")
    assert [float(row[0]) for row in finding.details["rows"]] == [1190.0]
    [caveat] = finding.details["quality_findings"]
    assert caveat.startswith("Newer data came on 2 March and was kept back: ")
    assert told in caveat
    assert caveat.endswith("(shop.orders, ask sales@shop.example)")


def test_a_good_load_after_a_bad_one_is_served(shop: Shop) -> None:
    good = shop.warehouse.served()[ORDERS]
    path = shop.folder / "data/orders.csv"
    stat = path.stat()
    _write(shop, ["nothing,of,the,kind,at,all"])
    shop.load(ORDERS)
    _write(shop, _GOOD)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    load = shop.load(ORDERS)
    assert load.fingerprint == good.fingerprint
    # The same file as before, but only a load of its own says that nothing is kept back any more.
    assert load.state is LoadState.PUBLISHED
    assert load.id != good.id


def test_values_of_personal_columns_stand_in_no_reason_and_are_masked_for_readers(shop: Shop) -> None:
    columns = _COLUMNS.replace("name: customer_id, type: string", "name: customer_id, type: integer")
    shop.redefine("shop.third", columns=columns, location="{format: csv, path: data/orders.csv}")
    load = shop.load("shop.third")
    assert load.reason is not None
    assert "c1" not in load.reason
    assert "c1" not in str(load.counts)
    summary, rows = shop.held(load)
    assert summary.reasons == {"customer_id is no whole number": 100}
    assert {row.columns["customer_id"] for row in rows} == {"(masked)"}
    raw = (shop.warehouse.folder / "shop.third" / f"{load.id}.kept-back.jsonl").read_text()
    assert '"customer_id":"c1"' in raw
