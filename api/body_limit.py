"""Keeps large bodies out before anything parses them.

FastAPI's own limit answers plain text where a route does not read its body, so the cap stands in front of
all routes.
"""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem_response

MAX_BODY_BYTES = 64 * 1024


class BodyLimit:
    """Takes the whole body in, at most `MAX_BODY_BYTES`, and hands it on as one message."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await _read_body(scope, receive)
        except _BodyTooLarge:
            # Closed, because the rest of the body is still to come and would be taken for the next request.
            response = problem_response(
                scope["path"],
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "body_too_large",
                f"The body may have {MAX_BODY_BYTES // 1024} KiB.",
                headers={"Connection": "close"},
            )
            await response(scope, receive, send)
            return
        except _CallerGone:
            return  # half a request must not be acted on
        pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, replay, send)


class _BodyTooLarge(Exception):
    pass


class _CallerGone(Exception):
    pass


async def _read_body(scope: Scope, receive: Receive) -> bytes:
    declared = Headers(scope=scope).get("content-length", "")
    if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        raise _BodyTooLarge
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise _CallerGone
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise _BodyTooLarge
        if not message.get("more_body", False):
            return bytes(body)
