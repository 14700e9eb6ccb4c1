"""Finds the personal data in a document's blocks and puts words in its place.

What was found once is masked wherever it stands: a number that only its first mention calls a card number is
one in the appendix too.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from knowledge.loading.blocks import Block
from knowledge.pii.port import PiiDetector, PiiKind

# A detector knows a number by the words around it, so it sees neighbours together; a whole book at once
# would be more than some can take.
_MOST_CHARS = 10_000
_BETWEEN = "\n\n"
# Shorter, it may be a part of an ordinary word or number elsewhere.
_SHORTEST_ELSEWHERE = 6
_WORD = re.compile(r"\w+")
_Span = tuple[int, int, PiiKind]
# By the number of a value's words and by the words, where the first of them stands in it: however many
# values there are, a text is looked through once for each number of words.
_Values = dict[int, dict[tuple[str, ...], list[tuple[int, str]]]]
_IN_WORDS = {PiiKind.IBAN: "IBAN", PiiKind.SSN: "SSN", PiiKind.IP_ADDRESS: "IP address"}


@dataclass(frozen=True, slots=True)
class PiiPlace:
    """`start` and `end` count characters of the block's text."""

    kind: PiiKind
    block: int
    start: int
    end: int


def in_words(kind: PiiKind) -> str:
    return _IN_WORDS.get(kind) or kind.value.replace("_", " ")


def find_personal_data(blocks: Sequence[Block], detector: PiiDetector) -> list[PiiPlace]:
    return [place for first, last in _stretches(blocks) for place in _find(blocks, first, last, detector)]


def mask_personal_data(
    blocks: Sequence[Block], places: Sequence[PiiPlace], kinds: Collection[PiiKind]
) -> tuple[Block, ...]:
    """The blocks with `[credit card]` and the like for what was found of these kinds."""
    spans: defaultdict[int, list[_Span]] = defaultdict(list)
    kind_of: dict[str, PiiKind] = {}
    for place in places:
        if place.kind in kinds:
            spans[place.block].append((place.start, place.end, place.kind))
            kind_of[blocks[place.block].text[place.start : place.end]] = place.kind
    if not spans:
        return tuple(blocks)
    elsewhere = _by_words(kind_of)
    for number, block in enumerate(blocks):
        spans[number].extend(_known_values(block.text, elsewhere, kind_of))
    return tuple(
        replace(block, text=_mask(block.text, spans[number])) if spans[number] else block
        for number, block in enumerate(blocks)
    )


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
    begins = list(
        accumulate((len(block.text) + len(_BETWEEN) for block in blocks[first : last - 1]), initial=0)
    )
    for span in detector.find(_BETWEEN.join(block.text for block in blocks[first:last])):
        # One that runs over into the next block has a part in each.
        for index in range(bisect_right(begins, span.start) - 1, bisect_left(begins, span.end)):
            size = len(blocks[first + index].text)
            start, end = max(span.start - begins[index], 0), min(span.end - begins[index], size)
            if start < end:
                yield PiiPlace(span.kind, first + index, start, end)


def _by_words(values: Iterable[str]) -> _Values:
    found: _Values = {}
    for value in values:
        words = list(_WORD.finditer(value))
        if words and len(value) >= _SHORTEST_ELSEWHERE:
            alike = found.setdefault(len(words), {}).setdefault(tuple(word[0] for word in words), [])
            alike.append((words[0].start(), value))
    return found


def _known_values(text: str, values: _Values, kind_of: Mapping[str, PiiKind]) -> Iterator[_Span]:
    words = list(_WORD.finditer(text)) if values else []
    for length, by_words in values.items():
        for index in range(len(words) - length + 1):
            sequence = tuple(word[0] for word in words[index : index + length])
            for offset, value in by_words.get(sequence, ()):
                start = words[index].start() - offset
                if start >= 0 and text.startswith(value, start):
                    yield start, start + len(value), kind_of[value]


def _mask(text: str, spans: Sequence[_Span]) -> str:
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
