"""A model with no key and no network that speaks by a function: the extractive floor, or a run's record.

Emits the same events as a provider's client, so that the record treats all alike.
"""

from collections.abc import Callable
from typing import Any

from crewai.events.types.llm_events import LLMCallType
from crewai.llms.base_llm import BaseLLM, llm_call_context
from pydantic import PrivateAttr

# Messages and tools as CrewAI gives them, to a text or a list of tool calls in OpenAI's form.
Speak = Callable[[Any, list[dict[str, Any]]], str | list[dict[str, Any]]]


class LocalLLM(BaseLLM):
    _speak: Speak = PrivateAttr()

    def __init__(self, name: str, speak: Speak) -> None:
        super().__init__(model=name, provider="crewdesk")
        self._speak = speak

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
        with llm_call_context():
            self._emit_call_started_event(messages, tools, from_task=from_task, from_agent=from_agent)
            reply = self._speak(messages, tools or [])
            kind = LLMCallType.LLM_CALL if isinstance(reply, str) else LLMCallType.TOOL_CALL
            self._emit_call_completed_event(
                reply, kind, from_task=from_task, from_agent=from_agent, messages=messages
            )
            return reply

    def supports_function_calling(self) -> bool:
        return True
