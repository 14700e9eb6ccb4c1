"""Governed results in words."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from knowledge.warehouse.result import NumberResult, Quality, ResultColumn, Value
from knowledge.warehouse.wording import heading, row_sentences, show_value, show_with_unit, text_table

REGION = ResultColumn("region", "Region", "string", "dimension")
REVENUE = ResultColumn("revenue", "Revenue", "decimal", "metric", "EUR", "currency")
BEFORE = ResultColumn("revenue_before", "Revenue, Q2", "decimal", "before", "EUR", "currency")
CHANGE = ResultColumn("revenue_change", "Revenue, change", "decimal", "change", "EUR", "currency")
GROWTH = ResultColumn("revenue_growth", "Revenue, growth", "float", "growth", None, "percent", 1)
RATE = ResultColumn("rate", "Return rate", "float", "metric", None, "percent", 1)
POINTS = ResultColumn("rate_change", "Return rate, change", "float", "change", None, "percent", 1)
ORDERS = ResultColumn("orders", "Orders", "integer", "metric", "orders", "integer", 0)
PLAIN = ResultColumn("x", "x", "decimal", "column")


def time_of(grain: str | None) -> ResultColumn:
    return ResultColumn("day", "Day", "date", "dimension", grain=grain)


@pytest.mark.parametrize(
    ("value", "column", "shown"),
    [
        (Decimal("1204.505"), REVENUE, "1,204.51"),
        (Decimal("-1204.5"), REVENUE, "-1,204.50"),
        (Decimal("1204.5"), CHANGE, "+1,204.50"),
        (None, REVENUE, "-"),
        (float("nan"), RATE, "-"),
        (0.0825, RATE, "8.3 %"),
        (0.0825, GROWTH, "+8.3 %"),
        (-0.0825, GROWTH, "-8.3 %"),
        (0.0125, POINTS, "+1.3 points"),
        (-0.002, POINTS, "-0.2 points"),
        (1234567, ORDERS, "1,234,567"),
        (Decimal("1234.5678"), PLAIN, "1,234.5678"),
        (True, PLAIN, "yes"),
        (1997, REGION, "1997"),
        ("North", REGION, "North"),
        (date(2026, 7, 1), time_of(None), "2026-07-01"),
        (date(2026, 7, 1), time_of("day"), "2026-07-01"),
        (date(2026, 7, 1), time_of("month"), "July 2026"),
        (datetime.fromisoformat("2026-07-01T00:00"), time_of("month"), "July 2026"),
        (date(2026, 7, 1), time_of("quarter"), "Q3 2026"),
        (date(2026, 8, 1), time_of("quarter"), "2026-08-01"),
        (date(2026, 1, 1), time_of("year"), "2026"),
        (date(2026, 4, 1), time_of("year"), "2026-04-01"),
        (datetime.fromisoformat("2026-07-01T09:30"), PLAIN, "2026-07-01 09:30"),
    ],
)
def test_values(value: Value, column: ResultColumn, shown: str) -> None:
    assert show_value(value, column) == shown


def test_units_stand_in_headings_and_sentences() -> None:
    assert (heading(REVENUE), heading(REGION)) == ("Revenue (EUR)", "Region")
    assert show_with_unit(Decimal(1), REVENUE) == "1.00 EUR"
    assert (show_with_unit(None, REVENUE), show_with_unit(0.5, RATE)) == ("-", "50.0 %")


def test_a_table_as_text() -> None:
    result = NumberResult((REGION, REVENUE), (("North", Decimal(1)),), "", (), Quality(), None)
    assert text_table(result) == "Region | Revenue (EUR)\nNorth | 1.00"


@pytest.mark.parametrize(
    ("growth", "said"),
    [
        (0.25, "North: Revenue 5.00 EUR, 25.0 % more than 4.00 EUR."),
        (-0.25, "North: Revenue 5.00 EUR, 25.0 % less than 4.00 EUR."),
        (0, "North: Revenue 5.00 EUR, as much as before (4.00 EUR)."),
        (None, "North: Revenue 5.00 EUR, before 4.00 EUR."),
    ],
)
def test_a_comparison_in_a_sentence(growth: float | None, said: str) -> None:
    columns = (REGION, REVENUE, BEFORE, CHANGE, GROWTH)
    assert list(row_sentences(columns, [("North", Decimal(5), Decimal(4), Decimal(1), growth)])) == [said]


def test_figures_without_a_group_begin_with_a_capital() -> None:
    row = (Decimal(5), 3)
    assert list(row_sentences((REVENUE, ORDERS), [row])) == ["Revenue 5.00 EUR; Orders 3."]


def test_two_rates_differ_by_points() -> None:
    before = ResultColumn("rate_before", "Return rate, Q2", "float", "before", None, "percent", 1)
    growth = ResultColumn("rate_growth", "Return rate, growth", "float", "growth", None, "percent", 1)
    columns = (REGION, RATE, before, POINTS, growth)
    rows: list[list[Value]] = [["North", 0.18, 0.175, 0.005, 0.0286], ["South", 0.2, 0.2, 0.0, 0.0]]
    assert list(row_sentences(columns, rows)) == [
        "North: Return rate 18.0 %, 0.5 points more than 17.5 %.",
        "South: Return rate 20.0 %, as much as before (20.0 %).",
    ]
