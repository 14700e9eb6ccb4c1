"""The sheets of data: one for each table and chart, with formulas for what follows from other cells."""

from collections.abc import Sequence
from decimal import Decimal

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from crews.reports.citing import footnotes
from crews.reports.document import Report
from crews.reports.tables import Chart, Table, derived_from
from crews.reports.view import width_of
from crews.reports.xlsx.cells import Cells
from crews.reports.xlsx.charts import add_chart
from crews.reports.xlsx.page import HEAD_ROW, open_sheet
from knowledge.warehouse.result import ResultColumn, Value
from knowledge.warehouse.statistics.columns import number_of
from knowledge.warehouse.wording import heading

_NARROWEST, _WIDEST, _MEASURED_ROWS = 11, 48, 200
_NEAR = Decimal("0.000001")
_SHARE = ResultColumn("share", "Share", "decimal", "column", None, "percent", 1)


def add_table(book: Workbook, cells: Cells, report: Report, table: Table, name: str) -> None:
    sheet = open_sheet(book, cells, name, f"{name}. {table.title}")
    columns = table.columns
    _head(sheet, cells, columns)
    for at, row in enumerate(table.rows, start=HEAD_ROW + 1):
        for place in range(len(columns)):
            _write(sheet, cells, at, place, row, columns)
    last = HEAD_ROW + len(table.rows)
    totals = table.totals()
    if totals is not None:
        _add_total(sheet, cells, last, totals, columns)
        last += 1
    if table.rows:
        sheet.autofilter(HEAD_ROW, 0, HEAD_ROW + len(table.rows), len(columns) - 1)
    cut = _cut(table)
    _notes(sheet, cells, last + 2, [*table.notes, *cut, *footnotes(report, table.cites)])
    for place, column in enumerate(columns):
        sheet.set_column(place, place, _width(heading(column), [row[place] for row in table.rows]))


def add_chart_data(book: Workbook, cells: Cells, report: Report, chart: Chart, name: str) -> None:
    sheet = open_sheet(book, cells, name, f"{name}. {chart.title}")
    measure, first = chart.measure, HEAD_ROW + 1
    last = HEAD_ROW + len(chart.categories)
    unit = f" ({measure.unit})" if measure.unit else ""
    cells.text(sheet, HEAD_ROW, 0, chart.category_label, "head")
    for place, series in enumerate(chart.series, start=1):
        cells.text(sheet, HEAD_ROW, place, f"{series.name}{unit}", "head right")
    for at, category in enumerate(chart.categories):
        cells.text(sheet, first + at, 0, category)
        for place, series in enumerate(chart.series, start=1):
            cells.value(sheet, first + at, place, series.values[at], measure)
    if chart.form in ("column stacked", "share"):
        _add_derived(sheet, cells, chart, first, last)
    sheet.set_column(0, 0, _width(chart.category_label, chart.categories))
    sheet.set_column(1, len(chart.series) + 1, 18)
    add_chart(book, sheet, chart, name, first, last)
    _notes(sheet, cells, last + 2, [*chart.notes, *footnotes(report, chart.cites)])


def _head(sheet: Worksheet, cells: Cells, columns: Sequence[ResultColumn]) -> None:
    for place, column in enumerate(columns):
        is_text = column.role == "dimension" or column.type == "string"
        cells.text(sheet, HEAD_ROW, place, heading(column), "head" if is_text else "head right")


def _write(
    sheet: Worksheet, cells: Cells, at: int, place: int, row: Sequence[Value], columns: Sequence[ResultColumn]
) -> None:
    places, column = derived_from(columns, place), columns[place]
    formula = places and _derive(row, place, column, places, at)
    if formula:
        cells.formula(sheet, at, place, formula, row[place], column)
    else:
        cells.value(sheet, at, place, row[place], column)


def _derive(
    row: Sequence[Value], place: int, column: ResultColumn, places: tuple[int, int], at: int
) -> str | None:
    """The formula of a change or a growth, where it gives the value that is there."""
    now, before, value = (number_of(row[which]) for which in (*places, place))
    if now is None or before is None or value is None or (column.role == "growth" and not before):
        return None
    reckoned = now - before if column.role == "change" else now / before - 1
    if abs(reckoned - value) > _NEAR * max(Decimal(1), abs(value)):
        return None
    return _formula(column, at, places)


def _formula(column: ResultColumn, at: int, places: tuple[int, int]) -> str:
    now, before = (xl_rowcol_to_cell(at, which) for which in places)
    return f"={now}-{before}" if column.role == "change" else f"={now}/{before}-1"


def _add_total(
    sheet: Worksheet, cells: Cells, last: int, totals: Sequence[Value], columns: Sequence[ResultColumn]
) -> None:
    at = last + 1
    for place, (value, column) in enumerate(zip(totals, columns, strict=True)):
        places = derived_from(columns, place)
        if value is None:
            cells.text(sheet, at, place, "" if place else "Total", "strong", top=1)
        elif places:
            cells.formula(sheet, at, place, _formula(column, at, places), value, column, bold=True, top=1)
        else:
            span = f"{xl_rowcol_to_cell(HEAD_ROW + 1, place)}:{xl_rowcol_to_cell(last, place)}"
            cells.formula(sheet, at, place, f"=SUM({span})", value, column, bold=True, top=1)


def _add_derived(sheet: Worksheet, cells: Cells, chart: Chart, first: int, last: int) -> None:
    """The whole of each column, or the share of each part."""
    place = len(chart.series) + 1
    is_share = chart.form == "share"
    cells.text(sheet, HEAD_ROW, place, "Share" if is_share else "Total", "head right")
    whole = sum((value or Decimal() for value in chart.series[0].values), Decimal())
    for at in range(first, last + 1):
        values = [series.values[at - first] or Decimal() for series in chart.series]
        if is_share:
            span = f"{xl_rowcol_to_cell(first, 1, row_abs=True)}:{xl_rowcol_to_cell(last, 1, row_abs=True)}"
            formula = f"={xl_rowcol_to_cell(at, 1)}/SUM({span})"
            cells.formula(sheet, at, place, formula, values[0] / whole, _SHARE)
        else:
            span = f"{xl_rowcol_to_cell(at, 1)}:{xl_rowcol_to_cell(at, place - 1)}"
            cells.formula(sheet, at, place, f"=SUM({span})", sum(values, Decimal()), chart.measure, bold=True)


def _notes(sheet: Worksheet, cells: Cells, at: int, lines: Sequence[str]) -> None:
    for row, line in enumerate(lines, start=at):
        cells.text(sheet, row, 0, line, "note")


def _cut(table: Table) -> list[str]:
    if table.source_rows is None or table.source_rows <= len(table.rows):
        return [] if table.rows else ["The query gave no row."]
    return [f"The query gave {table.source_rows:,} rows, of which {len(table.rows):,} are kept."]


def _width(head: str, values: Sequence[Value]) -> float:
    longest = max((width_of(str(value)) for value in values[:_MEASURED_ROWS] if value is not None), default=0)
    return min(max(longest + 3, min(width_of(head) + 2, 24), _NARROWEST), _WIDEST)
