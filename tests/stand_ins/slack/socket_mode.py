"""Socket Mode: hands envelopes to one of the connected clients and keeps what they acknowledge.

An envelope sent while nobody is connected waits for the next client; one sent while all are stalled is lost
until it is delivered again.
"""

import asyncio
import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.stand_ins.journal import Journal
from tests.stand_ins.server import TRANSPORT_KEY, cut_connection
from tests.stand_ins.slack.store import APP_ID, Message


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is delivered; `message` is the stored user message an event tells of, where there is one."""

    id: str
    type: str
    payload: Mapping[str, Any]
    accepts_response_payload: bool = False
    retry_attempt: int = 0
    retry_reason: str = ""
    message: Message | None = None

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "envelope_id": self.id,
            "type": self.type,
            "payload": self.payload,
            "accepts_response_payload": self.accepts_response_payload,
        }
        if self.type == "events_api":
            shown.update(retry_attempt=self.retry_attempt, retry_reason=self.retry_reason)
        return shown


@dataclass(frozen=True, slots=True)
class Delivery:
    envelope: Envelope
    connection: int
    sent_at_s: float


@dataclass(frozen=True, slots=True)
class Ack:
    envelope_id: str
    payload: Any
    connection: int
    received_at_s: float


@dataclass(slots=True)
class _Connection:
    number: int
    websocket: WebSocket
    loop: asyncio.AbstractEventLoop
    outgoing: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    stalled: bool = False
    leaving: bool = False

    def send(self, frame: Mapping[str, Any]) -> None:
        """From any thread; frames leave in the order given."""
        if not self.stalled:
            self.call(self.outgoing.put_nowait, json.dumps(frame))

    def call(self, action: Any, *given: Any) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(action, *given)


class SocketMode:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tickets: set[str] = set()
        self._connections: list[_Connection] = []
        self._opened = 0
        self._waiting: list[Envelope] = []
        self._sent: set[str] = set()
        self.deliveries: Journal[Delivery] = Journal()
        self.acks: Journal[Ack] = Journal()
        self.unexpected: Journal[str] = Journal()

    def issue_ticket(self) -> str:
        """A ticket is good for one connection, as the URL of apps.connections.open is."""
        ticket = secrets.token_hex(8)
        with self._changed:
            self._tickets.add(ticket)
        return ticket

    @property
    def connected(self) -> int:
        with self._changed:
            return len(self._connections)

    @property
    def opened(self) -> int:
        """How many connections were ever opened."""
        with self._changed:
            return self._opened

    def wait_for_connections(self, opened: int, timeout_s: float) -> None:
        """Returns once this many were ever opened and one of them is there to take envelopes."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._opened >= opened and self._takers(), timeout_s):
                raise TimeoutError(f"{self._opened} of {opened} connections within {timeout_s} s")

    def deliver(self, envelope: Envelope) -> None:
        with self._changed:
            takers = self._takers()
            if not takers:
                self._waiting.append(envelope)
                return
            self._send(envelope, takers[len(self.deliveries) % len(takers)])

    def send_disconnect(self, reason: str) -> None:
        """Tells every client to connect anew; no more envelopes go to the old connections."""
        with self._changed:
            for connection in self._connections:
                connection.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "loopback"}})
                connection.leaving = True

    def stall(self) -> None:
        """Every open connection stays open and silent: nothing is sent or read, no ping is answered."""
        with self._changed:
            for connection in self._connections:
                connection.stalled = True
                connection.call(connection.websocket.scope[TRANSPORT_KEY].pause_reading)

    def cut(self) -> None:
        """Resets every open connection."""
        with self._changed:
            for connection in self._connections:
                connection.leaving = True
                connection.call(cut_connection, connection.websocket.scope)

    async def serve(self, websocket: WebSocket) -> None:
        if not self._redeem(websocket.query_params.get("ticket", "")):
            await websocket.close(1008)
            return
        await websocket.accept()
        connection = self._join(websocket)
        sender = asyncio.create_task(_send_frames(connection))
        try:
            while True:
                self._take_frame(connection, await websocket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            sender.cancel()
            self._leave(connection)

    def _redeem(self, ticket: str) -> bool:
        with self._changed:
            known = ticket in self._tickets
            self._tickets.discard(ticket)
            return known

    def _join(self, websocket: WebSocket) -> _Connection:
        with self._changed:
            self._opened += 1
            connection = _Connection(self._opened, websocket, asyncio.get_running_loop())
            connection.send(_hello(len(self._connections) + 1))
            self._connections.append(connection)
            waiting, self._waiting = self._waiting, []
            for envelope in waiting:
                self._send(envelope, connection)
            self._changed.notify_all()
            return connection

    def _leave(self, connection: _Connection) -> None:
        with self._changed:
            self._connections.remove(connection)
            self._changed.notify_all()

    def _takers(self) -> list[_Connection]:
        staying = [connection for connection in self._connections if not connection.leaving]
        return [connection for connection in staying if not connection.stalled] or staying

    def _send(self, envelope: Envelope, connection: _Connection) -> None:
        self._sent.add(envelope.id)
        self.deliveries.append(Delivery(envelope, connection.number, time.monotonic()))
        connection.send(envelope.as_json())

    def _take_frame(self, connection: _Connection, text: str) -> None:
        try:
            frame = json.loads(text)
        except json.JSONDecodeError:
            frame = None
        if not isinstance(frame, dict) or frame.get("envelope_id") not in self._sent:
            self.unexpected.append(text)
            return
        self.acks.append(Ack(frame["envelope_id"], frame.get("payload"), connection.number, time.monotonic()))


async def _send_frames(connection: _Connection) -> None:
    while True:
        await connection.websocket.send_text(await connection.outgoing.get())


def _hello(num_connections: int) -> dict[str, Any]:
    return {
        "type": "hello",
        "num_connections": num_connections,
        "debug_info": {"host": "loopback", "build_number": 1, "approximate_connection_time": 18060},
        "connection_info": {"app_id": APP_ID},
    }
