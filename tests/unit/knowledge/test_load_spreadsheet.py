"""Sheets give tables whose lines know their cells; what Excel hides is told apart."""

import datetime
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.chart import BarChart

from knowledge.loading.blocks import BlockKind, FileStatus, LoadedFile, Unreadable
from knowledge.loading.cell_values import write_value
from knowledge.loading.grid import GridRow, cell_label, column_name, grid_blocks
from knowledge.loading.spreadsheet import NO_RESULT, load_xls, load_xlsx
from tests.unit.knowledge.shop import make_docx

REAL_FILES = Path(__file__).parents[4] / "shared" / "data" / "documents" / "files"


def load(book: openpyxl.Workbook) -> LoadedFile:
    buffer = io.BytesIO()
    book.save(buffer)
    return load_xlsx(buffer.getvalue())


def make_book(*sheets: tuple[str, list[list[object]]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return book


def test_each_sheet_has_a_heading_and_its_tables() -> None:
    prices: list[list[object]] = [
        ["Bike prices"],
        [],
        ["Bike", "Price"],
        ["City", 12],
        ["Cargo", 35.5],
        [],
        ["Old"],
    ]
    loaded = load(make_book(("Prices", prices), ("Sheet2", [["a", "b"]])))
    assert [(block.kind.value, block.text, block.place, block.rows) for block in loaded.blocks] == [
        ("heading", "Prices", "sheet Prices", ()),
        ("paragraph", "Bike prices", "sheet Prices", ("A1",)),
        ("table", "Bike | Price\nCity | 12\nCargo | 35.5", "sheet Prices", ("A3:B3", "A4:B4", "A5:B5")),
        ("paragraph", "Old", "sheet Prices", ("A7",)),
        ("table", "a | b", "sheet Sheet2", ("A1:B1",)),
    ]


def test_values_as_a_person_writes_them() -> None:
    day = datetime.datetime(2025, 3, 1)  # noqa: DTZ001 - a cell has no zone
    book = make_book(("Values", [["x", 3.0, 0.1 + 0.2, day, day.replace(hour=9, minute=30), True, 0.175]]))
    book["Values"]["G1"].number_format = "0.0%"
    assert load(book).blocks[1].text == "x | 3 | 0.3 | 2025-03-01 | 2025-03-01 09:30 | TRUE | 17.5%"


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (1e20, "", "100000000000000000000"),
        (0.5, "0%", "50%"),
        (0.5, '0.0" % of all"', "0.5"),
        (datetime.timedelta(hours=26, minutes=5), "", "26:05"),
        (datetime.time(7, 5), "", "07:05"),
        ("words", "0%", "words"),
    ],
)
def test_a_value_and_its_format(value: object, number_format: str, text: str) -> None:
    assert write_value(value, number_format) == text


def test_tables_side_by_side_are_parted_and_forms_are_not() -> None:
    side_by_side: list[list[object]] = [["A", "B", None, "C", "D"], [1, 2, None, 3, 4]]
    form: list[list[object]] = [["Name", None, "Kim"], ["Town", None, "Ulm"]]
    loaded = load(make_book(("Two", side_by_side), ("Form", form)))
    tables = [(block.text, block.rows[-1]) for block in loaded.blocks if block.kind is BlockKind.TABLE]
    assert tables == [
        ("A | B\n1 | 2", "A2:B2"),
        ("C | D\n3 | 4", "D2:E2"),
        ("Name | Kim\nTown | Ulm", "A2:C2"),
    ]


def test_what_a_sheet_says_of_its_extent_is_not_believed() -> None:
    buffer = io.BytesIO()
    make_book(("Prices", [["Bike", "Price"], ["City", 12]])).save(buffer)
    repacked = io.BytesIO()
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(repacked, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'ref="A1:B2"', b'ref="A1"'))
    assert load_xlsx(repacked.getvalue()).blocks[1].text == "Bike | Price\nCity | 12"


def test_a_cell_far_away_does_not_widen_a_table() -> None:
    book = make_book(("Far", [["A", "B"], [1, 2]]))
    book["Far"]["XFD2"] = "stray"
    tables = [(block.text, block.rows) for block in load(book).blocks[1:]]
    assert tables == [("A | B\n1 | 2", ("A1:B1", "A2:B2")), ("stray", ("XFD2",))]


def test_what_excel_hides_is_hidden_text() -> None:
    rows: list[list[object]] = [
        ["Name", "Pay", "Town", "Zip"],
        ["Kim", 10, "Ulm", 1],
        ["Lee", 20, "Bonn", 2],
        ["Mo", 3, "Kiel", 3],
    ]
    book = make_book(("Staff", rows), ("Secret", [["code", "word"]]))
    book["Staff"].column_dimensions["B"].hidden = True
    book["Staff"].row_dimensions[3].hidden = True
    book["Secret"].sheet_state = "hidden"
    loaded = load(book)
    assert [block.text for block in loaded.blocks][1:] == ["Name | Town | Zip\nKim | Ulm | 1\nMo | Kiel | 3"]
    assert loaded.hidden == ("Pay", "10", "Lee | 20 | Bonn | 2", "3", "Secret", "code | word")


def test_the_title_of_a_chart_is_read() -> None:
    book = make_book(("Sales", [["Year", "Sales"], [2024, 5]]))
    chart = BarChart()
    chart.title = "Sales by year"
    chart.add_data(
        openpyxl.chart.Reference(book["Sales"], min_col=2, min_row=1, max_row=2), titles_from_data=True
    )
    book["Sales"].add_chart(chart, "D1")
    assert load(book).blocks[-1].text == "Chart: Sales by year"


def test_a_sheet_far_too_large_is_refused_whole() -> None:
    rows = (GridRow(number, ["x"] * 1000) for number in range(1, 500))
    with pytest.raises(Unreadable) as raised:
        grid_blocks(rows, cell_label)
    assert raised.value.status is FileStatus.TOO_LARGE


@given(st.lists(st.lists(st.sampled_from(["", "a", "b c"]), max_size=6), max_size=12))
def test_every_filled_cell_is_in_one_block(rows: list[list[str]]) -> None:
    blocks = grid_blocks([GridRow(number, cells) for number, cells in enumerate(rows, start=1)], cell_label)
    filled = sorted(cell for cells in rows for cell in cells if cell)
    found = sorted(
        cell for block in blocks for line in block.text.split("\n") for cell in line.split(" | ") if cell
    )
    assert found == filled
    assert all(len(block.rows) == block.text.count("\n") + 1 for block in blocks)


@given(st.integers(0, 18_277))
def test_columns_are_named_as_excel_names_them(index: int) -> None:
    assert column_name(index) == openpyxl.utils.get_column_letter(index + 1)


@pytest.mark.skipif(not REAL_FILES.is_dir(), reason="needs ../shared/data beside the repository")
def test_an_old_excel_file() -> None:
    loaded = load_xls((REAL_FILES / "docling__legacy_sample.xls").read_bytes())
    assert [block.kind.value for block in loaded.blocks] == ["heading", "paragraph", "table"]
    assert loaded.blocks[1].text == "Number of freshwater ducks per year"
    assert loaded.blocks[2].text.startswith("Year | Freshwater Ducks\n2019 | 120\n")
    assert loaded.blocks[2].rows[:2] == ("B4:C4", "B5:C5")


@pytest.mark.parametrize("content", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"just words"])
def test_what_is_no_old_excel_file_is_told(content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Unreadable) as raised:
        load_xls(content)
    assert raised.value.status is FileStatus.CORRUPT
    assert capsys.readouterr().out == ""


def test_a_word_file_is_no_workbook() -> None:
    with pytest.raises(Unreadable) as raised:
        load_xlsx(make_docx())
    assert raised.value.status is FileStatus.CORRUPT


def test_formulas_without_a_saved_result_are_told_of() -> None:
    loaded = load(make_book(("Prices", [["City", 12], ["Cargo", "=B1*2"], ["All", "=SUM(B1:B2)"]])))
    assert [block.text for block in loaded.blocks] == [
        "Prices",
        "City | 12\nCargo\nAll",
        "Not read: 2 cells of sheet Prices, whose formulas have no saved result.",
    ]
    assert loaded.blocks[-1].place == "sheet Prices"


@pytest.mark.parametrize(
    ("cell", "count"),
    [
        (b'<c r="A1"><f>1+1</f><v>2</v></c>', 0),
        (b'<c r="A1" t="str"><f>IF(1,"")</f><v></v></c>', 0),
        (b'<c r="A1"><v>2</v></c>', 0),
        (b'<c r="A1"><f t="shared" si="0"/></c>', 1),
        (b'<x:c r="A1"><x:f>1+1</x:f><x:v/></x:c>', 1),
    ],
)
def test_a_result_is_missing_only_where_none_is_saved(cell: bytes, count: int) -> None:
    assert len(NO_RESULT.findall(cell)) == count
