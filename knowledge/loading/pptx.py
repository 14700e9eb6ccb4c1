"""PowerPoint files: slide by slide, its title as heading, then what stands on it from top to bottom.

Shapes are read from the XML, since python-pptx refuses or passes over kinds it does not know. Hidden slides
and shapes, those placed outside of the slide, and white text on white are hidden text.
"""

import io
from collections.abc import Iterator
from typing import Any

from lxml import etree
from pptx import Presentation
from pptx.oxml.ns import qn
from pptx.slide import Slide

from knowledge.loading.blocks import (
    Block,
    BlockKind,
    FileStatus,
    LoadedFile,
    Unreadable,
    make_block,
    make_table,
)
from knowledge.loading.containers import list_members
from knowledge.loading.file_title import stated_title
from knowledge.loading.office_charts import parse_chart
from knowledge.loading.pptx_shapes import Shape, place_shapes
from knowledge.loading.pptx_text import read_paragraphs, shape_text
from knowledge.loading.pptx_white import take_white_text

_CHART_URI = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_DIAGRAM_URI = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
_DIAGRAM_DATA = f"{{{_DIAGRAM_URI}}}relIds"
_DIAGRAM_POINT = f"{{{_DIAGRAM_URI}}}pt"


def load_pptx(content: bytes) -> LoadedFile:
    names = list_members(content)
    if "[Content_Types].xml" not in names or not any(name.startswith("ppt/") for name in names):
        raise Unreadable(FileStatus.CORRUPT, "it holds no PowerPoint presentation")
    deck = Presentation(io.BytesIO(content))
    blocks: list[Block] = []
    hidden: list[str] = []
    width, height = deck.slide_width or 0, deck.slide_height or 0
    for number, slide in enumerate(deck.slides, start=1):
        take_white_text(slide)
        reader = _SlideReader(slide, f"slide {number}", width, height)
        found = list(reader.read())
        if slide._element.get("show") in {"0", "false"}:
            hidden.extend(block.text for block in found)
        else:
            blocks.extend(found)
        hidden.extend(reader.hidden)
    title = stated_title(deck.core_properties.title)
    return LoadedFile(FileStatus.OK, blocks=tuple(blocks), title=title, hidden=tuple(hidden))


class _SlideReader:
    def __init__(self, slide: Slide, place: str, width: int, height: int) -> None:
        self.slide, self.place, self.width, self.height = slide, place, width, height
        self.hidden: list[str] = []

    def read(self) -> Iterator[Block]:
        for shape in place_shapes(self.slide, self.width, self.height):
            if shape.is_hidden:
                if words := " ".join(block.text for block in self._read_shape(shape)):
                    self.hidden.append(words)
            else:
                yield from self._read_shape(shape)
        if self.slide.has_notes_slide and (frame := self.slide.notes_slide.notes_text_frame):
            notes = frame.text.replace("\v", "\n").strip()
            if notes and (block := make_block(BlockKind.PARAGRAPH, f"Notes: {notes}", place=self.place)):
                yield block

    def _read_shape(self, shape: Shape) -> Iterator[Block]:
        if shape.is_title:
            if heading := make_block(BlockKind.HEADING, shape_text(shape.element), 1, self.place):
                yield heading
            return
        if shape.element.tag == qn("p:graphicFrame"):
            yield from self._read_frame(shape.element)
            return
        yield from read_paragraphs(shape.element, self.place, is_body=shape.is_body)

    def _read_frame(self, frame: Any) -> Iterator[Block]:
        for table in frame.iter(qn("a:tbl")):
            rows = [[shape_text(cell) for cell in _cells(row)] for row in table.iter(qn("a:tr"))]
            if block := make_table(rows, self.place):
                yield block
        for chart in frame.iter(f"{{{_CHART_URI}}}chart"):
            yield from parse_chart(self._part(chart.get(qn("r:id"))), self.place)
        for diagram in frame.iter(_DIAGRAM_DATA):
            yield from self._read_diagram(self._part(diagram.get(qn("r:dm"))))

    def _read_diagram(self, xml: bytes) -> Iterator[Block]:
        root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
        for point in root.iter(_DIAGRAM_POINT):
            text = shape_text(point)
            if text.strip() and (block := make_block(BlockKind.LIST_ITEM, f"- {text}", 1, self.place)):
                yield block

    def _part(self, relationship: str) -> bytes:
        return self.slide.part.related_part(relationship).blob


def _cells(row: Any) -> Iterator[Any]:
    """Not those that a cell to the left spans."""
    return (cell for cell in row.iter(qn("a:tc")) if cell.get("hMerge") not in {"1", "true"})
