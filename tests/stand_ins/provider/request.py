"""A chat completion request as it came in, and the checks the real API makes before a model sees it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
LONGEST_USER = 64
ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


class RequestRefused(Exception):
    """The real API would answer this request with a 400."""

    def __init__(self, message: str, param: str | None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One accepted request; every reading of `body` is a fresh copy, so no test can change the record."""

    index: int
    raw: str

    @property
    def body(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.raw)
        return parsed

    @property
    def model(self) -> str:
        return str(self.body["model"])

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.body["messages"])

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the tools offered."""
        return tuple(tool["function"]["name"] for tool in self.body.get("tools") or ())

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def prompt(self) -> str:
        """All text of all messages, for looking something up in it."""
        return "\n".join(message_text(message) for message in self.messages)

    def tool_results(self, tool: str) -> list[str]:
        """What calls of this tool have answered so far, in order."""
        names = {
            call["id"]: call["function"]["name"]
            for message in self.messages
            for call in message.get("tool_calls") or ()
        }
        return [
            message_text(message)
            for message in self.messages
            if message["role"] == "tool" and names.get(message["tool_call_id"]) == tool
        ]


def message_text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


def check_chat_body(body: object) -> None:
    """Raises RequestRefused where the real API would."""
    if not isinstance(body, dict):
        raise RequestRefused("The body is not a JSON object.", None)
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise RequestRefused("A model is required.", "model")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise RequestRefused("At least one message is required.", "messages")
    for position, message in enumerate(messages):
        _check_message(message, f"messages[{position}]")
    _check_tool_turns(messages)
    _check_tools(body)
    _check_options(body)


def _check_options(body: Mapping[str, Any]) -> None:
    user = body.get("user", "")
    if not isinstance(user, str) or len(user) > LONGEST_USER:
        raise RequestRefused(f"user is a string of at most {LONGEST_USER} characters.", "user")
    for name in ("max_tokens", "max_completion_tokens"):
        if name in body and (not isinstance(body[name], int) or body[name] < 1):
            raise RequestRefused(f"{name} is a whole number above 0.", name)
    if "max_tokens" in body and "max_completion_tokens" in body:
        raise RequestRefused("Only one of max_tokens and max_completion_tokens goes.", "max_tokens")
    if not isinstance(body.get("stream", False), bool):
        raise RequestRefused("stream is true or false.", "stream")
    if body.get("stream_options") is not None and not body.get("stream"):
        raise RequestRefused("stream_options goes with stream.", "stream_options")


def _check_message(message: object, param: str) -> None:
    if not isinstance(message, dict):
        raise RequestRefused("A message is an object.", param)
    role, content = message.get("role"), message.get("content")
    if role not in ROLES:
        raise RequestRefused(f"Unknown role {role!r}.", f"{param}.role")
    if content is None and not (role == "assistant" and message.get("tool_calls")):
        raise RequestRefused("Content is required unless an assistant calls tools.", f"{param}.content")
    if isinstance(content, list) and not all(isinstance(part, dict) and part.get("type") for part in content):
        raise RequestRefused("Each content part needs a type.", f"{param}.content")
    if content is not None and not isinstance(content, str | list):
        raise RequestRefused("Content is a string or a list of parts.", f"{param}.content")
    for call in message.get("tool_calls") or ():
        _check_call(call, f"{param}.tool_calls")


def _check_call(call: object, param: str) -> None:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(function, dict) or not isinstance(call.get("id"), str):
        raise RequestRefused("A tool call has an id and a function.", param)
    if call.get("type") != "function" or not TOOL_NAME.fullmatch(str(function.get("name"))):
        raise RequestRefused("A tool call names a function.", param)
    if not isinstance(function.get("arguments"), str):
        raise RequestRefused("A tool call's arguments are a string of JSON.", param)


def _check_tool_turns(messages: Sequence[Mapping[str, Any]]) -> None:
    owed: set[str] = set()
    for position, message in enumerate(messages):
        if message["role"] == "tool":
            if message.get("tool_call_id") not in owed:
                raise RequestRefused("A tool message answers no preceding call.", f"messages[{position}]")
            owed.discard(message["tool_call_id"])
            continue
        if owed:
            raise RequestRefused(f"Tool calls without an answer: {sorted(owed)}.", f"messages[{position}]")
        owed = {call["id"] for call in message.get("tool_calls") or ()}
    if owed:
        raise RequestRefused(f"Tool calls without an answer: {sorted(owed)}.", "messages")


def _check_tools(body: Mapping[str, Any]) -> None:
    tools = body.get("tools")
    if tools is None:
        if body.get("tool_choice") is not None:
            raise RequestRefused("tool_choice goes with tools.", "tool_choice")
        return
    if not isinstance(tools, list) or not tools:
        raise RequestRefused("tools is a list of at least one tool.", "tools")
    for position, tool in enumerate(tools):
        _check_tool(tool, f"tools[{position}]")


def _check_tool(tool: object, param: str) -> None:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(tool, dict) or tool.get("type") != "function" or not isinstance(function, dict):
        raise RequestRefused("A tool is of type function and holds one.", param)
    if not TOOL_NAME.fullmatch(str(function.get("name"))):
        raise RequestRefused(f"Bad function name {function.get('name')!r}.", f"{param}.function.name")
    parameters = function.get("parameters", {"type": "object", "properties": {}})
    if not isinstance(parameters, dict) or parameters.get("type") != "object":
        raise RequestRefused("Parameters are a schema of type object.", f"{param}.function.parameters")
    if function.get("strict") and "parameters" in function and not all(map(_is_closed, _objects(parameters))):
        raise RequestRefused(
            "A strict function closes every object and requires all its properties.",
            f"{param}.function.parameters",
        )


def _objects(schema: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, list):
        for item in schema:
            yield from _objects(item)
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from _objects(value)


def _is_closed(schema: Mapping[str, Any]) -> bool:
    properties = schema.get("properties", {})
    return schema.get("additionalProperties") is False and set(schema.get("required", ())) == set(properties)
