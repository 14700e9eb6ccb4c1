"""The one gate every tool call passes: authorize, validate, decide, budget, run, mask, record, answer.

It sits inside the tool because CrewAI's own hooks swallow exceptions. A tool answers the model - `found`,
`nothing_found`, `unavailable`, `denied` - and never raises at it; whatever the gate is not sure of is denied.
Once a run holds what others wrote, no tool changes anything without a person's decision, whatever the model
says: that is read off the evidence on record.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ValidationError

from crews.errors import BudgetExceeded, DecisionNeeded, StepCancelled
from crews.step_context import StepContext
from crews.tools.trust import Trust, untrusted_among
from crews.tools.untrusted import explain_marks, mark_untrusted
from knowledge.quality.injection import suspect
from ledger.errors import CrewdeskError, ErrorKind, NotPermitted
from ledger.evidence import FIGURES, Evidence, Finding, list_evidence
from ledger.log import get_logger
from ledger.masking import mask_secrets
from ledger.people import Right
from ledger.spans import OpenSpan, list_spans

_log = get_logger(__name__)

# Details of a finding that the workspace declares, or that we made ourselves.
_NOT_READ = frozenset({"owner", "document_id", "passage_id", "collection", "classification"})


class Effect(StrEnum):
    READ = "read"
    WRITE = "write"
    EXTERNAL = "external"


class Status(StrEnum):
    FOUND = "found"
    NOTHING_FOUND = "nothing_found"
    UNAVAILABLE = "unavailable"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What a tool came back with. `findings` become evidence; `note` is a sentence for the model. A search
    also says how relevant its best passage is, and whether the audience may not read all that was found. A
    replay gives the `labels` its findings had, and why a decision was needed then."""

    status: Status
    findings: list[Finding] = field(default_factory=list)
    note: str | None = None
    relevance: float | None = None
    withheld: bool = False
    labels: tuple[str, ...] = ()
    needs_decision: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool: what the model is told of it, what it needs, and the function that does it. One that is
    `replayed` tells what was done then and does nothing, whatever its effect."""

    name: str
    description: str
    arguments: type[BaseModel]
    effect: Effect
    right: Right
    run: Callable[[StepContext, Any], ToolOutcome]
    replayed: bool = False

    @property
    def only_reads(self) -> bool:
        return self.replayed or self.effect is Effect.READ


def call_tool(context: StepContext, tool: ToolSpec, raw_arguments: dict[str, Any]) -> str:
    """The tool's answer as JSON text for the model."""
    span_name = f"tool {tool.name}"
    with context.recorder.span("tool", span_name, raw_arguments, parent_id=context.parent_span) as span:
        outcome = _guarded(context, tool, raw_arguments, span)
        evidence = context.add_evidence([_masked(context, item) for item in outcome.findings], outcome.labels)
        answer = context.mask.data(_answer(outcome, raw_arguments, evidence, context.boundary))
        span.output = answer
        span.attributes["status"] = outcome.status
        span.attributes["effect"] = tool.effect
        span.attributes["evidence"] = [item.label for item in evidence]
        if outcome.needs_decision:
            span.attributes["needs_decision"] = list(outcome.needs_decision)
        context.tools_called.append(tool.name)
        context.tools_unavailable |= outcome.status is Status.UNAVAILABLE
        context.note_search(outcome.relevance, withheld=outcome.withheld)
        return json.dumps(answer, ensure_ascii=False)


def _guarded(
    context: StepContext, tool: ToolSpec, raw_arguments: dict[str, Any], span: OpenSpan
) -> ToolOutcome:
    try:
        context.claim.principal.require(tool.right)
        # A tool that only reads may know the values: it looks within the asker's own rights.
        known = context.mask.reveal(raw_arguments) if tool.only_reads else raw_arguments
        arguments = tool.arguments.model_validate(known, strict=True)
        _require_decision(context, tool, span)
        context.budget.spend_tool_call()
        # What the tool records of its own work hangs below its span.
        return tool.run(replace(context, parent_span=span.id), arguments)
    except (NotPermitted, BudgetExceeded, StepCancelled) as error:
        span.failure = str(error)
        return ToolOutcome(Status.DENIED, note=str(error))
    except ValidationError as error:
        span.failure = "invalid arguments"
        return ToolOutcome(Status.DENIED, note=_argument_complaint(error))
    except CrewdeskError as error:
        span.failure = str(error)
        # What does not fit can be asked again otherwise; it says nothing of the tool.
        wrong = error.kind is ErrorKind.USAGE
        return ToolOutcome(Status.DENIED if wrong else Status.UNAVAILABLE, note=str(error))


def _require_decision(context: StepContext, tool: ToolSpec, span: OpenSpan) -> None:
    """Raises DecisionNeeded. Where the record cannot be read, nothing gets through either."""
    if tool.only_reads:
        return
    tainted_by = untrusted_among(list_evidence(context.db, context.claim.run_id))
    tainted_by += ["the conversation"] if _heard_others(context) else []
    if not tainted_by:
        return
    span.attributes["needs_decision"] = tainted_by
    _log.warning("decision_needed", tool=tool.name, effect=tool.effect, evidence=tainted_by)
    raise DecisionNeeded(
        f"{tool.name} changes something and needs a person's decision, because this run has read what others "
        "wrote. It was not carried out; do not say that it was."
    )


def _heard_others(context: StepContext) -> bool:
    """Whether a prompt of this run, in this step or an earlier one, held what others wrote in its thread."""
    spans = list_spans(context.db, context.claim.run_id)
    told = (span.attributes.get("conversation") for span in spans if span.kind == "crew")
    return context.heard_others or Trust.UNTRUSTED in told


def _masked(context: StepContext, finding: Finding) -> Finding:
    """With tokens in all that was read; whose document it is and where it lies is no personal secret."""
    mask = context.mask
    details = {
        key: value if key in _NOT_READ else mask.fresh_data(value) for key, value in finding.details.items()
    }
    if finding.kind == FIGURES and "rows" in details:
        # A figure looks like a phone number soon; which columns are personal, the catalog has said.
        details["rows"] = _with_figures(finding.details, details["rows"])
    suspicion = suspect("\n".join([*_told(details), finding.text]))
    if suspicion.is_likely:
        details["suspicious"] = list(suspicion.reasons)
    return replace(
        finding, text=mask.fresh(finding.text), locator=mask.fresh(finding.locator), details=details
    )


def _with_figures(details: dict[str, Any], masked: list[list[Any]]) -> list[list[Any]]:
    """The rows with their figures and dates as they are; only words are masked."""
    are_words = [column["type"] == "string" for column in details["columns"]]
    return [
        [hidden if words else cell for cell, hidden, words in zip(row, hidden_row, are_words, strict=True)]
        for row, hidden_row in zip(details["rows"], masked, strict=True)
    ]


def _told(details: dict[str, Any]) -> list[str]:
    return [str(details[key]) for key in ("title", "section") if details.get(key)]


def _argument_complaint(error: ValidationError) -> str:
    wrong = [
        f"{'.'.join(str(part) for part in item['loc']) or 'arguments'}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False)
    ]
    return "These arguments do not fit: " + "; ".join(wrong)


def _answer(
    outcome: ToolOutcome, asked: dict[str, Any], evidence: list[Evidence], boundary: str
) -> dict[str, Any]:
    answer: dict[str, Any] = {"status": outcome.status, "asked": asked}
    if outcome.note:
        answer["note"] = outcome.note
    if evidence:
        answer["reminder"] = explain_marks(boundary)
        answer["evidence"] = [_shown(item, boundary) for item in evidence]
    masked: dict[str, Any] = mask_secrets(answer)
    return masked


def _shown(item: Evidence, boundary: str) -> dict[str, Any]:
    details = item.finding.details
    marked = {
        key: mark_untrusted(str(text), boundary)
        for key, text in (
            ("title", details.get("title")),
            ("section", details.get("section")),
            ("text", item.finding.text),
        )
        if text
    }
    shown = {
        "id": item.label,
        "document_id": details.get("document_id"),
        "updated": item.finding.as_of,
        "stale": details.get("stale"),
        "relevance": details.get("relevance"),
        "warning": "It reads like orders to a model." if details.get("suspicious") else None,
        **marked,
    }
    return {key: value for key, value in shown.items() if value not in (None, "") and value is not False}
