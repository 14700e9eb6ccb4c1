"""The extractive floor as CrewAI sees it: it speaks by a crew's own plan."""

import json
from collections.abc import Callable
from typing import Any

from crews.floor.turn import FloorPlan, FloorTurn, ToolRequest
from crews.models.local import LocalLLM
from ledger.ids import new_id
from ledger.result import FLOOR_MODEL

NO_DRAFT = "{}"


def floor_llm(plan: FloorPlan, turn: Callable[[frozenset[str]], FloorTurn]) -> LocalLLM:
    """`turn` tells what the floor knows, given the names of the tools on offer."""

    def speak(_messages: Any, tools: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
        offered = frozenset(tool["function"]["name"] for tool in tools)
        reply = plan(turn(offered))
        if isinstance(reply, ToolRequest) and reply.name not in offered:
            # It is only asked for another draft, which nobody takes from the floor.
            return NO_DRAFT
        return _tool_calls(reply) if isinstance(reply, ToolRequest) else reply

    return LocalLLM(FLOOR_MODEL, speak)


def _tool_calls(request: ToolRequest) -> list[dict[str, Any]]:
    function = {"name": request.name, "arguments": json.dumps(request.arguments)}
    return [{"id": f"call_{new_id()}", "type": "function", "function": function}]
