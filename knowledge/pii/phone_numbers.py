"""Phone numbers as people write them in many countries.

Shapes that are hardly ever anything else are taken as they are; a bare row of digit groups only where the
words around it speak of a phone, since amounts, order numbers and table cells look the same.
"""

import re
from collections.abc import Iterator

from knowledge.pii.port import PiiKind, PiiSpan
from knowledge.pii.surroundings import (
    is_amount,
    is_named_otherwise,
    is_near,
    looks_like_thousands,
    starts_as_date,
)

_SEPARATOR = r"[ \u00a0.\-/]"
_EXTENSION = r"(?:[ ,]{0,2}(?:x|ext\.?|extension)[ .]?\d{1,6})?"
_BEFORE = r"(?<![\w+#$€£-])(?<!\d[.,])"
_AFTER = r"(?![\w€%]|[,.:/]\d|-\d)"

_INTERNATIONAL = (
    r"(?:\+|00) ?[1-9]\d{0,14}"
    rf"(?:(?:{_SEPARATOR}{{1,2}}|(?=\()|(?<=\)))(?:\(\d{{1,5}}\)|\d{{1,12}})){{0,7}}"
)
_NORTH_AMERICAN = (
    rf"(?:\+?1{_SEPARATOR}?)?(?:\(\d{{3}}\){_SEPARATOR}?|\d{{3}}{_SEPARATOR})\d{{3}}{_SEPARATOR}\d{{4}}"
)
_AREA_IN_BRACKETS = r"(?:\d{1,3}[ -]?)?\((?!19|20)\d{1,5}\) ?\d{2,8}(?:[ -]\d{2,5}){0,4}"
_TRUNK_ZERO = rf"0[1-9]\d{{0,4}}(?:{_SEPARATOR}\d{{2,8}}){{1,5}}"
_PAIRS = r"\d{2}(?:-\d{2}){3,4}"
_STRONG = [
    (re.compile(_BEFORE + shape + _EXTENSION + _AFTER, re.IGNORECASE), fewest, score)
    for shape, fewest, score in (
        (_INTERNATIONAL, 8, 0.85),
        (_NORTH_AMERICAN, 10, 0.8),
        (_AREA_IN_BRACKETS, 7, 0.75),
        (_TRUNK_ZERO, 9, 0.7),
        (_PAIRS, 8, 0.65),
    )
]
_MOST_DIGITS = 15
# Every shape has these; most texts have not, and are not looked at shape by shape.
_ANY_SHAPE = re.compile(r"\d(?:[ \u00a0.\-/()]{0,4}\d){5,}")
# What most digits are in what we write ourselves.
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")

_WEAK = re.compile(
    rf"{_BEFORE}\+?\(?\d(?:[ \u00a0.\-/()]{{0,2}}\d){{5,14}}{_EXTENSION}{_AFTER}", re.IGNORECASE
)
_FEWEST_WEAK_DIGITS = 7
_FEWEST_GROUPED_DIGITS = 6
# How near a cue must stand to what could as well be an amount, such as 72 128 827.
_CLOSE = 15
# In a signature or an address block the number stands alone.
_OWN_LINE = re.compile(
    r"^[ \t]*(?P<number>(?!(?:19|20)\d\d |\d\d(?: \d\d)+[ \t]*$)\d{2,4}(?:[ \-.]\d{2,5}){1,4})[ \t]*$",
    re.MULTILINE,
)
_FEWEST_OWN_LINE_DIGITS = 7
_CUE = re.compile(
    r"phone|\btel\b|\btele|mobile|mobil\b|\bcell|\bfax|\bcall(?:s|ed|ing)?\b|\bdial|\bring\b|hotline|helpline"
    r"|whatsapp|\bsms\b|voicemail|switchboard|landline|handy\b|contact|\banswer(?:s|ed|ing)?\b|\breach"
    r"|\btext (?:me|us|him|her|them)\b|\boffice\b|registered|\b(?:my|your|his|her|their) (?:\w+ )?number\b",
    re.IGNORECASE,
)


def find_phone_numbers(text: str) -> Iterator[PiiSpan]:
    if all(_is_date(shape[0]) for shape in _ANY_SHAPE.finditer(text)):
        return
    for pattern, fewest, score in _STRONG:
        for match in pattern.finditer(text):
            if _is_phone(text, match, fewest):
                yield PiiSpan(PiiKind.PHONE, match.start(), match.end(), score)
    for match in _WEAK.finditer(text):
        fewest = _FEWEST_WEAK_DIGITS if match[0].isdigit() else _FEWEST_GROUPED_DIGITS
        if _is_phone(text, match, fewest) and is_near(_CUE, text, *match.span()):
            yield PiiSpan(PiiKind.PHONE, match.start(), match.end(), 0.45)
    for match in _OWN_LINE.finditer(text):
        if _is_phone(text, match, _FEWEST_OWN_LINE_DIGITS):
            yield PiiSpan(PiiKind.PHONE, match.start("number"), match.end("number"), 0.42)


def _is_date(shape: str) -> bool:
    return _ISO_DATE.fullmatch(shape) is not None and starts_as_date(shape)


def _is_phone(text: str, match: re.Match[str], fewest: int) -> bool:
    number, (start, end) = match[0].strip(), match.span()
    without_extension = re.split(r"[xe]", number, flags=re.IGNORECASE)[0]
    digits = sum(character.isdigit() for character in without_extension)
    if (
        not fewest <= digits <= _MOST_DIGITS
        or starts_as_date(number.lstrip("+( "))
        or is_amount(text, start, end)
    ):
        return False
    if looks_like_thousands(number.lstrip("+ ")) and (
        number.endswith("000") or not is_near(_CUE, text, start, end, before=_CLOSE)
    ):
        return False
    return number.startswith("+") or not is_named_otherwise(text, start)
