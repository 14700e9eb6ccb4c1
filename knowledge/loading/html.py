"""HTML: the main content only, without what frames a page and what a reader cannot see."""

import re
from collections.abc import Callable

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

from knowledge.loading.blocks import (
    Block,
    BlockKind,
    FileStatus,
    LoadedFile,
    make_block,
    make_table,
    one_line,
)
from knowledge.loading.encoding import decode_text
from knowledge.loading.hidden_markup import take_hidden

_NEVER_SHOWN = (
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "iframe",
    "object",
    "head",
    "select",
    "button",
)
_HEAD_BYTES = 2048
_FRAME = ("nav", "header", "footer", "aside")
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
# fmt: off
_BLOCK_TAGS = frozenset({
    "address", "article", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "html",
    "legend", "main", "ol", "p", "pre", "section", "summary", "table", "td", "th",
    "tr", "ul", "li",
})
# fmt: on


def load_html(content: bytes) -> LoadedFile:
    says_encoding = (
        b"charset" in content[:_HEAD_BYTES].lower() or b"encoding" in content[:_HEAD_BYTES].lower()
    )
    soup = BeautifulSoup(content if says_encoding else decode_text(content), "lxml")
    title = one_line(soup.title.get_text()) if soup.title else ""
    return LoadedFile(FileStatus.OK, blocks=tuple(_read(soup)), title=title or None)


def parse_html(markup: bytes | str) -> list[Block]:
    """What a reader would not see is noted as hidden text."""
    return _read(BeautifulSoup(markup, "lxml"))


def _read(soup: BeautifulSoup) -> list[Block]:
    take_hidden(soup)
    _drop(soup, _NEVER_SHOWN)
    return _BlockReader().read(_main_content(soup))


def _main_content(soup: BeautifulSoup) -> Tag:
    """The largest main or article; a page without either is taken whole, less its frame."""
    candidates = soup.find_all("main") or soup.find_all(True, role="main") or soup.find_all("article")
    filled = [tag for tag in candidates if tag.get_text(strip=True)]
    if filled:
        root = max(filled, key=lambda tag: len(tag.get_text()))
        _drop(root, ("nav", "aside", "footer"))
        return root
    whole = soup.body or soup
    _drop(whole, _FRAME)
    return whole


def _drop(root: Tag, names: tuple[str, ...]) -> None:
    for tag in root.find_all(names):
        # Its parent may have gone first and taken it along.
        if not tag.decomposed:
            tag.decompose()


class _BlockReader:
    """Walks the tree; text that stands between block tags gathers into one paragraph."""

    def __init__(self) -> None:
        self._blocks: list[Block | None] = []
        self._run: list[str] = []
        self._list_depth = 0
        self._marker = ""

    def read(self, root: Tag) -> list[Block]:
        self._walk(root)
        self._end_run()
        return [block for block in self._blocks if block]

    def _walk(self, node: Tag) -> None:
        for child in node.children:
            if isinstance(child, Tag):
                self._take(child)
            elif _is_text(child):
                self._run.append(re.sub(r"\s+", " ", str(child)))

    def _take(self, tag: Tag) -> None:
        if tag.name == "br":
            self._run.append("\n")
            return
        if tag.name not in _BLOCK_TAGS and tag.name not in _HEADINGS:
            self._walk(tag)
            return
        self._end_run()
        _SPECIAL.get(tag.name, _BlockReader._take_container)(self, tag)
        self._end_run()

    def _take_container(self, tag: Tag) -> None:
        self._walk(tag)

    def _take_heading(self, tag: Tag) -> None:
        self._blocks.append(make_block(BlockKind.HEADING, _text_of(tag), _HEADINGS[tag.name]))

    def _take_preformatted(self, tag: Tag) -> None:
        self._blocks.append(make_block(BlockKind.PARAGRAPH, tag.get_text()))

    def _take_table(self, tag: Tag) -> None:
        rows = [row for row in tag.find_all("tr") if row.find_parent("table") is tag]
        cells = [[_text_of(cell) for cell in row.find_all(["td", "th"], recursive=False)] for row in rows]
        if max((len(row) for row in cells), default=0) <= 1:
            # One column is layout, not data; its cells may hold headings and lists.
            self._walk(tag)
            return
        if caption := tag.find("caption", recursive=False):
            self._blocks.append(make_block(BlockKind.PARAGRAPH, _text_of(caption)))
        self._blocks.append(make_table(cells))

    def _take_list(self, tag: Tag) -> None:
        self._list_depth += 1
        for number, item in enumerate(tag.find_all("li", recursive=False), start=1):
            self._marker = f"{number}. " if tag.name == "ol" else "- "
            self._walk(item)
            self._end_run()
        self._marker = ""
        self._list_depth -= 1

    def _end_run(self) -> None:
        text = "".join(self._run)
        self._run.clear()
        if not text.strip():
            return
        if self._list_depth:
            self._blocks.append(
                make_block(BlockKind.LIST_ITEM, self._marker + text.strip(), self._list_depth)
            )
            self._marker = ""
        else:
            self._blocks.append(make_block(BlockKind.PARAGRAPH, text))


_SPECIAL: dict[str, Callable[[_BlockReader, Tag], None]] = {
    **dict.fromkeys(_HEADINGS, _BlockReader._take_heading),
    "pre": _BlockReader._take_preformatted,
    "table": _BlockReader._take_table,
    "ul": _BlockReader._take_list,
    "ol": _BlockReader._take_list,
}


def _text_of(tag: Tag) -> str:
    return one_line(re.sub(r"\s+", " ", tag.get_text(" " if tag.find(_BLOCK_TAGS) else "")))


def _is_text(node: PageElement) -> bool:
    # Comments, doctypes and processing instructions are preformatted strings too.
    return isinstance(node, NavigableString) and not isinstance(node, PreformattedString)
