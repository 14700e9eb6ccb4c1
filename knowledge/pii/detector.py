"""Puts recognisers together: a long text is looked at in windows, so that no pattern meets more than a few
thousand characters at once, and where two recognisers want the same characters the surer one gets them."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from knowledge.pii.port import PiiSpan

Recogniser = Callable[[str], Iterable[PiiSpan]]

WINDOW_CHARS = 4_000
# Longer than any value with the words around it that are looked at.
OVERLAP_CHARS = 300
# The fixed parts of prompts and often-found passages come again in every run; longer texts seldom do.
_TEXTS_REMEMBERED = 1_000
# An id that a program drew says nothing of a person, though parts of it may look like an account or a phone.
_REST_OF_UUID = re.compile(r"-(?<=\b[0-9a-f]{8}-)[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


class PatternDetector:
    """Safe to share between threads. Keeps the last texts of up to one window in memory, with their spans."""

    def __init__(self, recognisers: Sequence[Recogniser]) -> None:
        self._recognisers = tuple(recognisers)
        self._look_again = lru_cache(_TEXTS_REMEMBERED)(self._look)

    def find(self, text: str) -> list[PiiSpan]:
        """In reading order; no two overlap."""
        return list(self._look_again(text) if len(text) <= WINDOW_CHARS else self._look(text))

    def _look(self, text: str) -> tuple[PiiSpan, ...]:
        found = {
            PiiSpan(span.kind, start + span.start, start + span.end, span.score)
            for start, window in _windows(_REST_OF_UUID.sub(lambda rest: "_" * len(rest[0]), text))
            for recogniser in self._recognisers
            for span in recogniser(window)
        }
        return tuple(without_overlaps(found))


def without_overlaps(spans: Iterable[PiiSpan]) -> list[PiiSpan]:
    """The surest first, of equals the longest; what is left of a beaten span stays covered by the winner
    only. Always the same for the same spans."""
    kept: list[PiiSpan] = []
    taken: set[int] = set()
    for span in sorted(spans, key=lambda span: (-span.score, span.start - span.end, span.start, span.kind)):
        characters = range(span.start, span.end)
        if taken.isdisjoint(characters):
            taken.update(characters)
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)


def _windows(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    while True:
        end = _white_space_before(text, start + WINDOW_CHARS)
        yield start, text[start:end]
        if end >= len(text):
            return
        start = _white_space_before(text, end - OVERLAP_CHARS)


def _white_space_before(text: str, position: int) -> int:
    """Where to cut without cutting a word, unless one is longer than the overlap."""
    if position >= len(text):
        return len(text)
    for place in range(position, max(0, position - OVERLAP_CHARS), -1):
        if text[place].isspace():
            return place
    return position
