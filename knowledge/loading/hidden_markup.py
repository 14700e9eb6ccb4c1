"""Takes out of an HTML tree what a browser would not show, and notes its text as hidden.

Only what the markup itself says counts; a style sheet is not read. White text is hidden where nothing on the
page can give it a dark ground.
"""

import re

from bs4 import BeautifulSoup
from bs4.element import Comment, Tag

from knowledge.loading.hidden import note_hidden

# Text of at most one pixel is as good as none. Not opacity: pages fade in what they show.
_NOT_SHOWN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)"
    r"|font-size\s*:\s*(?:0+(?:\.0+)?(?:px|pt|r?em|%)?|(?:0*\.\d+|1(?:\.0+)?)(?:px|pt))\s*(?:;|!|$)",
    re.IGNORECASE,
)
_WHITE = r"(?:white|#fff(?:fff)?|rgb\(\s*255\s*,\s*255\s*,\s*255\s*\))\s*(?:;|!|$)"
_WHITE_TEXT = re.compile(rf"(?:^|[;\s])color\s*:\s*{_WHITE}", re.IGNORECASE)
_WHITE_GROUND = re.compile(rf"background(?:-color)?\s*:\s*{_WHITE}", re.IGNORECASE)
_CONDITIONAL = re.compile(r"\s*\[(?:if|endif)\b", re.IGNORECASE)


def take_hidden(soup: BeautifulSoup) -> None:
    """Comments are taken out as well, those that talk to old versions of Office without a note."""
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        if not _CONDITIONAL.match(comment):
            note_hidden(comment)
        comment.extract()
    has_grounds = _has_grounds(soup)
    for tag in soup.find_all(lambda tag: _is_hidden(tag, has_grounds=has_grounds)):
        # Its parent may have gone first and taken it along.
        if not tag.decomposed:
            if not _is_icon(tag):
                note_hidden(tag.get_text(" "))
            tag.decompose()


def _is_icon(tag: Tag) -> bool:
    """What is hidden from screen readers only is seen by everybody else. It is text, unless it is a sign, or
    a letter or name that a font of icons shows as a picture."""
    if tag.get("aria-hidden") != "true":
        return False
    text = tag.get_text(strip=True)
    is_named_so = tag.name == "i" or "icon" in str(tag.get("class") or "").lower()
    return is_named_so or not any(map(str.isalnum, text))


def _is_hidden(tag: Tag, *, has_grounds: bool) -> bool:
    if tag.has_attr("hidden") or _is_icon(tag):
        return True
    style = str(tag.get("style") or "")
    if not style:
        return False
    if _NOT_SHOWN.search(style):
        return True
    if not _WHITE_TEXT.search(style):
        return False
    return bool(_WHITE_GROUND.search(style)) or not has_grounds


def _has_grounds(soup: BeautifulSoup) -> bool:
    """Whether anything may give a part of the page a ground that is not white."""
    return bool(
        soup.find(["style", "link"])
        or soup.find(bgcolor=True)
        or soup.find(background=True)
        or soup.find(style=re.compile("background", re.IGNORECASE))
    )
