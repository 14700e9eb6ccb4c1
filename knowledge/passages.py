"""Cuts a document into passages: what is embedded, found, quoted and cited.

A passage stays within one section, fits the embedder whole with its headings, and cuts a sentence only
where one alone is too long. All text of the document is in some passage, in order.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.loading.blocks import Block, BlockKind
from knowledge.sentences import split_sentences
from knowledge.word_pieces import WordPieces

MAX_PIECES = 256
# Changed together with anything here that makes other passages of the same file, so that all are made anew.
RECIPE = "passages-1"

_MARKS = 2  # the embedder puts one piece before and one after
_MOST_HEADING_PIECES = 64
_BETWEEN_BLOCKS = "\n\n"
_BETWEEN_ITEMS = "\n"
_PATH_SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Passage:
    """`embedded_text` is the text under its title and headings, as the search engine sees it."""

    position: int
    heading_path: tuple[str, ...]
    locator: str
    text: str
    embedded_text: str


@dataclass(frozen=True, slots=True)
class _Section:
    heading_path: tuple[str, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is not cut any more, and what stands between it and the unit before it in the same passage."""

    text: str
    glue: str
    place: str | None


def make_passages(title: str, blocks: tuple[Block, ...], pieces: WordPieces) -> list[Passage]:
    passages: list[Passage] = []
    for section in _sections(title, blocks):
        prefix = _fit_prefix((title, *section.heading_path), pieces)
        budget = MAX_PIECES - _MARKS - pieces.count(prefix)
        for units in _pack(section.blocks, budget, pieces):
            text = units[0].text + "".join(unit.glue + unit.text for unit in units[1:])
            passages.append(
                Passage(
                    position=len(passages),
                    heading_path=section.heading_path,
                    locator=_locator(section.heading_path, units[0].place, len(passages)),
                    text=text,
                    embedded_text=f"{prefix}\n{text}",
                )
            )
    return passages


def _sections(title: str, blocks: tuple[Block, ...]) -> Iterator[_Section]:
    """The blocks between one heading and the next, under the headings they are in."""
    open_headings: list[Block] = []
    run: list[Block] = []
    for index, block in enumerate(blocks):
        if block.kind is not BlockKind.HEADING:
            run.append(block)
            continue
        if run:
            yield _Section(_path(title, open_headings), tuple(run))
            run = []
        while open_headings and open_headings[-1].level >= block.level:
            open_headings.pop()
        open_headings.append(block)
        follower = blocks[index + 1] if index + 1 < len(blocks) else None
        if follower is None or (follower.kind is BlockKind.HEADING and follower.level <= block.level):
            # Nothing stands under it: its words would be in no passage.
            yield _Section(_path(title, open_headings[:-1]), (block,))
    if run:
        yield _Section(_path(title, open_headings), tuple(run))


def _path(title: str, headings: list[Block]) -> tuple[str, ...]:
    texts = [heading.text for heading in headings]
    return tuple(texts[1:] if texts and texts[0].casefold() == title.casefold() else texts)


def _fit_prefix(path: tuple[str, ...], pieces: WordPieces) -> str:
    prefix = _PATH_SEPARATOR.join(path)
    if pieces.count(prefix) <= _MOST_HEADING_PIECES:
        return prefix
    # The nearest heading says most about the text.
    shorter = _PATH_SEPARATOR.join((path[0], path[-1])) if len(path) > 2 else prefix
    return shorter[: pieces.fit(shorter, _MOST_HEADING_PIECES)].rstrip()


def _pack(blocks: tuple[Block, ...], budget: int, pieces: WordPieces) -> Iterator[list[_Unit]]:
    """Fills passages in order; a block goes whole into the next one if that spares cutting it."""
    passage: list[_Unit] = []
    room = budget
    for index, block in enumerate(blocks):
        glue = _BETWEEN_ITEMS if index and _are_items(blocks[index - 1], block) else _BETWEEN_BLOCKS
        whole = pieces.count(block.text)
        units = (
            [_Unit(block.text, glue, block.place)] if whole <= budget else _cut(block, glue, budget, pieces)
        )
        for unit in units:
            size = pieces.count(unit.text)
            if passage and size > room:
                yield passage
                passage, room = [], budget
            passage.append(unit)
            room -= size
    if passage:
        yield passage


def _are_items(before: Block, block: Block) -> bool:
    return before.kind is block.kind is BlockKind.LIST_ITEM


def _cut(block: Block, glue: str, budget: int, pieces: WordPieces) -> list[_Unit]:
    if block.kind is BlockKind.TABLE:
        texts, inner = _cut_table(block.text, budget, pieces), _BETWEEN_BLOCKS
    else:
        sentences = split_sentences(block.text)
        texts, inner = [part for text in sentences for part in _cut_long(text, budget, pieces)], " "
    return [_Unit(text, inner if index else glue, block.place) for index, text in enumerate(texts)]


def _cut_table(text: str, budget: int, pieces: WordPieces) -> list[str]:
    """Groups of rows that fit, each under the table's header."""
    header, *rows = text.split("\n")
    head = pieces.count(header)
    if head > budget // 2 or not rows:
        return [part for line in (header, *rows) for part in _cut_long(line, budget, pieces)]
    tables: list[list[str]] = []
    room = 0
    for row in (part for line in rows for part in _cut_long(line, budget - head, pieces)):
        size = pieces.count(row)
        if size > room:
            tables.append([header])
            room = budget - head
        tables[-1].append(row)
        room -= size
    return ["\n".join(lines) for lines in tables]


def _cut_long(text: str, limit: int, pieces: WordPieces) -> list[str]:
    """At white space where there is any, so that words stay whole."""
    parts = []
    while (end := pieces.fit(text, limit)) < len(text):
        at_space = text.rfind(" ", end // 2, end)
        end = at_space if at_space > 0 else max(end, 1)
        parts.append(text[:end].strip())
        text = text[end:].strip()
    return [part for part in [*parts, text] if part]


def _locator(heading_path: tuple[str, ...], place: str | None, position: int) -> str:
    section = f"section {_PATH_SEPARATOR.join(heading_path)}" if heading_path else ""
    if place is not None:
        return f"{place}, {section}" if section else place
    return section or (f"part {position + 1}" if position else "opening")
