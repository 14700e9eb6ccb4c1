"""A sheet as all sheets of the workbook look, on the screen and on paper."""

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from crews.reports.xlsx.cells import Cells

INDEX = "Index"
HEAD_ROW = 3
_A4 = 9


def open_sheet(book: Workbook, cells: Cells, name: str, title: str) -> Worksheet:
    sheet = book.add_worksheet(name)
    cells.text(sheet, 0, 0, title, "title")
    if name != INDEX:
        sheet.write_url(1, 0, f"internal:'{INDEX}'!A1", cells.style("link"), "Back to the index")
        sheet.freeze_panes(HEAD_ROW + 1, 0)
        sheet.repeat_rows(HEAD_ROW)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&8&A&R&8Page &P of &N")
    sheet.hide_gridlines(2)
    return sheet
