"""The verdict on what is served: by age, checks, loads that were kept back, and what it is made of."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from knowledge.warehouse.errors import NotLoaded, UnknownData
from knowledge.warehouse.quality import judge_quality, score, upstream_of
from knowledge.warehouse.recheck import recheck
from knowledge.warehouse.result import Quality
from knowledge.warehouse.warehouse import Warehouse
from ledger.clock import ManualClock
from ledger.data_products import CheckResult, CheckState, LoadState, ProductLoad, record_load, served_loads
from ledger.db import Database
from ledger.ids import new_id
from tests.stand_ins.warehouse import open_shop, publish, write_workspace
from tests.unit.knowledge.warehouse.lineage_shop import FILES, GROUPS

ORDER = {"id": 1, "customer_id": 7, "day": date(2026, 3, 2), "region": "north", "net": 3}


@pytest.fixture
def shop(sqlite_db: Database, tmp_path: Path) -> Warehouse:
    write_workspace(tmp_path, GROUPS, FILES)
    return open_shop(sqlite_db, tmp_path)


def outcome(check: str, state: str = "fail", severity: str = "block") -> CheckResult:
    return CheckResult(check, severity, CheckState(state), f"{check} came to {state}.")


def publish_all(shop: Warehouse, **checks: Iterable[CheckResult]) -> None:
    publish(shop, "crm.customers", [{"id": 7, "email": "a@x"}], checks=checks.get("customers", ()))
    publish(shop, "sales.orders", [ORDER], checks=checks.get("orders", ()))
    publish(shop, "sales.by_day", [{"revenue": 3}], checks=checks.get("by_day", ()))


def keep_back(shop: Warehouse, name: str, reason: str) -> None:
    load = ProductLoad(
        id=new_id(),
        product=name,
        state=LoadState.KEPT_BACK,
        reason=reason,
        schema_version=1,
        columns=(),
        loaded_at=shop.db.clock.now(),
        as_of=None,
        rows=0,
        kept_back=0,
        size_bytes=0,
        file=None,
        fingerprint="x",
    )
    record_load(shop.db, load)


def judge(shop: Warehouse, *names: str) -> Quality:
    return judge_quality(shop, names, shop.db.clock.now())


def sentences(quality: Quality) -> list[str]:
    return [finding.sentence for finding in quality.findings]


def pass_time(shop: Warehouse, span: timedelta) -> datetime:
    assert isinstance(shop.db.clock, ManualClock)
    shop.db.clock.advance(span.total_seconds())
    return shop.db.clock.now()


class TestOfItself:
    def test_all_is_well(self, shop: Warehouse) -> None:
        publish_all(shop, orders=[outcome("a", "pass"), outcome("b", "unknown", "warn")])
        assert judge(shop, "sales.orders") == Quality()

    def test_fewer_checks_hold_than_are_promised(self, shop: Warehouse) -> None:
        orders = shop.catalog.products["sales.orders"]
        promised = {**shop.catalog.products, "sales.orders": orders.model_copy(update={"target": 0.6})}
        strict = Warehouse(shop.db, replace(shop.catalog, products=promised), shop.folder)
        publish_all(shop, orders=[outcome("a", "pass"), outcome("b", severity="warn")])
        assert "Of sales.orders, 50% of its checks hold, and 60% are promised." in sentences(
            judge(strict, "sales.orders")
        )
        assert len(sentences(judge(shop, "sales.orders"))) == 1

    def test_never_loaded(self, shop: Warehouse) -> None:
        quality = judge(shop, "sales.orders")
        assert (quality.verdict, sentences(quality)) == ("block", ["sales.orders has not been loaded."])
        assert quality.findings[0].owner == "orders@shop.example"
        keep_back(shop, "sales.orders", "the column net is missing.")
        assert sentences(judge(shop, "sales.orders")) == [
            "sales.orders has not been loaded: data came on 2 March and was kept back: the column net is "
            "missing."
        ]

    def test_failed_checks_by_severity(self, shop: Warehouse) -> None:
        publish_all(shop, orders=[outcome("odd", severity="warn")])
        assert judge(shop, "sales.orders").verdict == "warn"
        publish_all(shop, orders=[outcome("odd", severity="warn"), outcome("bad")])
        quality = judge(shop, "sales.orders")
        assert quality.verdict == "block"
        assert [(f.check, f.verdict, f.sentence) for f in quality.findings] == [
            ("bad", "block", "bad came to fail."),
            ("odd", "warn", "odd came to fail."),
        ]

    @pytest.mark.parametrize(
        ("hours", "told"),
        [
            (26, None),
            (26.5, "Orders are more than 26 hours old; they should be at most 26 hours old."),
            (30, "Orders are 30 hours old; they should be at most 26 hours old."),
            (75, "Orders are 3 days old; they should be at most 26 hours old."),
        ],
    )
    def test_age(self, shop: Warehouse, hours: float, told: str | None) -> None:
        publish_all(shop)
        pass_time(shop, timedelta(hours=hours))
        quality = judge(shop, "sales.orders")
        assert sentences(quality) == ([told] if told else [])
        assert quality.verdict == ("block" if told else "pass")

    def test_age_nobody_knows_is_too_old(self, shop: Warehouse) -> None:
        load = publish(shop, "sales.orders", [ORDER])
        pass_time(shop, timedelta(hours=1))
        later = replace(load, id=new_id(), as_of=None, loaded_at=shop.db.clock.now())
        record_load(shop.db, later)
        quality = judge(shop, "sales.orders")
        assert quality.verdict == "block"
        assert sentences(quality) == [
            "Nobody can tell how old orders are; they should be at most 26 hours old."
        ]

    def test_newer_data_that_was_kept_back(self, shop: Warehouse) -> None:
        publish_all(shop)
        pass_time(shop, timedelta(hours=1))
        keep_back(shop, "sales.orders", "12 of 40 rows have no value in net")
        quality = judge(shop, "sales.orders")
        assert quality.verdict == "warn"
        assert sentences(quality) == [
            "Newer data came on 2 March and was kept back: 12 of 40 rows have no value in net."
        ]
        pass_time(shop, timedelta(hours=1))
        publish(shop, "sales.orders", [ORDER])
        assert judge(shop, "sales.orders").verdict == "pass"

    def test_no_such_product(self, shop: Warehouse) -> None:
        with pytest.raises(UnknownData):
            judge(shop, "sales.none")


class TestUpstream:
    def test_a_view_is_as_good_as_what_it_reads(self, shop: Warehouse) -> None:
        publish_all(shop, customers=[outcome("odd", severity="warn")])
        quality = judge(shop, "sales.by_day")
        assert quality.verdict == "warn"
        [finding] = quality.findings
        assert (finding.product, finding.owner) == ("crm.customers", "crm@shop.example")
        assert finding.sentence == "sales.by_day is made of crm.customers: odd came to fail."
        pass_time(shop, timedelta(days=2))
        assert judge(shop, "sales.by_day").verdict == "block"

    def test_through_several_and_each_told_once(self, shop: Warehouse) -> None:
        publish_all(shop, orders=[outcome("bad")])
        publish(shop, "plan.forecast", [{"day": date(2026, 3, 2)}])
        quality = judge(shop, "plan.forecast", "sales.orders")
        assert (quality.verdict, sentences(quality)) == ("block", ["bad came to fail."])
        assert sentences(judge(shop, "plan.forecast")) == [
            "sales.by_day is made of sales.orders: bad came to fail."
        ]

    def test_what_is_named_and_what_is_read(self, shop: Warehouse) -> None:
        products = shop.catalog.products
        assert upstream_of(shop.catalog, products["sales.by_day"]) == ("crm.customers", "sales.orders")
        assert upstream_of(shop.catalog, products["plan.forecast"]) == ("sales.by_day", "the planners")

    def test_a_circle_ends(self, sqlite_db: Database, tmp_path: Path) -> None:
        files = dict(FILES)
        files["products/customers.yaml"] += "upstream: [plan.forecast]\n"
        write_workspace(tmp_path, GROUPS, files)
        shop = open_shop(sqlite_db, tmp_path)
        publish_all(shop)
        assert sentences(judge(shop, "plan.forecast")) == ["plan.forecast has not been loaded."]
        assert sentences(judge(shop, "crm.customers")) == [
            "crm.customers is made of plan.forecast: plan.forecast has not been loaded."
        ]


class TestRecheck:
    def test_what_it_finds_counts_from_then_on(self, shop: Warehouse) -> None:
        publish_all(shop)
        assert judge(shop, "sales.orders").verdict == "pass"
        publish(shop, "crm.customers", [{"id": 8, "email": "b@x"}])
        loads = recheck(shop, None, shop.db.clock.now())
        assert [load.product for load in loads] == ["crm.customers", "sales.by_day", "sales.orders"]
        assert served_loads(shop.db)["sales.orders"].failed == loads[2].failed
        quality = judge(shop, "sales.orders")
        assert quality.verdict == "warn"
        assert sentences(quality) == [
            "1 of 1 value in customer_id (100 %) does not occur in crm.customers.id; all should."
        ]
        assert score(loads[2]) == pytest.approx(2 / 3)

    def test_only_earlier_loads_are_its_history(self, sqlite_db: Database, tmp_path: Path) -> None:
        files = {
            "products/customers.yaml": FILES["products/customers.yaml"]
            + "checks: [{kind: row_count, z: 3}]\n"
        }
        write_workspace(tmp_path, GROUPS, files)
        shop = open_shop(sqlite_db, tmp_path)
        for _ in range(5):
            publish(shop, "crm.customers", [{"id": 1}])
            pass_time(shop, timedelta(hours=1))
        [load] = recheck(shop, ["crm.customers"], shop.db.clock.now())
        assert load.checks[0].sentence == (
            "There is 1 row; it takes 5 earlier loads to compare with, and there are 4."
        )

    def test_rows_that_are_gone_block(self, shop: Warehouse) -> None:
        publish_all(shop)
        shop.file_of(shop.served()["sales.orders"]).unlink()
        recheck(shop, ["sales.orders"], shop.db.clock.now())
        quality = judge(shop, "sales.orders")
        assert quality.verdict == "block"
        assert "The published rows of sales.orders are missing" in sentences(quality)[0]

    def test_rows_that_are_spoilt_block(self, shop: Warehouse) -> None:
        publish_all(shop)
        shop.file_of(shop.served()["sales.orders"]).write_bytes(b"no parquet")
        recheck(shop, ["sales.orders"], shop.db.clock.now())
        assert sentences(judge(shop, "sales.orders")) == [
            "The published rows of sales.orders cannot be read; run `crewdesk catalog load sales.orders`."
        ]

    def test_what_cannot_be_checked(self, shop: Warehouse) -> None:
        publish_all(shop)
        with pytest.raises(UnknownData, match=r"no data product sales\.none"):
            recheck(shop, ["sales.orders", "sales.none"], shop.db.clock.now())
        with pytest.raises(NotLoaded, match=r"plan\.forecast has not been loaded"):
            recheck(shop, ["plan.forecast"], shop.db.clock.now())


def test_score() -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    load = ProductLoad("1", "a.b", LoadState.PUBLISHED, None, 1, (), moment, None, 0, 0, 0, None, "")
    assert score(load) == 1.0
    checks = (outcome("a"), outcome("b", "pass"), outcome("c", "pass"), outcome("d", "unknown"))
    assert score(replace(load, checks=checks)) == pytest.approx(2 / 3)
