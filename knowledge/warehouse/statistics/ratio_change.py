"""Where the change of a ratio comes from: its rate within each group, or the groups' share of the whole.

A rate may rise in every group while the whole falls, because the groups with a low rate grew (Simpson's
paradox); taken apart, both are seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.result import NumberResult, ResultColumn, Value
from knowledge.warehouse.statistics.columns import find_dimension, find_figure, refuse_blocked
from knowledge.warehouse.statistics.decomposition import (
    GroupPair,
    apportion,
    read_pairs,
    show_signed,
    whole_of,
)
from knowledge.warehouse.statistics.statistic import Statistic
from knowledge.warehouse.wording import show_value, show_with_unit

_PLACES = 4
_PLACES_BELOW_ONE = 6
_TOLD = 3
_METHOD = (
    "Rate effect: the change of a group's rate times the mean of its shares; mix effect: the change of its "
    "share times how far its mean rate lies from the whole's (midpoint form, Marshall and Edgeworth's "
    "weights)."
)


@dataclass(frozen=True, slots=True)
class _Effect:
    group: Value
    before: Fraction | None
    now: Fraction | None
    rate: Fraction
    mix: Fraction


def decompose_ratio(
    result: NumberResult, numerator: str, denominator: str, dimension: str | None = None
) -> Statistic:
    """Of the ratio of two additive metrics that are compared with the period before. Raises QueryRefused."""
    refuse_blocked(result)
    above, below = find_figure(result, numerator), find_figure(result, denominator)
    dimension_at = find_dimension(result, dimension)
    over, caveats = read_pairs(result, above, dimension_at)
    under, _ = read_pairs(result, below, dimension_at)
    divisors = {pair.group: pair for pair in under}
    pairs = [(pair, divisors[pair.group]) for pair in over if pair.group in divisors]
    effects, whole = _take_apart(pairs, result.columns[dimension_at])
    column = ResultColumn(
        "ratio",
        f"{result.columns[above].label} per {result.columns[below].label}",
        "decimal",
        "column",
        result.columns[above].unit,
        "number",
        _PLACES if max(abs(part) for part in whole) >= 1 else _PLACES_BELOW_ONE,
    )
    return Statistic(
        name="ratio decomposition",
        findings=_findings(effects, whole, column, result.columns[dimension_at]),
        columns=_columns(result.columns[dimension_at], column),
        rows=_rows(effects, column.decimals),
        method=_METHOD,
        caveats=caveats,
    )


def _take_apart(
    pairs: Sequence[tuple[GroupPair, GroupPair]], column: ResultColumn
) -> tuple[list[_Effect], tuple[Fraction, Fraction]]:
    """Each group's effects, the largest first, and the whole's ratio before and now."""
    before = _ratio([(over.before, under.before) for over, under in pairs], column)
    now = _ratio([(over.now, under.now) for over, under in pairs], column)
    base_before = sum((Fraction(under.before) for _, under in pairs), Fraction())
    base_now = sum((Fraction(under.now) for _, under in pairs), Fraction())
    middle = (before + now) / 2
    effects = []
    for over, under in pairs:
        share_before = Fraction(under.before) / base_before
        share_now = Fraction(under.now) / base_now
        rate_before, rate_now = _rate(over.before, under.before), _rate(over.now, under.now)
        # A group that is new, or gone, had no rate: what it brings is all mix.
        first = rate_now if rate_before is None else rate_before
        last = rate_before if rate_now is None else rate_now
        if first is None or last is None:
            continue
        effects.append(
            _Effect(
                over.group,
                rate_before,
                rate_now,
                (last - first) * (share_before + share_now) / 2,
                (share_now - share_before) * ((first + last) / 2 - middle),
            )
        )
    effects.sort(key=lambda effect: (-abs(effect.rate + effect.mix), str(effect.group)))
    return effects, (before, now)


def _ratio(parts: Sequence[tuple[Decimal, Decimal]], column: ResultColumn) -> Fraction:
    for over, under in parts:
        if under < 0 or (under == 0 and over != 0):
            raise QueryRefused(
                f"A group by {column.label} has nothing, or less than nothing, to divide by; leave it out by "
                "a filter."
            )
    base = sum((Fraction(under) for _, under in parts), Fraction())
    if base == 0:
        raise QueryRefused("One of the periods has nothing to divide by, so there is no ratio to compare.")
    return sum((Fraction(over) for over, _ in parts), Fraction()) / base


def _rate(over: Decimal, under: Decimal) -> Fraction | None:
    return Fraction(over) / Fraction(under) if under else None


def _columns(group: ResultColumn, ratio: ResultColumn) -> tuple[ResultColumn, ...]:
    named = (("before", "Before"), ("now", "Now"), ("rate", "Rate effect"), ("mix", "Mix effect"))
    return group, *(
        ResultColumn(name, label, "decimal", "column", ratio.unit, "number", ratio.decimals)
        for name, label in named
    )


def _rows(effects: Sequence[_Effect], places: int) -> tuple[tuple[Value, ...], ...]:
    """All effects are apportioned together, so that rates and mixes sum to the change of the whole."""
    parts = apportion([part for effect in effects for part in (effect.rate, effect.mix)], places)
    return tuple(
        (
            effect.group,
            None if effect.before is None else whole_of(effect.before, places),
            None if effect.now is None else whole_of(effect.now, places),
            parts[2 * at],
            parts[2 * at + 1],
        )
        for at, effect in enumerate(effects)
    )


def _findings(
    effects: Sequence[_Effect], whole: tuple[Fraction, Fraction], column: ResultColumn, group: ResultColumn
) -> tuple[str, ...]:
    places = column.decimals
    before, now = (show_with_unit(whole_of(part, places), column) for part in whole)
    rate, mix = apportion([sum(part, Fraction()) for part in _by_kind(effects)], places)
    change = show_signed(whole_of(whole[1] - whole[0], places), column)
    sentences = [
        f"{column.label} went from {before} to {now} ({change}).",
        f"Of this, {show_signed(rate, column)} comes from the rates within groups and "
        f"{show_signed(mix, column)} from the groups' shares of the whole.",
    ]
    for effect in effects[:_TOLD]:
        parts = apportion([effect.rate, effect.mix], places)
        sentences.append(
            f"{show_value(effect.group, group)}: {show_signed(parts[0], column)} by its rate, "
            f"{show_signed(parts[1], column)} by its share."
        )
    return tuple(sentences)


def _by_kind(effects: Sequence[_Effect]) -> tuple[list[Fraction], list[Fraction]]:
    return [effect.rate for effect in effects], [effect.mix for effect in effects]
