"""The network as one fetch sees it: a name is resolved once for each connection, the address it stands for is
checked, and that very address is connected to; every read and write ends at the fetch's deadline."""

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from knowledge.web.address import Accepts, Resolve, choose_address
from knowledge.web.errors import WebUnavailable


class PinnedNetwork(httpcore.NetworkBackend):
    """TLS is still held against the name: httpcore asks for its certificate, whatever we connect to."""

    def __init__(self, resolve: Resolve, accepts: Accepts, deadline: float) -> None:
        self._resolve, self._accepts, self._deadline = resolve, accepts, deadline
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Raises AddressRefused, WebUnavailable."""
        address = choose_address(host, port, self._resolve, self._accepts)
        left = time_left(self._deadline, timeout)
        stream = self._network.connect_tcp(address, port, left, local_address, socket_options)
        return _TimedStream(stream, self._deadline)


class _TimedStream(httpcore.NetworkStream):
    """A time-out of a socket is for one read; one that brings a byte at a time would never meet it."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, time_left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, time_left(self._deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = time_left(self._deadline, timeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def time_left(deadline: float, wanted: float | None = None) -> float:
    """Raises WebUnavailable."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise WebUnavailable("The site took too long to answer.")
    return left if wanted is None else min(left, wanted)
