"""One conversation with an MCP server: connect, ask, leave, within a time and a size.

The server gets nothing from us but the call: no files, no model, no questions to the user. What it says of a
tool besides description and arguments is not looked at.
"""

import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import anyio
import httpx
from mcp import ClientSession, McpError, StdioServerParameters, stdio_client, types
from mcp.client.streamable_http import StreamableHTTPError, streamable_http_client
from pydantic import ValidationError

from crews.models.timed_call import CallAbandoned, CallTimedOut, call_within
from crews.workspace_tools.secrets import Secrets, headers_with
from crews.workspace_tools.spec import McpServer
from ledger.errors import CrewdeskError, ErrorKind

T = TypeVar("T")

_MOST_PAGES = 20
# Headers of the protocol and what frames a message, beside the answer itself.
_FRAME_BYTES = 20_000
# To close the connection in good order once the time is up.
_GRACE_S = 2.0


class ServerAway(CrewdeskError):
    """The sentence says what became of the conversation."""

    code = "mcp_server_away"
    kind = ErrorKind.UNAVAILABLE


class _TooLarge(Exception):
    pass


class _Redirected(Exception):
    pass


class _Limited(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, most: int) -> None:
        self._inner = inner
        self._left = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            self._left -= len(chunk)
            if self._left < 0:
                raise _TooLarge
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


def converse(
    server: McpServer,
    secrets: Secrets,
    seconds: float,
    cancelled: threading.Event,
    work: Callable[[ClientSession], Awaitable[T]],
) -> T:
    """What `work` makes of the session. Raises ServerAway, SecretMissing."""
    connect = _connector(server, secrets, seconds)

    async def talk() -> T:
        with anyio.fail_after(seconds):
            async with connect() as (read, write), ClientSession(read, write) as session:
                await session.initialize()
                return await work(session)

    name = server.url or server.command[0]
    try:
        result: T = call_within(seconds + _GRACE_S, lambda: anyio.run(talk), cancelled)
    except CallAbandoned as error:
        raise ServerAway("The step was cancelled.") from error
    except (CallTimedOut, TimeoutError) as error:
        raise ServerAway(f"{name} did not answer within {seconds:g} seconds.") from error
    except (*_FAILURES, BaseExceptionGroup) as error:
        raise ServerAway(f"{name} {_trouble(error, server)}.") from error
    return result


async def list_tools(session: ClientSession) -> dict[str, types.Tool]:
    """All the server has, by name; of two with one name the first."""
    found: dict[str, types.Tool] = {}
    params = None
    for _ in range(_MOST_PAGES):
        page = await session.list_tools(params=params)
        for tool in page.tools:
            found.setdefault(tool.name, tool)
        if not page.nextCursor:
            break
        params = types.PaginatedRequestParams(cursor=page.nextCursor)
    return found


_FAILURES = (
    McpError,
    httpx.HTTPError,
    StreamableHTTPError,
    OSError,
    ValueError,
    RuntimeError,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
    _TooLarge,
    _Redirected,
)


def _connector(
    server: McpServer, secrets: Secrets, seconds: float
) -> Callable[[], AbstractAsyncContextManager[tuple[Any, Any]]]:
    """Raises SecretMissing."""
    if server.url is None:
        environment = headers_with(dict(server.environment), secrets)
        return lambda: _started(server, environment)
    headers = headers_with(server.headers, secrets) | {"Accept-Encoding": "identity"}
    url = server.url

    @asynccontextmanager
    async def connect() -> AsyncIterator[tuple[Any, Any]]:
        async def look(response: httpx.Response) -> None:
            if response.is_redirect:
                raise _Redirected
            if response.headers.get("content-encoding", "identity") != "identity":
                raise _TooLarge
            assert isinstance(response.stream, httpx.AsyncByteStream)
            response.stream = _Limited(response.stream, server.max_bytes + _FRAME_BYTES)

        async with (
            httpx.AsyncClient(headers=headers, timeout=seconds, event_hooks={"response": [look]}) as client,
            streamable_http_client(url, http_client=client) as (read, write, _),
        ):
            yield read, write

    return connect


@asynccontextmanager
async def _started(server: McpServer, environment: dict[str, str]) -> AsyncIterator[tuple[Any, Any]]:
    command, *arguments = server.command
    parameters = StdioServerParameters(command=command, args=arguments, env=environment)
    # What it says on standard error is its own log, and may hold anything.
    with Path(os.devnull).open("w") as nowhere:
        async with stdio_client(parameters, errlog=nowhere) as (read, write):
            yield read, write


def _trouble(error: BaseException, server: McpServer) -> str:
    leaves = list(_leaves(error))
    for leaf in leaves:
        if isinstance(leaf, _TooLarge):
            return f"answers more than {server.max_bytes:,} bytes"
        if isinstance(leaf, _Redirected):
            return "wants to send Crewdesk elsewhere, which it does not follow"
        if isinstance(leaf, httpx.HTTPStatusError):
            return f"answers {leaf.response.status_code}"
        if isinstance(leaf, httpx.ConnectError | httpx.ConnectTimeout | OSError):
            return f"cannot be reached ({type(leaf).__name__})"
        if isinstance(leaf, TimeoutError):
            return "did not answer in time"
        if isinstance(leaf, ValidationError | ValueError | RuntimeError):
            return "answers what does not fit the protocol, or its own schema"
    return f"broke off ({type(leaves[0]).__name__})"


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
