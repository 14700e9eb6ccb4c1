"""The values a chart shows: one for each place and series, few enough to be seen.

What does not fit is summed as others where sums mean something, else left out; either is noted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.result import NumberResult, Value
from knowledge.warehouse.statistics.columns import is_time, may_be_summed, number_of
from knowledge.warehouse.statistics.decomposition import sum_exactly
from knowledge.warehouse.statistics.periods import day_of, find_grain
from knowledge.warehouse.wording import NOTHING, show_value

MOST_BARS = 30
MOST_SERIES = 7


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of columns: `x` and `series` are those that are named together; `before` is what y is set
    beside."""

    x: tuple[int, ...]
    y: int
    series: tuple[int, ...] = ()
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """`x` is a group's name, or the first day of a period."""

    x: str | date
    series: str | None
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class Points:
    """`others` is the name of the group, or line, that holds the rest, `before` that of the period before;
    `grain` is there if x is a time."""

    points: tuple[Point, ...]
    series: tuple[str, ...] = ()
    others: str | None = None
    before: str | None = None
    grain: Grain | None = None
    notes: tuple[str, ...] = ()


def collect_points(result: NumberResult, layout: Layout) -> Points:
    """Of groups, the largest first; times stay in their order. Raises QueryRefused."""
    table = read_table(result, layout)
    if in_time(result, layout):
        return _latest(table, before_name(result, layout))
    groups, series = table.groups(), table.series()
    if len(series) > MOST_SERIES:
        raise QueryRefused(
            f"{len(series):,} bars for each group are too many; {MOST_SERIES} can be told apart."
        )
    ordered = sorted(groups, key=table.by_value)
    before = before_name(result, layout)
    most = MOST_BARS // len(series)
    if len(ordered) <= most:
        return Points(table.points(ordered), table.named(series), None, before, notes=table.notes)
    # Others of a result that was cut would not be all others.
    if result.truncated or not may_be_summed(result, layout.y, layout.x):
        kept = _largest(table, ordered, most)
        note = f"Shown are the {most:,} largest of {len(groups):,}; the others are in the table."
        notes = (*table.notes, note)
        return Points(table.points(kept), table.named(series), None, before, notes=notes)
    kept = _largest(table, ordered, most - 1)
    rest = [group for group in ordered if group not in set(kept)]
    others = name_others(len(rest), groups)
    summed = table.sum_groups(rest, others)
    points = (*table.points(kept), *summed)
    return Points(points, table.named(series), others, before, notes=table.notes)


@dataclass(frozen=True, slots=True)
class Table:
    """Values by group and series, in the order of the rows."""

    values: dict[tuple[str | date, str | None], Decimal | None]
    notes: tuple[str, ...]

    def groups(self) -> list[str | date]:
        """In the order of the rows; times in their own."""
        groups = list(dict.fromkeys(group for group, _ in self.values))
        days = [group for group in groups if isinstance(group, date)]
        return [*sorted(days)] if days else groups

    def series(self) -> list[str | None]:
        return list(dict.fromkeys(name for _, name in self.values))

    def named(self, series: Iterable[str | None]) -> tuple[str, ...]:
        return tuple(name for name in series if name is not None)

    def points(self, groups: Sequence[str | date]) -> tuple[Point, ...]:
        return tuple(
            Point(group, name, self.values[group, name])
            for group in groups
            for name in self.series()
            if (group, name) in self.values
        )

    def sum_groups(self, groups: Sequence[str | date], called: str) -> tuple[Point, ...]:
        return tuple(
            Point(
                called, name, sum_exactly([self.values.get((group, name)) or Decimal() for group in groups])
            )
            for name in self.series()
        )

    def by_value(self, group: str | date) -> tuple[Decimal, str]:
        """A key that puts the largest first, by the first series that has a value."""
        value = next((value for value in self._of(group) if value is not None), Decimal("-Infinity"))
        return -value, str(group)

    def size(self, group: str | date) -> Decimal:
        return max((abs(value) for value in self._of(group) if value is not None), default=Decimal())

    def _of(self, group: str | date) -> list[Decimal | None]:
        return [self.values.get((group, name)) for name in self.series()]


def read_table(result: NumberResult, layout: Layout) -> Table:
    """Raises QueryRefused if there are none, or several for one place that may not be summed."""
    if not result.rows:
        raise QueryRefused("There is no row to draw.")
    values: dict[tuple[str | date, str | None], Decimal | None] = {}
    doubled = False
    for row in result.rows:
        group = _group(result, row, layout)
        for name, value in _values(result, row, layout):
            key = (group, name)
            doubled = doubled or key in values
            known = values.get(key)
            values[key] = value if known is None else sum_exactly([known, value or Decimal()])
    notes = _cut_note(result)
    if not doubled:
        return Table(values, notes)
    shown = {*layout.x, layout.y, *layout.series}
    dropped = [
        at for at, column in enumerate(result.columns) if column.role == "dimension" and at not in shown
    ]
    label = result.columns[layout.y].label
    if not dropped or not may_be_summed(result, layout.y, dropped):
        raise QueryRefused(
            f"There are several values of {label} for one place of the chart, and they cannot be summed; ask "
            "for fewer dimensions."
        )
    over = ", ".join(result.columns[at].label for at in dropped)
    return Table(values, (f"{label} is summed over {over}.", *notes))


def name_others(count: int, names: Sequence[str | date | None]) -> str:
    """A name that is none of theirs."""
    name = f"Others ({count:,})"
    while name in names:
        name = f"All {name[0].lower()}{name[1:]}"
    return name


def _latest(table: Table, before: str | None) -> Points:
    """Times as bars: the last ones, in their order."""
    groups = [group for group in table.groups() if isinstance(group, date)]
    most = MOST_BARS // len(table.series())
    kept = groups[-most:]
    cut = (f"Shown are the last {most:,} of {len(groups):,}.",) if len(groups) > most else ()
    grain = find_grain(groups) if len(groups) > 1 else None
    return Points(
        table.points(kept), table.named(table.series()), None, before, grain, notes=(*table.notes, *cut)
    )


def _values(
    result: NumberResult, row: Sequence[Value], layout: Layout
) -> list[tuple[str | None, Decimal | None]]:
    value = number_of(row[layout.y])
    if layout.before is not None:
        now, before = compared_names(result, layout)
        return [(now, value), (before, number_of(row[layout.before]))]
    if layout.series:
        return [(_name(result, row, layout.series), value)]
    return [(None, value)]


def compared_names(result: NumberResult, layout: Layout) -> tuple[str, str]:
    """How the two periods are called: as their columns are."""
    now = result.columns[layout.y].label
    before = now if layout.before is None else result.columns[layout.before].label
    return (now, before) if now != before else ("Now", "Period before")


def before_name(result: NumberResult, layout: Layout) -> str | None:
    return None if layout.before is None else compared_names(result, layout)[1]


def _group(result: NumberResult, row: Sequence[Value], layout: Layout) -> str | date:
    if in_time(result, layout):
        return day_of(row[layout.x[0]]) or NOTHING
    return _name(result, row, layout.x)


def _name(result: NumberResult, row: Sequence[Value], places: Sequence[int]) -> str:
    return " · ".join(show_value(row[at], result.columns[at]) for at in places)


def in_time(result: NumberResult, layout: Layout) -> bool:
    return len(layout.x) == 1 and is_time(result, layout.x[0])


def _largest(table: Table, ordered: Sequence[str | date], most: int) -> list[str | date]:
    """The largest by size, whichever their sign, in the order given."""
    kept = set(sorted(ordered, key=lambda group: (-table.size(group), str(group)))[:most])
    return [group for group in ordered if group in kept]


def _cut_note(result: NumberResult) -> tuple[str, ...]:
    return (f"The result was cut after {len(result.rows):,} rows.",) if result.truncated else ()
