"""The axis of figures: a unit that keeps its labels short, and where it begins and ends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from knowledge.warehouse.result import ResultColumn
from knowledge.warehouse.wording import show_value

# From where on, and what is counted then.
_UNITS = ((Decimal(10**12), "trillion"), (Decimal(10**9), "billion"), (Decimal(10**6), "million"))
_NEAR = Decimal("0.5")
_ROOM = Decimal("0.06")
_LETTER_PX = Decimal("6.3")
_GAP_PX = 10


@dataclass(frozen=True, slots=True)
class NumberAxis:
    """Values are divided by `factor` before they are drawn; `form` is d3's format for numbers."""

    factor: Decimal
    title: str
    form: str
    column: ResultColumn

    def place(self, value: Decimal | None) -> float | None:
        return None if value is None else float(value / self.factor)

    def label(self, value: Decimal) -> str:
        """As it is written beside its bar: to the last cent, whatever the axis counts in."""
        return show_value(value, self.column)


def fit_axis(values: Iterable[Decimal], column: ResultColumn) -> NumberAxis:
    """For all values that are drawn on it."""
    if column.format == "percent":
        return NumberAxis(Decimal(1), column.label, ".1~%", column)
    largest = max((abs(value) for value in values), default=Decimal())
    factor, word = next(((unit, word) for unit, word in _UNITS if largest >= unit), (Decimal(1), ""))
    unit = " ".join(part for part in (column.unit, word) if part)
    return NumberAxis(factor, f"{column.label} ({unit})" if unit else column.label, ",.4~f", column)


def bar_domain(values: Sequence[Decimal], labels: Sequence[str], width_px: int) -> tuple[Decimal, Decimal]:
    """From zero, with room for the labels at the ends of the bars."""
    low, high = min(Decimal(), *values), max(Decimal(), *values)
    span = (high - low) or Decimal(1)
    room = span * min(_NEAR, (_LETTER_PX * max(map(len, labels), default=0) + _GAP_PX) / width_px)
    return low - (room if low < 0 else 0), high + (room if high > 0 or low == 0 else 0)


def line_domain(values: Sequence[Decimal]) -> tuple[Decimal, Decimal, bool]:
    """From zero, unless all values lie far from it: then closely around them, and the last part is true."""
    low, high = min(values), max(values)
    if high > 0 and low > high * _NEAR and low != high:
        room = (high - low) * _ROOM
        return low - room, high + room, True
    bottom, top = min(Decimal(), low), max(Decimal(), high)
    room = ((top - bottom) or Decimal(1)) * _ROOM
    return bottom - (room if bottom < 0 else 0), top + (room if top > 0 or bottom == 0 else 0), False
