"""Whether the names and quoted words of a claim stand in its evidence.

A capital letter makes a name in English only, so German claims are held to their quotations and
abbreviations.
"""

import re
from collections.abc import Iterator

from crews.grounding.units import CURRENCIES
from ledger.pii_tokens import without_tokens

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_PART = re.compile("[-’']")
# A new sentence, a label or a list item begins with a capital letter that makes no name.
_OPENS = re.compile(r"(?:^|[.!?:;…•\n]\s*|[-–—]\s|[\"“„«(\[]\s*)$")
_QUOTED = re.compile(r"[“„«\"]([^“”„«»\"\n]{2,80})[”“»\"]")
_GERMAN = re.compile(r"\b(?:der|die|das|und|ist|sind|nicht|ein|eine|für|mit|von|wird|werden)\b")
_GERMAN_ENOUGH = 2
_NO_NAMES = frozenset({"i", "ok", "yes", "no", "crewdesk", "mr", "mrs", "ms", "dr"})
# fmt: off
_MONTHS = frozenset(
    (
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
        "november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov",
        "dec",
    )
)
# fmt: on


def foreign_name(claim: str, known: str) -> str | None:
    """The first name or quotation of a claim that the known text lacks."""
    plain = without_tokens(claim)
    words = frozenset(
        _stem(part) for word in _WORD.findall(known) for part in (word, *_PART.split(word)) if part
    )
    squeezed = " ".join(_WORD.findall(known.lower()))
    for quoted in _QUOTED.findall(plain):
        if " ".join(_WORD.findall(quoted.lower())) not in squeezed:
            return str(quoted)
    initials = "".join(word[0] for word in squeezed.split())
    for name in _names(plain):
        if not all(_is_known(part, words, initials) for part in _PART.split(name) if len(part) > 1):
            return name
    return None


def _names(text: str) -> Iterator[str]:
    german = len(_GERMAN.findall(text)) >= _GERMAN_ENOUGH
    for match in _WORD.finditer(text):
        word = match[0]
        opens = _OPENS.search(text[max(0, match.start() - 4) : match.start()]) is not None
        is_abbreviation = len(word) > 1 and sum(char.isupper() for char in word) > 1
        is_capital = word[0].isupper() and not german
        lower = word.lower()
        if lower in _NO_NAMES or lower in _MONTHS or lower in CURRENCIES:
            continue
        if is_abbreviation or (is_capital and not opens):
            yield word


def _is_known(part: str, words: frozenset[str], initials: str) -> bool:
    stem = _stem(part)
    if stem in words or any(
        word.startswith(stem) or stem.startswith(word) for word in words if _alike(word, stem)
    ):
        return True
    return part.isupper() and len(part) > 2 and part.lower() in initials


def _alike(word: str, stem: str) -> bool:
    """A compound or an inflection: long enough to be no accident, and not much longer."""
    return min(len(word), len(stem)) >= 4 and abs(len(word) - len(stem)) <= 4


def _stem(word: str) -> str:
    return re.sub(r"(?:['’]s|['’]|s)$", "", word.lower()) or word.lower()
