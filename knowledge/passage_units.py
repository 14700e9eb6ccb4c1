"""Cuts blocks into units that fit a passage: sentences, rows of a table, and what is left of a sentence that
alone is too long."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from knowledge.loading.blocks import Block, BlockKind
from knowledge.sentences import split_sentences
from knowledge.word_pieces import WordPieces

BETWEEN_BLOCKS = "\n\n"
BETWEEN_LINES = "\n"
# How much of a cut sentence the next passage repeats, so that neither half stands quite alone.
_MOST_REPEATED_WORDS = 20
_MOST_REPEATED_PIECES = 40
# A piece covers 4-5 characters of prose; looking further only costs time.
_CHARS_PER_PIECE = 8


@dataclass(frozen=True, slots=True)
class Unit:
    """What is not cut any more. `glue` stands between it and the unit before it in the same passage.

    `size` counts its word pieces. `labels` are those of its first and last row in a sheet. `repeated` is the
    end of the sentence it goes on with, for when it comes to begin a passage.
    """

    text: str
    glue: str
    size: int
    place: str | None
    labels: tuple[str, str] | None = None
    repeated: str = ""

    def begin_passage(self, pieces: WordPieces) -> "Unit":
        if not self.repeated:
            return self
        size = self.size + pieces.count(self.repeated)
        return replace(self, text=f"{self.repeated} {self.text}", size=size, repeated="")


def whole_unit(block: Block, glue: str, size: int) -> Unit:
    labels = (block.rows[0], block.rows[-1]) if block.rows else None
    return Unit(block.text, glue, size, block.place, labels)


def cut_block(block: Block, glue: str, budget: int, room: int, pieces: WordPieces) -> list[Unit]:
    """The units of a block that does not fit `budget` word pieces; `room` is left in the passage before."""
    if block.kind is BlockKind.TABLE:
        # What introduces a table stays with its beginning, unless little of it would fit there.
        units = _cut_table(block, budget, room if room > budget // 2 else budget, pieces)
    else:
        units = _cut_text(block, budget, pieces)
    first, *others = units
    return [replace(first, glue=glue), *others]


def _cut_text(block: Block, budget: int, pieces: WordPieces) -> Iterator[Unit]:
    for index, line in enumerate(block.text.split("\n")):
        sentences = split_sentences(line)
        labels = _labels(block, index, index)
        glue = BETWEEN_LINES
        for sentence, size in zip(sentences, pieces.count_each(sentences), strict=True):
            if size <= budget:
                yield Unit(sentence, glue, size, block.place, labels)
            else:
                yield from _sentence_units(Unit(sentence, glue, size, block.place, labels), budget, pieces)
            glue = " "


def _sentence_units(sentence: Unit, budget: int, pieces: WordPieces) -> Iterator[Unit]:
    parts = cut_long(sentence.text, budget - _MOST_REPEATED_PIECES, pieces)
    sizes = pieces.count_each(parts)
    yield replace(sentence, text=parts[0], size=sizes[0])
    for before, part, size in zip(parts, parts[1:], sizes[1:], strict=False):
        yield replace(sentence, text=part, glue=" ", size=size, repeated=_end_of(before, pieces))


def _cut_table(block: Block, budget: int, first_budget: int, pieces: WordPieces) -> Iterator[Unit]:
    """Groups of rows that fit, each under the table's header; one too long for that is a row as any other."""
    lines = block.text.split("\n")
    sizes = pieces.count_each(lines)
    head = sizes[0] if sizes[0] <= budget // 2 and len(lines) > 1 else 0
    header = [lines[0]] if head else []
    group, first, used, limit = list(header), 0, head, first_budget
    for index in range(len(header), len(lines)):
        for part, size in _row_parts(lines[index], sizes[index], budget - head, pieces):
            if used + size > limit and len(group) > len(header):
                yield _group_unit(block, group, used, first, index - 1)
                group, first, used, limit = list(header), index, head, budget
            group.append(part)
            used += size
    yield _group_unit(block, group, used, first, len(lines) - 1)


def _row_parts(line: str, size: int, limit: int, pieces: WordPieces) -> list[tuple[str, int]]:
    if size <= limit:
        return [(line, size)]
    parts = cut_long(line, limit, pieces)
    return list(zip(parts, pieces.count_each(parts), strict=True))


def _group_unit(block: Block, group: list[str], size: int, first: int, last: int) -> Unit:
    return Unit("\n".join(group), BETWEEN_BLOCKS, size, block.place, _labels(block, first, max(first, last)))


def _labels(block: Block, first: int, last: int) -> tuple[str, str] | None:
    return (block.rows[first], block.rows[last]) if block.rows else None


def cut_long(text: str, limit: int, pieces: WordPieces) -> list[str]:
    """At white space where there is any, so that words stay whole."""
    parts = []
    while text:
        window = text[: limit * _CHARS_PER_PIECE]
        end = pieces.fit(window, limit)
        if end == len(text):
            parts.append(text)
            break
        at_space = window.rfind(" ", end // 2, end)
        end = at_space if at_space > 0 else max(end, 1)
        parts.append(text[:end].strip())
        text = text[end:].strip()
    return [part for part in parts if part]


def _end_of(text: str, pieces: WordPieces) -> str:
    words = text.split()[-_MOST_REPEATED_WORDS:]
    while words and pieces.count(" ".join(words)) > _MOST_REPEATED_PIECES:
        del words[0]
    return " ".join(words)
