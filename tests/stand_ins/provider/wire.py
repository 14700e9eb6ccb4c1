"""The OpenAI wire format of a scripted reply: one JSON completion, or the same as server-sent events.

Ids and token counts follow from the request alone, so two runs of a script give the same bytes.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.stand_ins.provider.replies import Empty, HttpError, Said, Text
from tests.stand_ins.provider.request import ChatRequest

CREATED = 1_760_000_000
PIECE_CHARS = 24
CHARS_PER_TOKEN = 4
ERROR_TYPES = {401: "authentication_error", 429: "rate_limit_error"}
ERROR_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}


def completion(request: ChatRequest, said: Said) -> dict[str, Any]:
    return {
        **_envelope(request, "chat.completion"),
        "choices": [
            {
                "index": 0,
                "message": _message(request, said),
                "logprobs": None,
                "finish_reason": _finish_reason(said),
            }
        ],
        "usage": usage(request, said),
    }


def event_stream(request: ChatRequest, said: Said) -> Iterator[bytes]:
    """The completion's server-sent events, the usage last when it was asked for."""
    for delta in _deltas(_message(request, said)):
        yield _event(request, delta, None)
    yield _event(request, {}, _finish_reason(said))
    if (request.body.get("stream_options") or {}).get("include_usage"):
        chunk = {**_envelope(request, "chat.completion.chunk"), "choices": [], "usage": usage(request, said)}
        yield _data(chunk)
    yield b"data: [DONE]\n\n"


def usage(request: ChatRequest, said: Said) -> dict[str, int]:
    body = request.body
    prompt = count_tokens(json.dumps([body["messages"], body.get("tools")], ensure_ascii=False))
    message = _message(request, said)
    answer = count_tokens((message["content"] or "") + json.dumps(message.get("tool_calls", "")))
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def count_tokens(text: str) -> int:
    return -(-len(text) // CHARS_PER_TOKEN)


def error(fault: HttpError, param: str | None = None) -> tuple[dict[str, Any], dict[str, str]]:
    """The error JSON and headers of a failure."""
    kind = ERROR_TYPES.get(fault.status, "server_error" if fault.status >= 500 else "invalid_request_error")
    code = fault.code or ERROR_CODES.get(fault.status)
    headers = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
    return {"error": {"message": fault.message, "type": kind, "param": param, "code": code}}, headers


def _message(request: ChatRequest, said: Said) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    if isinstance(said, Text):
        message["content"] = said.content
    elif not isinstance(said, Empty):
        message["tool_calls"] = [
            {
                "id": f"call_{request.index:04d}_{position}",
                "type": "function",
                "function": {"name": call.name, "arguments": _arguments(call.arguments)},
            }
            for position, call in enumerate(said)
        ]
    return message


def _arguments(arguments: Mapping[str, Any] | str) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def _finish_reason(said: Said) -> str:
    if isinstance(said, Text):
        return said.finish_reason
    return "stop" if isinstance(said, Empty) else "tool_calls"


def _deltas(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": None if message.get("tool_calls") else ""}
    for piece in _pieces(message["content"] or ""):
        yield {"content": piece}
    for index, call in enumerate(message.get("tool_calls", ())):
        opening = {"name": call["function"]["name"], "arguments": ""}
        yield {"tool_calls": [{"index": index, "id": call["id"], "type": "function", "function": opening}]}
        for piece in _pieces(call["function"]["arguments"]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _pieces(text: str) -> Iterator[str]:
    return (text[start : start + PIECE_CHARS] for start in range(0, len(text), PIECE_CHARS))


def _event(request: ChatRequest, delta: Mapping[str, Any], finish_reason: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _data({**_envelope(request, "chat.completion.chunk"), "choices": [choice]})


def _envelope(request: ChatRequest, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{request.index:04d}",
        "object": kind,
        "created": CREATED,
        "model": request.model,
        "system_fingerprint": "fp_scripted",
    }


def _data(chunk: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"
