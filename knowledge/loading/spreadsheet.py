"""Excel files: sheet by sheet, cells as a person would write them.

Sheets, rows and columns that Excel does not show, and white cells, are hidden text. A file with more cells
than are read is refused whole: half a table answers wrongly.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Set
from typing import Any

from knowledge.loading.blocks import Block, BlockKind, FileStatus, LoadedFile, Unreadable, make_block
from knowledge.loading.cell_values import write_value
from knowledge.loading.containers import list_members
from knowledge.loading.file_title import stated_title
from knowledge.loading.grid import GridRow
from knowledge.loading.hidden import note_hidden
from knowledge.loading.office_charts import parse_chart
from knowledge.loading.sheets import Sheet, load_sheets
from knowledge.loading.spreadsheet_white import find_white_styles

_HIDDEN_ROW = re.compile(rb"<(?:\w+:)?row\b[^>]*\bhidden=\"(?:1|true)\"[^>]*>")
_HIDDEN_COLUMN = re.compile(rb"<(?:\w+:)?col\b[^>]*\bhidden=\"(?:1|true)\"[^>]*>")
_NUMBER = re.compile(rb"\b(r|min|max)=\"(\d{1,7})\"")
_CHART = re.compile(r"xl/charts/chart\d*\.xml")
_LAST_COLUMN = 16_384
# Of a formula that gave an empty text (`t="str"`) the result is saved.
NO_RESULT = re.compile(
    rb'<(?:\w+:)?c\b(?![^>]*\bt="str")[^>]*>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*'
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
# Rules and table styles colour cells by other means than their own.
_MAY_SHADE = re.compile(rb"<(?:\w+:)?(?:conditionalFormatting|tableParts|picture)\b")


def load_xlsx(content: bytes) -> LoadedFile:
    names = list_members(content)
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise Unreadable(FileStatus.CORRUPT, "it holds no Excel workbook")
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            white_styles = find_white_styles(book)
            sheets = [_xlsx_sheet(sheet, archive, white_styles) for sheet in book.worksheets]
            loaded = load_sheets(sheets, stated_title(book.properties.title))
            unread = [block for sheet in book.worksheets for block in _unread(sheet, archive)]
            charts = [
                block for name in sorted(names) if _CHART.fullmatch(name) for block in _titles(archive, name)
            ]
    finally:
        book.close()
    blocks = (*loaded.blocks, *charts, *unread)
    return LoadedFile(loaded.status, blocks=blocks, title=loaded.title, hidden=loaded.hidden)


def _unread(sheet: Any, archive: zipfile.ZipFile) -> list[Block]:
    """Says what a reader of the sheet would miss: a program that writes formulas need not work them out."""
    count = len(NO_RESULT.findall(archive.read(sheet._worksheet_path)))
    if not count:
        return []
    told = f"Not read: {count:,} cells of sheet {sheet.title}, whose formulas have no saved result."
    block = make_block(BlockKind.PARAGRAPH, told, place=f"sheet {sheet.title}")
    return [block] if block else []


def _titles(archive: zipfile.ZipFile, name: str) -> list[Block]:
    """Only the words: the figures stand in the cells."""
    texts = [block for block in parse_chart(archive.read(name)) if block.kind is BlockKind.PARAGRAPH]
    named = (make_block(BlockKind.PARAGRAPH, f"Chart: {block.text}") for block in texts)
    return [block for block in named if block]


def _xlsx_sheet(sheet: Any, archive: zipfile.ZipFile, white_styles: Set[int]) -> Sheet:
    # In its read-only mode openpyxl does not tell what is hidden, nor which file of the container it reads.
    markup = archive.read(sheet._worksheet_path)
    hidden_rows = {numbers["r"] for tag in _HIDDEN_ROW.findall(markup) if "r" in (numbers := _numbers(tag))}
    hidden_columns = {
        index - 1
        for tag in _HIDDEN_COLUMN.findall(markup)
        for index in range(_numbers(tag).get("min", 1), min(_numbers(tag).get("max", 0), _LAST_COLUMN) + 1)
    }
    # What the file says of its own extent is often wrong.
    sheet.reset_dimensions()
    hidden_styles = frozenset() if _MAY_SHADE.search(markup) else white_styles
    return Sheet(
        name=sheet.title,
        rows=_xlsx_rows(sheet, hidden_styles),
        is_hidden=sheet.sheet_state != "visible",
        hidden_rows=hidden_rows,
        hidden_columns=hidden_columns,
    )


def _numbers(tag: bytes) -> dict[str, int]:
    return {name.decode(): int(value) for name, value in _NUMBER.findall(tag)}


def _xlsx_rows(sheet: Any, hidden_styles: Set[int]) -> Iterator[GridRow]:
    for number, row in enumerate(sheet.rows, start=1):
        yield GridRow(number, [_xlsx_value(cell, hidden_styles) for cell in row])


def _xlsx_value(cell: Any, hidden_styles: Set[int]) -> str:
    if cell.value is None:
        return ""
    value = write_value(cell.value, cell.number_format)
    if cell._style_id in hidden_styles:
        note_hidden(value)
        return ""
    return value


def load_xls(content: bytes) -> LoadedFile:
    import xlrd

    try:
        # By itself it writes its warnings to stdout.
        book = xlrd.open_workbook(file_contents=content, formatting_info=True, logfile=io.StringIO())
    # A damaged file makes xlrd raise anything.
    except Exception as error:
        if isinstance(error, xlrd.XLRDError) and "encrypted" in str(error).lower():
            raise Unreadable(FileStatus.ENCRYPTED, "it is protected by a password") from error
        raise Unreadable(FileStatus.CORRUPT, f"it is not a whole Excel file ({error})") from error
    return load_sheets([_xls_sheet(book, sheet) for sheet in book.sheets()])


def _xls_sheet(book: Any, sheet: Any) -> Sheet:
    return Sheet(
        name=sheet.name,
        rows=_xls_rows(book, sheet),
        is_hidden=bool(sheet.visibility),
        hidden_rows={index + 1 for index, info in sheet.rowinfo_map.items() if info.hidden},
        hidden_columns={index for index, info in sheet.colinfo_map.items() if info.hidden},
    )


def _xls_rows(book: Any, sheet: Any) -> Iterator[GridRow]:
    for index in range(sheet.nrows):
        yield GridRow(index + 1, [_xls_value(book, cell) for cell in sheet.row(index)])


def _xls_value(book: Any, cell: Any) -> str:
    import xlrd

    match cell.ctype:
        case xlrd.XL_CELL_DATE:
            try:
                return write_value(xlrd.xldate_as_datetime(cell.value, book.datemode))
            except (ValueError, OverflowError):
                return write_value(cell.value)
        case xlrd.XL_CELL_BOOLEAN:
            return write_value(bool(cell.value))
        case xlrd.XL_CELL_ERROR:
            return str(xlrd.error_text_from_code.get(cell.value, "#ERROR"))
        case xlrd.XL_CELL_NUMBER:
            style = book.format_map.get(book.xf_list[cell.xf_index].format_key)
            return write_value(cell.value, style.format_str if style else "")
    return str(cell.value)
