"""Cells of the workbook: a text stays text whatever it begins with, a number is a number with its format."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from crews.reports.numbers import is_number, show
from crews.reports.office_numbers import date_format, office_format
from crews.reports.text import cut_line
from crews.reports.theme import ACCENT, NAVY, PALE, WASH
from knowledge.warehouse.result import ResultColumn, Value

# Excel keeps no more of a text, and no more digits of a number.
_LONGEST_TEXT = 32_767
_MOST_DIGITS = 15
_STARTS_FORMULA = ("=", "+", "-", "@", "\t")
_FIRST_YEAR = 1900
_STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 15, "font_color": NAVY},
    "note": {"font_color": PALE, "font_size": 9},
    "link": {"font_color": ACCENT, "underline": 1},
    "head": {
        "bold": True,
        "font_color": NAVY,
        "bg_color": WASH,
        "bottom": 1,
        "text_wrap": True,
        "valign": "bottom",
    },
    "head right": {
        "bold": True,
        "font_color": NAVY,
        "bg_color": WASH,
        "bottom": 1,
        "text_wrap": True,
        "valign": "bottom",
        "align": "right",
    },
    "label": {"font_color": PALE, "valign": "top"},
    "text": {"text_wrap": True, "valign": "top"},
    "plain": {},
    "strong": {"bold": True, "font_color": NAVY},
}


class Cells:
    """Makes each format once, as Excel wants it."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._formats: dict[tuple[tuple[str, Any], ...], Format] = {}

    def style(self, name: str, **more: Any) -> Format:
        wanted = {"font_name": "Calibri", "font_size": 11, **_STYLES[name], **more}
        key = tuple(sorted(wanted.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(wanted)
        return self._formats[key]

    def text(
        self, sheet: Worksheet, row: int, column: int, text: str, name: str = "plain", **more: Any
    ) -> None:
        """The mark of a quoted text keeps it one, also when somebody edits the cell."""
        if text.startswith(_STARTS_FORMULA):
            more = {**more, "quote_prefix": True}
        sheet.write_string(row, column, cut_line(text, _LONGEST_TEXT), self.style(name, **more))

    def value(
        self, sheet: Worksheet, row: int, column: int, value: Value, about: ResultColumn, **more: Any
    ) -> None:
        if value is None:
            sheet.write_blank(row, column, None, self.style("plain", **more))
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value, self.style("plain", **more))
        elif isinstance(value, date) and _is_date_of_excel(value) and about.grain != "quarter":
            shown = date_format(about, has_time=isinstance(value, datetime))
            naive = value.replace(tzinfo=None) if isinstance(value, datetime) else value
            sheet.write_datetime(
                row, column, naive, self.style("plain", num_format=shown, align="left", **more)
            )
        elif (
            isinstance(value, int | float | Decimal) and about.role != "dimension" and not _is_too_long(value)
        ):
            sheet.write_number(row, column, float(value), self.number(about, **more))
        else:
            self.text(sheet, row, column, value if isinstance(value, str) else _exact(value, about), **more)

    def number(self, about: ResultColumn, **more: Any) -> Format:
        return self.style("plain", num_format=office_format(about), **more)

    def formula(
        self,
        sheet: Worksheet,
        row: int,
        column: int,
        formula: str,
        value: Value,
        about: ResultColumn,
        **more: Any,
    ) -> None:
        """With its value, for programs that do not reckon."""
        number = float(value) if isinstance(value, int | float | Decimal) else ""
        sheet.write_formula(row, column, formula, self.number(about, **more), number)


def _is_date_of_excel(day: date) -> bool:
    return day.year >= _FIRST_YEAR


def _is_too_long(value: int | float | Decimal) -> bool:
    return (
        isinstance(value, int | Decimal) and value == int(value) and len(str(abs(int(value)))) > _MOST_DIGITS
    )


def _exact(value: Value, about: ResultColumn) -> str:
    return str(value) if is_number(value) else show(value, about)
