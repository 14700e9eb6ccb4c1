"""Undoes hard wrapping: joins lines that were broken at the margin, keeps breaks somebody meant."""

from itertools import pairwise

_TOLERANCE = 4


def join_wrapped_lines(lines: list[str], width: int) -> str:
    """`width` is the longest line of the whole text; a break is meant if the next word would have fitted."""
    joined = lines[0].strip() if lines else ""
    for before, line in pairwise(lines):
        words = line.split(maxsplit=1)
        if not words:
            continue
        was_full = len(before.rstrip()) + 1 + len(words[0]) > width - _TOLERANCE
        joined += (" " if was_full else "\n") + line.strip()
    return joined
