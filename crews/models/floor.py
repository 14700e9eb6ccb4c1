"""The extractive floor as CrewAI sees it: a model with no key and no network that speaks by a crew's own
plan."""

import json
from collections.abc import Callable
from typing import Any

from crewai.events.types.llm_events import LLMCallType
from crewai.llms.base_llm import BaseLLM, llm_call_context
from pydantic import PrivateAttr

from crews.floor.turn import FloorPlan, FloorTurn, ToolRequest
from ledger.result import FLOOR_MODEL


class FloorLLM(BaseLLM):
    """Emits the same events as a provider's client, so that the record treats both alike."""

    _plan: FloorPlan = PrivateAttr()
    _turn: Callable[[frozenset[str]], FloorTurn] = PrivateAttr()

    def __init__(self, plan: FloorPlan, turn: Callable[[frozenset[str]], FloorTurn]) -> None:
        super().__init__(model=FLOOR_MODEL, provider="crewdesk")
        self._plan = plan
        self._turn = turn

    def call(
        self,
        messages: Any,
        tools: list[dict[str, Any]] | None = None,
        callbacks: list[Any] | None = None,
        available_functions: dict[str, Any] | None = None,
        from_task: Any = None,
        from_agent: Any = None,
        response_model: Any = None,
    ) -> Any:
        offered = frozenset(tool["function"]["name"] for tool in tools or [])
        with llm_call_context() as call_id:
            self._emit_call_started_event(messages, tools, from_task=from_task, from_agent=from_agent)
            reply = self._plan(self._turn(offered))
            answer = _tool_calls(reply, call_id) if isinstance(reply, ToolRequest) else reply
            kind = LLMCallType.TOOL_CALL if isinstance(reply, ToolRequest) else LLMCallType.LLM_CALL
            self._emit_call_completed_event(
                answer, kind, from_task=from_task, from_agent=from_agent, messages=messages
            )
            return answer

    def supports_function_calling(self) -> bool:
        return True


def _tool_calls(request: ToolRequest, call_id: str) -> list[dict[str, Any]]:
    function = {"name": request.name, "arguments": json.dumps(request.arguments)}
    return [{"id": f"call_{call_id}", "type": "function", "function": function}]
