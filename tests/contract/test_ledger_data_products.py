"""The record of loads, on both databases: what is served, what was tried last, and what checks came to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.audit import verify_audit
from ledger.data_products import (
    CheckResult,
    CheckState,
    LoadState,
    ProductLoad,
    current_loads,
    latest_loads,
    list_checks,
    list_loads,
    record_checks,
    record_load,
    renew_load,
    served_ids,
    served_loads,
)
from ledger.db import Database
from ledger.ids import new_id
from tests.unit.ledger.world import pass_time

ORDERS, STOCK = "sales.orders", "inventory.stock"
FAILED = CheckResult("unique", "block", CheckState.FAIL, "2 rows share 1.", 0.5, ({"id": 1, "name": None},))
PASSED = CheckResult("range", "warn", CheckState.PASS, "All are at least 0.", 1.0)


def load(
    db: Database, product: str, *checks: CheckResult, state: LoadState = LoadState.PUBLISHED, hours: int = 0
) -> ProductLoad:
    now = db.clock.now() + timedelta(hours=hours)
    made = ProductLoad(
        id=new_id(),
        product=product,
        state=state,
        reason=None if state is LoadState.PUBLISHED else "A check failed.",
        schema_version=2,
        columns=(("id", "integer"), ("name", "string")),
        loaded_at=now,
        as_of=None if product == STOCK else now - timedelta(days=1),
        rows=10,
        kept_back=1,
        size_bytes=100,
        file=f"{product}/x.parquet",
        fingerprint="f" * 64,
        counts={"id": {"quarantined": 1}},
        profile={"id": {"mean": 1.5}},
        checks=tuple(sorted(checks, key=lambda check: check.check)),
    )
    record_load(db, made)
    return made


def test_the_newest_published_load_is_served_whatever_came_later(db: Database) -> None:
    load(db, ORDERS)
    good = load(db, ORDERS, PASSED, FAILED, hours=1)
    bad = load(db, ORDERS, FAILED, state=LoadState.KEPT_BACK, hours=2)
    stock = load(db, STOCK)
    assert served_loads(db) == {ORDERS: good, STOCK: stock}
    assert latest_loads(db) == {ORDERS: bad, STOCK: stock}
    assert current_loads(db) == (served_loads(db), latest_loads(db))
    assert served_ids(db) == {ORDERS: good.id, STOCK: stock.id}
    assert good.failed == (FAILED,)
    verify_audit(db)


def test_a_product_that_was_only_kept_back_is_not_served(db: Database) -> None:
    bad = load(db, ORDERS, state=LoadState.KEPT_BACK)
    assert (served_loads(db), served_ids(db), latest_loads(db)) == ({}, {}, {ORDERS: bad})


def test_of_two_loads_of_one_moment_the_one_made_last_counts(db: Database) -> None:
    _, second = load(db, ORDERS), load(db, ORDERS)
    assert served_loads(db)[ORDERS].id == served_ids(db)[ORDERS] == second.id


@pytest.mark.parametrize("limit", [1, 2])
def test_loads_are_listed_newest_first(db: Database, limit: int) -> None:
    loads = [load(db, ORDERS, PASSED, hours=hours) for hours in range(3)]
    load(db, STOCK)
    assert list_loads(db, ORDERS, limit) == loads[::-1][:limit]


def test_checks_made_again_take_the_place_of_the_earlier_ones(db: Database) -> None:
    made, other = load(db, ORDERS, PASSED, FAILED), load(db, STOCK, FAILED)
    record_checks(db, made.id, [PASSED])
    assert served_loads(db)[ORDERS].checks == (PASSED,)
    assert served_loads(db)[STOCK] == other


def test_what_checks_came_to_stays_on_record(db: Database) -> None:
    first = load(db, ORDERS, FAILED)
    pass_time(db, 60)
    record_checks(db, first.id, [PASSED])
    pass_time(db, 60)
    second = load(db, ORDERS, PASSED, hours=1)
    load(db, STOCK, FAILED)
    past = list_checks(db, ORDERS)
    assert [(each.load_id, each.result) for each in past] == [
        (second.id, PASSED),
        (first.id, PASSED),
        (first.id, FAILED),
    ]
    assert sorted({each.checked_at for each in past}) == [each.checked_at for each in reversed(past)]
    assert len(list_checks(db, ORDERS, limit=2)) == 2


def test_published_loads_are_found_behind_any_number_that_were_kept_back(db: Database) -> None:
    good = load(db, ORDERS)
    for hours in range(1, 5):
        load(db, ORDERS, state=LoadState.KEPT_BACK, hours=hours)
    assert list_loads(db, ORDERS, 1, state=LoadState.PUBLISHED) == [good]


def test_the_same_rows_found_again_speak_for_a_later_moment(db: Database) -> None:
    made, other = load(db, ORDERS), load(db, STOCK)
    later = db.clock.now() + timedelta(hours=5)
    renew_load(db, made.id, later)
    assert served_loads(db)[ORDERS] == replace(made, as_of=later)
    assert served_loads(db)[STOCK] == other
