"""Asks a search engine that answers as SearXNG does: `GET /search?q=...&format=json`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, ValidationError

from knowledge.loading.blocks import one_line
from knowledge.web.address import parse_address
from knowledge.web.errors import AddressRefused, WebUnavailable
from knowledge.web.fetch import USUAL_PORTS, Fetcher

MOST_RESULTS = 5
LONGEST_QUERY = 400
_LONGEST_TITLE = 200
_LONGEST_EXCERPT = 600
_JSON = frozenset({"application/json"})


@dataclass(frozen=True, slots=True)
class WebResult:
    """`url` is one that may be fetched, as far as can be seen from it."""

    url: str
    title: str
    excerpt: str


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    results: list[dict[str, Any]]


class SearchEngine:
    """`ports` are those a result may have."""

    def __init__(self, base_url: str, fetcher: Fetcher, ports: frozenset[int] | None = USUAL_PORTS) -> None:
        self._base_url = base_url.rstrip("/")
        self._fetcher = fetcher
        self._ports = ports

    def search(self, query: str) -> list[WebResult]:
        """Best first. Raises WebUnavailable."""
        asked = urlencode({"q": query[:LONGEST_QUERY], "format": "json"})
        try:
            # Of its own parts: spelled for an address, a query may be longer than those of pages may be.
            url = parse_address(f"{self._base_url}/search", None).copy_with(query=asked.encode("ascii"))
            fetched = self._fetcher.fetch(url, _JSON, lambda _url: False)
            reply = _Reply.model_validate_json(fetched.body)
        except AddressRefused as error:
            raise WebUnavailable("The search engine cannot be used as it is set up.") from error
        except ValidationError as error:
            raise WebUnavailable("The search engine's answer makes no sense.") from error
        found = {result.url: result for result in self._sound(reply)}
        return list(found.values())[:MOST_RESULTS]

    def _sound(self, reply: _Reply) -> Iterator[WebResult]:
        for item in reply.results:
            url, title, excerpt = (item.get(name) for name in ("url", "title", "content"))
            if not isinstance(url, str) or not isinstance(title, str):
                continue
            try:
                address = str(parse_address(url, self._ports))
            except AddressRefused:
                continue
            text = one_line(excerpt) if isinstance(excerpt, str) else ""
            yield WebResult(address, one_line(title)[:_LONGEST_TITLE], text[:_LONGEST_EXCERPT])
