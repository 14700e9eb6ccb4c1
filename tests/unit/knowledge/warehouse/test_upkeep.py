"""What keeps figures up to date: whose turn it is, what becomes of it, and who is answered then."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from knowledge.warehouse import upkeep
from knowledge.warehouse.errors import LoadRunning
from knowledge.warehouse.loading.publish import hold_loading
from knowledge.warehouse.upkeep import CatalogKeeper, find_due
from ledger.clock import ManualClock
from ledger.data_products import CheckState, LoadState, list_loads, served_loads
from ledger.db import Database
from ledger.reading import list_runs
from ledger.runs import RunRequest, submit_run
from ledger.schema import FiringRow, StepRow
from ledger.steps import claim_step
from ledger.watches import watch_run
from ledger.workflows import publish_workflow
from tests.unit.knowledge.warehouse.loading_shop import Shop, column, make_shop
from tests.unit.ledger.world import end_blocked, workflow

ORDERS, STOCK, SIZES = "shop.orders", "shop.stock", "shop.sizes"
_COLUMNS = column("id", "integer") + "\n" + column("day", "date")


def _product(file: str, refresh: str, rest: str = "") -> dict[str, str]:
    return {
        "columns": _COLUMNS,
        "location": f"{{format: csv, path: {file}}}",
        "rest": f"refresh: {refresh}\n{rest}",
    }


@pytest.fixture
def shop(sqlite_db: Database, tmp_path: Path) -> Shop:
    """Three products, the first of which may be two days old and refers to the last."""
    orders = _product(
        "o.csv",
        "daily",
        "freshness: {within: 2d, column: day}\n"
        "checks: [{kind: reference, column: id, to: shop.sizes.id, severity: warn}]\n",
    )
    made = make_shop(
        sqlite_db,
        tmp_path,
        shop__orders=orders,
        shop__stock=_product("s.csv", "hourly"),
        shop__sizes=_product("z.csv", "by hand"),
    )
    write_day(made, ORDERS)
    for name in ("s.csv", "z.csv"):
        made.write(name, "id,day\n1,2026-01-01\n")
    return made


@pytest.fixture
def keeper(shop: Shop) -> CatalogKeeper:
    return CatalogKeeper(shop.db, shop.folder, shop.folder / "var", {})


def write_day(shop: Shop, name: str, days_ago: int = 0, order: int = 1) -> None:
    assert name == ORDERS
    day = (shop.db.clock.now() - timedelta(days=days_ago)).date()
    shop.write("o.csv", f"id,day\n{order},{day}\n")


def pass_time(shop: Shop, **span: float) -> None:
    assert isinstance(shop.db.clock, ManualClock)
    shop.db.clock.advance(timedelta(**span).total_seconds())


def due(shop: Shop) -> list[str]:
    return [item.product.name for item in find_due(shop.db, shop.warehouse.catalog, shop.db.clock.now())]


def outcomes(db: Database) -> dict[str, str | None]:
    """The last of each product."""
    with db.read() as session:
        rows = session.scalars(select(FiringRow).order_by(FiringRow.fire_at))
        return {row.schedule.removeprefix("product "): row.outcome for row in rows}


def test_what_was_never_loaded_is_due_but_for_what_is_loaded_by_hand(
    shop: Shop, keeper: CatalogKeeper
) -> None:
    assert keeper.look() == [ORDERS, STOCK]
    assert served_loads(shop.db).keys() == {ORDERS, STOCK}
    assert outcomes(shop.db) == {ORDERS: "served: 1 rows", STOCK: "served: 1 rows"}
    assert keeper.look() == []


def test_each_has_its_turn_as_often_as_it_says(shop: Shop, keeper: CatalogKeeper) -> None:
    keeper.look()
    pass_time(shop, hours=1)
    assert due(shop) == [STOCK]
    pass_time(shop, days=1)
    assert due(shop) == [ORDERS, STOCK]


@pytest.mark.parametrize(
    ("refresh", "span", "is_due"),
    [
        ("weekly", timedelta(days=6), False),
        ("weekly", timedelta(days=7), True),
        ("monthly", timedelta(days=9), False),
        ("monthly", timedelta(days=10), True),
    ],
)
def test_weeks_and_months_begin_where_the_calendar_says(
    shop: Shop, refresh: str, span: timedelta, is_due: bool
) -> None:
    shop.redefine(STOCK, **_product("s.csv", refresh))
    # A Monday, the 22nd of a month of 31 days; the clock of the tests stands on some other day.
    monday = shop.db.clock.now().replace(year=2026, month=3, day=23, hour=9)
    start = monday if refresh == "weekly" else monday.replace(day=22)
    shop.load(STOCK, now=start)
    found = find_due(shop.db, shop.warehouse.catalog, start + span)
    assert (STOCK in [item.product.name for item in found]) is is_due


def test_a_load_by_hand_counts(shop: Shop) -> None:
    shop.load(ORDERS)
    assert due(shop) == [STOCK]


def test_what_is_kept_back_or_late_is_tried_each_hour(shop: Shop, keeper: CatalogKeeper) -> None:
    keeper.look()
    pass_time(shop, days=1)
    write_day(shop, ORDERS, days_ago=5, order=2)
    keeper.look()
    assert list_loads(shop.db, ORDERS)[0].state is LoadState.KEPT_BACK
    assert (outcomes(shop.db)[ORDERS] or "").startswith("kept back: It is late")
    pass_time(shop, hours=1)
    assert ORDERS in due(shop)
    write_day(shop, ORDERS, order=2)
    keeper.look()
    assert shop.rows() == [(2, shop.db.clock.now().date())]
    pass_time(shop, hours=1)
    assert ORDERS not in due(shop)


def test_what_is_still_served_is_checked_again(shop: Shop, keeper: CatalogKeeper) -> None:
    shop.load(SIZES)
    keeper.look()
    assert served_loads(shop.db)[ORDERS].checks[0].state is CheckState.PASS
    shop.write("z.csv", "id,day\n7,2026-01-01\n")
    shop.load(SIZES)
    pass_time(shop, days=1)
    keeper.look()
    assert served_loads(shop.db)[ORDERS].checks[0].state is CheckState.FAIL
    assert (outcomes(shop.db)[ORDERS] or "").startswith("served: 1 rows; failed: ")
    assert outcomes(shop.db)[SIZES] == "checked; all checks hold"


def test_a_load_that_is_at_work_is_waited_for(shop: Shop, keeper: CatalogKeeper) -> None:
    with hold_loading(shop.warehouse.folder), pytest.raises(LoadRunning):
        keeper.look()
    assert keeper.look() == []
    pass_time(shop, minutes=2)
    assert keeper.look() == [ORDERS, STOCK]


def test_without_a_catalog_there_is_nothing_to_keep(sqlite_db: Database, tmp_path: Path) -> None:
    assert CatalogKeeper(sqlite_db, tmp_path, tmp_path / "var", {}).look() == []


def test_a_keeper_outlives_what_nobody_foresaw_and_says_so(
    sqlite_db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "LOOK_EVERY_S", 0.01)
    stop = threading.Event()
    looks: list[int] = []

    class Surprised(CatalogKeeper):
        def look(self) -> list[str]:
            looks.append(1)
            if len(looks) == 1:
                raise ZeroDivisionError
            stop.set()
            return []

    with capture_logs() as logged:
        Surprised(sqlite_db, tmp_path, tmp_path / "var", {}).run(stop)
    assert len(looks) == 2
    assert [(event["event"], event["exc_info"]) for event in logged] == [("catalog_keeper_broke", True)]


def test_the_served_file_outlives_any_number_of_loads_that_were_kept_back(
    shop: Shop, keeper: CatalogKeeper
) -> None:
    keeper.look()
    served = shop.rows()
    pass_time(shop, days=5)
    write_day(shop, ORDERS, days_ago=30, order=3)
    for _ in range(205):
        shop.load(ORDERS)
    pass_time(shop, days=9)
    shop.load(ORDERS)
    assert shop.rows() == served


class TestWhoWaits:
    @pytest.fixture
    def waiting(self, shop: Shop) -> Callable[[], list[str]]:
        """Somebody asked while there were no orders; gives the sources of all runs there are."""
        publish_workflow(shop.db, workflow("ask", answer=[]))
        request = RunRequest(
            principal="staff@shop.example", question="How many orders?", source="cli", external_id="1"
        )
        run_id = submit_run(shop.db, request).run_id
        with shop.db.read() as session:
            step_id = session.scalars(select(StepRow.id)).one()
        step = claim_step(shop.db, step_id, "the test")
        assert step is not None
        end_blocked(shop.db, step, ORDERS)
        watch_run(shop.db, run_id)
        return lambda: [run.source for run in list_runs(shop.db)]

    def test_is_answered_when_the_data_is_fit(
        self, shop: Shop, keeper: CatalogKeeper, waiting: Callable[[], list[str]]
    ) -> None:
        keeper.look()
        assert waiting() == ["watch", "cli"]
        keeper.look()
        assert waiting() == ["watch", "cli"]

    def test_goes_on_waiting_until_then(
        self, shop: Shop, keeper: CatalogKeeper, waiting: Callable[[], list[str]]
    ) -> None:
        write_day(shop, ORDERS, days_ago=9)
        keeper.look()
        assert waiting() == ["cli"]
        write_day(shop, ORDERS)
        pass_time(shop, hours=1)
        keeper.look()
        assert waiting() == ["watch", "cli"]
