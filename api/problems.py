"""Every refusal and failure of the API, as one RFC 9457 problem document.

A problem says what its caller can act on and nothing of the inside: trouble of ours is logged in full under
a short id, and only that id goes out.
"""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.errors import CrewdeskError, DatabaseUnavailable, ErrorKind
from ledger.ids import new_id, short_id
from ledger.log import get_logger

MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER_S = "1"

_log = get_logger(__name__)

_STATUS = {
    ErrorKind.USAGE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorKind.DENIED: HTTPStatus.FORBIDDEN,
    ErrorKind.MISSING: HTTPStatus.NOT_FOUND,
    ErrorKind.CONFLICT: HTTPStatus.CONFLICT,
    ErrorKind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorKind.FAILED: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_HTTP_CODES = {
    HTTPStatus.BAD_REQUEST: ("bad_request", "The body could not be read as JSON."),
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing at this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "This address does not take this method."),
}
_DESCRIPTIONS = {
    400: "The body is not JSON.",
    401: "The API key is missing or not valid.",
    403: "The API key's owner may not do this.",
    404: "There is no such thing, or it is not this caller's to see.",
    409: "It does not go with what happened before; the detail says with what.",
    413: "The body is too large.",
    422: "The request does not fit what is documented here.",
    500: "A failure of ours, with the id it is logged under.",
    503: "Crewdesk cannot work right now; try again after the time in Retry-After.",
}


class Problem(BaseModel):
    """RFC 9457 problem details. `code` is stable and for programs; `detail` is one sentence for people."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="urn:crewdesk: followed by the code.")
    title: str
    status: int
    detail: str
    code: str
    instance: str = Field(description="The path that was asked for.")
    error_id: str | None = Field(
        default=None, description="Of a failure of ours only: tell it to an administrator."
    )


class Unauthenticated(CrewdeskError):
    """Nobody we know presented a key; the answer is 401, where NotPermitted is 403."""

    code = "unauthenticated"
    kind = ErrorKind.DENIED


def problem_response(
    path: str,
    status: HTTPStatus,
    code: str,
    detail: str,
    *,
    error_id: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    problem = Problem(
        type=f"urn:crewdesk:{code}",
        title=status.phrase,
        status=status,
        detail=detail,
        code=code,
        instance=path,
        error_id=error_id,
    )
    content = problem.model_dump(exclude_none=True)
    return JSONResponse(content, status, headers, media_type=MEDIA_TYPE)


def document_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route's `responses` says about its problems. 500 is always possible."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _DESCRIPTIONS[status], "content": content} for status in (*statuses, 500)}


def install_problem_handlers(app: FastAPI) -> None:
    app.add_exception_handler(CrewdeskError, _on_crewdesk_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)


class LastResort:
    """The outermost layer: what nobody foresaw is logged once and becomes a 500 that tells nothing of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def noting_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting_send)
        except Exception:
            if started:
                raise  # half an answer is out; cutting the connection is the honest end
            response = _failure_response(scope["path"], "request_failed")
            await response(scope, receive, send)


def _on_crewdesk_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CrewdeskError)
    path = request.url.path
    if isinstance(error, Unauthenticated):
        challenge = {"WWW-Authenticate": 'Bearer realm="crewdesk"'}
        return problem_response(path, HTTPStatus.UNAUTHORIZED, error.code, str(error), headers=challenge)
    status = _STATUS[error.kind]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return _unavailable_response(path, error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return _failure_response(path, "request_failed")
    return problem_response(path, status, error.code, str(error))


def _unavailable_response(path: str, error: CrewdeskError) -> JSONResponse:
    detail = str(error)
    if isinstance(error, DatabaseUnavailable):
        # What a database says of itself names hosts and files.
        detail = "Crewdesk cannot reach its database right now; try again in a moment."
    error_id = short_id(new_id())
    _log.warning("request_refused", code=error.code, reason=str(error), error_id=error_id, path=path)
    return problem_response(
        path,
        HTTPStatus.SERVICE_UNAVAILABLE,
        error.code,
        detail,
        error_id=error_id,
        headers={"Retry-After": _RETRY_AFTER_S},
    )


def _failure_response(path: str, event: str) -> JSONResponse:
    """To be called while the error is being handled, so that its traceback reaches the log."""
    error_id = short_id(new_id())
    _log.exception(event, error_id=error_id, path=path)
    detail = f"Something went wrong on our side; tell an administrator the id {error_id}."
    return problem_response(
        path, HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail, error_id=error_id
    )


def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        code, detail = _HTTP_CODES[HTTPStatus.BAD_REQUEST]
        return problem_response(request.url.path, HTTPStatus.BAD_REQUEST, code, detail)
    where = ".".join(str(part) for part in first["loc"])
    return problem_response(
        request.url.path, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", f"{where}: {first['msg']}."
    )


def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    code, detail = _HTTP_CODES.get(status, (status.name.lower(), f"{status.phrase}."))
    headers = dict(error.headers) if error.headers else None
    return problem_response(request.url.path, status, code, detail, headers=headers)
