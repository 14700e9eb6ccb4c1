"""Where a scripted model's next reply comes from."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.stand_ins.provider.replies import HttpError, Reply, Text, ToolCall
from tests.stand_ins.provider.request import ChatRequest

Script = Callable[[ChatRequest], Reply]


class ReplyList:
    """Gives the replies in order; past the last one it refuses with a status no client retries."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        self._lock = threading.Lock()
        self._left = list(replies)

    def __call__(self, request: ChatRequest) -> Reply:
        with self._lock:
            if not self._left:
                message = f"No reply is scripted for request {request.index}."
                return HttpError(400, code="script_exhausted", message=message)
            return self._left.pop(0)


@dataclass(frozen=True, slots=True)
class ToolThenAnswer:
    """A small well-behaved model: calls `tool` once where it is offered, then answers from the tool's result.

    `arguments` may depend on the request. `answer` gets the latest result, or "" where there is none.
    """

    tool: str
    arguments: Mapping[str, Any] | Callable[[ChatRequest], Mapping[str, Any]]
    answer: Callable[[str], str]

    def __call__(self, request: ChatRequest) -> Reply:
        results = request.tool_results(self.tool)
        if self.tool in request.tools and not results:
            given = self.arguments
            return ToolCall(self.tool, given(request) if callable(given) else given)
        return Text(self.answer(results[-1] if results else ""))
