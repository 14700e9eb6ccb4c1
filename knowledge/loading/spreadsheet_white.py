"""White text in cells that are not filled: nobody reads it, except a machine."""

from typing import Any

from knowledge.loading.white import is_near_white

# Of the palette, and of the theme's colours, of which the first is that of the paper.
_WHITE_INDEXES = frozenset({1, 9})
_PAPER_THEME = 0


def find_white_styles(book: Any) -> frozenset[int]:
    """The cell styles of an openpyxl workbook, by number, that show white text on white."""
    return frozenset(
        number
        for number, style in enumerate(book._cell_styles)
        if _is_white(book._fonts[style.fontId].color) and not _is_filled(book._fills[style.fillId])
    )


def _is_filled(fill: Any) -> bool:
    if not fill.fill_type:
        return False
    return not (fill.fill_type == "solid" and _is_white(fill.fgColor))


def _is_white(color: Any) -> bool:
    match getattr(color, "type", None):
        case "rgb":
            return is_near_white(str(color.rgb)[-6:])
        case "indexed":
            return color.indexed in _WHITE_INDEXES
        case "theme":
            return color.theme == _PAPER_THEME and not color.tint
    return False
