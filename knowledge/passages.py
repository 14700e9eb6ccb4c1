"""Cuts a document into passages: what is embedded, found, quoted and cited.

A passage stays within one section, fits the embedder whole with its headings, and cuts a sentence only
where one alone is too long; only then does it repeat a few words of the passage before. All text of the
document is in some passage, in order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from knowledge.loading.blocks import Block, BlockKind
from knowledge.locators import PATH_SEPARATOR, write_locator
from knowledge.passage_sections import split_sections
from knowledge.passage_units import BETWEEN_BLOCKS, BETWEEN_LINES, Unit, cut_block, whole_unit
from knowledge.word_pieces import WordPieces

MAX_PIECES = 256
# Changed together with anything here or in a loader that makes other passages of the same file, so that all
# are made anew.
RECIPE = "passages-3"

_MARKS = 2  # the embedder puts one piece before and one after
_MOST_HEADING_PIECES = 64


@dataclass(frozen=True, slots=True)
class Passage:
    """`embedded_text` is the text under its title and headings, as the search engine sees it."""

    position: int
    heading_path: tuple[str, ...]
    locator: str
    text: str
    embedded_text: str


def make_passages(title: str, blocks: tuple[Block, ...], pieces: WordPieces) -> list[Passage]:
    sections = split_sections(title, blocks)
    prefixes = _fit_prefixes([(title, *section.heading_path) for section in sections], pieces)
    sizes = _count_each(blocks, pieces)
    passages: list[Passage] = []
    for section, (prefix, prefix_size) in zip(sections, prefixes, strict=True):
        budget = MAX_PIECES - _MARKS - prefix_size
        for units in _pack(section.blocks, sizes, budget, pieces):
            passages.append(_passage(len(passages), section.heading_path, prefix, units))
    return passages


def _passage(position: int, heading_path: tuple[str, ...], prefix: str, units: list[Unit]) -> Passage:
    text = units[0].text + "".join(unit.glue + unit.text for unit in units[1:])
    labels = [label for unit in units if unit.labels for label in unit.labels]
    return Passage(
        position=position,
        heading_path=heading_path,
        locator=write_locator(heading_path, [unit.place for unit in units], labels, position),
        text=text,
        embedded_text=f"{prefix}\n{text}",
    )


def _count_each(blocks: Sequence[Block], pieces: WordPieces) -> Mapping[str, int]:
    """The pieces in each text; of one that has more words than fit, no more than that it does not fit."""
    short = [block.text for block in blocks if block.text.count(" ") + block.text.count("\n") < MAX_PIECES]
    sizes = dict.fromkeys((block.text for block in blocks), MAX_PIECES)
    return sizes | dict(zip(short, pieces.count_each(short), strict=True))


def _fit_prefixes(paths: list[tuple[str, ...]], pieces: WordPieces) -> Iterator[tuple[str, int]]:
    """The title and headings above a passage's text, and how many pieces they have."""
    joined = [PATH_SEPARATOR.join(path) for path in paths]
    for path, prefix, size in zip(paths, joined, pieces.count_each(joined), strict=True):
        if size <= _MOST_HEADING_PIECES:
            yield prefix, size
            continue
        # The nearest heading says most about the text.
        shorter = PATH_SEPARATOR.join((path[0], path[-1])) if len(path) > 2 else prefix
        fitting = shorter[: pieces.fit(shorter, _MOST_HEADING_PIECES)].rstrip()
        yield fitting, pieces.count(fitting)


def _pack(
    blocks: tuple[Block, ...], sizes: Mapping[str, int], budget: int, pieces: WordPieces
) -> Iterator[list[Unit]]:
    """Fills passages in order; a block goes whole into the next one if that spares cutting it."""
    passage: list[Unit] = []
    room = budget
    for index, block in enumerate(blocks):
        glue = BETWEEN_LINES if index and _are_items(blocks[index - 1], block) else BETWEEN_BLOCKS
        size = sizes[block.text]
        if size <= budget:
            units = [whole_unit(block, glue, size)]
        else:
            units = cut_block(block, glue, budget, room, pieces)
        for unit in units:
            if passage and unit.size > room:
                yield passage
                passage, room = [], budget
            fitting = unit if passage else unit.begin_passage(pieces)
            passage.append(fitting)
            room -= fitting.size
    if passage:
        yield passage


def _are_items(before: Block, block: Block) -> bool:
    return before.kind is block.kind is BlockKind.LIST_ITEM
