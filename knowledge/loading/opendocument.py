"""OpenDocument spreadsheets and presentations; texts go through pandoc, which does not know these two.

What LibreOffice does not show is hidden text.
"""

from collections.abc import Iterator
from itertools import islice, repeat
from typing import Any

from knowledge.loading.blocks import Block, BlockKind, FileStatus, LoadedFile, make_block, make_table
from knowledge.loading.grid import MOST_CELLS, GridRow
from knowledge.loading.opendocument_content import (
    DRAW,
    NOT_SHOWN,
    OFFICE,
    PRESENTATION,
    TABLE,
    TEXT,
    find_paragraphs,
    open_opendocument,
    parse_part,
    plain_text,
    read_title,
    styles_that_say,
)
from knowledge.loading.sheets import Sheet, load_sheets

_LAST_COLUMN = 16_384


def load_ods(content: bytes) -> LoadedFile:
    with open_opendocument(content) as archive:
        root = parse_part(archive, "content.xml")
        title = read_title(archive)
    hidden_styles = styles_that_say(root, "table-properties", f"{TABLE}display", {"false"})
    return load_sheets((_sheet(table, hidden_styles) for table in root.iter(f"{TABLE}table")), title)


def _sheet(table: Any, hidden_styles: set[str]) -> Sheet:
    hidden_rows: set[int] = set()
    return Sheet(
        name=table.get(f"{TABLE}name", ""),
        rows=_rows(table, hidden_rows),
        is_hidden=table.get(f"{TABLE}style-name") in hidden_styles,
        hidden_rows=hidden_rows,
        hidden_columns=_hidden_columns(table),
    )


def _rows(table: Any, hidden_rows: set[int]) -> Iterator[GridRow]:
    """Rows that say they repeat are repeated where they hold anything."""
    number = 0
    for row in table.iter(f"{TABLE}table-row"):
        cells = list(islice(_cells(row), _LAST_COLUMN))
        count = _count(row, "number-rows-repeated")
        # A sheet is filled up to its last possible row with one blank row.
        for index in range(min(count, MOST_CELLS + 1) if any(cells) else 1):
            if row.get(f"{TABLE}visibility") in {"collapse", "filter"}:
                hidden_rows.add(number + index + 1)
            yield GridRow(number + index + 1, cells)
        number += count


def _cells(row: Any) -> Iterator[str]:
    for cell in row:
        if cell.tag not in (f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
            continue
        text = _cell_text(cell)
        yield from repeat(text, _count(cell, "number-columns-repeated"))


def _cell_text(cell: Any) -> str:
    """As it is shown; where nothing is, the value."""
    shown = "\n".join(plain_text(paragraph) for paragraph in find_paragraphs(cell))
    return shown or str(cell.get(f"{OFFICE}date-value") or cell.get(f"{OFFICE}value") or "")


def _hidden_columns(table: Any) -> set[int]:
    hidden: set[int] = set()
    index = 0
    for column in table.iter(f"{TABLE}table-column"):
        count = min(_count(column, "number-columns-repeated"), _LAST_COLUMN)
        if column.get(f"{TABLE}visibility") in {"collapse", "filter"}:
            hidden.update(range(index, index + count))
        index += count
    return hidden


def load_odp(content: bytes) -> LoadedFile:
    with open_opendocument(content) as archive:
        root = parse_part(archive, "content.xml")
        title = read_title(archive)
    hidden_styles = styles_that_say(root, "drawing-page-properties", f"{PRESENTATION}visibility", {"hidden"})
    blocks: list[Block] = []
    hidden: list[str] = []
    for number, page in enumerate(root.iter(f"{DRAW}page"), start=1):
        found = list(_page_blocks(page, f"slide {number}"))
        if page.get(f"{DRAW}style-name") in hidden_styles:
            hidden.extend(block.text for block in found)
        else:
            blocks.extend(found)
    return LoadedFile(FileStatus.OK, blocks=tuple(blocks), title=title, hidden=tuple(hidden))


def _page_blocks(page: Any, place: str) -> Iterator[Block]:
    shapes = [shape for shape in page if shape.tag != f"{PRESENTATION}notes"]
    # The title leads, wherever it stands among the shapes.
    for shape in sorted(shapes, key=lambda shape: not _is_title(shape)):
        yield from _shape_blocks(shape, place)
    for notes in page.findall(f"{PRESENTATION}notes"):
        text = "\n".join(
            filter(None, (plain_text(paragraph).strip() for paragraph in notes.iter(f"{TEXT}p")))
        )
        if text and (block := make_block(BlockKind.PARAGRAPH, f"Notes: {text}", place=place)):
            yield block


def _shape_blocks(element: Any, place: str, depth: int = 0) -> Iterator[Block]:
    if _is_title(element):
        words = " ".join(plain_text(paragraph) for paragraph in element.iter(f"{TEXT}p"))
        block = make_block(BlockKind.HEADING, words, 1, place)
    elif element.tag == f"{TABLE}table":
        rows = [list(islice(_cells(row), _LAST_COLUMN)) for row in element.iter(f"{TABLE}table-row")]
        block = make_table(rows, place)
    elif element.tag in (f"{TEXT}p", f"{TEXT}h"):
        text = plain_text(element)
        kind, marker = (BlockKind.LIST_ITEM, "- ") if depth else (BlockKind.PARAGRAPH, "")
        block = make_block(kind, marker + text, depth, place) if text.strip() else None
    else:
        deeper = depth + (element.tag == f"{TEXT}list")
        for child in element:
            if isinstance(child.tag, str) and child.tag not in NOT_SHOWN:
                yield from _shape_blocks(child, place, deeper)
        return
    if block:
        yield block


def _is_title(shape: Any) -> bool:
    return bool(shape.get(f"{PRESENTATION}class") == "title")


def _count(element: Any, name: str) -> int:
    value = element.get(f"{TABLE}{name}", "1")
    return int(value) if value.isdecimal() and len(value) < 8 else 1
