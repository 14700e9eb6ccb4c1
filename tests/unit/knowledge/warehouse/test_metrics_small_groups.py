"""Groups of few rows are left out, and enough besides that none of them follows from a total."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.warehouse.small_groups import groups_left_out

KEYS = st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz"))


def test_one_small_group_takes_the_next_smallest_with_it() -> None:
    groups = [(("gold",), 2), (("plain",), 90), (("silver",), 12)]
    assert groups_left_out(groups, 5) == {0, 2}


def test_two_that_are_too_small_together_take_a_third() -> None:
    assert groups_left_out([(("a",), 1), (("b",), 1), (("c",), 9), (("d",), 20)], 5) == {0, 1, 2}


def test_enough_small_ones_hide_each_other() -> None:
    assert groups_left_out([(("a",), 3), (("b",), 3), (("c",), 9)], 5) == {0, 1}


def test_nothing_is_left_out_where_all_are_large() -> None:
    assert groups_left_out([(("a",), 5), (("b",), 6)], 5) == set()


def test_a_small_total_is_left_out_and_an_empty_one_is_not() -> None:
    assert groups_left_out([((), 4)], 5) == {0}
    assert groups_left_out([((), 0)], 5) == set()


def test_a_row_and_a_column_of_a_table_each_hide_two() -> None:
    groups = [
        ((month, region), 1 if (month, region) == (1, "N") else 50) for month in (1, 2) for region in "NS"
    ]
    assert groups_left_out(groups, 5) == {0, 1, 2, 3}


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(KEYS, st.integers(0, 12), max_size=12), st.integers(1, 6))
def test_no_small_group_follows_from_any_total(sizes: dict[tuple[str, str], int], smallest: int) -> None:
    groups = list(sizes.items())
    left_out = groups_left_out(groups, smallest)
    lines: dict[object, list[int]] = defaultdict(list)
    for place, ((first, second), rows) in enumerate(groups):
        assert place in left_out or rows == 0 or rows >= smallest
        for line in (("first", first), ("second", second), "all"):
            lines[line].append(place)
    for places in lines.values():
        missing = [place for place in places if place in left_out]
        shown = [place for place in places if place not in left_out and groups[place][1]]
        rows = sum(groups[place][1] for place in missing)
        assert not missing or not shown or (len(missing) > 1 and rows >= smallest)
