"""Undoes hard wrapping: joins lines that were broken at the margin, keeps breaks somebody meant."""

from itertools import pairwise

_TOLERANCE = 4
_NEARLY_FULL = 0.75
_END_MARKS = (".", "!", "?", ":", ";")


def join_wrapped_lines(lines: list[str], width: int) -> str:
    """`width` is the longest line of the whole text; a break is meant if the next word would have fitted,
    unless a sentence goes on over it."""
    joined = lines[0].strip() if lines else ""
    for before, line in pairwise(lines):
        words = line.split(maxsplit=1)
        if not words:
            continue
        was_full = len(before.rstrip()) + 1 + len(words[0]) > width - _TOLERANCE or _goes_on(
            before.rstrip(), line.lstrip(), width
        )
        joined += (" " if was_full else "\n") + line.strip()
    return joined


def _goes_on(before: str, line: str, width: int) -> bool:
    """In proportional type a full line may have few letters; a sentence that goes on in the next tells."""
    return len(before) > _NEARLY_FULL * width and not before.endswith(_END_MARKS) and line[:1].islower()
