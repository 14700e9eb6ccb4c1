"""The web as the crews' tools use it: one search engine, and the pages it finds or the workspace allows."""

from collections.abc import Collection
from dataclasses import dataclass

import httpx

from knowledge.web.address import is_any, parse_address
from knowledge.web.engine import SearchEngine, WebResult
from knowledge.web.errors import AddressRefused
from knowledge.web.fetch import USUAL_PORTS, Fetcher
from knowledge.web.page import READABLE, WebPage, read_page

_WWW = "www."


@dataclass(frozen=True, slots=True)
class WebDesk:
    """Safe to share between threads. `allowed_domains` may be read without having been found."""

    engine: SearchEngine
    pages: Fetcher
    allowed_domains: frozenset[str] = frozenset()
    ports: frozenset[int] | None = USUAL_PORTS

    def search(self, query: str) -> list[WebResult]:
        """Raises WebUnavailable."""
        return self.engine.search(query)

    def read(self, address: str, found: Collection[str]) -> WebPage:
        """`found` are the addresses this run was shown. Raises AddressRefused, WebUnavailable,
        ParserUnavailable."""
        url = parse_address(address, self.ports)
        if str(url) not in found and not self._is_allowed(url):
            raise AddressRefused(
                "Only pages that web_search found in this run are read, and those of domains the workspace "
                "allows."
            )

        def may_follow(next_url: httpx.URL) -> bool:
            same_site = next_url.host.removeprefix(_WWW) == url.host.removeprefix(_WWW)
            return same_site or self._is_allowed(next_url)

        return read_page(self.pages.fetch(url, frozenset(READABLE), may_follow))

    def _is_allowed(self, url: httpx.URL) -> bool:
        host = url.host.rstrip(".")
        return any(host == domain or host.endswith(f".{domain}") for domain in self.allowed_domains)


def open_web_desk(search_url: str, allowed_domains: Collection[str]) -> WebDesk:
    """The search engine is where the installation says, which may well be inside its own network."""
    engine = SearchEngine(search_url, Fetcher(accepts=is_any, ports=None))
    return WebDesk(engine, Fetcher(), frozenset(allowed_domains))
