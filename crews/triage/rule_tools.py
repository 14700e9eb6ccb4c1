"""The triager's tools as the steps of triage call them: by rule, through the same gate as a model's calls, so
that each is authorized, recorded and leaves evidence.

In a replay they answer from the record, and nothing is opened or handed over again.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crews.step_context import StepContext
from crews.tools.gate import Status, ToolSpec, call_tool
from ledger.errors import CrewdeskError
from ledger.evidence import Evidence
from ledger.replays import RecordedStep, recorded_step

if TYPE_CHECKING:
    from crews.models.replay import RecordedTools


@dataclass(frozen=True, slots=True)
class Told:
    """What a tool answered; `note` says why it found nothing or did nothing."""

    status: Status
    evidence: tuple[Evidence, ...]
    note: str | None


@dataclass(frozen=True, slots=True)
class RuleTools:
    context: StepContext
    _recorded: "RecordedTools | None"

    def call(self, tool: ToolSpec, **arguments: Any) -> Told:
        """An argument that is None is left out."""
        if self._recorded is not None:
            tool = self._recorded.in_place_of(tool)
        given = {name: value for name, value in arguments.items() if value is not None}
        answer = json.loads(call_tool(self.context, tool, given, by_rule=True))
        labels = [item["id"] for item in answer.get("evidence", ())]
        known = {item.label: item for item in self.context.evidence}
        return Told(Status(answer["status"]), tuple(known[label] for label in labels), answer.get("note"))

    def first(self, tool: ToolSpec, **arguments: Any) -> Evidence:
        """Of a call without whose answer the step cannot go on. Raises CrewdeskError."""
        told = self.call(tool, **arguments)
        if not told.evidence:
            raise CrewdeskError(told.note or f"{tool.name} found nothing.")
        return told.evidence[0]


@contextmanager
def rule_tools(context: StepContext) -> Iterator[RuleTools]:
    """Its calls hang below one span of the step, as those of a crew do."""
    with context.recorder.span("check", f"triage {context.claim.key}", None) as span:
        context.parent_span = span.id
        yield RuleTools(context, _record_of(context))


def _record_of(context: StepContext) -> "RecordedTools | None":
    replay = context.claim.replay
    if replay is None:
        return None
    # CrewAI comes with it, which a replay has loaded by now.
    from crews.models.replay import RecordedTools

    record = recorded_step(context.db, replay.of, context.claim.key)
    if record is None:
        record = RecordedStep(output={}, generations=(), tool_calls=(), evidence={})
    return RecordedTools(record, looks_further=replay.model is not None)
