"""Word files: paragraphs and tables in document order; headings by their style."""

import io
import re
import zipfile

import docx
from docx.oxml.ns import qn
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from knowledge.loading.blocks import Block, BlockKind, FileStatus, Unreadable, make_block, make_table

# A member may unpack to a thousand times its size; the parser would hold all of it in memory.
_MAX_XML_BYTES = 20 * 1024 * 1024
_MAX_UNPACKED_BYTES = 100 * 1024 * 1024
_HEADING_STYLE = re.compile(r"^heading (\d)$", re.IGNORECASE)


def load_docx(content: bytes) -> list[Block]:
    _check_unpacked_size(content)
    document = docx.Document(io.BytesIO(content))
    blocks = [_block(item) for item in document.iter_inner_content()]
    return [block for block in blocks if block]


def _check_unpacked_size(content: bytes) -> None:
    try:
        members = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except zipfile.BadZipFile:
        raise Unreadable(FileStatus.CORRUPT, "its zip container is damaged or incomplete") from None
    if "word/document.xml" not in {member.filename for member in members}:
        raise Unreadable(FileStatus.CORRUPT, "it holds no Word document")
    xml = sum(member.file_size for member in members if member.filename.endswith((".xml", ".rels")))
    if xml > _MAX_XML_BYTES or sum(member.file_size for member in members) > _MAX_UNPACKED_BYTES:
        raise Unreadable(FileStatus.TOO_LARGE, "it unpacks to more than Crewdesk reads")


def _block(item: Paragraph | Table) -> Block | None:
    if isinstance(item, Table):
        return make_table(_rows(item))
    name = _style_name(item)
    if name.lower() == "title":
        return make_block(BlockKind.HEADING, item.text, 1)
    if heading := _HEADING_STYLE.match(name):
        return make_block(BlockKind.HEADING, item.text, int(heading[1]))
    if _is_list_item(item, name) and item.text.strip():
        return make_block(BlockKind.LIST_ITEM, f"- {item.text}", 1)
    return make_block(BlockKind.PARAGRAPH, item.text)


def _style_name(paragraph: Paragraph) -> str:
    """The name of the style or of the first heading style it builds on."""
    style = paragraph.style
    own = (style.name or "") if style else ""
    while style is not None:
        if _HEADING_STYLE.match(style.name or ""):
            return style.name or ""
        style = style.base_style
    return own


def _is_list_item(paragraph: Paragraph, style_name: str) -> bool:
    properties = paragraph._p.pPr
    return style_name.lower().startswith("list") or (properties is not None and properties.numPr is not None)


def _rows(table: Table) -> list[list[str]]:
    rows = []
    for row in table.rows:
        # A merged cell comes once per column it spans.
        cells = dict.fromkeys(cell._tc for cell in row.cells)
        rows.append([_cell_text(_Cell(tc, table)) for tc in cells])
    return rows


def _cell_text(cell: _Cell) -> str:
    """All text in the cell, that of tables within it included."""
    return " ".join("".join(node.text or "" for node in p.iter(qn("w:t"))) for p in cell._tc.iter(qn("w:p")))
