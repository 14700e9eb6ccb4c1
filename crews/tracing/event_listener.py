"""Listens on CrewAI's event bus: a second, independent count of what the gateway and the gate recorded.

The bus is one per process and calls back from its own threads with the emitter's context, so each crew at
work is told apart by a context variable.
"""

import contextvars
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from crewai.events import event_context
from crewai.events.base_events import BaseEvent
from crewai.events.event_bus import crewai_event_bus
from crewai.events.types.agent_events import AgentExecutionCompletedEvent, AgentExecutionStartedEvent
from crewai.events.types.llm_events import LLMCallCompletedEvent, LLMCallFailedEvent, LLMCallStartedEvent
from crewai.events.types.tool_usage_events import (
    ToolUsageErrorEvent,
    ToolUsageFinishedEvent,
    ToolUsageStartedEvent,
)

FLUSH_S = 5.0

_HEARD: dict[type[BaseEvent], str] = {
    AgentExecutionStartedEvent: "agent_started",
    AgentExecutionCompletedEvent: "agent_completed",
    LLMCallStartedEvent: "model_call_started",
    LLMCallCompletedEvent: "model_call_completed",
    LLMCallFailedEvent: "model_call_failed",
    ToolUsageStartedEvent: "tool_call_started",
    ToolUsageFinishedEvent: "tool_call_finished",
    ToolUsageErrorEvent: "tool_call_failed",
}


@dataclass(slots=True)
class EventTally:
    """What the bus said of one crew's work. A call of a tool that is none of `tools` reaches no gate, as
    there is nothing to call, and is counted apart."""

    tools: frozenset[str] = frozenset()
    counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hear(self, event: BaseEvent) -> None:
        name = _HEARD[type(event)]
        if isinstance(event, ToolUsageStartedEvent) and event.tool_name not in self.tools:
            name = "unknown_tool_called"
        with self._lock:
            self.counts[name] += 1

    def summary(self) -> dict[str, int]:
        return dict(sorted(self.counts.items()))


_current: contextvars.ContextVar[EventTally | None] = contextvars.ContextVar("crewdesk_tally", default=None)


@contextmanager
def tallying(tally: EventTally) -> Iterator[None]:
    """Counts the events emitted in this block, and waits for the bus to have delivered them."""
    _start_listening()
    token = _current.set(tally)
    try:
        yield
    finally:
        crewai_event_bus.flush(timeout=FLUSH_S)
        _current.reset(token)


_started = threading.Lock()
_listening = False
_ours = ExitStack()


def _start_listening() -> None:
    global _listening
    with _started:
        if _listening:
            return
        # CrewAI's clients report one failure twice, and its bus would print a warning to stdout each time.
        event_context._default_config.mismatch_behavior = event_context.MismatchBehavior.SILENT
        event_context._default_config.empty_pop_behavior = event_context.MismatchBehavior.SILENT
        # For good: CrewAI's own listeners write to a console that is off and to telemetry that is off, and
        # every event of a run went through a pool of threads for them.
        _ours.enter_context(crewai_event_bus.scoped_handlers())
        for event_type in _HEARD:
            crewai_event_bus.register_handler(event_type, _hear)
        _listening = True


def _hear(_source: Any, event: BaseEvent) -> None:
    tally = _current.get()
    if tally is not None:
        tally.hear(event)
