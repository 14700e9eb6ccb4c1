"""The title a file states in its own properties, where a person wrote it."""

import re

from knowledge.loading.blocks import one_line

# What programs write there by themselves, and names of files.
_NOT_A_TITLE = re.compile(
    r"(?:microsoft \w+ - .*|(?:word|powerpoint|excel)\b.*|untitled.*|(?:document|dokument|presentation|slide|"
    r"book|sheet|template|title)[ \-_]?\d*|.*\.[a-z]{3,4})",
    re.IGNORECASE,
)
_LONGEST = 200


def stated_title(text: str | None) -> str | None:
    """None unless it is a title somebody meant."""
    title = one_line(text or "")
    if not 3 <= len(title) <= _LONGEST or _NOT_A_TITLE.fullmatch(title):
        return None
    return title
