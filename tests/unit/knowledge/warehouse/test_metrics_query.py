"""Figures by the metrics' definitions, reckoned once more by hand."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from knowledge.search.access import AccessScope
from knowledge.warehouse.errors import NotLoaded, QueryRefused, UnknownData
from knowledge.warehouse.metric_spec import CalendarFile, Grain
from knowledge.warehouse.periods import named_period
from knowledge.warehouse.query import MetricFilter, MetricQuery, Period
from knowledge.warehouse.query_metrics import query_metrics
from knowledge.warehouse.result import NumberResult, Quality, QualityFinding, Verdict
from knowledge.warehouse.tables import PolicedTables
from knowledge.warehouse.warehouse import Warehouse
from ledger.db import Database
from tests.stand_ins.warehouse import day, publish
from tests.unit.knowledge.warehouse.metric_shop import (
    ORDER_ROWS,
    ORDERS,
    ORDERS_MODEL,
    STORE_ROWS,
    STORES,
    judge_well,
    open_metric_shop,
    order,
    publish_all,
)

NOW = datetime(2026, 10, 2, 9, 0, tzinfo=UTC)
STAFF = AccessScope(frozenset({"everyone"}))
FINANCE = AccessScope(frozenset({"everyone", "finance"}))
REGIONS = {row["store_id"]: row["region"] for row in STORE_ROWS}


def period(first: str, after: str) -> Period:
    return named_period(day(first), day(after), CalendarFile())


Q2, Q3 = period("2026-04-01", "2026-07-01"), period("2026-07-01", "2026-10-01")


@pytest.fixture
def shop(sqlite_db: Database, tmp_path: Path) -> Warehouse:
    return publish_all(open_metric_shop(sqlite_db, tmp_path))


def ask(
    shop: Warehouse, *metrics: str, scope: AccessScope = STAFF, judge: Any = judge_well, **more: Any
) -> NumberResult:
    return query_metrics(shop, scope, MetricQuery(metrics, **more), NOW, judge)


def sums(rows: Iterable[dict[str, Any]], within: Period | None, key: Any) -> dict[Any, Decimal]:
    found: dict[Any, Decimal] = defaultdict(Decimal)
    for row in rows:
        if within is None or within.start <= row["ordered_on"] < within.end:
            found[key(row)] += row["amount"]
    return dict(found)


def region_of(row: dict[str, Any]) -> str | None:
    return REGIONS.get(row["store_id"])


def test_sums_by_a_joined_dimension_are_right_to_the_cent(shop: Warehouse) -> None:
    result = ask(shop, "orders.revenue", dimensions=("stores.region",), period=Q3)
    assert dict(result.rows) == sums(ORDER_ROWS, Q3, region_of)
    assert [row[0] for row in result.rows] == ["North", None, "South"], "the largest first"
    assert [(column.name, column.role, column.type) for column in result.columns] == [
        ("region", "dimension", "string"),
        ("revenue", "metric", "decimal"),
    ]
    assert result.columns[1].unit == "EUR"
    assert result.columns[1].format == "currency"
    assert result.filters == ("Ordered on from 2026-07-01 to 2026-09-30 (Q3 2026).",)


@pytest.mark.parametrize("least", [Decimal(300), Decimal("0.5")])
def test_sums_of_decimals_are_held_against_numbers_of_any_size(shop: Warehouse, least: Decimal) -> None:
    by_region = ask(shop, "orders.revenue", dimensions=("stores.region",)).rows
    kept = ask(
        shop, "orders.revenue", dimensions=("stores.region",), having=(("orders.revenue", ">", least),)
    )
    assert set(kept.rows) == {row for row in by_region if row[1] is not None and row[1] > least}


def test_a_comparison_has_both_values_the_change_and_its_share(shop: Warehouse) -> None:
    result = ask(shop, "orders.revenue", dimensions=("stores.region",), period=Q3, compare_to=Q2)
    now, before = sums(ORDER_ROWS, Q3, region_of), sums(ORDER_ROWS, Q2, region_of)
    assert [column.name for column in result.columns[1:]] == [
        "revenue",
        "revenue_before",
        "revenue_change",
        "revenue_growth",
    ]
    for region, *values in result.rows:
        was = before.get(region, Decimal(0))
        assert values[:3] == [now[region], was, now[region] - was]
        assert values[3] == (pytest.approx(float((now[region] - was) / was)) if was else None)


def test_months_are_held_against_the_months_of_the_period_before(shop: Warehouse) -> None:
    result = ask(shop, "orders.revenue", grain=Grain.MONTH, period=Q3, compare_to=Q2)
    assert [row[:3] for row in result.rows] == [
        (date(2026, 7, 1), Decimal("225.45"), Decimal("150.15")),
        (date(2026, 8, 1), Decimal("10.10"), Decimal("0.00")),
        (date(2026, 9, 1), Decimal("33.33"), Decimal("0.01")),
    ]
    assert result.columns[0].label == "Ordered on (month)"


def test_days_beyond_the_length_of_the_period_are_left_out_and_that_is_said(shop: Warehouse) -> None:
    july, august = period("2026-07-01", "2026-07-31"), period("2026-07-31", "2026-09-30")
    result = ask(shop, "orders.revenue", grain=Grain.DAY, period=july, compare_to=august)
    assert all(isinstance(row[0], date) and row[0] < july.end for row in result.rows)
    assert any("beyond the length" in sentence for sentence in result.filters)


def test_ratios_are_made_of_sums_not_of_rows(shop: Warehouse) -> None:
    result = ask(shop, "orders.order_value", "orders.pieces_value", dimensions=("channel",))
    for channel in ("web", "till"):
        rows = [row for row in ORDER_ROWS if row["channel"] == channel]
        total = sum(row["amount"] for row in rows)
        [(_, value, piece)] = [row for row in result.rows if row[0] == channel]
        assert isinstance(value, Decimal)
        assert value == pytest.approx(total / len(rows))
        assert piece == pytest.approx(float(total) / sum(row["quantity"] for row in rows))


def test_a_ratio_of_nothing_has_no_value(shop: Warehouse) -> None:
    result = ask(shop, "orders.order_value", period=period("2020-01-01", "2020-02-01"))
    assert result.rows == ((None,),)


def test_shares_come_to_one_and_only_of_what_is_summed(shop: Warehouse) -> None:
    result = ask(shop, "orders.revenue", dimensions=("channel",), share=True)
    assert sum(row[2] for row in result.rows) == pytest.approx(1)  # type: ignore[misc]
    with pytest.raises(QueryRefused, match="Order value is not a sum"):
        ask(shop, "orders.order_value", dimensions=("channel",), share=True)


def test_metrics_of_several_models_meet_on_the_dimension_they_share(shop: Warehouse) -> None:
    result = ask(
        shop, "orders.orders", "stock.counts", dimensions=("stores.region",), order_by=(("region", "asc"),)
    )
    assert result.rows == (("North", 5, 4), ("South", 2, 2), (None, 1, 0))
    assert result.products == ("sales.orders", "supply.stock", "sales.stores")


def test_what_may_not_be_summed_over_time_is_taken_of_the_last_day(shop: Warehouse) -> None:
    assert ask(shop, "stock.on_hand").rows == ((9,),)
    by_month = ask(shop, "stock.on_hand", "stock.counts", grain=Grain.MONTH)
    assert by_month.rows == ((date(2026, 7, 1), 16, 3), (date(2026, 8, 1), 9, 3))
    assert any("not summed over days" in sentence for sentence in by_month.filters)
    assert ask(shop, "stock.on_hand", period=period("2026-07-01", "2026-08-01")).rows == ((16,),)


@pytest.mark.parametrize(
    ("item", "numbers"),
    [
        (MetricFilter("channel", "=", "web"), {1, 3, 5, 7}),
        (MetricFilter("channel", "!=", "web"), {2, 4, 6, 8}),
        (MetricFilter("orders.channel", "in", ("web", "till")), set(range(1, 9))),
        (MetricFilter("channel", "not in", ("web",)), {2, 4, 6, 8}),
        (MetricFilter("channel", "contains", "il"), {2, 4, 6, 8}),
        (MetricFilter("stores.region", "=", "North"), {1, 3, 4, 6, 8}),
        (MetricFilter("stores.region", "is null"), {7}),
        (MetricFilter("stores.region", "is not null"), {1, 2, 3, 4, 5, 6, 8}),
        (MetricFilter("ordered_on", ">=", "2026-08-15"), {6, 7, 8}),
        (MetricFilter("ordered_on", "<", day("2026-04-30")), {1}),
        (MetricFilter("opened_on", "<=", "2020-12-31"), {1, 4, 8}),
        (MetricFilter("size", "=", "large"), {1, 4, 8}),
    ],
)
def test_filters_take_the_rows_they_say(shop: Warehouse, item: MetricFilter, numbers: set[int]) -> None:
    result = ask(shop, "orders.quantity", filters=(item,))
    assert result.rows == ((sum(numbers),),)
    assert len(result.filters) == 1


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        (MetricFilter("ordered_on", ">", "soon"), "'soon' is no date"),
        (MetricFilter("channel", "=", 5), "'5' is no text"),
        (MetricFilter("channel", "in", ()), "give a list"),
        (MetricFilter("channel", "=", None), "give one value"),
        (MetricFilter("ordered_on", "contains", "2026"), "only a text contains"),
        (MetricFilter("channel", "like", "x"), "no operator 'like'"),  # type: ignore[arg-type]
    ],
)
def test_a_filter_that_does_not_fit_is_refused_by_name(
    shop: Warehouse, item: MetricFilter, sentence: str
) -> None:
    with pytest.raises(QueryRefused, match=sentence):
        ask(shop, "orders.orders", filters=(item,))


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"compare_to": Q2}, "Say which period"),
        ({"period": Period(Q3.end, Q3.start, "backwards")}, "backwards ends before"),
        ({"limit": 0}, "at least 1"),
        ({"order_by": (("profit", "asc"),)}, "'profit' is nothing that was asked for"),
        ({"dimensions": ("a", "b", "c", "d", "e", "f", "g", "h", "i")}, "at most 8"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(shop: Warehouse, more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(QueryRefused, match=sentence):
        ask(shop, "orders.orders", **more)


def test_unknown_names_are_told_with_the_nearest(shop: Warehouse) -> None:
    with pytest.raises(UnknownData, match=r"no metric 'orders.revenu'. There are orders.revenue"):
        ask(shop, "orders.revenu")
    with pytest.raises(
        UnknownData, match=r"no dimension 'stores.regoin' for orders. There are stores.region"
    ):
        ask(shop, "orders.revenue", dimensions=("stores.regoin",))
    with pytest.raises(QueryRefused, match="stores has no dates"):
        ask(shop, "stores.stores", period=Q3)


def test_order_and_limit_give_the_first_and_say_there_are_more(shop: Warehouse) -> None:
    result = ask(
        shop, "orders.quantity", dimensions=("channel",), order_by=(("orders.quantity", "asc"),), limit=1
    )
    assert (result.rows, result.truncated, result.row_count) == ((("web", 16),), True, 1)
    assert not ask(shop, "orders.quantity", dimensions=("channel",), limit=2).truncated


def test_figures_of_a_column_one_may_not_see_are_refused(shop: Warehouse) -> None:
    with pytest.raises(QueryRefused, match="Margin uses cost, which you may not see"):
        ask(shop, "orders.margin")
    with pytest.raises(QueryRefused, match="cost, which you may not see"):
        ask(shop, "orders.orders", filters=(MetricFilter("cost", ">", 5),))
    with pytest.raises(QueryRefused, match="Birth year is made of born_on, which you may not see"):
        ask(shop, "orders.orders", dimensions=("customers.birth_year",))
    margin = ask(shop, "orders.margin", scope=FINANCE)
    assert margin.rows == ((sum(row["amount"] - row["cost"] for row in ORDER_ROWS),),)
    with pytest.raises(QueryRefused):
        ask(shop, "orders.margin", scope=AccessScope(FINANCE.groups, (STAFF.groups,)))


def test_groups_by_a_masked_column_show_its_mask_and_say_so(shop: Warehouse) -> None:
    result = ask(shop, "orders.revenue", dimensions=("orders.cost",))
    assert result.rows == ((None, sum(row["amount"] for row in ORDER_ROWS)),)
    assert result.notes == ("Cost is not shown to you: its groups are one.",)


def test_what_rests_on_a_product_one_may_not_read_does_not_exist(sqlite_db: Database, tmp_path: Path) -> None:
    hidden = STORES.replace("    columns:", "    access: {groups: [north]}\n    columns:")
    shop = publish_all(open_metric_shop(sqlite_db, tmp_path, stores_products=hidden))
    for name in ("stores.region", "stores.nothing"):
        with pytest.raises(UnknownData, match=f"no dimension '{name}'"):
            ask(shop, "orders.orders", dimensions=(name,))
    with pytest.raises(UnknownData, match=r"no metric 'stores\.stores'"):
        ask(shop, "stores.stores")
    result = ask(shop, "orders.orders")
    assert "sales.stores" not in result.lineage
    assert "the store list" not in result.lineage
    north = ask(shop, "orders.orders", scope=AccessScope(frozenset({"everyone", "north"})))
    assert "sales.stores" in north.lineage


def test_small_groups_of_confidential_columns_are_left_out(shop: Warehouse) -> None:
    segments = ["rare", *["gold"] * 3, *["tin"] * 4]
    customers = [1, *range(2, 8), 2, 3, 4, 5, 6, 7, 8, 8]
    publish(
        shop,
        "sales.orders",
        [order(place, "2026-07-01", 1, "1.00", customer_id=who) for place, who in enumerate(customers)],
    )
    rows = [{"customer_id": number, "segment": segment} for number, segment in enumerate(segments, start=1)]
    publish(shop, "sales.customers", rows)
    result = ask(shop, "orders.orders", dimensions=("customers.segment",))
    assert [row[0] for row in result.rows] == ["tin"]
    assert result.too_small == 2, "the rare one, and another that would tell of it"
    assert "rare" not in str(result)
    by_filter = ask(shop, "orders.orders", filters=(MetricFilter("customers.segment", "=", "rare"),))
    assert (by_filter.rows, by_filter.too_small) == ((), 1)
    assert ask(shop, "orders.orders", dimensions=("orders.size",)).too_small == 0
    # How many are left out of those that pass would tell each one's figure.
    with pytest.raises(QueryRefused, match="only told of groups that are large enough"):
        ask(
            shop,
            "orders.orders",
            dimensions=("customers.segment",),
            having=(("orders.orders", ">", Decimal(1)),),
        )


def test_row_rules_hold_for_every_figure_and_their_values_are_in_no_statement(
    sqlite_db: Database, tmp_path: Path
) -> None:
    rules = ORDERS.replace(
        "      unmasked:",
        "      rows:\n        - groups: [north]\n"
        "          where: store_id IN (1, 3) AND channel <> 'secret-channel'\n"
        "        - {groups: [south], where: store_id = 2}\n      unmasked:",
    )
    shop = publish_all(open_metric_shop(sqlite_db, tmp_path, orders_products=rules))
    north, south = (AccessScope(frozenset({"everyone", group})) for group in ("north", "south"))
    result = ask(shop, "orders.quantity", scope=north)
    assert result.rows == ((1 + 3 + 4 + 6 + 8,),)
    assert "secret-channel" not in result.sql
    assert str(tmp_path) not in result.sql
    assert "Only the rows of sales.orders you may see are counted." in result.notes
    assert ask(shop, "orders.quantity", scope=south).rows == ((2 + 5,),)
    assert ask(shop, "orders.quantity", scope=STAFF).rows == ((None,),)
    assert ask(shop, "orders.orders", scope=AccessScope(north.groups, (south.groups,))).rows == ((0,),)


def test_the_statement_told_is_the_one_that_ran(shop: Warehouse) -> None:
    result = ask(shop, "orders.revenue", dimensions=("stores.region",), period=Q3, compare_to=Q2)
    with PolicedTables(shop, STAFF) as tables:
        for name in result.products:
            tables.table(name)
        again = tables.connection.con.execute(result.sql).fetchall()
    assert tuple(again) == result.rows


def test_dates_are_compared_as_dates(shop: Warehouse) -> None:
    """A timestamp would keep DuckDB from passing over parts of the file."""
    sql = ask(shop, "orders.revenue", period=Q3).sql
    assert "MAKE_DATE(2026, 7, 1)" in sql
    assert "TIMESTAMP" not in sql


def test_evidence_names_definitions_sources_and_the_oldest_moment(shop: Warehouse) -> None:
    old = datetime(2026, 1, 1, tzinfo=UTC)
    publish(shop, "sales.stores", STORE_ROWS, as_of=old)
    result = ask(shop, "orders.margin", dimensions=("stores.region",), scope=FINANCE)
    assert result.as_of == old
    assert result.lineage == ("sales.orders", "sales.stores", "till-system", "the till", "the store list")
    [use] = result.metrics
    assert (use.name, use.version, use.owner) == ("orders.margin", 3, "finance@shop.example")


def test_a_blocked_product_gives_no_figure_but_says_why(shop: Warehouse) -> None:
    finding = QualityFinding(
        "sales.orders", "sales@shop.example", "fresh", Verdict.BLOCK, "It is 3 days late."
    )
    asked: list[tuple[str, ...]] = []

    def judge(_: Warehouse, products: Iterable[str], now: datetime) -> Quality:
        asked.append(tuple(products))
        assert now == NOW
        return Quality(Verdict.BLOCK, (finding,))

    result = ask(shop, "orders.revenue", dimensions=("stores.region",), judge=judge)
    assert (result.rows, result.columns, result.sql) == ((), (), "")
    assert result.quality.findings == (finding,)
    assert asked == [("sales.orders", "sales.stores")]


def test_what_is_wrong_with_a_hidden_product_does_not_name_it(shop: Warehouse) -> None:
    finding = QualityFinding("hr.secret", "boss@shop.example", "x", Verdict.WARN, "hr.secret is late.")
    result = ask(shop, "orders.revenue", judge=lambda *_: Quality(Verdict.WARN, (finding,)))
    assert result.quality.verdict is Verdict.WARN
    assert result.rows
    assert "secret" not in str(result.quality)
    assert result.quality.findings[0].product == "sales.orders"


def test_a_product_that_was_never_loaded_says_so(sqlite_db: Database, tmp_path: Path) -> None:
    with pytest.raises(NotLoaded, match=r"sales.orders has no published rows yet"):
        ask(open_metric_shop(sqlite_db, tmp_path), "orders.revenue")


def test_new_rows_are_seen_at_once(shop: Warehouse) -> None:
    assert ask(shop, "orders.orders").rows == ((8,),)
    publish(shop, "sales.orders", ORDER_ROWS[:3])
    assert ask(shop, "orders.orders").rows == ((3,),)


def test_the_databases_own_words_are_kept_back(sqlite_db: Database, tmp_path: Path) -> None:
    model = ORDERS_MODEL.replace("expr: _.quantity.sum()", "expr: _.channel.cast('int64').sum()")
    shop = publish_all(open_metric_shop(sqlite_db, tmp_path, orders_metrics=model))
    with pytest.raises(QueryRefused) as refused:
        ask(shop, "orders.quantity")
    assert "web" not in str(refused.value)
    assert "till" not in str(refused.value)
    assert not isinstance(refused.value.__cause__, duckdb.Error)
