"""The scripted provider's HTTP server: checks key and body, keeps the request, replies as scripted.

`/v1/responses` answers 404 as most OpenAI-compatible servers do; CrewAI turns to it only when told
`api="responses"`.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.stand_ins.faults import hold
from tests.stand_ins.journal import Journal
from tests.stand_ins.provider import wire
from tests.stand_ins.provider.replies import (
    CutConnection,
    Garbage,
    HttpError,
    Reply,
    Said,
    Timeout,
    ToolCall,
    Trickle,
)
from tests.stand_ins.provider.request import ChatRequest, RequestRefused, check_chat_body
from tests.stand_ins.provider.scripts import ReplyList, Script
from tests.stand_ins.server import LoopbackServer, cut_connection, flush_then_cut


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request the scripted model never saw, and why."""

    status: int
    message: str
    raw: str


class ScriptedProvider:
    """`script` is a list of replies or a callable from request to reply; both may be exchanged by `play`."""

    def __init__(
        self,
        script: Sequence[Reply] | Script = (),
        *,
        api_key: str = "sk-scripted",
        models: Sequence[str] = ("gpt-4o-mini", "gpt-4.1-mini"),
        port: int = 0,
    ) -> None:
        self.api_key = api_key
        self.models = tuple(models)
        self.requests: Journal[ChatRequest] = Journal()
        self.refusals: Journal[Refusal] = Journal()
        self.play(script)
        routes = [
            Route("/v1/chat/completions", self._complete, methods=["POST"]),
            Route("/v1/models", self._list_models, methods=["GET"]),
        ]
        self.server = LoopbackServer(Starlette(routes=routes), port=port)

    @property
    def base_url(self) -> str:
        return f"{self.server.url}/v1"

    def play(self, script: Sequence[Reply] | Script) -> None:
        self._script: Script = script if callable(script) else ReplyList(script)

    def wait_for(self, count: int, timeout_s: float = 10.0) -> tuple[ChatRequest, ...]:
        return self.requests.wait_for(count, timeout_s)

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()

    async def _list_models(self, request: Request) -> Response:
        if not self._is_authorized(request):
            return self._refuse(HttpError(401, message="The API key is wrong."), "")
        owned = {"object": "model", "created": wire.CREATED, "owned_by": "scripted"}
        return JSONResponse({"object": "list", "data": [{"id": name, **owned} for name in self.models]})

    async def _complete(self, request: Request) -> Response:
        raw = (await request.body()).decode("utf-8", "replace")
        if not self._is_authorized(request):
            return self._refuse(HttpError(401, message="The API key is wrong."), raw)
        try:
            body = json.loads(raw)
            check_chat_body(body)
        except json.JSONDecodeError as error:
            return self._refuse(HttpError(400, message=f"The body is not JSON: {error}"), raw)
        except RequestRefused as refused:
            return self._refuse(HttpError(400, message=refused.message), raw, refused.param)
        if body["model"] not in self.models:
            return self._refuse(HttpError(404, message=f"There is no model {body['model']!r}."), raw, "model")
        received = self.requests.append_indexed(lambda index: ChatRequest(index, raw))
        return await self._reply(request, received, self._next_reply(received))

    def _next_reply(self, received: ChatRequest) -> Reply:
        try:
            return self._script(received)
        except Exception as error:  # noqa: BLE001 - the script is the test's own code; its failure must reach the test
            message = f"The script failed: {error!r}"
            self.refusals.append(Refusal(400, message, received.raw))
            return HttpError(400, code="script_failed", message=message)

    async def _reply(self, request: Request, received: ChatRequest, reply: Reply) -> Response:
        match reply:
            case HttpError():
                body, headers = wire.error(reply)
                return JSONResponse(body, status_code=reply.status, headers=headers)
            case Garbage(payload, content_type):
                return Response(payload, media_type=content_type)
            case Timeout(latch, then):
                if not await hold(request, latch):
                    cut_connection(request.scope)
                return _say(received, then)
            case CutConnection(after_bytes, said):
                return _BrokenOff(
                    _say(received, said).media_type, b"".join(_body(received, said)), after_bytes
                )
            case Trickle(said, chunk_bytes, pause_s):
                whole = b"".join(_body(received, said))
                media_type = _say(received, said).media_type
                return StreamingResponse(_trickle(whole, chunk_bytes, pause_s), media_type=media_type)
            case ToolCall():
                return _say(received, (reply,))
            case _:
                return _say(received, reply)

    def _is_authorized(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return secrets.compare_digest(given.encode(), f"Bearer {self.api_key}".encode())

    def _refuse(self, fault: HttpError, raw: str, param: str | None = None) -> Response:
        self.refusals.append(Refusal(fault.status, fault.message, raw))
        body, headers = wire.error(fault, param)
        return JSONResponse(body, status_code=fault.status, headers=headers)


def _say(received: ChatRequest, said: Said) -> Response:
    if received.stream:
        return StreamingResponse(_send_each(_body(received, said)), media_type="text/event-stream")
    return JSONResponse(wire.completion(received, said))


def _body(received: ChatRequest, said: Said) -> list[bytes]:
    if received.stream:
        return list(wire.event_stream(received, said))
    return [json.dumps(wire.completion(received, said)).encode()]


async def _send_each(pieces: list[bytes]) -> AsyncIterator[bytes]:
    # Starlette would run a plain iterator in a thread, at a thread switch per piece.
    for piece in pieces:
        yield piece


async def _trickle(whole: bytes, chunk_bytes: int, pause_s: float) -> AsyncIterator[bytes]:
    for start in range(0, len(whole), chunk_bytes):
        yield whole[start : start + chunk_bytes]
        await asyncio.sleep(pause_s)


class _BrokenOff(Response):
    """A response that promises its whole body and stops after some of it."""

    def __init__(self, media_type: str | None, whole: bytes, after_bytes: int) -> None:
        super().__init__(whole, media_type=media_type)
        self._after_bytes = after_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._after_bytes == 0:
            cut_connection(scope)
            return
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        part = bytes(self.body)[: self._after_bytes]
        await send({"type": "http.response.body", "body": part, "more_body": True})
        flush_then_cut(scope)
        while (await receive())["type"] != "http.disconnect":
            pass
