"""OpenDocument spreadsheets and presentations, read from their `content.xml`; texts go through pandoc.

Entities and the network stay off. What LibreOffice does not show is hidden text.
"""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from lxml import etree

from knowledge.loading.blocks import (
    Block,
    BlockKind,
    FileStatus,
    LoadedFile,
    Unreadable,
    make_block,
    make_table,
)
from knowledge.loading.file_title import stated_title
from knowledge.loading.grid import MOST_CELLS, GridRow
from knowledge.loading.sheets import Sheet, load_sheets
from knowledge.loading.zip_limits import check_zip

_NAMES = "urn:oasis:names:tc:opendocument:xmlns:"
_OFFICE, _TABLE, _TEXT = (f"{{{_NAMES}{name}:1.0}}" for name in ("office", "table", "text"))
_DRAW, _STYLE, _PRESENTATION = (f"{{{_NAMES}{name}:1.0}}" for name in ("drawing", "style", "presentation"))
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_SPACES = {f"{_TEXT}s": " ", f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}
_NOT_SHOWN = {f"{_OFFICE}annotation", f"{_TEXT}tracked-changes"}
_LAST_COLUMN = 16_384


def open_opendocument(content: bytes) -> zipfile.ZipFile:
    """Raises Unreadable: corrupt, encrypted or too large."""
    names = check_zip(content)
    if "content.xml" not in names:
        raise Unreadable(FileStatus.CORRUPT, "it holds no OpenDocument content")
    archive = zipfile.ZipFile(io.BytesIO(content))
    if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise Unreadable(FileStatus.ENCRYPTED, "it is protected by a password")
    return archive


def load_ods(content: bytes) -> LoadedFile:
    with open_opendocument(content) as archive:
        root = _parse(archive, "content.xml")
        title = _stated_title(archive)
    hidden_styles = _styles(root, "table-properties", f"{_TABLE}display", {"false"})
    return load_sheets((_sheet(table, hidden_styles) for table in root.iter(f"{_TABLE}table")), title)


def _sheet(table: Any, hidden_styles: set[str]) -> Sheet:
    hidden_rows: set[int] = set()
    return Sheet(
        name=table.get(f"{_TABLE}name", ""),
        rows=_rows(table, hidden_rows),
        is_hidden=table.get(f"{_TABLE}style-name") in hidden_styles,
        hidden_rows=hidden_rows,
        hidden_columns=_hidden_columns(table),
    )


def _rows(table: Any, hidden_rows: set[int]) -> Iterator[GridRow]:
    """Rows that say they repeat are repeated where they hold anything."""
    number = 0
    for row in table.iter(f"{_TABLE}table-row"):
        cells = list(_cells(row))
        count = _count(row, "number-rows-repeated")
        # A sheet is filled up to its last possible row with one blank row.
        for index in range(count if any(cells) else 1):
            if row.get(f"{_TABLE}visibility") in {"collapse", "filter"}:
                hidden_rows.add(number + index + 1)
            yield GridRow(number + index + 1, cells)
        number += count


def _cells(row: Any) -> Iterator[str]:
    for cell in row:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        text = _cell_text(cell)
        count = min(_count(cell, "number-columns-repeated"), _LAST_COLUMN)
        yield from (text for _ in range(count))


def _cell_text(cell: Any) -> str:
    """As it is shown; where nothing is, the value."""
    shown = "\n".join(_plain(paragraph) for paragraph in _paragraphs(cell))
    return shown or str(cell.get(f"{_OFFICE}date-value") or cell.get(f"{_OFFICE}value") or "")


def _hidden_columns(table: Any) -> set[int]:
    hidden: set[int] = set()
    index = 0
    for column in table.iter(f"{_TABLE}table-column"):
        count = min(_count(column, "number-columns-repeated"), _LAST_COLUMN)
        if column.get(f"{_TABLE}visibility") in {"collapse", "filter"}:
            hidden.update(range(index, index + count))
        index += count
    return hidden


def load_odp(content: bytes) -> LoadedFile:
    with open_opendocument(content) as archive:
        root = _parse(archive, "content.xml")
        title = _stated_title(archive)
    hidden_styles = _styles(root, "drawing-page-properties", f"{_PRESENTATION}visibility", {"hidden"})
    blocks: list[Block] = []
    hidden: list[str] = []
    for number, page in enumerate(root.iter(f"{_DRAW}page"), start=1):
        found = list(_page_blocks(page, f"slide {number}"))
        if page.get(f"{_DRAW}style-name") in hidden_styles:
            hidden.extend(block.text for block in found)
        else:
            blocks.extend(found)
    return LoadedFile(FileStatus.OK, blocks=tuple(blocks), title=title, hidden=tuple(hidden))


def _page_blocks(page: Any, place: str) -> Iterator[Block]:
    shapes = [shape for shape in page if shape.tag != f"{_PRESENTATION}notes"]
    # The title leads, wherever it stands among the shapes.
    for shape in sorted(shapes, key=lambda shape: not _is_title(shape)):
        yield from _shape_blocks(shape, place)
    for notes in page.findall(f"{_PRESENTATION}notes"):
        text = "\n".join(filter(None, (_plain(paragraph).strip() for paragraph in notes.iter(f"{_TEXT}p"))))
        if text and (block := make_block(BlockKind.PARAGRAPH, f"Notes: {text}", place=place)):
            yield block


def _shape_blocks(element: Any, place: str, depth: int = 0) -> Iterator[Block]:
    if _is_title(element):
        words = " ".join(_plain(paragraph) for paragraph in element.iter(f"{_TEXT}p"))
        block = make_block(BlockKind.HEADING, words, 1, place)
    elif element.tag == f"{_TABLE}table":
        rows = [list(_cells(row)) for row in element.iter(f"{_TABLE}table-row")]
        block = make_table(rows, place)
    elif element.tag in (f"{_TEXT}p", f"{_TEXT}h"):
        text = _plain(element)
        kind, marker = (BlockKind.LIST_ITEM, "- ") if depth else (BlockKind.PARAGRAPH, "")
        block = make_block(kind, marker + text, depth, place) if text.strip() else None
    else:
        deeper = depth + (element.tag == f"{_TEXT}list")
        for child in element:
            if isinstance(child.tag, str) and child.tag not in _NOT_SHOWN:
                yield from _shape_blocks(child, place, deeper)
        return
    if block:
        yield block


def _is_title(shape: Any) -> bool:
    return bool(shape.get(f"{_PRESENTATION}class") == "title")


def _paragraphs(element: Any) -> Iterator[Any]:
    for child in element:
        if child.tag == f"{_TEXT}p":
            yield child
        elif isinstance(child.tag, str) and child.tag not in _NOT_SHOWN:
            yield from _paragraphs(child)


def _plain(element: Any) -> str:
    text = element.text or ""
    for child in element:
        if child.tag in _SPACES:
            text += _SPACES[child.tag]
        elif isinstance(child.tag, str) and child.tag not in _NOT_SHOWN:
            text += _plain(child)
        text += child.tail or ""
    return text


def _styles(root: Any, properties: str, attribute: str, values: set[str]) -> set[str]:
    """The names of the styles that say so."""
    return {
        style.get(f"{_STYLE}name", "")
        for style in root.iter(f"{_STYLE}style")
        for found in style.findall(f"{_STYLE}{properties}")
        if found.get(attribute) in values
    }


def _count(element: Any, name: str) -> int:
    value = element.get(f"{_TABLE}{name}", "1")
    count = int(value) if value.isdecimal() and len(value) < 8 else 1
    return min(count, MOST_CELLS + 1)


def _parse(archive: zipfile.ZipFile, name: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(archive.read(name), parser)


def _stated_title(archive: zipfile.ZipFile) -> str | None:
    if "meta.xml" not in archive.namelist():
        return None
    return stated_title(_parse(archive, "meta.xml").findtext(f".//{_TITLE}"))
