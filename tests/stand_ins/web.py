"""A search engine that answers as SearXNG does, and the sites it knows, all on one loopback port.

What is at a path is a `Page`, and so is what the search engine says; a page can drip, never end, be packed,
lead elsewhere or be broken. `asked` has every request as it came.
"""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.stand_ins.journal import Journal
from tests.stand_ins.server import LoopbackServer

SEARCH_PATH = "/search"
DRIP_S = 0.05


@dataclass(frozen=True, slots=True)
class Page:
    """`dripping` sends the body a byte at a time, `endless` sends it again and again."""

    body: bytes = b""
    media_type: str | None = "text/html"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: Literal["whole", "dripping", "endless"] = "whole"


@dataclass(frozen=True, slots=True)
class WebRequest:
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


def page(title: str, text: str) -> Page:
    html = f"<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"
    return Page(html.encode())


def redirect(target: str, status: int = 302) -> Page:
    return Page(status=status, headers={"location": target, "set-cookie": "seen=yes"})


def packed(size_bytes: int) -> Page:
    return Page(gzip.compress(b"\0" * size_bytes), headers={"content-encoding": "gzip"})


def result(url: str, title: str, excerpt: str) -> dict[str, Any]:
    return {"url": url, "title": title, "content": excerpt, "engine": "stand-in", "score": 1.0}


class StandInWeb:
    """`results` are what the search engine finds, whatever it is asked; `search_reply` stands in place of
    its whole answer."""

    def __init__(self) -> None:
        self.results: list[Any] = []
        self.search_reply: Page | None = None
        self.pages: dict[str, Page] = {}
        self.asked: Journal[WebRequest] = Journal()
        self._server = LoopbackServer(Starlette(routes=[Route("/{path:path}", self._answer)]))

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def port(self) -> int:
        return self._server.port

    def address(self, host: str, path: str) -> str:
        """Of a page on a site of this name, for whoever resolves the name to loopback."""
        return f"http://{host}:{self.port}{path}"

    def searches(self) -> list[str]:
        return [asked.query["q"] for asked in self.asked.snapshot() if asked.path == SEARCH_PATH]

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        self.asked.append(WebRequest(path, dict(request.query_params), dict(request.headers)))
        if path == SEARCH_PATH:
            return _response(self.search_reply or self._found())
        return _response(self.pages.get(path) or Page(b"There is no such page.", "text/plain", 404))

    def _found(self) -> Page:
        return Page(json.dumps({"query": "q", "results": self.results}).encode(), "application/json")


def _response(page: Page) -> Response:
    headers = dict(page.headers)
    if page.media_type is not None:
        headers["content-type"] = page.media_type
    if page.manner == "whole":
        return Response(page.body, page.status, headers)
    return StreamingResponse(
        _drip(page) if page.manner == "dripping" else _repeat(page), page.status, headers
    )


async def _drip(page: Page) -> AsyncIterator[bytes]:
    for byte in page.body:
        yield bytes([byte])
        await asyncio.sleep(DRIP_S)


async def _repeat(page: Page) -> AsyncIterator[bytes]:
    while True:
        yield page.body
        await asyncio.sleep(0)
