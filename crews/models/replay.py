"""A step once more from its record: the replies in the order they came, and the tools' answers by what was
asked.

Nothing here calls a model. Where the work takes another course than the record, that is noted, and what the
record does not hold is said to be missing, never made up.
"""

import threading
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from crews.errors import RecordEnded
from crews.models.chain import Speaker
from crews.models.local import LocalLLM
from crews.models.replies import as_sent, request_digest
from crews.step_context import StepContext
from crews.tools.gate import Status, ToolOutcome, ToolSpec
from ledger.evidence import Finding
from ledger.replays import RecordedStep
from ledger.result import FLOOR_MODEL, ModelUse
from ledger.spans import Span

RECORD = "record"


class RecordedTools:
    """Tools that answer from the record, each recorded answer once. With `looks_further`, a tool that only
    reads, and tells nobody outside, is asked where the record has no answer."""

    def __init__(self, record: RecordedStep, *, looks_further: bool) -> None:
        self._record = record
        self._looks_further = looks_further
        self._left = list(record.tool_calls)
        self._lock = threading.Lock()

    def in_place_of(self, tool: ToolSpec) -> ToolSpec:
        if tool.own_record:
            return tool

        def run(context: StepContext, arguments: Any) -> ToolOutcome:
            outcome = self._recorded(context, tool, arguments)
            if outcome is not None:
                return outcome
            # Its arguments hold the values behind tokens, so nobody outside may be asked.
            if self._looks_further and tool.may_know_values:
                return tool.run(context, arguments)
            return ToolOutcome(Status.UNAVAILABLE, note="This call is not in the record that is replayed.")

        return replace(tool, run=run, replayed=True)

    def _recorded(self, context: StepContext, tool: ToolSpec, arguments: BaseModel) -> ToolOutcome | None:
        with self._lock:
            span = next((span for span in self._left if _asked_for(context, span, tool) == arguments), None)
            if span is None:
                return None
            self._left.remove(span)
        answer = context.mask.reveal(span.output)
        labels = tuple(span.attributes.get("evidence", ()))
        output = self._record.output
        return ToolOutcome(
            Status(answer["status"]),
            findings=[_revealed(context, self._record.evidence[label]) for label in labels],
            note=answer.get("note"),
            relevance=output.get("best_relevance"),
            withheld=bool(output.get("withheld")),
            labels=labels,
            needs_decision=tuple(span.attributes.get("needs_decision", ())),
        )


class RecordedReplies:
    """What the models of a step said, in order; `diverged` tells where a request was another than then."""

    def __init__(self, record: RecordedStep) -> None:
        self._record = record
        self._at = 0
        self.diverged: list[str] = []

    @property
    def speaker(self) -> Speaker:
        return Speaker(RECORD, LocalLLM(RECORD, self._speak))

    @property
    def use(self) -> ModelUse | None:
        """Which model had spoken."""
        use = self._record.output.get("model")
        return None if use is None else ModelUse.model_validate(use)

    @property
    def on_floor(self) -> bool:
        """Whether it was the floor that spoke last."""
        spoken = self._record.generations[: self._at]
        return bool(spoken) and spoken[-1].attributes.get("model") == FLOOR_MODEL

    def _speak(self, messages: Any, tools: list[dict[str, Any]]) -> Any:
        if self._at == len(self._record.generations):
            raise RecordEnded(
                f"The record holds {self._at} replies for this step and another one is needed: the crew, its "
                "tools or its instructions are no longer those of the recorded run."
            )
        span = self._record.generations[self._at]
        self._at += 1
        asked = request_digest({"messages": as_sent(messages), "tools": tools})
        if asked != span.attributes.get("request_digest"):
            self.diverged.append(f"request {self._at} is not the one that was recorded")
        return span.output


def _asked_for(context: StepContext, span: Span, tool: ToolSpec) -> BaseModel | None:
    """The arguments of a recorded call as the gate understood them; None if it was of another tool, or
    refused."""
    if span.name != f"tool {tool.name}":
        return None
    try:
        return tool.arguments.model_validate(context.mask.reveal(span.input), strict=True)
    except ValidationError:
        return None


def _revealed(context: StepContext, finding: Finding) -> Finding:
    """As the tool had found it: the gate puts the same tokens in again."""
    mask = context.mask
    return replace(
        finding,
        text=mask.reveal(finding.text),
        locator=mask.reveal(finding.locator),
        details=mask.reveal(finding.details),
    )
