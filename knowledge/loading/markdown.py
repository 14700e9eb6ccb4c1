"""Markdown, by the tokens of a CommonMark parser with tables; front matter is taken off before (see
metadata)."""

from markdown_it import MarkdownIt
from markdown_it.token import Token

from knowledge.loading.blocks import Block, BlockKind, make_block, make_preformatted, make_table
from knowledge.loading.encoding import decode_text
from knowledge.loading.html import parse_html


def load_markdown(content: bytes) -> list[Block]:
    return parse_markdown(decode_text(content))


def parse_markdown(text: str) -> list[Block]:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return _BlockReader().read(parser.parse(text))


class _BlockReader:
    """Walks the flat token list, knowing which lists and which table it is in."""

    def __init__(self) -> None:
        self._blocks: list[Block | None] = []
        self._lists: list[int | None] = []  # the next number of each open list; None for bullets
        self._marker = ""
        self._heading_level = 0
        self._rows: list[list[str]] | None = None

    def read(self, tokens: list[Token]) -> list[Block]:
        for token in tokens:
            self._take(token)
        return [block for block in self._blocks if block]

    def _take(self, token: Token) -> None:
        match token.type:
            case "heading_open":
                self._heading_level = int(token.tag[1])
            case "heading_close":
                self._heading_level = 0
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                self._lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._marker = self._next_marker()
            case "table_open":
                self._rows = []
            case "table_close":
                self._blocks.append(make_table(self._rows or []))
                self._rows = None
            case "tr_open" if self._rows is not None:
                self._rows.append([])
            case "inline":
                self._take_text(_plain(token))
            case "fence" | "code_block":
                self._take_code(token.content)
            case "html_block":
                self._blocks.extend(parse_html(token.content))

    def _next_marker(self) -> str:
        number = self._lists[-1]
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _take_text(self, text: str) -> None:
        if self._rows is not None:
            self._rows[-1].append(text)
        elif self._heading_level:
            self._blocks.append(make_block(BlockKind.HEADING, text, self._heading_level))
        elif self._lists and text.strip():
            self._blocks.append(make_block(BlockKind.LIST_ITEM, self._marker + text, len(self._lists)))
            self._marker = ""
        else:
            self._blocks.append(make_block(BlockKind.PARAGRAPH, text))

    def _take_code(self, text: str) -> None:
        if self._lists:
            self._take_text(text)
        else:
            self._blocks.append(make_preformatted(text))


def _plain(inline: Token) -> str:
    parts: list[str] = []
    for token in inline.children or []:
        match token.type:
            case "softbreak":
                parts.append(" ")
            case "hardbreak":
                parts.append("\n")
            case "image":
                parts.append(_plain(token))
            case "text" | "code_inline":
                parts.append(token.content)
    return "".join(parts)
