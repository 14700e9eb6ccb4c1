"""Runs an ASGI application on 127.0.0.1 in a thread of its own, to be stopped and started again on one port.

The port stays ours for the server's whole life: while it is down a connection is refused, and nobody else can
take it.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HOST = "127.0.0.1"
START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 10.0
ABANDON_AFTER_S = 0.2
TRANSPORT_KEY = "stand_in.transport"


def cut_connection(scope: MutableMapping[str, Any]) -> None:
    """Resets the connection a request or WebSocket came by: its client sees a reset and not a tidy end."""
    _reset(scope[TRANSPORT_KEY])


def flush_then_cut(scope: MutableMapping[str, Any]) -> None:
    """Closes the connection once the bytes already written have left: the client sees it stop short."""
    scope[TRANSPORT_KEY].close()


class LoopbackServer:
    """Serves one ASGI application; with `port=0` the system chooses, and `port` says what."""

    def __init__(self, app: ASGIApp, *, port: int = 0) -> None:
        self._app = app
        # Bound and never listening: it keeps the port while the server is down, and refuses connections.
        self._reservation = _bound_socket(port)
        self.port: int = self._reservation.getsockname()[1]
        self._running: _RunningServer | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The server's own event loop, for handing it work from another thread."""
        if self._running is None:
            raise RuntimeError("the server is not running")
        return self._running.loop

    @property
    def is_running(self) -> bool:
        return self._running is not None

    def start(self) -> None:
        if self._running is None:
            self._running = _RunningServer(self._app, _bound_socket(self.port))

    def stop(self) -> None:
        """Resets every open connection and refuses new ones until `start`."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()

    @contextmanager
    def down(self) -> Iterator[None]:
        """The time inside the block is down time."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def close(self) -> None:
        self.stop()
        self._reservation.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _RunningServer:
    """One period of up time: a listening socket, a thread and its event loop."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self._ready = threading.Event()
        self._server = _ReadyServer(_uvicorn_config(app), self._ready.set)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="stand-in-server", daemon=True
        )
        self._thread.start()
        if not self._ready.wait(START_TIMEOUT_S):
            raise TimeoutError(f"the server did not start within {START_TIMEOUT_S} s")
        self.loop = self._server.serving_loop

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self._reset_and_exit)
        self._thread.join(STOP_TIMEOUT_S)
        if self._thread.is_alive():
            raise TimeoutError(f"the server did not stop within {STOP_TIMEOUT_S} s")

    def _reset_and_exit(self) -> None:
        for listener in self._server.servers:
            listener.close()
        for connection in list(self._server.server_state.connections):
            _reset(connection.transport)
        self._server.ask_to_exit()


class _ReadyServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce
        self.serving_loop: asyncio.AbstractEventLoop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serving_loop = asyncio.get_running_loop()
        self._asked_to_exit = asyncio.Event()
        self._announce()

    async def main_loop(self) -> None:
        # uvicorn looks every 100 ms whether it should exit, which is most of a short test's time.
        await self.on_tick(0)
        await self._asked_to_exit.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Every connection is reset by now, so there is nobody to wait for, as uvicorn's own shutdown would.
        for server in self.servers:
            server.close()
        tasks = set(self.server_state.tasks)
        if tasks:
            _, unfinished = await asyncio.wait(tasks, timeout=ABANDON_AFTER_S)
            for task in unfinished:
                task.cancel()

    def ask_to_exit(self) -> None:
        self._asked_to_exit.set()


class _HttpProtocol(H11Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app = _with_transport(self.app, transport)


class _WebSocketProtocol(WebSocketsSansIOProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.app = _with_transport(self.app, self.transport)


def _with_transport(app: ASGIApp, transport: asyncio.Transport) -> ASGIApp:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        scope[TRANSPORT_KEY] = transport
        await app(scope, receive, send)

    return serve


def _uvicorn_config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=_HttpProtocol,
        ws=_WebSocketProtocol,
        # Pings come from the client under test; ours would hide a client that sends none.
        ws_ping_interval=None,
        lifespan="off",
        log_config=None,
        access_log=False,
    )


def _bound_socket(port: int) -> socket.socket:
    # asyncio turns delayed sending off only where the protocol is named; left at 0, each answer waits 40 ms.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Reservation and listener share the port by this; SO_REUSEADDR would let in anybody else who sets it.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound


def _reset(transport: asyncio.Transport) -> None:
    raw = transport.get_extra_info("socket")
    if raw is not None and raw.fileno() != -1:
        # Linger zero makes the close a reset instead of a tidy end of stream.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
