"""One page of a PDF as lines of text with their size and place, without what is drawn but not seen.

Pdfium gives the characters in reading order; each belongs to a text object, and whole objects are seen or
hidden.
"""

import math
import re
from collections import Counter
from ctypes import addressof, c_double, c_uint
from dataclasses import dataclass

import pypdfium2
from pypdfium2 import raw

from knowledge.loading.hidden import note_hidden

_TINY_POINTS = 2.0
_NEAR_WHITE = 245
_SIZE_SAMPLES = 8
# A scan has its page as one picture and the text that was recognised in it beneath, drawn invisibly.
_SCAN_SHARE = 0.5
_BREAK = re.compile(r"\r\n|\r|\n")
# Pdfium puts this where a word is parted at the end of a line; the rest of the word is moved up.
_PARTED_WORD = re.compile("\ufffe([^\\s\ufffe]+)([ \r])?")

Box = tuple[float, float, float, float]  # left, bottom, right, top in points from the lower left corner


@dataclass(frozen=True, slots=True)
class Line:
    """`x` and `y` are its middle, in points from the upper left corner of the page."""

    text: str
    size: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class PdfPage:
    """`rules` counts the lines and rectangles drawn, which tables are made of; `hides_text` says that some of
    its text is not among the lines."""

    index: int
    lines: tuple[Line, ...]
    has_picture: bool
    rules: int
    is_rotated: bool
    hides_text: bool


def read_page(document: pypdfium2.PdfDocument, index: int) -> PdfPage:
    """A page that cannot be read has no lines."""
    try:
        page = document[index]
        text_page = page.get_textpage()
        objects = list(page.get_objects())
    except pypdfium2.PdfiumError:
        return PdfPage(index, (), has_picture=False, rules=0, is_rotated=False, hides_text=False)
    hidden = _hidden_objects(page, objects)
    characters = _visible_characters(text_page, hidden)
    kinds = Counter(item.type for item in objects)
    read = PdfPage(
        index,
        tuple(_lines(text_page, characters, page.get_height())),
        has_picture=kinds[raw.FPDF_PAGEOBJ_IMAGE] > 0,
        rules=kinds[raw.FPDF_PAGEOBJ_PATH],
        is_rotated=page.get_rotation() != 0,
        hides_text=bool(hidden),
    )
    text_page.close()
    page.close()
    return read


def _visible_characters(text_page: pypdfium2.PdfTextPage, hidden: set[int]) -> list[tuple[int, str]]:
    """Each with its index on the page; hidden ones are noted, object by object."""
    visible: list[tuple[int, str]] = []
    left_out: dict[int, list[str]] = {}
    for index in range(text_page.count_chars()):
        character = _character(raw.FPDFText_GetUnicode(text_page, index))
        owner = _owner(text_page, index) if hidden else 0
        if not character:
            continue
        if owner in hidden:
            left_out.setdefault(owner, []).append(character)
        else:
            visible.append((index, character))
    note_hidden(" ".join("".join(characters) for characters in left_out.values()))
    return visible


def _character(code: int) -> str:
    # Zero where the font does not say which character it is; pdfium marks a parted word in two ways.
    if code == 2:
        return "\ufffe"
    return chr(code) if 0 < code <= 0x10FFFF else ""


def _owner(text_page: pypdfium2.PdfTextPage, index: int) -> int:
    pointer = raw.FPDFText_GetTextObject(text_page, index)
    return addressof(pointer.contents) if pointer else 0


def _hidden_objects(page: pypdfium2.PdfPage, objects: list[pypdfium2.PdfObject]) -> set[int]:
    """The addresses of text objects that are not seen."""
    grounds = [_box(item) for item in objects if item.type != raw.FPDF_PAGEOBJ_TEXT and _gives_ground(item)]
    sheet = (0.0, 0.0, page.get_width(), page.get_height())
    is_scan = any(
        item.type == raw.FPDF_PAGEOBJ_IMAGE and _area(_box(item)) > _SCAN_SHARE * _area(sheet)
        for item in objects
    )
    return {
        addressof(item.raw.contents)
        for item in objects
        if item.type == raw.FPDF_PAGEOBJ_TEXT and _is_hidden(item, grounds, is_scan=is_scan)
    }


def _is_hidden(item: pypdfium2.PdfObject, grounds: list[Box], *, is_scan: bool) -> bool:
    if raw.FPDFTextObj_GetTextRenderMode(item) == raw.FPDF_TEXTRENDERMODE_INVISIBLE:
        return not is_scan
    # Within a form the sizes and places are the form's own.
    if item.level:
        return False
    color = _fill_color(item)
    is_white = color is not None and min(color[:3]) >= _NEAR_WHITE
    is_transparent = color is not None and color[3] == 0
    return is_transparent or _is_tiny(item) or (is_white and not any(_holds(box, item) for box in grounds))


def _is_tiny(item: pypdfium2.PdfObject) -> bool:
    return 0 < _text_size(item) < _TINY_POINTS


def _text_size(item: pypdfium2.PdfObject) -> float:
    matrix = item.get_matrix()
    return float(item.get_font_size() * math.hypot(matrix.c, matrix.d))


def _gives_ground(item: pypdfium2.PdfObject) -> bool:
    """Whether white text upon it may be seen."""
    if item.type != raw.FPDF_PAGEOBJ_PATH:
        return True
    color = _fill_color(item)
    return color is None or min(color[:3]) < _NEAR_WHITE


def _fill_color(item: pypdfium2.PdfObject) -> tuple[int, int, int, int] | None:
    parts = c_uint(), c_uint(), c_uint(), c_uint()
    if not raw.FPDFPageObj_GetFillColor(item, *parts):
        return None
    red, green, blue, alpha = (part.value for part in parts)
    return red, green, blue, alpha


def _box(item: pypdfium2.PdfObject) -> Box:
    try:
        left, bottom, right, top = item.get_bounds()
    except pypdfium2.PdfiumError:
        return (0.0, 0.0, 0.0, 0.0)
    return left, bottom, right, top


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _holds(box: Box, item: pypdfium2.PdfObject) -> bool:
    left, bottom, right, top = _box(item)
    x, y = (left + right) / 2, (bottom + top) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _lines(text_page: pypdfium2.PdfTextPage, characters: list[tuple[int, str]], height: float) -> list[Line]:
    text = _PARTED_WORD.sub(_join_word, "".join(character for _, character in characters))
    lines: list[Line] = []
    start = 0
    for end in [*(match.start() for match in _BREAK.finditer(text)), len(text)]:
        words = text[start:end].replace("\ufffe", "-")
        indexes = [index for index, character in characters[start:end] if not character.isspace()]
        if words.strip() and indexes:
            lines.append(_line(text_page, words.strip("\r\n"), indexes, height))
        start = end
    return lines


def _join_word(match: re.Match[str]) -> str:
    """Of the same length as what it replaces, so that each character keeps its index."""
    after = {" ": "\r\n", "\r": " \r"}.get(match[2], " ")
    return match[1] + after


def _line(text_page: pypdfium2.PdfTextPage, text: str, indexes: list[int], height: float) -> Line:
    step = max(1, len(indexes) // _SIZE_SAMPLES)
    sizes = Counter(_size(text_page, index) for index in indexes[::step])
    first, last = _char_box(text_page, indexes[0]), _char_box(text_page, indexes[-1])
    middle = (first[1] + first[3]) / 2
    return Line(text, sizes.most_common(1)[0][0], (first[0] + last[2]) / 2, height - middle)


def _size(text_page: pypdfium2.PdfTextPage, index: int) -> float:
    """What is seen is the font's size as scaled by the matrix."""
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(text_page, index, matrix)
    scale = math.hypot(matrix.c, matrix.d) or 1.0
    return round(float(raw.FPDFText_GetFontSize(text_page, index)) * scale, 1)


def _char_box(text_page: pypdfium2.PdfTextPage, index: int) -> Box:
    left, right, bottom, top = c_double(), c_double(), c_double(), c_double()
    raw.FPDFText_GetCharBox(text_page, index, left, right, bottom, top)
    return left.value, bottom.value, right.value, top.value
