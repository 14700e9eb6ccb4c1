"""Whether a result has the gold rows, and what a gold why means."""

from datetime import date
from decimal import Decimal
from typing import Literal

import pytest

from evals.gold_rows import Row, asks_for_order, has_rows
from evals.questions import reasons_in
from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.resolve.suggest import Reason
from knowledge.warehouse.result import NumberResult, Quality, ResultColumn, Value


def result(*rows: tuple[Value, ...], formats: tuple[str, ...] = ()) -> NumberResult:
    width = len(rows[0]) if rows else 0
    role: Literal["column"] = "column"
    columns = tuple(
        ResultColumn(f"c{at}", "", "", role, format=formats[at] if formats else "number")
        for at in range(width)
    )
    return NumberResult(columns, rows, "", (), Quality(), None)


@pytest.mark.parametrize(
    ("found", "gold"),
    [
        (result((Decimal("1265793.0395"),)), [(1265793.04,)]),
        (result(("Chai", 12), ("Tofu", 7)), [(7, "Tofu"), (12, "Chai")]),
        (
            result(
                ("Chai", 1),
            ),
            [("Chai",)],
        ),
        (result((date(1996, 7, 4), 830)), [(830, "1996-07-04")]),
        (result((0.0562,), formats=("percent",)), [(5.6,)]),
        (result(("a", 1), ("a", 2)), [("a", 2), ("a", 1)]),
        (result((None, 3)), [(3, None)]),
        (result((2.675,)), [(2.68,)]),
    ],
)
def test_columns_are_matched_by_what_is_in_them(found: NumberResult, gold: list[Row]) -> None:
    assert has_rows(found, gold, None, ordered=False)


@pytest.mark.parametrize(
    ("found", "gold"),
    [
        (result((Decimal("1265793.03"),)), [(1265793.04,)]),
        (result(("Chai", 12), ("Tofu", 7)), [("Chai", 7), ("Tofu", 12)]),
        (result(("Chai", 12), ("Tofu", 7)), [("Chai", 12)]),
        (result((5, 5)), [(5, 5, 5)]),
        (result((0.0562,)), [(5.6,)]),
    ],
)
def test_other_rows_are_told_apart(found: NumberResult, gold: list[Row]) -> None:
    assert not has_rows(found, gold, None, ordered=False)


def test_the_order_counts_where_it_is_asked_for() -> None:
    found, gold = result(("b", 1), ("a", 2)), [("a", 2), ("b", 1)]
    assert asks_for_order("Top 2 by number")
    assert not asks_for_order("How many orders are there?")
    assert has_rows(found, gold, None, ordered=False)
    assert not has_rows(found, gold, None, ordered=True)


@pytest.mark.parametrize(("grain", "gold"), [(Grain.MONTH, 12), (Grain.MONTH, "1997-12"), (Grain.YEAR, 1997)])
def test_the_start_of_a_month_or_year_is_also_its_number(grain: Grain, gold: int | str) -> None:
    found = result((date(1997, 12, 1) if grain is Grain.MONTH else date(1997, 1, 1), 5))
    assert has_rows(found, [(gold, 5)], grain, ordered=False)
    assert not has_rows(found, [(gold, 5)], None, ordered=False)


def test_a_why_with_years_is_about_the_range_of_the_data() -> None:
    assert reasons_in("data 1996-1998") == {Reason.OUT_OF_RANGE}
    assert reasons_in("no cost data") == {Reason.NO_SUCH_DATA, Reason.NOT_RECORDED}
