"""Word files: paragraphs and tables in document order; headings by their style.

Text boxes and footnotes stand after the paragraph that holds them; what Word does not show is hidden text.
Headers, footers, comments, deleted text and the table of contents are left out.
"""

import io
import re
from collections.abc import Iterator
from typing import Any

import docx
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.table import Table, _Row

from knowledge.loading.blocks import (
    Block,
    BlockKind,
    FileStatus,
    LoadedFile,
    Unreadable,
    make_block,
    make_table,
    one_line,
)
from knowledge.loading.containers import list_members
from knowledge.loading.docx_lists import ListMarkers
from knowledge.loading.docx_styles import Styles
from knowledge.loading.docx_text import ParagraphText, read_paragraph
from knowledge.loading.file_title import stated_title

_HEADING_STYLE = re.compile(r"^heading (\d)$", re.IGNORECASE)
_CONTENTS_STYLE = re.compile(r"^toc \d$", re.IGNORECASE)
_PARAGRAPH, _TABLE = qn("w:p"), qn("w:tbl")
_DELETED = (qn("w:del"), qn("w:moveFrom"))
_RULES = (qn("w:sdtPr"), qn("w:sdtEndPr"), qn("w:sectPr"), qn("w:tblPr"), qn("w:tcPr"), qn("w:trPr"))


def load_docx(content: bytes) -> LoadedFile:
    names = list_members(content)
    if "[Content_Types].xml" not in names or not any(name.startswith("word/") for name in names):
        raise Unreadable(FileStatus.CORRUPT, "it holds no Word document")
    document = docx.Document(io.BytesIO(content))
    reader = _Reader(document)
    blocks = tuple(reader.read(document.element.body))
    title = stated_title(document.core_properties.title)
    return LoadedFile(FileStatus.OK, blocks=blocks, title=title, hidden=tuple(reader.hidden))


class _Reader:
    def __init__(self, document: Document) -> None:
        self.hidden: list[str] = []
        self._document = document
        self._styles = Styles(document)
        self._lists = ListMarkers(_related(document, RELATIONSHIP_TYPE.NUMBERING))
        notes = (
            _related(document, RELATIONSHIP_TYPE.FOOTNOTES),
            _related(document, RELATIONSHIP_TYPE.ENDNOTES),
        )
        self._notes = {
            (note.tag, note.get(qn("w:id"))): note for root in notes if root is not None for note in root
        }

    def read(self, container: Any) -> Iterator[Block]:
        for item in _items(container):
            if item.tag == _TABLE:
                yield from self._read_table(item)
            else:
                yield from self._read_paragraph(item)

    def _read_paragraph(self, paragraph: Any) -> Iterator[Block]:
        text = self._text(paragraph)
        style = self._styles.name(paragraph)
        if not _CONTENTS_STYLE.match(style) and (block := self._block(paragraph, style, text.visible)):
            yield block
        yield from self._read_beside(text)

    def _block(self, paragraph: Any, style: str, text: str) -> Block | None:
        if not text.strip():
            return None
        if style.lower() == "title":
            return make_block(BlockKind.HEADING, text, 1)
        marker = self._marker(paragraph, style)
        if heading := _HEADING_STYLE.match(style):
            number = f"{marker} " if marker.strip("-") else ""
            return make_block(BlockKind.HEADING, number + text, int(heading[1]))
        if marker:
            depth = self._styles.list_of(paragraph)[1]
            return make_block(BlockKind.LIST_ITEM, f"{marker} {text}", depth + 1)
        return make_block(BlockKind.PARAGRAPH, text)

    def _marker(self, paragraph: Any, style: str) -> str:
        list_id, depth = self._styles.list_of(paragraph)
        if list_id is not None:
            return self._lists.next_marker(list_id, depth)
        return "-" if style.lower().startswith("list") else ""

    def _read_beside(self, text: ParagraphText) -> Iterator[Block]:
        """What stands beside a paragraph: text boxes, then footnotes."""
        for box in text.boxes:
            yield from self.read(box)
        for reference in text.notes:
            note = self._notes.get(reference)
            if note is None:
                continue
            words = " ".join(self._text(paragraph).visible for paragraph in note.iter(_PARAGRAPH))
            if words.strip() and (block := make_block(BlockKind.PARAGRAPH, f"Footnote: {words.strip()}")):
                yield block

    def _read_table(self, element: Any) -> Iterator[Block]:
        rows: list[list[str]] = []
        beside: list[ParagraphText] = []
        _unwrap_controls(element)
        cells = [_cells(row) for row in Table(element, self._document).rows]
        if max((len(row) for row in cells), default=0) <= 1:
            # One column is layout, not data; its cells may hold headings and lists.
            for cell in dict.fromkeys(cell for row in cells for cell in row):
                yield from self.read(cell)
            return
        for row in cells:
            rows.append([self._cell_text(cell, beside) for cell in row])
        if table := make_table(rows):
            yield table
        for text in beside:
            yield from self._read_beside(text)

    def _cell_text(self, cell: Any, beside: list[ParagraphText]) -> str:
        """All text in the cell, that of tables within it included."""
        parts = []
        for paragraph in _paragraphs(cell):
            text = self._text(paragraph)
            beside.append(text)
            marker = self._marker(paragraph, self._styles.name(paragraph)) if text.visible.strip() else ""
            parts.append(f"{marker} {text.visible}".strip())
        return " ".join(part for part in parts if part)

    def _text(self, paragraph: Any) -> ParagraphText:
        text = read_paragraph(paragraph, self._styles)
        if hidden := one_line(text.hidden):
            self.hidden.append(hidden)
        return text


def _unwrap_controls(table: Any) -> None:
    """Takes rows and cells out of the content controls around them, which python-docx does not look into."""
    for control in list(table.iter(qn("w:sdt"))):
        inner = control.find(qn("w:sdtContent"))
        if inner is not None and control.getparent().tag in (_TABLE, qn("w:tr")):
            for child in list(inner):
                control.addprevious(child)


def _cells(row: _Row) -> dict[Any, None]:
    """A merged cell, which comes once per column and row it spans, stands once in each row."""
    try:
        return dict.fromkeys(cell._tc for cell in row.cells)
    except (ValueError, IndexError):
        # It is merged with a cell that is not there.
        return dict.fromkeys(row._tr.tc_lst)


def _items(container: Any) -> Iterator[Any]:
    """Paragraphs and tables, those in content controls and tracked insertions too."""
    for child in container:
        if child.tag in (_PARAGRAPH, _TABLE):
            yield child
        elif isinstance(child.tag, str) and child.tag not in _DELETED and child.tag not in _RULES:
            yield from _items(child)


def _paragraphs(cell: Any) -> Iterator[Any]:
    for item in _items(cell):
        if item.tag == _PARAGRAPH:
            yield item
        else:
            for inner in item.iter(qn("w:tc")):
                yield from (child for child in inner if child.tag == _PARAGRAPH)


def _related(document: Document, kind: str) -> Any | None:
    try:
        return parse_xml(document.part.part_related_by(kind).blob)
    except KeyError:
        return None
