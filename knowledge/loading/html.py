"""HTML: the main content only, without what frames a page and what a reader cannot see."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import count

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

from knowledge.loading.blocks import (
    Block,
    BlockKind,
    FileStatus,
    LoadedFile,
    make_block,
    make_preformatted,
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
)
_HEAD_BYTES = 2048
_FRAME = ("nav", "footer", "aside")
# A button that says more is a question whose answer it unfolds, not a command.
_LONGEST_COMMAND = 3
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
# fmt: off
_BLOCK_TAGS = frozenset({
    "address", "article", "blockquote", "body", "button", "center", "dd", "details", "dialog", "div", "dl",
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
    _drop_tags(button for button in soup.find_all("button") if _is_command(button))
    return _BlockReader().read(_main_content(soup))


def _main_content(soup: BeautifulSoup) -> Tag:
    """The largest main, or the only article; another page is taken whole, less its frame."""
    mains = _filled(soup.find_all("main")) or _filled(soup.find_all(True, role="main"))
    # Comments below an article are articles within it; several side by side are each a part of the page.
    articles = [tag for tag in _filled(soup.find_all("article")) if not tag.find_parent("article")]
    if mains or len(articles) == 1:
        root = max(mains or articles, key=lambda tag: len(tag.get_text()))
        _drop(root, _FRAME)
        return root
    whole = soup.body or soup
    # With a menu in it, it is that of the site; without, it is the page's own title and what belongs to it.
    _drop_tags(header for header in whole.find_all("header") if header.find("nav"))
    _drop(whole, _FRAME)
    return whole


def _filled(tags: Iterable[Tag]) -> list[Tag]:
    return [tag for tag in tags if tag.get_text(strip=True)]


def _is_command(button: Tag) -> bool:
    unfolds = button.has_attr("aria-expanded") or button.has_attr("aria-controls")
    is_title = unfolds or button.find_parent([*_HEADINGS, "summary"]) is not None
    return not is_title and len(button.get_text(" ").split()) <= _LONGEST_COMMAND


def _drop(root: Tag, names: tuple[str, ...]) -> None:
    _drop_tags(root.find_all(names))


def _drop_tags(tags: Iterable[Tag]) -> None:
    for tag in list(tags):
        # Its parent may have gone first and taken it along.
        if not tag.decomposed:
            tag.decompose()


class _BlockReader:
    """Walks the tree; text that stands between block tags gathers into one paragraph."""

    def __init__(self) -> None:
        self._blocks: list[Block | None] = []
        self._run: list[str] = []
        self._lists: list[Iterator[str]] = []  # the markers to come of each open list
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
        self._blocks.append(make_preformatted(tag.get_text()))

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
        """What stands in it beside its items is text of the list all the same."""
        self._lists.append(f"{number}. " if tag.name == "ol" else "- " for number in count(1))
        self._walk(tag)
        self._end_run()
        self._marker = ""
        self._lists.pop()

    def _take_item(self, tag: Tag) -> None:
        self._marker = next(self._lists[-1]) if self._lists else ""
        self._walk(tag)
        self._end_run()
        self._marker = ""

    def _end_run(self) -> None:
        text = "".join(self._run)
        self._run.clear()
        if not text.strip():
            return
        if self._lists:
            item = make_block(BlockKind.LIST_ITEM, self._marker + text.strip(), len(self._lists))
            self._blocks.append(item)
            self._marker = ""
        else:
            self._blocks.append(make_block(BlockKind.PARAGRAPH, text))


_SPECIAL: dict[str, Callable[[_BlockReader, Tag], None]] = {
    **dict.fromkeys(_HEADINGS, _BlockReader._take_heading),
    "pre": _BlockReader._take_preformatted,
    "table": _BlockReader._take_table,
    "ul": _BlockReader._take_list,
    "ol": _BlockReader._take_list,
    "li": _BlockReader._take_item,
}


def _text_of(tag: Tag) -> str:
    return one_line(re.sub(r"\s+", " ", tag.get_text(" " if tag.find(_BLOCK_TAGS) else "")))


def _is_text(node: PageElement) -> bool:
    # Comments, doctypes and processing instructions are preformatted strings too.
    return isinstance(node, NavigableString) and not isinstance(node, PreformattedString)
