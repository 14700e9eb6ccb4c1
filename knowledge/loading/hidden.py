"""Collects, while a file is loaded, the text in it that its reader would not see.

Whatever leaves such text out of the blocks notes it here, however deep it stands; outside of a load a note
goes nowhere. What is collected is bounded, so that no file can swell its own record.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MOST_SNIPPETS = 20
LONGEST_SNIPPET = 300
ZERO_WIDTH = "zero-width characters: "

# Zero-width and bidirectional marks, then tag characters and the variation selectors of the same plane.
_ZERO_WIDTH_RUN = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f\U000e0100-\U000e01ef]{2,}"
)
_SHORTEST_RUN = 4
_FLAG = "\U0001f3f4"  # a black flag followed by a few tag characters is the flag of a region
_LONGEST_FLAG = 7

_notes: ContextVar[list[str] | None] = ContextVar("hidden_text", default=None)


@contextmanager
def collect_hidden() -> Iterator[list[str]]:
    """Notes made within go to the list; those of a file within a file (an attachment) go to the outer too."""
    outer, inner = _notes.get(), list[str]()
    token = _notes.set(inner)
    try:
        yield inner
    finally:
        _notes.reset(token)
        if outer is not None:
            outer.extend(inner)


def note_hidden(text: str) -> None:
    """A long text becomes several snippets."""
    notes = _notes.get()
    if notes is None or len(notes) >= MOST_SNIPPETS:
        return
    words = " ".join(text.split())
    notes.extend(words[start : start + LONGEST_SNIPPET] for start in range(0, len(words), LONGEST_SNIPPET))


def note_zero_width(text: str) -> None:
    """Long runs of characters without width are no accident; where they encode text, it is noted in clear."""
    if _notes.get() is None:
        return
    for run in _ZERO_WIDTH_RUN.finditer(text):
        follows_flag = text[max(0, run.start() - 1) : run.start()] == _FLAG
        if follows_flag and len(run[0]) <= _LONGEST_FLAG:
            continue
        decoded = "".join(map(_decode, run[0]))
        if len(decoded) > 1:
            note_hidden(f"{ZERO_WIDTH}{decoded}")
        elif len(run[0]) >= _SHORTEST_RUN:
            note_hidden(f"{ZERO_WIDTH}a run of {len(run[0])}")


def bound_hidden(snippets: Iterable[str]) -> tuple[str, ...]:
    """Each once, the first twenty, none longer than 300 characters."""
    return tuple(dict.fromkeys(snippet[:LONGEST_SNIPPET] for snippet in snippets))[:MOST_SNIPPETS]


def _decode(character: str) -> str:
    """Tag characters mirror ASCII; the variation selectors 17 to 256 are used to carry bytes from 16."""
    code = ord(character)
    if 0xE0020 <= code <= 0xE007E:
        return chr(code - 0xE0000)
    if 0xE0110 <= code <= 0xE016E:
        return chr(code - 0xE0100 + 16)
    return ""
