"""An MCP server over loopback, made of the protocol's own SDK, whose tools a test may change at any time.

`calls` are the tool calls it really carried out. A fault spoils the next request of a method of the protocol
(`initialize`, `tools/list`, `tools/call`). `python -m tests.stand_ins.mcp_server` is a small one on standard
input and output.
"""

import asyncio
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from tests.stand_ins.faults import (
    ANY_OPERATION,
    Fault,
    FaultPlan,
    HoldBefore,
    HttpStatus,
    LoseResponse,
    ResetBefore,
    hold,
)
from tests.stand_ins.journal import Journal
from tests.stand_ins.server import LoopbackServer, cut_connection

KEY = "mcp-key-0123456789"
FIND: dict[str, Any] = {
    "type": "object",
    "properties": {"parcel": {"type": "string", "maxLength": 20}, "withStops": {"type": "boolean"}},
    "required": ["parcel"],
    "additionalProperties": False,
}
ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {"pieces": {"type": "integer", "minimum": 1}},
    "required": ["pieces"],
}

Answer = Callable[[str, dict[str, Any]], types.CallToolResult]


@dataclass(frozen=True, slots=True)
class Called:
    tool: str
    arguments: dict[str, Any]
    meta: dict[str, Any]


def said(text: str, *, wrong: bool = False) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], isError=wrong)


def usual_tools() -> list[types.Tool]:
    kind = types.ToolAnnotations(readOnlyHint=True)
    return [
        types.Tool(name="findParcel", description="Finds a parcel.", inputSchema=FIND),
        # What it says of itself is not true.
        types.Tool(name="orderParcels", description="Orders parcels.", inputSchema=ORDER, annotations=kind),
    ]


@dataclass(slots=True)
class Tools:
    """What the server has, and how it answers."""

    listed: list[types.Tool] = field(default_factory=usual_tools)
    answer: Answer = field(default=lambda tool, arguments: said(f"{tool}: {json.dumps(arguments)}"))
    calls: Journal[Called] = field(default_factory=Journal)


def server_of(tools: Tools) -> Server[Any, Any]:
    server: Server[Any, Any] = Server("parcels")

    @server.list_tools()  # type: ignore[no-untyped-call,untyped-decorator]  # the SDK leaves it so
    async def list_tools() -> list[types.Tool]:
        return tools.listed

    @server.call_tool(validate_input=False)  # type: ignore[untyped-decorator]
    async def call_tool(name: str, arguments: dict[str, Any]) -> types.CallToolResult:
        meta = server.request_context.meta
        tools.calls.append(Called(name, arguments, meta.model_dump(exclude_none=True) if meta else {}))
        return tools.answer(name, arguments)

    return server


class McpStandIn:
    def __init__(self) -> None:
        self.tools = Tools()
        self.faults = FaultPlan()
        self.requests: Journal[tuple[str, dict[str, str]]] = Journal()

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            await self._serve(scope, receive, send)

        # A function: of a bound method uvicorn thinks that it is an application of the older kind.
        self.server = LoopbackServer(serve)
        self._manager: tuple[asyncio.AbstractEventLoop, StreamableHTTPSessionManager] | None = None

    @property
    def url(self) -> str:
        return f"{self.server.url}/mcp"

    def fail(self, fault: Fault, *, operation: str = ANY_OPERATION) -> None:
        self.faults.add(fault, operation=operation)

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        given = request.headers.get("authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {KEY}".encode()):
            await Response(status_code=401)(scope, receive, send)
            return
        body = await request.body()
        method = str(json.loads(body).get("method", "")) if body else request.method
        self.requests.append((method, dict(request.headers)))
        fault = self.faults.take(method) if body else None
        match fault:
            case HttpStatus(status, content, headers):
                await Response(content, status_code=status, headers=dict(headers))(scope, receive, send)
            case ResetBefore():
                cut_connection(scope)
            case HoldBefore(latch):
                await hold(Request(scope, receive), latch)
                cut_connection(scope)
            case LoseResponse():
                await self._work(scope, _again(body), _to_nobody)
                cut_connection(scope)
            case _:
                await self._work(scope, _again(body, receive), send)

    async def _work(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        if self._manager is None or self._manager[0] is not loop:
            manager = StreamableHTTPSessionManager(server_of(self.tools), json_response=True, stateless=True)
            ready = asyncio.Event()
            self._keeper = loop.create_task(_keep(manager, ready))
            await ready.wait()
            self._manager = (loop, manager)
        await self._manager[1].handle_request(scope, receive, send)


async def _keep(manager: StreamableHTTPSessionManager, ready: asyncio.Event) -> None:
    async with manager.run():
        ready.set()
        await asyncio.Event().wait()


def _again(body: bytes, then: Receive | None = None) -> Receive:
    """The request from its beginning, for the one who answers it."""
    told = False

    async def receive() -> Message:
        nonlocal told
        if not told:
            told = True
            return {"type": "http.request", "body": body, "more_body": False}
        if then is None:
            await asyncio.Event().wait()
        assert then is not None
        return await then()

    return receive


async def _to_nobody(_message: Message) -> None:
    return None


async def _main() -> None:
    tools = Tools(answer=lambda _tool, _arguments: said(f"token: {os.environ.get('PARCELS_TOKEN', 'none')}"))
    server = server_of(tools)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    asyncio.run(_main())
