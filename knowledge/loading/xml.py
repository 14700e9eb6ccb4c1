"""XML: its text in document order, titles as headings, other short texts as `name: value` lines.

Nothing outside the file is ever read: entities stay unresolved, and neither a DTD nor the network is touched.
"""

import re

from lxml import etree

from knowledge.loading.blocks import Block, BlockKind, FileStatus, Unreadable, make_block
from knowledge.loading.hidden import note_hidden
from knowledge.loading.html import parse_html

# A feed carries its articles as HTML within a text.
_HTML_WITHIN = re.compile(
    r"<(?:p|div|br|ul|ol|li|h[1-6]|table|span|a|img|strong|em|b|i)\b[^>]*>", re.IGNORECASE
)
_TITLES = frozenset({"title", "heading"})
_PROSE = frozenset({"p", "para", "paragraph", "simpara", "text", "line"})
_DEEPEST_HEADING = 6


def load_xml(content: bytes) -> list[Block]:
    # `huge_tree` stays off: libxml2 then refuses what is nested or multiplied beyond reason.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        raise Unreadable(FileStatus.CORRUPT, f"it is not well-formed XML ({error.msg})") from error
    for comment in root.xpath("//comment()"):
        note_hidden(comment.text or "")
    return _BlockReader().read(root)


class _BlockReader:
    """Walks the tree; neighbouring short texts gather into one paragraph, a line each."""

    def __init__(self) -> None:
        self._blocks: list[Block | None] = []
        self._lines: list[str] = []

    def read(self, root: etree._Element) -> list[Block]:
        self._take(root, 0)
        self._end_lines()
        return [block for block in self._blocks if block]

    def _take(self, element: etree._Element, level: int) -> None:
        """`level` counts the titles that stand above."""
        children = list(element.iterchildren(etree.Element))
        if not children:
            self._take_leaf(element, level)
        elif _has_words_between(element, children):
            self._add(BlockKind.PARAGRAPH, "".join(element.itertext("*")))
        else:
            self._end_lines()
            self._take_attributes(element)
            inner = level + any(_name(child) in _TITLES for child in children)
            for child in children:
                self._take(child, inner)
            self._end_lines()

    def _take_leaf(self, element: etree._Element, level: int) -> None:
        name, text = _name(element), element.text or ""
        self._take_attributes(element)
        if name in _TITLES:
            self._add(BlockKind.HEADING, text, min(max(level, 1), _DEEPEST_HEADING))
        elif _HTML_WITHIN.search(text):
            self._end_lines()
            self._blocks.extend(parse_html(text))
        elif name in _PROSE:
            self._add(BlockKind.PARAGRAPH, text)
        elif text.strip():
            self._lines.append(f"{name}: {' '.join(text.split())}")

    def _take_attributes(self, element: etree._Element) -> None:
        name = _name(element)
        # Those in a namespace are of the format, not of the content.
        self._lines.extend(
            f"{name} {key}: {value}" for key, value in element.attrib.items() if not str(key).startswith("{")
        )

    def _add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        self._end_lines()
        self._blocks.append(make_block(kind, text, level))

    def _end_lines(self) -> None:
        self._blocks.append(make_block(BlockKind.PARAGRAPH, "\n".join(self._lines)))
        self._lines.clear()


def _has_words_between(element: etree._Element, children: list[etree._Element]) -> bool:
    return any((text or "").strip() for text in (element.text, *(child.tail for child in children)))


def _name(element: etree._Element) -> str:
    return str(etree.QName(element).localname)
