"""Carries out a tool of kind `http` and reads what comes back, within its time and size.

Whatever goes wrong has a sentence. Where something was to be done, it is told apart whether it certainly was
not (never sent, or refused) or nobody can know.
"""

import json
import threading
import time
from datetime import datetime
from typing import Any

import httpx
from pydantic import BaseModel, ValidationError

from crews.models.timed_call import CallAbandoned, CallTimedOut, call_within
from crews.tools.gate import Effect, Status, ToolOutcome
from crews.workspace_tools.answer import NOTHING, outcome_of
from crews.workspace_tools.http_request import Outgoing
from crews.workspace_tools.secrets import Secrets, without_secrets
from crews.workspace_tools.spec import HttpTool
from ledger.effects import EffectUnknown

# The request never left, so nothing can have come of it.
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.ProxyError,
)
_REFUSES_US = frozenset({401, 403})
_NOT_THERE = frozenset({404, 410})
_NOT_NOW = 429
_GAVE_UP = 408


class _TooLarge(Exception):
    pass


class _Unreadable(Exception):
    """Its text says what is wrong with the answer."""


def send(
    tool: HttpTool,
    outgoing: Outgoing,
    secrets: Secrets,
    shape: type[BaseModel] | None,
    now: datetime,
    seconds: float,
    cancelled: threading.Event,
) -> ToolOutcome:
    """Raises EffectUnknown where something may or may not have been done."""
    host = httpx.URL(outgoing.url).host
    try:
        status, body = call_within(seconds, lambda: _exchange(tool, outgoing, seconds), cancelled)
    except _NEVER_SENT as error:
        return _away(f"{host} cannot be reached ({type(error).__name__}).")
    except (CallTimedOut, httpx.TimeoutException):
        return _not_known(tool, f"{host} did not answer within {seconds:g} seconds.")
    except CallAbandoned:
        return _not_known(tool, "The step was cancelled.")
    except _TooLarge:
        return _done(tool, f"What {host} answers is larger than {tool.max_bytes:,} bytes.")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _not_known(tool, f"The connection to {host} broke ({type(error).__name__}).")
    refused = _refused(tool, host, status)
    if refused is not None:
        return refused
    try:
        value = _answer(tool, body, shape)
        outcome = outcome_of(tool, host, without_secrets(value, secrets), now)
    except _Unreadable as error:
        return _done(tool, f"What {host} answers {error}.")
    except RecursionError:
        return _done(tool, f"What {host} answers has too many layers.")
    if tool.effect is not Effect.READ and outcome.status is Status.NOTHING_FOUND:
        return ToolOutcome(Status.FOUND, note="It was done.")
    return outcome


def _exchange(tool: HttpTool, outgoing: Outgoing, seconds: float) -> tuple[int, bytes]:
    ends_at = time.monotonic() + seconds
    with (
        httpx.Client(follow_redirects=False, timeout=seconds) as client,
        client.stream(
            outgoing.method,
            # Not by httpx's own parameters, which take the place of what stands in the address.
            httpx.URL(outgoing.url).copy_merge_params(outgoing.query),
            json=outgoing.body,
            headers=outgoing.headers,
        ) as response,
    ):
        if not response.is_success:
            return response.status_code, b""
        if response.headers.get("content-encoding", "identity") != "identity":
            raise _TooLarge
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > tool.max_bytes:
                raise _TooLarge
            if time.monotonic() > ends_at:
                raise CallTimedOut
        return response.status_code, bytes(body)


def _refused(tool: HttpTool, host: str, status: int) -> ToolOutcome | None:
    if httpx.codes.is_success(status):
        return None
    if status in _REFUSES_US:
        return ToolOutcome(Status.DENIED, note=f"{host} does not let Crewdesk do this ({status}).")
    if status in _NOT_THERE and tool.effect is Effect.READ:
        return ToolOutcome(Status.NOTHING_FOUND, note=NOTHING)
    if status == _NOT_NOW:
        return _away(f"{host} takes no more requests just now ({status}).")
    if httpx.codes.is_redirect(status):
        return _not_known(
            tool, f"{host} wants to send Crewdesk elsewhere ({status}), which it does not follow."
        )
    if httpx.codes.is_client_error(status) and status != _GAVE_UP:
        return _away(f"{host} refuses the request ({status}).")
    return _not_known(tool, f"{host} failed ({status}).")


def _answer(tool: HttpTool, body: bytes, shape: type[BaseModel] | None) -> Any:
    """Raises _Unreadable."""
    if not body and tool.answer.shape is None and not tool.answer.at:
        return None
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _Unreadable("is no JSON") from error
    for key in tool.answer.at:
        if not isinstance(value, dict) or key not in value:
            raise _Unreadable(f"has no '{key}' where tools/{tool.name}.yaml looks for it")
        value = value[key]
    if shape is None or value is None:
        return value
    try:
        return shape.model_validate({"answer": value}, strict=True).model_dump(mode="json")["answer"]
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"][1:]) or "the answer"
        raise _Unreadable(f"is not of the declared shape (at {where})") from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _away(sentence: str) -> ToolOutcome:
    return ToolOutcome(Status.UNAVAILABLE, note=sentence)


def _not_known(tool: HttpTool, sentence: str) -> ToolOutcome:
    """Raises EffectUnknown unless the tool only reads."""
    if tool.effect is Effect.READ:
        return _away(sentence)
    raise EffectUnknown(sentence)


def _done(tool: HttpTool, sentence: str) -> ToolOutcome:
    """The other side has said yes; what it said besides cannot be read."""
    if tool.effect is Effect.READ:
        return _away(sentence)
    return ToolOutcome(Status.FOUND, note=f"It was done. {sentence}")
