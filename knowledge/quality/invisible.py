"""Finds what a reader cannot see: text the file hides, and characters without a shape that spell something.

Loaders already leave all of it out of the blocks, so nothing of it is served; a file that hides something
from its readers is still one a person should look at.
"""

import codecs
import re
from dataclasses import dataclass

from knowledge.loading.blocks import LoadedFile
from knowledge.quality.injection import suspect

# A waving black flag with tags is how England, Scotland and Wales are written.
_TAGS = re.compile(r"(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0020-\U000e007f]{4,}")
_VARIATIONS = re.compile(r"[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")
# Joiners stand alone in emoji, Persian or Hindi, and a break opportunity may be doubled; eight in a row are
# bits of something.
_ZERO_WIDTH = re.compile(r"[\u200b-\u200f\u2060-\u2064\ufeff\u180e]{8,}")
# A page may fold away its menu or an answer; more hidden than shown is another matter.
_MANY_WORDS = 200


@dataclass(frozen=True, slots=True)
class Invisible:
    """`is_suspicious`: somebody should look before it is served."""

    kind: str
    detail: str
    is_suspicious: bool


def find_invisible(loaded: LoadedFile, content: bytes) -> list[Invisible]:
    return [*_hidden_text(loaded), *_unseen_characters(loaded, content)]


def _hidden_text(loaded: LoadedFile) -> list[Invisible]:
    if not loaded.hidden:
        return []
    hidden = "\n".join(loaded.hidden)
    words = len(hidden.split())
    suspicion = suspect(hidden)
    if suspicion.is_likely:
        reasons = " and ".join(suspicion.reasons)
        return [Invisible("hidden_text", f"it has text its readers do not see, which {reasons}", True)]
    shown = sum(len(block.text.split()) for block in loaded.blocks)
    if words >= _MANY_WORDS and words > shown:
        detail = f"most of its text is hidden from its readers ({words:,} words of {words + shown:,})"
        return [Invisible("hidden_text", detail, True)]
    return [Invisible("hidden_text", f"{words:,} words in it are hidden from its readers", False)]


def _unseen_characters(loaded: LoadedFile, content: bytes) -> list[Invisible]:
    text = "\n".join([_as_text(content), *loaded.hidden, *(block.text for block in loaded.blocks)])
    if text.isascii():
        return []
    found = []
    if _TAGS.search(text) or _VARIATIONS.search(text):
        detail = "it has text written in characters that cannot be seen"
        found.append(Invisible("unseen_characters", detail, True))
    if _ZERO_WIDTH.search(text):
        detail = "it has long runs of characters without width, which can carry a message"
        found.append(Invisible("zero_width", detail, True))
    return found


def _as_text(content: bytes) -> str:
    """Empty for a format that is not text: its loader alone can tell what is in it."""
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return content.decode("utf-16")
        return "" if b"\0" in content[:1024] else content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
