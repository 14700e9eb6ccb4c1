"""The blocks of a document by section: those between one heading and the next, under the headings they are
in.

A section never reaches over two slides, sheets or attachments, whatever their headings; it may over pages.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.loading.blocks import Block, BlockKind

_PAGE = re.compile(r"(?:^|, )page \d+$")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*$", re.MULTILINE)
_MOST_LETTERHEAD_WORDS = 12


@dataclass(frozen=True, slots=True)
class Section:
    heading_path: tuple[str, ...]
    blocks: tuple[Block, ...]


def split_sections(title: str, blocks: tuple[Block, ...]) -> list[Section]:
    sections = [Section(_path(title, headings), run) for headings, run in _runs(blocks)]
    return _join_letterhead(sections)


def _runs(blocks: tuple[Block, ...]) -> Iterator[tuple[list[Block], tuple[Block, ...]]]:
    open_headings: list[Block] = []
    run: list[Block] = []
    for index, block in enumerate(blocks):
        if run and (block.kind is BlockKind.HEADING or _part(run[-1]) != _part(block)):
            yield open_headings, tuple(run)
            run = []
        open_headings = [heading for heading in open_headings if _is_within(block, heading)]
        if block.kind is not BlockKind.HEADING:
            run.append(block)
            continue
        follower = blocks[index + 1] if index + 1 < len(blocks) else None
        if follower is None or not _is_within(follower, block):
            # Nothing stands under it: its words would be in no passage.
            yield open_headings, (block,)
        open_headings = [*open_headings, block]
    if run:
        yield open_headings, tuple(run)


def _is_within(block: Block, heading: Block) -> bool:
    """Whether the block stands under the heading, given that it comes after it."""
    if block.kind is BlockKind.HEADING and block.level <= heading.level:
        return False
    outer, inner = _part(heading), _part(block)
    return not outer or inner == outer or inner.startswith(f"{outer}, ")


def _part(block: Block) -> str:
    """The slide, sheet or attachment it is on; pages part nothing."""
    return _PAGE.sub("", block.place or "")


def _path(title: str, headings: list[Block]) -> tuple[str, ...]:
    texts = [heading.text for heading in headings]
    return tuple(texts[1:] if texts and texts[0].casefold() == title.casefold() else texts)


def _join_letterhead(sections: list[Section]) -> list[Section]:
    """Owner, date and version above the first heading of a printed page go to the next section.

    They say little by themselves, but as a passage of their own they come up for every question that has the
    title's words.
    """
    if len(sections) < 2 or not _is_letterhead(sections[0]):
        return sections
    first, second, *others = sections
    is_under = second.heading_path[: len(first.heading_path)] == first.heading_path
    if not is_under or _part(first.blocks[-1]) != _part(second.blocks[0]):
        return sections
    return [Section(second.heading_path, (*first.blocks, *second.blocks)), *others]


def _is_letterhead(section: Section) -> bool:
    text = "\n".join(block.text for block in section.blocks)
    is_printed = all(_PAGE.search(block.place or "") for block in section.blocks)
    is_plain = all(block.kind is BlockKind.PARAGRAPH for block in section.blocks)
    is_short = len(text.split()) <= _MOST_LETTERHEAD_WORDS
    return is_printed and is_plain and is_short and not _SENTENCE_END.search(text)
