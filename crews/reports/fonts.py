"""The fonts reports are set in: Noto, of two packages that hold nothing else, so that a page is the same on a
machine without any font."""

from functools import cache
from importlib.resources import files
from pathlib import Path

FAMILY = "Noto Sans"
# The first that has a sign draws it. Latin letters inside of other scripts stay in the first family.
FAMILIES = (
    FAMILY,
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Sans CJK SC",
    "Noto Sans Symbols",
    "Noto Emoji",
)
_PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
_TEXT_FONT = "NotoSans[wght].ttf"


@cache
def font_folders() -> tuple[str, ...]:
    return tuple(str(files(package)) for package in _PACKAGES)


def text_font() -> Path:
    """The file of the family, to measure text with."""
    return Path(font_folders()[0]) / _TEXT_FONT
