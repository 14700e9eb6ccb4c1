"""How much room text takes on a slide, so that none runs over the edge of its box.

It is measured in Noto Sans, which is wider than the font the slides are set in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from PIL import ImageFont

from crews.reports.fonts import text_font
from crews.reports.view import width_of

LINE = 1.25
BODY = 18
_GROWN, _GROWN_GAP, _SHARE_TO_GROW = (26, 22), 14, 0.65
_UNITS = 200
_WIDE_SIGN = 2
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Item:
    """A paragraph on a slide; `cites` are the marks after it. `gap` is the space below, in points."""

    text: str
    marks: str = ""
    size: float = BODY
    is_bullet: bool = False
    is_quiet: bool = False
    is_quote: bool = False
    gap: float = 8

    @property
    def whole(self) -> str:
        return f"{self.text}{self.marks}"


def wrap(text: str, width_pt: float, size_pt: float) -> list[str]:
    """The lines that it takes; a word that is longer than a line is broken."""
    lines = []
    for part in text.split("\n"):
        line, used = "", 0.0
        for word in _pieces(part.split(" "), width_pt, size_pt):
            needed = text_width(word, size_pt)
            space = text_width(" ", size_pt) if line else 0.0
            if line and used + space + needed > width_pt:
                lines.append(line)
                line, used = word, needed
            else:
                line, used = f"{line} {word}" if line else word, used + space + needed
        lines.append(line)
    return lines


def height_of(items: Iterable[Item], width_pt: float) -> float:
    return sum(
        len(wrap(item.whole, _inner(item, width_pt), item.size)) * item.size * LINE + item.gap
        for item in items
    )


def grow(items: Sequence[Item], width_pt: float, height_pt: float) -> list[Item]:
    """Few words are set larger, so that they can be read from the back of a room."""
    for size in _GROWN:
        grown = [replace(item, size=size, gap=_GROWN_GAP) if item.size == BODY else item for item in items]
        if height_of(grown, width_pt) <= height_pt * _SHARE_TO_GROW:
            return grown
    return list(items)


def paginate(items: Sequence[Item], width_pt: float, height_pt: float) -> list[list[Item]]:
    """As many items for each box as fit; one that is higher than a box is cut at the end of a line."""
    pages: list[list[Item]] = [[]]
    left = height_pt
    waiting = list(items)
    while waiting:
        item = waiting.pop(0)
        needed = height_of([item], width_pt)
        if needed <= left:
            pages[-1].append(item)
            left -= needed
        elif pages[-1]:
            pages.append([])
            left = height_pt
            waiting.insert(0, item)
        else:
            first, rest = _cut(item, width_pt, height_pt)
            pages[-1].append(first)
            left = 0
            waiting.insert(0, rest)
    return pages


def fit_line(text: str, width_pt: float, size_pt: float, lines: int = 1) -> str:
    """As much of it as fits, with an ellipsis where something is left out."""
    wrapped = wrap(text, width_pt, size_pt)
    if len(wrapped) <= lines:
        return text
    kept = " ".join(wrapped[:lines])
    while kept and len(wrap(kept + _ELLIPSIS, width_pt, size_pt)) > lines:
        kept = kept[:-1]
    return kept.rstrip() + _ELLIPSIS


def fitting_size(text: str, width_pt: float, height_pt: float, sizes: Sequence[float]) -> float:
    """The largest at which it fits, else the smallest."""
    for size in sizes:
        if len(wrap(text, width_pt, size)) * size * LINE <= height_pt:
            return size
    return sizes[-1]


def text_width(text: str, size_pt: float) -> float:
    return sum(map(_sign_width, text)) * size_pt / _UNITS


@cache
def _sign_width(sign: str) -> float:
    if width_of(sign) == _WIDE_SIGN:
        return _UNITS
    return float(_font().getlength(sign))


@cache
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(text_font()), _UNITS)


def _inner(item: Item, width_pt: float) -> float:
    return width_pt - (item.size * 1.1 if item.is_bullet else 0)


def _pieces(words: Sequence[str], width_pt: float, size_pt: float) -> Iterable[str]:
    for word in words:
        piece, used = "", 0.0
        for sign in word:
            needed = text_width(sign, size_pt)
            if piece and used + needed > width_pt:
                yield piece
                piece, used = "", 0.0
            piece, used = piece + sign, used + needed
        yield piece


def _cut(item: Item, width_pt: float, height_pt: float) -> tuple[Item, Item]:
    lines = wrap(item.text, _inner(item, width_pt), item.size)
    most = max(1, int((height_pt - item.gap) / (item.size * LINE)))
    # Where a word had to be broken there was no space.
    first = " ".join(lines[:most])
    length = len(first) if item.text.startswith(first) else _length_of(item.text, lines[:most])
    return replace(item, text=item.text[:length], marks=""), replace(item, text=item.text[length:].lstrip())


def _length_of(text: str, lines: Sequence[str]) -> int:
    at = 0
    for line in lines:
        at = text.index(line, at) + len(line) if line else at
    return at
