"""Where a change comes from: the parts are the groups' own, and sum to the whole to the last digit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.result import Value
from knowledge.warehouse.statistics.decomposition import apportion, decompose_change, sum_exactly
from knowledge.warehouse.statistics.ratio_change import decompose_ratio
from tests.unit.knowledge.warehouse.results import (
    BEFORE,
    BLOCKED,
    KIND,
    ORDERS,
    ORDERS_BEFORE,
    RATE,
    REGION,
    REVENUE,
    make_result,
)

money = st.decimals(-(10**15), 10**15, places=2) | st.decimals(-1, 1, places=9)
fractions = st.fractions(-1000, 1000, max_denominator=10**6)
RATIO_COLUMNS = (REGION, REVENUE, BEFORE, ORDERS, ORDERS_BEFORE)


def decimals(values: list[Value]) -> list[Decimal]:
    assert all(isinstance(value, Decimal) for value in values)
    return [value for value in values if isinstance(value, Decimal)]


class TestChange:
    def test_the_largest_change_first(self) -> None:
        rows = [
            ("North", Decimal("120.10"), Decimal("100.05")),
            ("South", Decimal("80.00"), Decimal("120.50")),
            ("West", Decimal("5.00"), None),
            ("East", Decimal("7.00"), Decimal("7.00")),
        ]
        found = decompose_change(make_result((REGION, REVENUE, BEFORE), rows))
        assert found.rows == (
            ("South", Decimal("120.50"), Decimal("80.00"), Decimal("-40.50"), Decimal("2.6214")),
            ("North", Decimal("100.05"), Decimal("120.10"), Decimal("20.05"), Decimal("-1.2977")),
            ("West", Decimal("0"), Decimal("5.00"), Decimal("5.00"), Decimal("-0.3236")),
            ("East", Decimal("7.00"), Decimal("7.00"), Decimal("0.00"), Decimal("0.0000")),
        )
        assert found.findings == (
            "Revenue fell by 15.45 EUR, from 227.55 EUR to 212.10 EUR, over 4 groups by Region.",
            "South: fell by 40.50 EUR, from 120.50 EUR to 80.00 EUR.",
            "North: rose by 20.05 EUR, from 100.05 EUR to 120.10 EUR.",
            "West: rose by 5.00 EUR, from 0.00 EUR to 5.00 EUR.",
        )

    def test_other_dimensions_are_summed(self) -> None:
        rows = [(region, kind, Decimal(3), Decimal(1)) for region in "ab" for kind in "xyz"]
        found = decompose_change(make_result((REGION, KIND, REVENUE, BEFORE), rows), dimension="region")
        assert [row[:4] for row in found.rows] == [(region, 3, 9, 6) for region in "ab"]
        assert "Summed over Kind." in found.caveats
        with pytest.raises(QueryRefused, match="Say which dimension; there are region, kind"):
            decompose_change(make_result((REGION, KIND, REVENUE, BEFORE), rows))

    def test_a_group_that_may_be_hidden_in_one_period_is_no_zero(self) -> None:
        rows = [("North", Decimal(5), Decimal(3)), ("Tiny", Decimal(9), None)]
        found = decompose_change(make_result((REGION, REVENUE, BEFORE), rows, too_small=1))
        assert [row[0] for row in found.rows] == ["North"]
        assert "Tiny" not in str(found)
        assert found.caveats == (
            "Left out: 1 group without a value in one of the periods.",
            "Left out: one group with too few rows to be told of.",
        )

    @given(st.lists(st.tuples(money, money), min_size=1, max_size=12))
    def test_the_parts_sum_to_the_whole(self, values: list[tuple[Decimal, Decimal]]) -> None:
        rows = [(f"group {at}", now, before) for at, (now, before) in enumerate(values)]
        found = decompose_change(make_result((REGION, REVENUE, BEFORE), rows))
        change = sum((Fraction(now) - Fraction(before) for now, before in values), Fraction())
        assert (
            sum((Fraction(part) for part in decimals([row[3] for row in found.rows])), Fraction()) == change
        )
        for row in found.rows:
            before, now, part = decimals([*row[1:4]])
            assert Fraction(part) == Fraction(now) - Fraction(before)

    def test_refusals(self) -> None:
        rows = [("North", Decimal(5), Decimal(3))]
        with pytest.raises(QueryRefused, match="needs two periods"):
            decompose_change(make_result((REGION, REVENUE), [row[:2] for row in rows]))
        with pytest.raises(QueryRefused, match="Return rate cannot be summed over these groups"):
            decompose_change(make_result((REGION, RATE, BEFORE), rows))
        with pytest.raises(QueryRefused, match="was cut after 1 rows"):
            decompose_change(make_result((REGION, REVENUE, BEFORE), rows, truncated=True))
        with pytest.raises(QueryRefused, match="3 days late"):
            decompose_change(make_result((REGION, REVENUE, BEFORE), rows, quality=BLOCKED))
        with pytest.raises(QueryRefused, match="no dimension to go by"):
            decompose_change(make_result((REVENUE, BEFORE), [(Decimal(5), Decimal(3))]))


class TestRatio:
    def test_rate_and_mix(self) -> None:
        # Both rates rise by 1, yet the whole falls: the group with the low rate has grown.
        rows = [("High", Decimal(110), Decimal(900), 10, 90), ("Low", Decimal(270), Decimal(20), 90, 10)]
        found = decompose_ratio(make_result(RATIO_COLUMNS, rows), "revenue", "orders")
        effects = {row[0]: row[1:] for row in found.rows}
        assert effects["High"][:2] == (Decimal("10.0000"), Decimal("11.0000"))
        assert effects["High"][2] == Decimal("0.5000")
        assert effects["Low"][2] == Decimal("0.5000")
        assert effects["High"][3] == Decimal("-3.2000")
        assert effects["Low"][3] == Decimal("-3.2000")
        assert found.findings[:2] == (
            "Revenue per Orders went from 9.2000 EUR to 3.8000 EUR (-5.4000 EUR).",
            "Of this, +1.0000 EUR comes from the rates within groups and -6.4000 EUR from the groups' shares "
            "of the whole.",
        )

    def test_a_group_that_is_new_is_all_mix(self) -> None:
        rows = [("Old", Decimal(10), Decimal(10), 5, 5), ("New", Decimal(30), None, 5, None)]
        found = decompose_ratio(make_result(RATIO_COLUMNS, rows), "revenue", "orders")
        new = next(row for row in found.rows if row[0] == "New")
        assert new[1] is None
        assert new[3] == 0

    @given(
        st.lists(
            st.tuples(money, money, st.integers(1, 10**6), st.integers(1, 10**6)), min_size=1, max_size=8
        )
    )
    def test_the_parts_sum_to_the_whole(self, values: list[tuple[Decimal, Decimal, int, int]]) -> None:
        rows = [(f"group {at}", *numbers) for at, numbers in enumerate(values)]
        found = decompose_ratio(make_result(RATIO_COLUMNS, rows), "revenue", "orders")
        now, before, base, base_before = (
            sum((Fraction(row[at]) for row in values), Fraction()) for at in range(4)
        )
        change = now / base - before / base_before
        places = found.columns[3].decimals
        parts = sum((Fraction(part) for row in found.rows for part in decimals([*row[3:5]])), Fraction())
        assert parts == Fraction(round(change * 10**places), 10**places)

    def test_nothing_to_divide_by(self) -> None:
        rows = [("a", Decimal(1), Decimal(1), 0, 4), ("b", Decimal(1), Decimal(1), 4, 4)]
        with pytest.raises(QueryRefused, match="A group by Region has nothing"):
            decompose_ratio(make_result(RATIO_COLUMNS, rows), "revenue", "orders")
        with pytest.raises(QueryRefused, match="One of the periods has nothing to divide by"):
            decompose_ratio(
                make_result(RATIO_COLUMNS, [("a", Decimal(0), Decimal(1), 0, 4)]), "revenue", "orders"
            )


class TestRounding:
    @given(st.lists(fractions, max_size=20), st.integers(0, 6))
    def test_apportioned_parts_sum_and_are_near(self, parts: list[Fraction], places: int) -> None:
        rounded = apportion(parts, places)
        unit = Fraction(1, 10**places)
        whole = sum(parts, Fraction())
        assert sum((Fraction(part) for part in rounded), Fraction()) == round(whole / unit) * unit
        assert all(abs(Fraction(mine) - part) < unit for mine, part in zip(rounded, parts, strict=True))

    def test_a_sum_beyond_what_a_context_keeps(self) -> None:
        numbers = [Decimal("1e30"), Decimal("0.01"), Decimal("-1e30")]
        assert sum(numbers, Decimal()) != Decimal("0.01")
        assert sum_exactly(numbers) == Decimal("0.01")
