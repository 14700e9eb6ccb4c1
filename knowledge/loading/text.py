"""Plain text: paragraphs are parted by blank lines; a heading is underlined or in capitals."""

import re

from knowledge.loading.blocks import Block, BlockKind, make_block
from knowledge.loading.encoding import decode_text
from knowledge.loading.wrapped_lines import join_wrapped_lines

_LONGEST_HEADING = 80
_UNDERLINE = re.compile(r"^\s*(=|-|~)\1{2,}\s*$")
_ITEM = re.compile(r"^\s*(?:[-*•]|\d{1,3}[.)])\s+\S")


def load_text(content: bytes) -> list[Block]:
    return parse_text(decode_text(content))


def parse_text(text: str, place: str | None = None) -> list[Block]:
    lines = [line.expandtabs(4).rstrip() for line in text.split("\n")]
    width = max((len(line) for line in lines), default=0)
    blocks: list[Block | None] = []
    paragraph: list[str] = []

    def end_paragraph() -> None:
        if paragraph:
            blocks.extend(_paragraph_blocks(paragraph, width, place, is_first=not blocks))
            paragraph.clear()

    for line in lines:
        underline = _UNDERLINE.match(line)
        if underline and paragraph and len(paragraph[-1].strip()) <= _LONGEST_HEADING:
            heading = paragraph.pop()
            end_paragraph()
            level = 1 if underline[1] == "=" else 2
            blocks.append(make_block(BlockKind.HEADING, heading, level, place))
        elif not line.strip():
            end_paragraph()
        elif not underline:
            paragraph.append(line)
    end_paragraph()
    return [block for block in blocks if block]


def _paragraph_blocks(
    lines: list[str], width: int, place: str | None, *, is_first: bool
) -> list[Block | None]:
    if len(lines) == 1 and _is_capitals(lines[0]):
        return [make_block(BlockKind.HEADING, lines[0], 1 if is_first else 2, place)]
    groups: list[list[str]] = []
    for line in lines:
        if not groups or _ITEM.match(line):
            groups.append([])
        groups[-1].append(line)
    return [_text_block(group, width, place) for group in groups]


def _text_block(lines: list[str], width: int, place: str | None) -> Block | None:
    text = join_wrapped_lines(lines, width)
    if _ITEM.match(lines[0]):
        return make_block(BlockKind.LIST_ITEM, text, 1, place)
    return make_block(BlockKind.PARAGRAPH, text, place=place)


def _is_capitals(line: str) -> bool:
    words = line.strip()
    return (
        words.isupper() and 4 <= len(words) <= _LONGEST_HEADING and not words.endswith((".", ",", ";", "!"))
    )
