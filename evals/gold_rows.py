"""Whether a result has the rows of a gold answer, whatever its columns are called."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from knowledge.warehouse.metric_spec import Format, Grain
from knowledge.warehouse.result import NumberResult, ResultColumn, Value

Row = Sequence[str | int | float | bool | None]

_ORDER = re.compile(
    r"\b(?:top|bottom|rank\w*|sort\w*|order(?:ed)? by|highest first|lowest first|descending|ascending)\b",
    re.IGNORECASE,
)


def asks_for_order(question: str) -> bool:
    return _ORDER.search(question) is not None


def has_rows(result: NumberResult, gold: Sequence[Row], grain: Grain | None, *, ordered: bool) -> bool:
    """Each gold column has to be a column of the result, a different one for each; the result may have more
    columns, never more rows."""
    if len(result.rows) != len(gold):
        return False
    if not gold:
        return True
    decimals = [max(_decimals(row[place]) for row in gold) for place in range(len(gold[0]))]
    wanted = [tuple(_gold(row[place], decimals[place]) for row in gold) for place in range(len(gold[0]))]
    options = [list(_columns_like(result, values, decimals[at], grain)) for at, values in enumerate(wanted)]
    return _fits(wanted, options, ordered=ordered)


def _columns_like(
    result: NumberResult, wanted: tuple[str, ...], decimals: int, grain: Grain | None
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Columns with the same values in any order, each in the form in which they are the same."""
    for place, column in enumerate(result.columns):
        values = [row[place] for row in result.rows]
        for form in _forms(column, values, decimals, grain):
            if Counter(form) == Counter(wanted):
                yield place, form


def _fits(
    wanted: Sequence[tuple[str, ...]],
    options: Sequence[Sequence[tuple[int, tuple[str, ...]]]],
    *,
    ordered: bool,
    chosen: tuple[tuple[int, tuple[str, ...]], ...] = (),
) -> bool:
    if len(chosen) == len(wanted):
        theirs, ours = list(zip(*wanted, strict=True)), list(zip(*(form for _, form in chosen), strict=True))
        return ours == theirs if ordered else Counter(ours) == Counter(theirs)
    taken = {place for place, _ in chosen}
    return any(
        _fits(wanted, options, ordered=ordered, chosen=(*chosen, option))
        for option in options[len(chosen)]
        if option[0] not in taken
    )


def _forms(
    column: ResultColumn, values: Sequence[Value], decimals: int, grain: Grain | None
) -> Iterator[tuple[str, ...]]:
    """As they are; a share also in percent, and the start of a month or year also by its number."""
    yield tuple(_plain(value, decimals) for value in values)
    if column.format == Format.PERCENT:
        yield tuple(_plain(_hundredfold(value), decimals) for value in values)
    if grain is not None and all(isinstance(value, date) for value in values):
        yield tuple(_bucket(value, grain) for value in values if isinstance(value, date))
        yield tuple(f"{value:%Y-%m}" for value in values if isinstance(value, date))


def _bucket(value: date, grain: Grain) -> str:
    if grain is Grain.YEAR:
        return str(value.year)
    if grain is Grain.QUARTER:
        return str((value.month + 2) // 3)
    return str(value.month if grain is Grain.MONTH else value)


def _hundredfold(value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    return Decimal(str(value)) * 100


def _gold(value: str | int | float | bool | None, decimals: int) -> str:
    return _plain(value, decimals)


def _plain(value: Value, decimals: int) -> str:
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float | Decimal):
        number = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        return str(number.normalize() + 0)
    if isinstance(value, datetime):
        is_day = (value.hour, value.minute, value.second) == (0, 0, 0)
        return value.date().isoformat() if is_day else value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else value.strip()


def _decimals(value: str | int | float | bool | None) -> int:
    if isinstance(value, bool) or not isinstance(value, float):
        return 0
    exponent = Decimal(str(value)).as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0
