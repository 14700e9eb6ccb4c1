"""Slack's markup, outbound: no text from a document, a model or a person may mention, link or broadcast.

Slack acts only on what stands between `<` and `>`; `escape` leaves neither.
"""

import re

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_BOLD = re.compile(r"\*\*(?=\S)([^*\n]+)(?<=\S)\*\*")
_BULLET = re.compile(r"^([ \t]*)[-*][ \t]+", re.MULTILINE)
_CUT_ENTITY = re.compile(r"&[a-z]{0,4}$")


def escape(text: str) -> str:
    """The text so that Slack shows it letter by letter, without control and direction-changing characters."""
    seen = _UNSEEN.sub("", text.replace("\r\n", "\n")).encode("utf-8", "replace").decode()
    return seen.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def to_mrkdwn(text: str) -> str:
    """Escaped, with the two bits of Markdown that answers use, bold and bullets, as Slack writes them."""
    return _BULLET.sub(r"\1• ", _BOLD.sub(r"*\1*", escape(text)))


def fit(escaped: str, limit: int) -> str:
    """At most `limit` characters, cut with an ellipsis and never inside an escape."""
    if len(escaped) <= limit:
        return escaped
    return f"{_CUT_ENTITY.sub('', escaped[: limit - 1]).rstrip()}…"


def split_text(escaped: str, limit: int) -> list[str]:
    """Pieces of at most `limit` characters, parted at paragraphs, else lines, else words."""
    pieces: list[str] = []
    rest = escaped.strip()
    while len(rest) > limit:
        cut = next((at for gap in ("\n\n", "\n", " ") if (at := rest.rfind(gap, 1, limit + 1)) > 0), 0)
        piece = rest[:cut] if cut else _CUT_ENTITY.sub("", rest[:limit])
        pieces.append(piece.rstrip())
        rest = rest[len(piece) :].strip()
    return [*pieces, rest] if rest else pieces
