"""Number formats as Excel and PowerPoint write them, to show what the pages show."""

from decimal import Decimal

from knowledge.warehouse.result import ResultColumn
from knowledge.warehouse.wording import is_points

_MONTHS, _DAYS, _MOMENTS = "mmm yyyy", "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
_HUNDREDS = 3


def office_format(
    column: ResultColumn, factor: Decimal = Decimal(1), *, whole: bool = False, scaled_decimals: int = 1
) -> str:
    """`factor` is what an axis counts in, with so many decimals; `whole` leaves decimals to where they are
    needed. A change in percentage points is a number of hundreds of them, and so is shown as a percentage
    with their word."""
    if column.role == "growth" or column.format == "percent":
        shown = "0%" if whole else f"0.{'0' * max(1, min(column.decimals, 1))}%"
        if is_points(column):
            shown = '0.0%" (pp)"'
        return _signed(shown) if column.role in ("growth", "change") else shown
    thousands = "," * (len(str(int(factor))) // _HUNDREDS)
    decimals = (
        0
        if whole or (column.format == "integer" and factor == 1)
        else scaled_decimals
        if factor > 1
        else column.decimals
    )
    shown = f"#,##0{'.' + '0' * decimals if decimals else ''}{thousands}"
    return _signed(shown) if column.role == "change" else shown


def date_format(column: ResultColumn, *, has_time: bool) -> str:
    if column.grain == "month":
        return _MONTHS
    if column.grain == "year":
        return "yyyy"
    return _MOMENTS if has_time else _DAYS


def _signed(shown: str) -> str:
    return f"+{shown};-{shown};{shown}"
