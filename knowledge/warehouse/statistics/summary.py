"""How the values of one column lie: their range, middle, spread and, where it means something, their sum.

Exact decimals throughout; only mean and standard deviation are rounded.
"""

from collections.abc import Sequence
from decimal import Context, Decimal, localcontext

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.result import NumberResult, ResultColumn, Value
from knowledge.warehouse.statistics.columns import (
    count_rows,
    estimated,
    find_figure,
    hidden_groups,
    may_be_summed,
    number_of,
    places_of,
    plain,
    refuse_blocked,
)
from knowledge.warehouse.statistics.statistic import Statistic
from knowledge.warehouse.wording import show_value, show_with_unit

_EXACT = Context(prec=80)
_SPARE_PLACES = 2
_METHOD = (
    "Quartiles by linear interpolation (Hyndman and Fan 1996, type 7), standard deviation of a sample "
    "(over n - 1)."
)


def summarize(result: NumberResult, metric: str | None = None) -> Statistic:
    """Of one column of figures, the first if none is named. Raises QueryRefused."""
    refuse_blocked(result)
    at = find_figure(result, metric)
    column = result.columns[at]
    told = [(number, row) for row in result.rows if (number := number_of(row[at])) is not None]
    if not told:
        raise QueryRefused(f"{column.label} has no values to summarize.")
    told.sort(key=lambda pair: pair[0])
    numbers = [number for number, _ in told]
    with localcontext(_EXACT):
        measures = _measure(numbers, column)
        total = sum(numbers, Decimal()) if may_be_summed(result, at, range(len(result.columns))) else None
    missing = len(result.rows) - len(numbers)
    return Statistic(
        name="summary",
        findings=_findings(result, column, [told[0][1], told[-1][1]], measures, total, len(numbers)),
        columns=_columns(column),
        rows=((len(numbers), missing, *measures, total),),
        method=_METHOD,
        caveats=(*_caveats(result, column, len(numbers), missing), *hidden_groups(result)),
    )


def quantile(ordered: Sequence[Decimal], share: Decimal) -> Decimal:
    """Of values in rising order, by linear interpolation; `share` is 0 to 1."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _measure(ordered: Sequence[Decimal], column: ResultColumn) -> tuple[Decimal | None, ...]:
    """Minimum, quartiles, maximum, mean and standard deviation."""
    step = Decimal(1).scaleb(-(places_of(column) + _SPARE_PLACES))
    mean = sum(ordered, Decimal()) / len(ordered)
    squares = sum(((number - mean) ** 2 for number in ordered), Decimal())
    deviation = (squares / (len(ordered) - 1)).sqrt().quantize(step) if len(ordered) > 1 else None
    quartiles = [quantile(ordered, Decimal(quarter) / 4) for quarter in (1, 2, 3)]
    return ordered[0], *quartiles, ordered[-1], mean.quantize(step), deviation


def _columns(column: ResultColumn) -> tuple[ResultColumn, ...]:
    measures = {
        "minimum": "Minimum",
        "lower_quartile": "Lower quartile",
        "median": "Median",
        "upper_quartile": "Upper quartile",
        "maximum": "Maximum",
        "mean": "Mean",
        "standard_deviation": "Standard deviation",
        "sum": "Sum",
    }
    return (
        plain("count", "Values", "integer"),
        plain("missing", "Missing", "integer"),
        *(estimated(column, name, label) for name, label in measures.items()),
    )


def _findings(
    result: NumberResult,
    column: ResultColumn,
    ends: Sequence[tuple[Value, ...]],
    measures: tuple[Decimal | None, ...],
    total: Decimal | None,
    count: int,
) -> tuple[str, ...]:
    told = estimated(column, column.name, column.label)
    least, lower, median, upper, most, mean, deviation = (show_with_unit(value, told) for value in measures)
    values = "1 value" if count == 1 else f"{count:,} values"
    sentences = [
        f"{column.label} has {values}, from {least}{_group(result, ends[0])} to {most}"
        f"{_group(result, ends[1])}; the middle half lies between {lower} and {upper}.",
        f"Its mean is {mean} and its median {median}"
        + (f", with a standard deviation of {deviation}." if measures[-1] is not None else "."),
    ]
    if total is not None:
        sentences.append(f"Its sum is {show_with_unit(total, told)}.")
    return tuple(sentences)


def _group(result: NumberResult, row: tuple[Value, ...]) -> str:
    """In brackets, the group a value belongs to."""
    named = [
        show_value(value, column)
        for value, column in zip(row, result.columns, strict=True)
        if column.role == "dimension"
    ]
    return f" ({', '.join(named)})" if named else ""


def _caveats(result: NumberResult, column: ResultColumn, count: int, missing: int) -> tuple[str, ...]:
    caveats = []
    if missing:
        caveats.append(f"Left out: {count_rows(missing)} without {column.label}.")
    if result.truncated:
        caveats.append(f"The result was cut after {len(result.rows):,} rows; this speaks of these only.")
    if count < 5:
        caveats.append("So few values say little of how others lie.")
    return tuple(caveats)
