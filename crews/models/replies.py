"""A model's reply and its request as the gateway checks, records and compares them."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel

from crews.models.failures import EmptyReply, MalformedReply
from crews.tools.untrusted import without_boundaries


def check_reply(reply: Any, tools: list[dict[str, Any]] | None) -> None:
    """Raises EmptyReply, or MalformedReply on what CrewAI's agent loop would break on."""
    if not reply or (isinstance(reply, str) and not reply.strip()):
        raise EmptyReply("the model gave an empty reply")
    if not isinstance(reply, list):
        return
    if not tools:
        raise MalformedReply("the model called a tool where none was offered")
    for call in reply:
        function = call.get("function", {}) if isinstance(call, dict) else getattr(call, "function", None)
        arguments = (
            function.get("arguments") if isinstance(function, dict) else getattr(function, "arguments", None)
        )
        if isinstance(arguments, str) and not _fits_call(arguments):
            raise MalformedReply("the model called a tool with arguments that are no JSON object")


def as_sent(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without CrewAI's cache mark, which its clients take off before a message leaves."""
    return [
        {key: value for key, value in message.items() if key != "cache_breakpoint"} for message in messages
    ]


def as_data(reply: Any) -> Any:
    if isinstance(reply, list):
        return [as_data(item) for item in reply]
    if isinstance(reply, BaseModel):
        return reply.model_dump(mode="json", exclude_none=True)
    return reply


def request_digest(sent: dict[str, Any]) -> str:
    """The same for requests that hold the same messages and tools, whatever number their marks have."""
    canonical = without_boundaries(json.dumps(sent, sort_keys=True, ensure_ascii=False, default=str))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _fits_call(arguments: str) -> bool:
    try:
        parsed = json.loads(arguments)
    except ValueError:
        # CrewAI tells the model of it and goes on.
        return True
    return parsed is None or isinstance(parsed, dict)
