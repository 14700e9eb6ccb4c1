"""Planning stock: each figure by hand, what is not told of, and what is said of how sure it is."""

from datetime import date
from functools import partial
from math import ceil, sqrt
from pathlib import Path
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.search.access import AccessScope
from knowledge.warehouse.catalog import load_catalog
from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.query_metrics import query_metrics
from knowledge.warehouse.supply.demand import Article, Demand
from knowledge.warehouse.supply.plan import Stock, make_plan, schedule
from knowledge.warehouse.supply.read import Asked, GroupUnclear, Supply, read_supply
from knowledge.warehouse.supply.scope import Month, groups_meant, month_meant
from knowledge.warehouse.supply.tell import Told, tell_forecast, tell_plan, tell_schedule
from knowledge.warehouse.warehouse import Warehouse
from ledger.db import Database
from ledger.errors import WorkspaceInvalid
from ledger.workspace import open_workspace
from tests.stand_ins.warehouse import publish, write_workspace
from tests.unit.knowledge.warehouse.supply_shop import (
    FILES,
    NOW,
    REVIEW_DAYS,
    SERVICE,
    SUPPLY,
    TODAY,
    months,
    open_supply_shop,
    sold_in,
    sold_rows,
)

EVERYONE = AccessScope(frozenset({"everyone"}))


@pytest.fixture
def warehouse(sqlite_db: Database, tmp_path: Path) -> Warehouse:
    return open_supply_shop(sqlite_db, tmp_path / "w")


def read(warehouse: Warehouse, about: str = "tents in April", scope: AccessScope = EVERYONE) -> Supply:
    asked = Asked(lambda query: query_metrics(warehouse, scope, query, NOW))
    catalog = warehouse.catalog
    assert catalog.supply is not None
    supply = read_supply(asked, catalog.supply, catalog.models, about, TODAY, with_stock=True)
    assert supply is not None
    return supply


def row(told: Told, name: str) -> dict[str, object]:
    names = [column.name for column in told.result.columns]
    return next(dict(zip(names, one, strict=True)) for one in told.result.rows if name in one)


# Of the two tents together, by hand.
_LAST, _BEFORE = list(months())[-12:], list(months())[-24:-12]


def tents(month: date) -> int:
    return sold_in("T1", month) + sold_in("T2", month)


GROWTH = sum(map(tents, _LAST)) / sum(map(tents, _BEFORE))
SHARE = sum(sold_in("T1", month) for month in _LAST) / sum(map(tents, _LAST))
MARCH, APRIL = (tents(date(2025, month, 1)) * GROWTH * SHARE for month in (3, 4))


def test_a_forecast_is_the_month_a_year_ago_with_growth_by_share(warehouse: Warehouse) -> None:
    told = tell_forecast(read(warehouse))
    assert told.title == "Demand forecast for Tents, April 2026"
    assert row(told, "T1")["forecast"] == round(APRIL, 1)
    other = tents(date(2025, 4, 1)) * GROWTH * (1 - SHARE)
    assert row(told, "T2")["forecast"] == round(other, 1)
    assert told.sentences == (
        f"In April 2026 about {APRIL + other:,.0f} pieces of Tents are expected to be asked for, of 2 "
        "articles.",
    )
    for one in told.result.rows:
        assert one[3] < one[2] < one[4]  # type: ignore[operator]
    notes = "\n".join(told.result.notes)
    assert f"against the twelve before: {GROWTH - 1:+.1%}" in notes
    assert "tried on 2 months of the past" in notes
    assert "Sold in fewer than twelve of the last months, so the forecast is less sure: Dome Tent." in notes
    assert "Hill Boot" not in str(told)


def test_the_plan_is_the_stated_formula(warehouse: Warehouse) -> None:
    supply = read(warehouse)
    planned = row(tell_plan(supply), "T1")
    assert (planned["supplier"], planned["days"]) == ("Northmill", 31)
    # The last count alone, of both halls; what was due before today has come or will not.
    assert (planned["free"], planned["under_way"]) == (10, 5)
    article = next(one for one in supply.demand.articles if one.key == "T1")
    safety = ceil(NormalDist().inv_cdf(SERVICE) * article.deviation * sqrt((31 + REVIEW_DAYS) * 12 / 365.25))
    assert planned["safety"] == safety
    # From 2 March over 59 days: 30 days of March and 29 of April.
    needed = MARCH * 30 / 31 + APRIL * 29 / 30
    assert planned["order"] == ceil(needed + safety - 10 - 5)
    assert planned["left"] == round(10 + 5 - MARCH * 30 / 31 - APRIL)
    assert row(tell_plan(supply), "T2")["order"] == 0


def test_a_plan_says_what_runs_out_and_what_it_left_out(warehouse: Warehouse) -> None:
    told = tell_plan(read(warehouse))
    assert told.sentences[0] == f"To order today: {row(told, 'T1')['order']} pieces of 1 of 2 articles."
    assert "1 articles run out before April 2026 ends" in told.sentences[1]
    assert f"Ridge Tent ({-int(str(row(told, 'T1')['left']))})" in told.sentences[1]
    boots = tell_plan(read(warehouse, "walking boots"))
    assert boots.result.rows == ()
    assert "Not planned, as no stock of them is booked: Hill Boot." in boots.result.notes


def test_the_schedule_tells_what_arrives_when(warehouse: Warehouse) -> None:
    supply = read(warehouse)
    told = tell_schedule(supply)
    order = row(tell_plan(supply), "T1")["order"]
    assert told.result.rows == (
        (date(2026, 3, 20), "Northmill", "under way", 5, 1),
        (date(2026, 4, 2), "Northmill", "to be ordered today", order, 1),
        (date(2026, 5, 20), "Northmill", "under way", 7, 1),
    )
    assert told.sentences == (
        "Until the end of April 2026 1 deliveries with 5 pieces arrive that are under way.",
        f"What is to be ordered today from Northmill is {order} pieces; it leaves on 2026-03-22 and "
        "arrives on 2026-04-02.",
    )
    assert (
        "Nothing that is ordered today arrives before March 2026 ends."
        in tell_schedule(read(warehouse, "tents in March")).sentences
    )


def test_all_that_was_asked_is_cited(warehouse: Warehouse) -> None:
    result = tell_plan(read(warehouse)).result
    assert result.products == ("shop.sold", "shop.places", "shop.coming")
    assert [metric.name for metric in result.metrics] == ["sales.units", "places.free", "coming.ordered"]
    assert result.sql.count("SELECT") >= 3
    assert result.as_of == NOW


def test_nothing_is_planned_of_what_the_asker_may_not_read(warehouse: Warehouse, tmp_path: Path) -> None:
    places = FILES["products/places.yaml"].replace("groups: [everyone]", "groups: [finance]")
    write_workspace(tmp_path / "w", ("everyone", "finance"), {**FILES, "products/places.yaml": places})
    closed = Warehouse(warehouse.db, load_catalog(open_workspace(tmp_path / "w")), warehouse.folder)
    with pytest.raises(Exception, match=r"places\.free") as refused:
        read(closed)
    assert type(refused.value).__name__ == "UnknownData"
    assert read(closed, scope=AccessScope(frozenset({"everyone", "finance"}))).stocks


def test_history_of_less_than_two_years_gives_no_forecast(warehouse: Warehouse) -> None:
    rows = [one for one in sold_rows() if one["sold_on"] >= date(2024, 4, 1)]
    publish(warehouse, "shop.sold", rows, as_of=NOW)
    with pytest.raises(QueryRefused, match="needs 24 months that are over; there are 23"):
        read(warehouse)


def test_months_in_which_nothing_was_sold_any_more_count(warehouse: Warehouse) -> None:
    rows = [one for one in sold_rows() if one["sku"] != "B1" or one["sold_on"] < date(2025, 9, 1)]
    publish(warehouse, "shop.sold", rows, as_of=NOW)
    told = tell_forecast(read(warehouse, "walking boots in October"))
    # Sold at 40 a month until last August: six of the last twelve months, against twelve before.
    assert "against the twelve before: -50.0%" in "\n".join(told.result.notes)
    assert row(told, "B1")["forecast"] == 0


def test_nobody_guesses_what_is_to_be_planned(warehouse: Warehouse) -> None:
    with pytest.raises(GroupUnclear, match="there are: Tents, Walking boots"):
        read(warehouse, "plan everything")


@pytest.mark.parametrize(
    ("about", "meant"),
    [
        ("tents", date(2026, 4, 1)),
        ("tents in March", date(2026, 3, 1)),
        ("tents for february", date(2027, 2, 1)),
        ("tents, 2026-11", date(2026, 11, 1)),
        ("tents in December 2026", date(2026, 12, 1)),
    ],
)
def test_the_month_is_read_off_the_words(about: str, meant: date) -> None:
    assert month_meant(about, TODAY) == Month(meant)


@pytest.mark.parametrize("about", ["February 2026", "2026-02", "March 2027", "2031-01"])
def test_a_month_that_cannot_be_planned_is_refused(about: str) -> None:
    with pytest.raises(
        QueryRefused, match="cannot be planned; take a month from March 2026 to February 2027"
    ):
        month_meant(about, TODAY)


def test_groups_are_read_off_the_words() -> None:
    groups = ["Tents", "Walking boots", "Climbing and snow"]
    assert groups_meant("Plan tent stock and walking boots", groups) == ["Tents", "Walking boots"]
    assert groups_meant("climbing, snow", groups) == ["Climbing and snow"]
    assert groups_meant("boots", groups) == []


def demand_of(*pieces: int) -> Demand:
    """One article alone in its group, for two years; what it sold in each month of the second."""
    article = Article("a", "A", "G", 1.0, 2.0, 12)
    days = tuple(date(2024 + at // 12, at % 12 + 1, 1) for at in range(24))
    return Demand((article,), days, {"G": 1.0}, 0, {"G": (*pieces, *pieces)})


@given(
    pieces=st.lists(st.integers(0, 500), min_size=12, max_size=12),
    free=st.integers(0, 2000),
    coming=st.integers(0, 500),
    days=st.tuples(st.integers(1, 120), st.integers(0, 60)),
)
def test_an_order_fills_up_and_never_more(
    pieces: list[int], free: int, coming: int, days: tuple[int, int]
) -> None:
    today, demand = date(2026, 1, 1), demand_of(*pieces)
    stock = Stock("S", free, *days, {date(2026, 1, 5): coming} if coming else {})
    plan = partial(make_plan, demand, month=Month(date(2026, 2, 1)), today=today, service=0.95)
    [one] = plan({"a": stock}, review_days=30).articles
    ordered = [Stock("S", free + one.order, *days, stock.arrivals)]
    assert one.order >= 0
    # With what was ordered lying there, nothing more is.
    [after] = plan({"a": ordered[0]}, review_days=30).articles
    assert after.order == 0
    if one.order:
        [less] = plan({"a": Stock("S", free + one.order - 1, *days, stock.arrivals)}, review_days=30).articles
        assert less.order == 1
    whole = sum(delivery.pieces for delivery in schedule(plan({"a": stock}, review_days=30), today))
    assert whole == one.order + coming


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("sales.units", "sales.parts", "supply.yaml:1: demand.metric: there is no metric sales.parts"),
        ("sales.kind", "sales.sort", "supply.yaml:1: demand.group: the metric cannot be cut by sales.sort"),
        ("places.sku", "sales.sku", "position.article: the metric cannot be cut by sales.sku"),
        ("review_days: 28", "review_days: 0", "supply.yaml:9: review_days: input should be"),
        ("service: 0.9", "servise: 0.9", "supply.yaml:10: servise: this key is not known"),
    ],
)
def test_what_the_file_names_has_to_be_there(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    write_workspace(tmp_path, ("everyone", "finance"), {**FILES, "supply.yaml": SUPPLY.replace(old, new)})
    with pytest.raises(WorkspaceInvalid) as refused:
        load_catalog(open_workspace(tmp_path))
    assert complaint in str(refused.value)
