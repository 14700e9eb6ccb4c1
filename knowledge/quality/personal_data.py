"""Finds the personal data in a document's blocks and puts words in its place.

What was found once is masked wherever it stands: a number that only its first mention calls a card number is
one in the appendix too.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from knowledge.loading.blocks import Block
from knowledge.pii.port import PiiDetector, PiiKind

# A detector knows a number by the words around it, so it sees neighbours together; a whole book at once
# would be more than some can take.
_MOST_CHARS = 10_000
_BETWEEN = "\n\n"
# Shorter, it may be a part of an ordinary word or number elsewhere.
_SHORTEST_ELSEWHERE = 6
_WORDS = {PiiKind.IBAN: "IBAN", PiiKind.SSN: "SSN", PiiKind.IP_ADDRESS: "IP address"}


@dataclass(frozen=True, slots=True)
class PiiPlace:
    """`start` and `end` count characters of the block's text."""

    kind: PiiKind
    block: int
    start: int
    end: int


def in_words(kind: PiiKind) -> str:
    return _WORDS.get(kind) or kind.value.replace("_", " ")


def find_personal_data(blocks: Sequence[Block], detector: PiiDetector) -> list[PiiPlace]:
    return [place for first, last in _stretches(blocks) for place in _find(blocks, first, last, detector)]


def mask_personal_data(
    blocks: Sequence[Block], places: Sequence[PiiPlace], kinds: Collection[PiiKind]
) -> tuple[Block, ...]:
    """The blocks with `[credit card]` and the like for what was found of these kinds."""
    wanted = [place for place in places if place.kind in kinds]
    if not wanted:
        return tuple(blocks)
    elsewhere = _elsewhere(blocks, wanted)
    masked = []
    for number, block in enumerate(blocks):
        spans = [(place.start, place.end, place.kind) for place in wanted if place.block == number]
        if elsewhere:
            pattern, kind_of = elsewhere
            spans += [
                (match.start(), match.end(), kind_of[match[0]]) for match in pattern.finditer(block.text)
            ]
        masked.append(replace(block, text=_mask(block.text, spans)) if spans else block)
    return tuple(masked)


def _stretches(blocks: Sequence[Block]) -> Iterator[tuple[int, int]]:
    """First block and the one after the last of what is looked at in one go."""
    first = size = 0
    for number, block in enumerate(blocks):
        if number > first and size + len(block.text) > _MOST_CHARS:
            yield first, number
            first, size = number, 0
        size += len(block.text) + len(_BETWEEN)
    if first < len(blocks):
        yield first, len(blocks)


def _find(blocks: Sequence[Block], first: int, last: int, detector: PiiDetector) -> Iterator[PiiPlace]:
    spans = detector.find(_BETWEEN.join(block.text for block in blocks[first:last]))
    begin = 0
    for number in range(first, last):
        end = begin + len(blocks[number].text)
        for span in spans:
            # One that runs over into the next block has a part in each.
            if span.start < end and span.end > begin:
                yield PiiPlace(span.kind, number, max(span.start, begin) - begin, min(span.end, end) - begin)
        begin = end + len(_BETWEEN)


def _elsewhere(
    blocks: Sequence[Block], places: Sequence[PiiPlace]
) -> tuple[re.Pattern[str], dict[str, PiiKind]] | None:
    kind_of = {blocks[place.block].text[place.start : place.end]: place.kind for place in places}
    long = sorted((value for value in kind_of if len(value) >= _SHORTEST_ELSEWHERE), key=len, reverse=True)
    return (re.compile("|".join(map(re.escape, long))), kind_of) if long else None


def _mask(text: str, spans: Sequence[tuple[int, int, PiiKind]]) -> str:
    parts: list[str] = []
    done = 0
    for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if end <= done:
            continue
        parts.append(text[done : max(start, done)])
        if start >= done:
            # A table's lines are its rows, and must stay as many.
            parts.append(f"[{in_words(kind)}]" + "\n" * text.count("\n", start, end))
        done = end
    return "".join(parts) + text[done:]
