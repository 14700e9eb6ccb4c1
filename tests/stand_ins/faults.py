"""Faults a test orders from a stand-in: which, on which operation, for how many calls.

A fault is used up by the calls it spoils; a call with no fault ordered is served normally.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from tests.stand_ins.journal import Latch
from tests.stand_ins.server import cut_connection

ANY_OPERATION = "*"


@dataclass(frozen=True, slots=True)
class HttpStatus:
    """Answers this status without doing the work."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResetBefore:
    """Resets the connection; the work is not done."""


@dataclass(frozen=True, slots=True)
class LoseResponse:
    """Does the work, then resets the connection: the caller cannot know."""


@dataclass(frozen=True, slots=True)
class Slow:
    """Does the work, then answers `delay_s` later."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class HoldBefore:
    """Does nothing until the latch is released, then serves normally."""

    latch: Latch


@dataclass(frozen=True, slots=True)
class HoldAfter:
    """Does the work and keeps the answer back until the latch is released."""

    latch: Latch


Fault = HttpStatus | ResetBefore | LoseResponse | Slow | HoldBefore | HoldAfter


class FaultPlan:
    """The faults still owed, oldest first; an operation's own come before those for any operation."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owed: dict[str, list[Fault]] = {}

    def add(self, fault: Fault, *, operation: str = ANY_OPERATION, times: int = 1) -> None:
        with self._lock:
            self._owed.setdefault(operation, []).extend([fault] * times)

    def clear(self) -> None:
        with self._lock:
            self._owed.clear()

    def owed(self) -> int:
        """How many ordered faults nobody has met yet."""
        with self._lock:
            return sum(map(len, self._owed.values()))

    def take(self, operation: str) -> Fault | None:
        with self._lock:
            queue = self._owed.get(operation) or self._owed.get(ANY_OPERATION)
            return queue.pop(0) if queue else None


async def serve_with(
    fault: Fault | None, request: Request, work: Callable[[], Awaitable[Response]]
) -> Response:
    """Serves one request under one fault."""
    match fault:
        case None:
            return await work()
        case HttpStatus(status, body, headers):
            return Response(body, status_code=status, headers=dict(headers))
        case ResetBefore():
            return _cut(request)
        case LoseResponse():
            await work()
            return _cut(request)
        case Slow(delay_s):
            answer = await work()
            await asyncio.sleep(delay_s)
            return answer
        case HoldBefore(latch):
            if not await hold(request, latch):
                return _cut(request)
            return await work()
        case HoldAfter(latch):
            answer = await work()
            return answer if await hold(request, latch) else _cut(request)


async def hold(request: Request, latch: Latch) -> bool:
    """Waits at the latch; False when the client gave up first."""
    await request.body()
    released = asyncio.ensure_future(latch.passed())
    # With the body read, the next thing to receive is the client's leaving.
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait((released, gone), return_when=asyncio.FIRST_COMPLETED)
        return not gone.done()
    finally:
        released.cancel()
        gone.cancel()


def _cut(request: Request) -> Response:
    cut_connection(request.scope)
    # Never arrives: the connection is gone. Starlette wants something to send.
    return Response(status_code=500)
