"""Values of a plain table that lie far from the others, whatever they belong to."""

from collections.abc import Sequence
from decimal import Decimal

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.result import NumberResult, ResultColumn, Value
from knowledge.warehouse.statistics.columns import (
    count_rows,
    estimated,
    find_figure,
    hidden_groups,
    number_of,
    plain,
    refuse_blocked,
)
from knowledge.warehouse.statistics.statistic import Statistic
from knowledge.warehouse.statistics.summary import quantile
from knowledge.warehouse.wording import show_value, show_with_unit

LEAST_ROWS = 8
_TOLD = 5
_FENCE = Decimal("1.5")
_FAR_FENCE = Decimal(3)
_METHOD = (
    "Values beyond 1.5 times the interquartile range from the quartiles (Tukey 1977), `far` beyond 3 times; "
    "of ordinary values about 1 in 140 lies so."
)


def find_outliers(result: NumberResult, metric: str | None = None) -> Statistic:
    """Of one column of figures. Raises QueryRefused for fewer than eight values, or mostly equal ones."""
    refuse_blocked(result)
    at = find_figure(result, metric)
    column = result.columns[at]
    told = [(number, row) for row in result.rows if (number := number_of(row[at])) is not None]
    if len(told) < LEAST_ROWS:
        raise QueryRefused(
            f"A search for outliers needs at least {LEAST_ROWS} values of {column.label}; there are "
            f"{len(told)}."
        )
    ordered = sorted(number for number, _ in told)
    lower, upper = quantile(ordered, Decimal("0.25")), quantile(ordered, Decimal("0.75"))
    reach = upper - lower
    if reach == 0:
        raise QueryRefused(
            f"Half of the values of {column.label} are the same, so none can be called far off."
        )
    low, high = lower - _FENCE * reach, upper + _FENCE * reach
    outside = [(max(lower - number, number - upper), number, row) for number, row in told]
    outside = [entry for entry in outside if entry[0] > _FENCE * reach]
    outside.sort(key=lambda entry: (-entry[0], str(entry[2])))
    dimensions = [place for place, other in enumerate(result.columns) if other.role == "dimension"]
    groups = [result.columns[place] for place in dimensions]
    return Statistic(
        name="outliers",
        findings=_findings(column, groups, dimensions, outside, (low, high), len(told)),
        columns=(
            *groups,
            estimated(column, "value", column.label),
            plain("distance", "Interquartile ranges off", "float", 1),
            plain("far", "Far", "boolean"),
        ),
        rows=tuple(
            (
                *(row[place] for place in dimensions),
                number,
                round(float(off / reach), 2),
                off > _FAR_FENCE * reach,
            )
            for off, number, row in outside
        ),
        method=_METHOD,
        caveats=_caveats(result, len(told)),
    )


def _findings(
    column: ResultColumn,
    groups: Sequence[ResultColumn],
    dimensions: Sequence[int],
    outside: Sequence[tuple[Decimal, Decimal, tuple[Value, ...]]],
    fences: tuple[Decimal, Decimal],
    count: int,
) -> tuple[str, ...]:
    told = estimated(column, column.name, column.label)
    low, high = (show_with_unit(fence, told) for fence in fences)
    if not outside:
        return (f"None of {count:,} values of {column.label} lies outside {low} to {high}.",)
    lie = "1 value lies" if len(outside) == 1 else f"{len(outside):,} values lie"
    sentences = [f"{lie} outside {low} to {high}, of {count:,} of {column.label}."]
    for _, number, row in outside[:_TOLD]:
        named = ", ".join(show_value(row[at], group) for at, group in zip(dimensions, groups, strict=True))
        side = "above" if number > fences[1] else "below"
        fence = fences[1] if number > fences[1] else fences[0]
        sentences.append(
            f"{named or column.label}: {show_with_unit(number, told)}, "
            f"{show_with_unit(abs(number - fence), told)} {side} that range."
        )
    return tuple(sentences)


def _caveats(result: NumberResult, count: int) -> tuple[str, ...]:
    caveats = []
    if count < len(result.rows):
        caveats.append(f"Left out: {count_rows(len(result.rows) - count)} without a value.")
    if result.truncated:
        caveats.append(f"The result was cut after {len(result.rows):,} rows; this speaks of these only.")
    return (*caveats, *hidden_groups(result))
