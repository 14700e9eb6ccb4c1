"""Where a change between two periods comes from: what each group adds to it.

The parts sum exactly to the whole. They are reckoned as fractions; where they have to be rounded, what
rounding takes away is given to the parts that lost most by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.result import NumberResult, ResultColumn, Value
from knowledge.warehouse.statistics.columns import (
    estimated,
    find_before,
    find_dimension,
    find_figure,
    hidden_groups,
    may_be_summed,
    number_of,
    other_dimensions,
    refuse_blocked,
    refuse_cut,
)
from knowledge.warehouse.statistics.statistic import Statistic
from knowledge.warehouse.wording import show_value, show_with_unit

_TOLD = 3
_METHOD = "Change of each group, now less before; the groups' changes sum to the whole's."


@dataclass(frozen=True, slots=True)
class GroupPair:
    """A group's value in both periods."""

    group: Value
    before: Decimal
    now: Decimal


def decompose_change(
    result: NumberResult, metric: str | None = None, dimension: str | None = None
) -> Statistic:
    """Of an additive metric that is compared with the period before, by one dimension. Raises
    QueryRefused."""
    refuse_blocked(result)
    metric_at = find_figure(result, metric)
    column = result.columns[metric_at]
    dimension_at = find_dimension(result, dimension)
    pairs, caveats = read_pairs(result, metric_at, dimension_at)
    pairs.sort(key=lambda pair: (-abs(pair.now - pair.before), str(pair.group)))
    group = result.columns[dimension_at]
    before, now = sum_exactly([pair.before for pair in pairs]), sum_exactly([pair.now for pair in pairs])
    return Statistic(
        name="decomposition",
        findings=_findings(pairs, before, now, column, group),
        columns=(
            group,
            estimated(column, "before", f"{column.label} before"),
            estimated(column, "now", column.label),
            estimated(column, "change", "Change"),
            ResultColumn("share", "Share of the change", "decimal", "growth", None, "percent", 1),
        ),
        rows=tuple(_row(pair, sum_exactly([now, -before])) for pair in pairs),
        method=_METHOD,
        caveats=caveats,
    )


def read_pairs(
    result: NumberResult, metric_at: int, dimension_at: int
) -> tuple[list[GroupPair], tuple[str, ...]]:
    """Both values of each group, summed over other dimensions, and the caveats on them. Raises QueryRefused.

    A missing value is zero: the group had no rows. Unless groups are hidden: then it may be one of these, and
    a zero would be wrong, so such a group is left out whole.
    """
    refuse_cut(result)
    column = result.columns[metric_at]
    if not may_be_summed(result, metric_at, (dimension_at, *other_dimensions(result, dimension_at))):
        raise QueryRefused(
            f"{column.label} cannot be summed over these groups; if it is a ratio, name its numerator and "
            "denominator."
        )
    before_at = find_before(result, metric_at)
    pairs: dict[Value, GroupPair] = {}
    unknown: set[Value] = set()
    for row in result.rows:
        group = row[dimension_at]
        before, now = number_of(row[before_at]), number_of(row[metric_at])
        if result.too_small and (before is None or now is None):
            unknown.add(group)
        known = pairs.get(group, GroupPair(group, Decimal(), Decimal()))
        pairs[group] = GroupPair(
            group,
            sum_exactly([known.before, before or Decimal()]),
            sum_exactly([known.now, now or Decimal()]),
        )
    left = [pair for group, pair in pairs.items() if group not in unknown]
    if not left:
        raise QueryRefused("No group has a value in both periods, so there is no change to take apart.")
    return left, (*_caveats(result, dimension_at, len(unknown)), *hidden_groups(result))


def sum_exactly(numbers: Sequence[Decimal]) -> Decimal:
    """To the last digit, however far apart they are: a context would round."""
    total = sum((Fraction(number) for number in numbers), Fraction())
    places = max([0, *(-int(number.as_tuple().exponent) for number in numbers)])
    return whole_of(total, places)


def whole_of(number: Fraction, places: int) -> Decimal:
    """Rounded half to even at so many decimals."""
    units = round(number * 10**places)
    return Decimal(f"{units}e{-places}") if places else Decimal(units)


def apportion(parts: Sequence[Fraction], places: int) -> list[Decimal]:
    """The parts at so many decimals, summing to what their sum is at so many decimals (largest remainder)."""
    unit = 10**places
    floors = [(part * unit).__floor__() for part in parts]
    owed = round(sum(parts, Fraction()) * unit) - sum(floors)
    by_loss = sorted(range(len(parts)), key=lambda at: (floors[at] - parts[at] * unit, at))
    for at in by_loss[:owed]:
        floors[at] += 1
    return [whole_of(Fraction(units, unit), places) for units in floors]


def _row(pair: GroupPair, change: Decimal) -> tuple[Value, ...]:
    part = sum_exactly([pair.now, -pair.before])
    share = whole_of(Fraction(part) / Fraction(change), 4) if change else None
    return pair.group, pair.before, pair.now, part, share


def _findings(
    pairs: Sequence[GroupPair], before: Decimal, now: Decimal, column: ResultColumn, group: ResultColumn
) -> tuple[str, ...]:
    told = estimated(column, column.name, column.label)
    sentences = [
        f"{column.label} {_call_change(before, now, told)}, from {show_with_unit(before, told)} to "
        f"{show_with_unit(now, told)}, over {len(pairs):,} groups by {group.label}."
    ]
    moved = [pair for pair in pairs if pair.now != pair.before]
    for pair in moved[:_TOLD]:
        sentences.append(
            f"{show_value(pair.group, group)}: {_call_change(pair.before, pair.now, told)}, from "
            f"{show_with_unit(pair.before, told)} to {show_with_unit(pair.now, told)}."
        )
    if len(moved) > _TOLD:
        rest = sum_exactly([number for pair in moved[_TOLD:] for number in (pair.now, -pair.before)])
        sentences.append(f"The other {len(moved) - _TOLD:,} together: {show_signed(rest, told)}.")
    return tuple(sentences)


def show_signed(value: Decimal, column: ResultColumn) -> str:
    """With a plus if it is one."""
    return f"{'+' if value > 0 else ''}{show_with_unit(value, column)}"


def _call_change(before: Decimal, now: Decimal, column: ResultColumn) -> str:
    change = sum_exactly([now, -before])
    if change == 0:
        return "did not change"
    return f"{'rose' if change > 0 else 'fell'} by {show_with_unit(abs(change), column)}"


def _caveats(result: NumberResult, dimension_at: int, unknown: int) -> tuple[str, ...]:
    caveats = []
    others = ", ".join(result.columns[at].label for at in other_dimensions(result, dimension_at))
    if others:
        caveats.append(f"Summed over {others}.")
    if unknown:
        groups = "1 group" if unknown == 1 else f"{unknown:,} groups"
        caveats.append(f"Left out: {groups} without a value in one of the periods.")
    return tuple(caveats)
