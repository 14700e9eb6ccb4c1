"""Which groups are not told of, so that nobody can tell the few people in one from the others.

Whoever knows a line's total could get its one missing group by subtraction. So, along each dimension, what is
left out is at least two groups and together as many rows as the smallest group that may be shown, or the
whole line.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

Key = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A group of a result. `public` is the part of its `key` that anybody may know of its people; `people`
    are those behind its figures."""

    public: Key
    key: Key
    people: int


def left_out(cells: Sequence[Cell], people: Mapping[Key, int], smallest: int) -> tuple[frozenset[int], int]:
    """Places within `cells`, and how many groups that is. `people` says by public key how many there are,
    whatever is confidential of them.

    First goes what is too small by public keys alone, so that nothing depends on what is confidential of the
    few: neither whether they fit a condition nor in which group that puts them.
    """
    groups = list(people.items())
    closed = {groups[place][0] for place in groups_left_out(groups, smallest)}
    hidden = {place for place, cell in enumerate(cells) if cell.public in closed or cell.public not in people}
    rest = [place for place in range(len(cells)) if place not in hidden]
    small = groups_left_out([(cells[place].key, cells[place].people) for place in rest], smallest)
    return frozenset(hidden | {rest[place] for place in small}), len(closed) + len(small)


def groups_left_out(groups: Sequence[tuple[Key, int]], smallest: int) -> frozenset[int]:
    """Places within `groups`, each a key and its number of rows. A group of no rows tells of nobody."""
    left_out = {place for place, (_, rows) in enumerate(groups) if 0 < rows < smallest}
    lines = _lines(groups)
    before = -1
    while before != len(left_out):
        before = len(left_out)
        for line in lines:
            left_out |= _completed(line, groups, left_out, smallest)
    return frozenset(left_out)


def _lines(groups: Sequence[tuple[Key, int]]) -> list[list[int]]:
    """Groups that differ in one part of their key alone, smallest first; and all of them."""
    found: dict[tuple[int, Key], list[int]] = defaultdict(list)
    for place in sorted(range(len(groups)), key=lambda place: groups[place][1]):
        key = groups[place][0]
        for part in range(len(key)):
            found[part, (*key[:part], *key[part + 1 :])].append(place)
        if len(key) > 1:
            found[-1, ()].append(place)
    return list(found.values())


def _completed(
    line: list[int], groups: Sequence[tuple[Key, int]], left_out: set[int], smallest: int
) -> set[int]:
    missing = {place for place in line if place in left_out}
    if not missing:
        return set()
    rows = sum(groups[place][1] for place in missing)
    for place in line:
        if len(missing) > 1 and rows >= smallest:
            break
        if place not in missing and groups[place][1]:
            missing.add(place)
            rows += groups[place][1]
    return missing
