"""The workbook, read back: its values, formulas and formats."""

import io
import zipfile
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from crews.reports.document import Format, Report, Section
from crews.reports.render import render_report
from crews.reports.tables import Table
from knowledge.warehouse.result import ResultColumn
from tests.unit.crews.reports.larkspur import MADE_AT, board_pack
from tests.unit.crews.reports.trouble import FORMULAS, HTML, MANY_ROWS, trouble


@pytest.fixture(scope="module")
def board() -> bytes:
    return render_report(board_pack(), Format.XLSX).content


@pytest.fixture(scope="module")
def book(board: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(board))


@pytest.fixture(scope="module")
def trouble_book() -> Any:
    return openpyxl.load_workbook(io.BytesIO(render_report(trouble(), Format.XLSX).content))


def test_each_figure_has_a_sheet_that_the_index_leads_to(book: Any) -> None:
    assert book.sheetnames == [
        "Index",
        "Key figures",
        *("Table 1", "Table 2"),
        *("Figure 1", "Figure 2", "Figure 3", "Figure 4"),
        "Sources",
    ]
    index = book["Index"]
    links = {cell.value: cell.hyperlink.location for (cell,) in index["A1:A40"] if cell.hyperlink}
    assert links["Figure 2"] == "'Figure 2'!A1"
    texts = [cell.value for (cell,) in index["B1:B40"]]
    assert "Online and rental carried the growth" in texts
    assert "Figures stand for a sample of one order in twenty-five." in texts


def test_totals_and_changes_are_live_formulas(book: Any, board: bytes) -> None:
    sheet = book["Table 1"]
    assert [cell.value for cell in sheet[5]] == ["Stores", 29604100, 29412300, "=B5-C5", "=B5/C5-1"]
    assert [cell.value for cell in sheet[8]] == ["Total", "=SUM(B5:B7)", "=SUM(C5:C7)", "=B8-C8", "=B8/C8-1"]
    known = openpyxl.load_workbook(io.BytesIO(board), data_only=True)["Table 1"]
    assert [cell.value for cell in known[8]][:4] == ["Total", 51812400, 49722800, 2089600]
    assert [sheet.cell(5, place).number_format for place in range(2, 6)] == [
        "#,##0",
        "#,##0",
        "+#,##0;-#,##0;#,##0",
        "+0.0%;-0.0%;0.0%",
    ]


def test_the_data_of_a_chart_stands_beside_it(book: Any) -> None:
    sheet = book["Figure 3"]
    assert [cell.value for cell in sheet[4]] == [
        "Order date (month)",
        "Stores (EUR)",
        "Online (EUR)",
        "Rental and repair (EUR)",
        "Total",
    ]
    assert sheet["E5"].value == "=SUM(B5:D5)"
    assert book["Figure 4"]["C5"].value == "=B5/SUM(B$5:B$7)"
    assert all(len(book[f"Figure {number}"]._charts) == 1 for number in range(1, 5))


def test_the_bars_of_a_chart_are_named_from_the_top_and_measured_along_the_bottom(book: Any) -> None:
    bars, stacked = book["Figure 2"]._charts[0], book["Figure 3"]._charts[0]
    assert (bars.type, stacked.type, stacked.grouping) == ("bar", "col", "stacked")
    titles = [axis.title.tx.rich.p[0].r[0].t for axis in (bars.x_axis, bars.y_axis)]
    assert titles == ["Channel", "Revenue (EUR million)"]
    assert [axis.scaling.orientation for axis in (bars.x_axis, bars.y_axis)] == ["maxMin", "minMax"]
    assert bars.y_axis.numFmt.formatCode == "#,##0,,"


def test_sources_hold_query_age_quality_and_lineage(book: Any) -> None:
    rows = {(row[1].value, row[2].value) for row in book["Sources"].iter_rows(max_col=3) if row[1].value}
    facts = {name: value for name, value in rows if value}
    assert {"SQL", "As of", "Quality", "Lineage", "Metrics", "Owner", "Words", "Place"} <= set(facts)
    assert ("As of", "25 November 2026, 05:30 UTC") in rows


def test_text_stays_text(trouble_book: Any) -> None:
    cells = [row[0] for row in trouble_book["Table 3"].iter_rows(min_row=5, max_col=1)]
    for cell, formula in zip(cells, FORMULAS[:4], strict=False):
        assert (cell.value, cell.data_type, cell.quotePrefix) == (formula, "s", True)
    assert cells[6].value == HTML
    kept = [
        cell
        for sheet in trouble_book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f" or (cell.hyperlink and cell.hyperlink.target)
    ]
    formulas = {str(cell.value).split("(")[0] for cell in kept}
    assert formulas <= {"=SUM", *(f"=B{row}/SUM" for row in range(5, 12)), "=D6-C6", "=B6-C6", "=B6/C6-1"}


def test_the_whole_of_a_large_table_is_there(trouble_book: Any) -> None:
    sheet = trouble_book["Table 1"]
    assert sheet.cell(4 + MANY_ROWS, 2).value == f"Store {MANY_ROWS - 1}"
    assert sheet.cell(5 + MANY_ROWS, 3).value == f"=SUM(C5:C{4 + MANY_ROWS})"
    assert isinstance(sheet.cell(5, 1).value, datetime)
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A5", f"A4:C{4 + MANY_ROWS}")
    assert sheet.print_title_rows == "$4:$4"


def test_a_number_with_more_digits_than_excel_keeps_is_text() -> None:
    column = ResultColumn("n", "Number", "integer", "column", None, "integer", 0)
    table = Table(title="t", columns=(column,), rows=((1234567890123456789,), (12,), (float("nan"),)))
    base = board_pack()
    report = Report(**{**dict(base), "sections": (Section(heading="h", blocks=(table,)),), "sources": ()})
    sheet = openpyxl.load_workbook(io.BytesIO(render_report(report, Format.XLSX).content))["Table 1"]
    assert [sheet.cell(row, 1).value for row in (5, 6, 7)] == ["1234567890123456789", 12, None]


def test_equal_reports_are_equal_bytes_of_the_reports_own_time(board: bytes) -> None:
    assert render_report(board_pack(), Format.XLSX).content == board
    with zipfile.ZipFile(io.BytesIO(board)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {MADE_AT.timetuple()[:6]}
        assert b"2026-11-25T09:15:42Z" in archive.read("docProps/core.xml")
