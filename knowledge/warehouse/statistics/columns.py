"""Columns of a result as a statistic needs them: found by name, their values exact numbers.

Whatever cannot be calculated with is refused here, in one sentence that says what is needed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.result import NumberResult, ResultColumn, Value, Verdict

_FIGURES = ("metric", "column")
_PERCENT_PLACES = 2
_TOO_LARGE = Decimal(10) ** 20


def refuse_blocked(result: NumberResult) -> None:
    """Raises QueryRefused, naming the check, if the result's quality forbids its numbers."""
    if result.quality.verdict is not Verdict.BLOCK:
        return
    reasons = [found.sentence for found in result.quality.findings if found.verdict is Verdict.BLOCK]
    raise QueryRefused(f"There is nothing to calculate with: {' '.join(reasons) or 'its data is blocked.'}")


def refuse_cut(result: NumberResult) -> None:
    """Raises QueryRefused if rows are missing at the end, where a statistic needs all of them."""
    if result.truncated:
        raise QueryRefused(
            f"The result was cut after {len(result.rows):,} rows, and this needs all of them; ask for fewer "
            "groups, a coarser grain or a shorter time."
        )


def number_of(value: Value) -> Decimal | None:
    """None for what is missing, not finite, or no number. Raises QueryRefused for what is too large to be
    kept to its last decimal."""
    if value is None or isinstance(value, bool | str | date):
        return None
    number = Decimal(str(value))
    if not number.is_finite():
        return None
    if abs(number) >= _TOO_LARGE:
        raise QueryRefused("A value has more than 20 digits, which is too large to calculate with.")
    return number


def find_figure(result: NumberResult, name: str | None) -> int:
    """The place of the column of figures called so; without a name, of the first one. Raises QueryRefused."""
    places = [at for at, column in enumerate(result.columns) if _is_figure(result, at, column)]
    if name is None:
        if not places:
            raise QueryRefused("The result has no column of numbers to calculate with.")
        return places[0]
    return _find(result, name, places, "column of numbers")


def find_dimension(result: NumberResult, name: str | None) -> int:
    """The place of the dimension called so; without a name, of the only one that is no time. Raises
    QueryRefused."""
    figures = {at for at, column in enumerate(result.columns) if _is_figure(result, at, column)}
    places = [
        at
        for at, column in enumerate(result.columns)
        if column.role in ("dimension", "column") and at not in figures
    ]
    if name is not None:
        return _find(result, name, places, "dimension")
    groups = [at for at in places if not is_time(result, at)]
    if len(groups) != 1:
        known = _labels(result, groups)
        raise QueryRefused(
            f"Say which dimension; there are {known}." if groups else "The result has no dimension to go by."
        )
    return groups[0]


def find_time(result: NumberResult, name: str | None) -> int:
    """The place of the column of dates called so; without a name, of the only one. Raises QueryRefused."""
    places = [at for at in range(len(result.columns)) if is_time(result, at)]
    if name is not None:
        return _find(result, name, places, "column of dates")
    if len(places) != 1:
        known = _labels(result, places)
        raise QueryRefused(
            f"Say which time to go by; there are {known}."
            if places
            else "This needs values over time; ask for the metric by day, week, month, quarter or year."
        )
    return places[0]


def find_before(result: NumberResult, metric: int) -> int:
    """The place of what a metric was in the period before. Raises QueryRefused."""
    metrics = [at for at, column in enumerate(result.columns) if column.role == "metric"]
    befores = [at for at, column in enumerate(result.columns) if column.role == "before"]
    if metric not in metrics or len(befores) != len(metrics):
        raise QueryRefused("This needs two periods; ask for the metric compared with the period before.")
    return befores[metrics.index(metric)]


def is_time(result: NumberResult, at: int) -> bool:
    """Whether all the column's values that are there are dates, and there is one."""
    if result.columns[at].role not in ("dimension", "column"):
        return False
    values = [row[at] for row in result.rows if row[at] is not None]
    return bool(values) and all(isinstance(value, date) for value in values)


def other_dimensions(result: NumberResult, *known: int) -> list[int]:
    return [at for at, column in enumerate(result.columns) if column.role == "dimension" and at not in known]


def places_of(column: ResultColumn) -> int:
    """How many decimals of a value are worth keeping."""
    return column.decimals + (_PERCENT_PLACES if column.format == "percent" else 0)


def estimate(value: float | Decimal, column: ResultColumn) -> Decimal:
    """A calculated value with as many decimals as the column shows."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-places_of(column)))


def estimated(column: ResultColumn, name: str, label: str) -> ResultColumn:
    """A column of values in the unit of another one; whole numbers become such with decimals."""
    shown = "number" if column.format == "integer" else column.format
    return replace(column, name=name, label=label, role="column", format=shown, additivity="none")


def plain(name: str, label: str, kind: str = "string", decimals: int = 2) -> ResultColumn:
    """A column of texts, dates, counts (`integer`) or bare numbers (`float`)."""
    shown = "integer" if kind == "integer" else "number"
    return ResultColumn(name, label, kind, "column", None, shown, decimals)


def may_be_summed(result: NumberResult, metric: int, over: Iterable[int]) -> bool:
    """Whether a metric's values may be added up over these columns."""
    column = result.columns[metric]
    if column.additivity == "semi":
        return not any(is_time(result, at) for at in over)
    return column.additivity == "additive"


def count_rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def hidden_groups(result: NumberResult) -> tuple[str, ...]:
    """The caveat on groups that are too small to be told of, if there are any."""
    if not result.too_small:
        return ()
    groups = "one group" if result.too_small == 1 else f"{result.too_small:,} groups"
    return (f"Left out: {groups} with too few rows to be told of.",)


def _is_figure(result: NumberResult, at: int, column: ResultColumn) -> bool:
    if column.role == "metric":
        return True
    values = [row[at] for row in result.rows if row[at] is not None]
    return column.role in _FIGURES and bool(values) and all(number_of(value) is not None for value in values)


def _find(result: NumberResult, name: str, places: Sequence[int], what: str) -> int:
    """By name or label, whatever the case; `model.metric` and `metric` are the same if only one fits."""
    wanted = name.casefold()
    exact = [at for at in places if wanted in _names(result.columns[at])]
    last = wanted.rpartition(".")[2]
    loose = [at for at in places if result.columns[at].name.casefold().rpartition(".")[2] == last]
    for found in (exact, loose):
        if len(found) == 1:
            return found[0]
    known = _labels(result, places) if places else "none"
    raise QueryRefused(f"The result has no {what} called '{name}'; there is {known}.")


def _names(column: ResultColumn) -> tuple[str, str]:
    return column.name.casefold(), column.label.casefold()


def _labels(result: NumberResult, places: Sequence[int]) -> str:
    return ", ".join(result.columns[at].name for at in places)
