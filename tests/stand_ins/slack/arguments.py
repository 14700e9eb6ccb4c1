"""A Web API call's arguments, whether they came as query, form (nested values as JSON text) or JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from tests.stand_ins.slack.store import SlackRefused

TRUE_TEXTS = frozenset({"1", "true", "True"})


@dataclass(frozen=True, slots=True)
class Arguments:
    values: Mapping[str, Any]

    def required(self, name: str) -> str:
        value = self.optional(name)
        if value is None:
            messages = [f"[ERROR] missing required field: {name}"]
            raise SlackRefused("invalid_arguments", response_metadata={"messages": messages})
        return value

    def optional(self, name: str) -> str | None:
        value = self.values.get(name)
        return None if value is None or value == "" else str(value)

    def flag(self, name: str) -> bool:
        return str(self.values.get(name, "")) in TRUE_TEXTS

    def integer(self, name: str, default: int) -> int:
        try:
            return int(self.values.get(name) or default)
        except ValueError:
            raise SlackRefused("invalid_arguments") from None

    def nested(self, name: str) -> Any:
        """A list or object; None when it was not sent."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            raise SlackRefused("invalid_json" if name != "blocks" else "invalid_blocks_format") from None


async def read_arguments(request: Request) -> Arguments:
    values: dict[str, Any] = dict(parse_qsl(request.url.query, keep_blank_values=True))
    body = (await request.body()).decode("utf-8", "replace")
    content_type = request.headers.get("content-type", "").partition(";")[0]
    if not body:
        return Arguments(values)
    if content_type == "application/json":
        try:
            parsed = json.loads(body)
        except json.JSONDecodeError:
            raise SlackRefused("invalid_json") from None
        if not isinstance(parsed, dict):
            raise SlackRefused("json_not_object")
        return Arguments({**values, **parsed})
    if content_type == "application/x-www-form-urlencoded":
        return Arguments({**values, **dict(parse_qsl(body, keep_blank_values=True))})
    raise SlackRefused("invalid_post_type")
