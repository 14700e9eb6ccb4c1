"""OpenDocument spreadsheets and presentations, read without being fooled by what repeats or hides."""

import io
import zipfile

import pytest

from knowledge.loading.blocks import FileStatus, LoadedFile, Unreadable
from knowledge.loading.opendocument import load_odp, load_ods

_NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{full}:1.0"'
    for name, full in (
        ("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"), ("draw", "drawing"),
        ("presentation", "presentation"),
    )
)  # fmt: skip


def make_file(body: str, styles: str = "", **members: str) -> bytes:
    buffer = io.BytesIO()
    content = (
        f"<office:document-content {_NAMES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body>{body}</office:body></office:document-content>"
    )
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("content.xml", content)
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), text)
    return buffer.getvalue()


def row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def cell(text: str, attributes: str = "") -> str:
    inner = f"<text:p>{text}</text:p>" if text else ""
    return f"<table:table-cell {attributes}>{inner}</table:table-cell>"


def sheet(name: str, *rows: str, attributes: str = "", columns: str = "") -> str:
    return f'<table:table table:name="{name}" {attributes}>{columns}{"".join(rows)}</table:table>'


def shape(loaded: LoadedFile) -> list[tuple[str, str, str | None, tuple[str, ...]]]:
    return [(block.kind.value, block.text, block.place, block.rows) for block in loaded.blocks]


def test_a_sheet_with_repeated_and_endless_blank_cells() -> None:
    endless = 'table:number-columns-repeated="16380"'
    rows = (
        row(cell("Bike"), cell("Price"), cell("", endless)),
        row(
            cell("City"),
            cell("12", 'table:number-columns-repeated="2"'),
            attributes='table:number-rows-repeated="2"',
        ),
        row(cell("", endless), attributes='table:number-rows-repeated="1048500"'),
        row(cell("End")),
    )
    assert shape(load_ods(make_file(sheet("Prices", *rows)))) == [
        ("heading", "Prices", "sheet Prices", ()),
        (
            "table",
            "Bike | Price\nCity | 12 | 12\nCity | 12 | 12",
            "sheet Prices",
            ("A1:B1", "A2:C2", "A3:C3"),
        ),
        ("paragraph", "End", "sheet Prices", ("A1048504",)),
    ]


def test_a_filled_row_repeated_without_end_is_refused() -> None:
    rows = row(cell("x"), attributes='table:number-rows-repeated="9999999"')
    with pytest.raises(Unreadable) as raised:
        load_ods(make_file(sheet("Bomb", rows)))
    assert raised.value.status is FileStatus.TOO_LARGE


def test_values_comments_and_what_is_hidden() -> None:
    note = "<office:annotation><text:p>psst</text:p></office:annotation>"
    noted = f"<table:table-cell>{note}<text:p>Ulm</text:p></table:table-cell>"
    rows = (
        row(noted, cell("", 'office:value="4.5"')),
        row(cell("gone"), cell("too"), attributes='table:visibility="collapse"'),
        row(cell("Bonn"), cell("7")),
    )
    styles = '<style:style style:name="ta2"><style:table-properties table:display="false"/></style:style>'
    hidden_sheet = sheet("Secret", row(cell("code")), attributes='table:style-name="ta2"')
    loaded = load_ods(make_file(sheet("Towns", *rows) + hidden_sheet, styles))
    assert [text for _, text, _, _ in shape(loaded)] == ["Towns", "Ulm | 4.5\nBonn | 7"]
    assert loaded.hidden == ("gone | too", "Secret", "code")


def test_a_hidden_column_does_not_part_its_table() -> None:
    columns = (
        '<table:table-column table:number-columns-repeated="2"/>'
        '<table:table-column table:visibility="collapse"/>'
    )
    rows = (row(*(cell(text) for text in "abcde")), row(*(cell(text) for text in "fghij")))
    loaded = load_ods(make_file(sheet("Wide", *rows, columns=columns)))
    assert loaded.blocks[1].text == "a | b | d | e\nf | g | i | j"
    assert loaded.hidden == ("c", "h")


def frame(inner: str, attributes: str = "") -> str:
    return f"<draw:frame {attributes}><draw:text-box>{inner}</draw:text-box></draw:frame>"


def test_slides_with_title_list_table_and_notes() -> None:
    title = 'presentation:class="title"'
    point = "<text:list><text:list-item><text:p>Point</text:p></text:list-item></text:list>"
    slide = (
        f"<draw:page>{frame(point)}{frame('<text:p>Results</text:p>', title)}"
        f"<draw:frame>{sheet('T', row(cell('a'), cell('b')))}</draw:frame>"
        f"<presentation:notes>{frame('<text:p>Say<text:s/>thanks.</text:p>')}</presentation:notes></draw:page>"
    )
    hidden = f'<draw:page draw:style-name="dp2">{frame("<text:p>Not shown</text:p>")}</draw:page>'
    styles = (
        '<style:style style:name="dp2"><style:drawing-page-properties presentation:visibility="hidden"/>'
        "</style:style>"
    )
    loaded = load_odp(make_file(slide + hidden, styles))
    assert [entry[:3] for entry in shape(loaded)] == [
        ("heading", "Results", "slide 1"),
        ("list_item", "- Point", "slide 1"),
        ("table", "a | b", "slide 1"),
        ("paragraph", "Notes: Say thanks.", "slide 1"),
    ]
    assert loaded.hidden == ("Not shown",)


def test_entities_are_not_followed() -> None:
    content = make_file(sheet("S", row(cell("&steal;"))))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read("content.xml").decode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("content.xml", '<!DOCTYPE x [<!ENTITY steal SYSTEM "file:///etc/hostname">]>' + xml)
    assert load_ods(buffer.getvalue()).blocks == ()


def test_an_encrypted_file_is_told() -> None:
    content = make_file("", **{"META-INF__manifest_xml": "<m:encryption-data/>"})
    with pytest.raises(Unreadable) as raised:
        load_ods(content)
    assert raised.value.status is FileStatus.ENCRYPTED


def test_another_container_is_told() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("other.txt", "x")
    with pytest.raises(Unreadable) as raised:
        load_odp(buffer.getvalue())
    assert raised.value.status is FileStatus.CORRUPT
