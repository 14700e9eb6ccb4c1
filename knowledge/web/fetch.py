"""Fetches one page and keeps to what was promised of it: where from, how much, how long, and of what kind.

Nothing is carried from one request to the next: no cookie, no login, no proxy or other setting of the
environment. What comes is not unpacked, so that a small answer cannot become a large one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import httpcore
import httpx

from knowledge.web.address import Accepts, Resolve, ask_system, is_public, parse_address
from knowledge.web.errors import AddressRefused, WebUnavailable
from knowledge.web.pinned import PinnedNetwork, time_left

MOST_REDIRECTS = 3
USUAL_PORTS = frozenset({80, 443})

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAY_COME_LATER = {408: "took too long", 425: "asks to wait", 429: "asks us to come back later"}

MayFollow = Callable[[httpx.URL], bool]


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """`seconds` is for all of it, with every redirect; `most_bytes` for the last answer's body."""

    seconds: float = 15.0
    most_bytes: int = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fetched:
    """`url` is where it was in the end, `media_type` without parameters and in small letters."""

    url: str
    media_type: str
    body: bytes


class Fetcher:
    """Safe to share between threads. Where it may go is fixed when it is made: another rule than the public
    internet and the usual ports is for a search engine the installation names, and for tests."""

    def __init__(
        self,
        limits: FetchLimits | None = None,
        *,
        resolve: Resolve = ask_system,
        accepts: Accepts = is_public,
        ports: frozenset[int] | None = USUAL_PORTS,
    ) -> None:
        self._limits = limits or FetchLimits()
        self._resolve, self._accepts, self._ports = resolve, accepts, ports
        self._user_agent = f"Crewdesk/{version('crewdesk')}"

    def fetch(self, address: str | httpx.URL, media_types: frozenset[str], may_follow: MayFollow) -> Fetched:
        """What is no text has been parsed before. Raises AddressRefused, WebUnavailable."""
        deadline = time.monotonic() + self._limits.seconds
        url = parse_address(address, self._ports) if isinstance(address, str) else address
        for _ in range(MOST_REDIRECTS + 1):
            reply = self._request(url, media_types, deadline)
            if isinstance(reply, Fetched):
                return reply
            url = parse_address(reply, self._ports)
            if not may_follow(url):
                raise AddressRefused("This page leads on to another site, which is not followed.")
        raise WebUnavailable("This page leads on and on.")

    def _request(self, url: httpx.URL, media_types: frozenset[str], deadline: float) -> Fetched | str:
        """What is there, or the address it has moved to."""
        network = PinnedNetwork(self._resolve, self._accepts, deadline)
        # Of its parts, so that nobody parses it a second time and reads something else in it.
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        headers = [
            ("Host", url.netloc.decode("ascii")),
            ("User-Agent", self._user_agent),
            ("Accept", ", ".join(sorted(media_types))),
            ("Accept-Encoding", "identity"),
        ]
        timeouts = {name: time_left(deadline) for name in ("connect", "read", "write", "pool")}
        try:
            with (
                httpcore.ConnectionPool(network_backend=network, http2=False, retries=0) as pool,
                pool.stream("GET", target, headers=headers, extensions={"timeout": timeouts}) as answer,
            ):
                return self._read(url, answer, media_types)
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
            httpcore.UnsupportedProtocol,
        ) as error:
            time_left(deadline)
            raise WebUnavailable("The site could not be reached, or broke off.") from error

    def _read(self, url: httpx.URL, answer: httpcore.Response, media_types: frozenset[str]) -> Fetched | str:
        headers = httpx.Headers(answer.headers)
        if answer.status in _REDIRECTS and "location" in headers:
            return _joined(url, headers["location"])
        if answer.status != 200:
            raise WebUnavailable(
                f"The site {_MAY_COME_LATER.get(answer.status, 'refused')} ({answer.status})."
            )
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in media_types:
            raise WebUnavailable("What is there is of a kind that is not read.")
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise WebUnavailable("The site sends what is there only packed.")
        body = bytearray()
        for part in answer.iter_stream():
            body += part
            if len(body) > self._limits.most_bytes:
                raise WebUnavailable("What is there is too long to read.")
        return Fetched(str(url), media_type, bytes(body))


def _joined(url: httpx.URL, location: str) -> str:
    try:
        return str(url.join(location))
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressRefused("This page leads on to what is no web address.") from error
