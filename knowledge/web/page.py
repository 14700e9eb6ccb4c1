"""Reads what was fetched, in a child process of its own: one page cannot lie about the next."""

from dataclasses import dataclass

from knowledge.loading.blocks import BlockKind, FileStatus
from knowledge.loading.parser import Parser
from knowledge.web.errors import WebUnavailable
from knowledge.web.fetch import Fetched

READABLE = {"text/html": "page.html", "text/plain": "page.txt", "application/pdf": "page.pdf"}


@dataclass(frozen=True, slots=True)
class WebPage:
    """`text` is what a reader sees, headings marked with `#`."""

    url: str
    title: str | None
    text: str


def read_page(fetched: Fetched) -> WebPage:
    """Raises WebUnavailable, ParserUnavailable."""
    with Parser() as parser:
        loaded = parser.parse(READABLE[fetched.media_type], fetched.body)
    if loaded.status is not FileStatus.OK:
        raise WebUnavailable(f"The page cannot be read: {loaded.reason or loaded.status}.")
    parts = [f"# {one.text}" if one.kind is BlockKind.HEADING else one.text for one in loaded.blocks]
    return WebPage(fetched.url, loaded.title, "\n\n".join(parts))
