"""What may leave in words: no picture, no mention, no link but to the company's own pages.

A link or picture that a model wrote is a way out for data, wherever it got it from, so every front door
shows text that went through here.
"""

import re
import unicodedata
from functools import cache
from typing import Any, cast
from urllib.parse import urlsplit

from sqlalchemy import Table, func, select

from ledger.db import Database
from ledger.pii_tokens import tokens_in_text
from ledger.schema import PrincipalRow

_PEOPLE = cast(Table, PrincipalRow.__table__).c

LINK = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]{1,15}:(?://|(?=[^\s/<>]*@))|\b(?:data|javascript|vbscript|tel):(?=\S)|\bwww\."
    r"|\b(?:[^\W_][\w-]*\.)+[^\W\d_]{2,24}/(?=\S))[^\s<>\"'“”‘’|]+",
    re.IGNORECASE,
)
_AFTER_LINK = ".,;:!?*_)]}”’`"
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\s*(?:\([^)\n]*\)?|\[[^\]\n]*\])")
_NAMED_LINK = re.compile(r"\[([^\]\n]*)\]\(([^)\n]*)\)?")
_REFERENCE = re.compile(r"^\s*\[[^\]\n]+\]:\s*\S+.*$", re.MULTILINE)
_SLACK_MARK = re.compile(r"<(?:[!@#][^<>\s][^<>\n]*|(?:https?:|mailto:|tel:)[^<>\n]*)>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:a|img|iframe|script|style|svg|object|embed|form|link|meta|base|video|audio|source)\b[^>]*>?",
    re.IGNORECASE,
)
_BROADCAST = re.compile(r"(?<![\w.])@(?=(?:channel|here|everyone|everybody|group)\b)", re.IGNORECASE)
_MOST_LINK_CHARS = 200
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}")
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\uffa0"
    "\U000e0000-\U000e0fff]"
)


def without_unseen(text: str) -> str:
    """Without characters that nobody sees: of no width, of tags, of a change of direction, and controls."""
    kept = _UNSEEN.sub("", text)
    return "".join(char for char in kept if char in "\n\t" or unicodedata.category(char) != "Cc")


def links_in(text: str) -> list[str]:
    """Whatever a reader's program might follow."""
    return [match[0].rstrip(_AFTER_LINK) for match in LINK.finditer(text)]


def is_disguised(link: str) -> bool:
    """Whether a link does not plainly say where it leads: another scheme, a name or password before the host,
    a host of foreign letters, of numbers or with a port, or more behind it than anybody reads."""
    try:
        parts = urlsplit(link if "://" in link else f"https://{link}")
        has_port = parts.port is not None
    except ValueError:
        return True
    host = (parts.hostname or "").rstrip(".")
    return (
        parts.scheme.lower() not in ("http", "https")
        or "@" in parts.netloc
        or has_port
        or not _HOST.fullmatch(host)
        or any(label.startswith("xn--") for label in host.split("."))
        or len(link) > _MOST_LINK_CHARS
        or "\\" in link
    )


def is_own(link: str, own_domains: frozenset[str]) -> bool:
    """Whether it plainly leads to a page of the company's own."""
    if is_disguised(link):
        return False
    host = (urlsplit(link if "://" in link else f"https://{link}").hostname or "").rstrip(".")
    return any(host == domain or host.endswith(f".{domain}") for domain in own_domains)


def own_domains(db: Database) -> frozenset[str]:
    """Those of the addresses of the people Crewdesk knows."""
    with db.read() as session:
        domains = session.connection().scalars(_domains(db.is_sqlite))
        return frozenset(domain.lower() for domain in domains)


@cache
def _domains(is_sqlite: bool) -> Any:
    """Told apart by the database: there may be thousands of people, and every answer asks."""
    email = _PEOPLE.email
    after = func.substr(email, func.instr(email, "@") + 1) if is_sqlite else func.split_part(email, "@", 2)
    return select(after).where(_PEOPLE.active.is_(True)).distinct()


def inert(text: str, own: frozenset[str] = frozenset()) -> str:
    """The text so that no program that shows it loads, links or notifies anything, but for links to own
    pages; what a link said stays readable."""
    text = without_unseen(text)
    text = _IMAGE.sub(
        lambda match: f"(picture left out: {match[1]})" if match[1] else "(picture left out)", text
    )
    text = _REFERENCE.sub("", text)
    text = _NAMED_LINK.sub(_spelled_out, text)
    text = _SLACK_MARK.sub(lambda match: match[0][1:-1].lstrip("!@#"), text)
    text = _BROADCAST.sub("", _TAG.sub("", text))
    return LINK.sub(lambda match: _shown(match[0], own), text)


def in_words(address: str) -> str:
    """Host and path of a web address, written so that no program follows them."""
    parts = urlsplit(address)
    path = re.sub(r"[^\w./-]", "?", parts.path)[:_MOST_LINK_CHARS]
    return _host_in_words(address) + path.replace(".", "[.]")


def _spelled_out(match: re.Match[str]) -> str:
    if tokens_in_text(match[0]):
        # Personal data in brackets, and an aside behind it.
        return match[0]
    return f"{match[1]} ({match[2].split(' ')[0]})" if match[2] else match[1]


def _shown(link: str, own: frozenset[str]) -> str:
    bare = link.rstrip(_AFTER_LINK)
    return link if is_own(bare, own) else f"(link left out: {_host_in_words(bare)}){link[len(bare) :]}"


def _host_in_words(link: str) -> str:
    """The host, written so that it is none."""
    try:
        host = urlsplit(link if "://" in link else f"https://{link}").hostname or "elsewhere"
    except ValueError:
        host = "elsewhere"
    return re.sub(r"[^\w.:-]", "?", host)[:60].replace(".", "[.]")
