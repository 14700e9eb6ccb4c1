"""The one gate every tool call passes: authorize, validate, budget, decide, run, mask, record, answer.

It sits inside the tool because CrewAI's own hooks swallow exceptions. A tool answers the model - `found`,
`nothing_found`, `unavailable`, `denied` - and never raises at it; whatever the gate is not sure of is denied.
Once a run holds what others wrote, no tool changes anything without a person's decision, whatever the model
says (`crews/tools/call_decision.py`). A function step of ours may, as no model has a say in it.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from crews.errors import BudgetExceeded, StepCancelled
from crews.step_context import StepContext
from crews.tools.call_decision import require_decision
from crews.tools.masked_finding import masked_finding
from crews.tools.untrusted import explain_marks, mark_untrusted
from ledger.crash_points import crash_point
from ledger.effects import (
    EffectKeyReused,
    EffectUnknown,
    confirm_effect,
    doubt_effect,
    intend_effect,
    recorded_effect,
    request_digest,
    unknown_effect,
    withdraw_effect,
)
from ledger.errors import CrewdeskError, ErrorKind, NotPermitted
from ledger.evidence import Evidence, Finding
from ledger.masking import mask_secrets
from ledger.people import Right
from ledger.spans import OpenSpan
from ledger.workflow import StepKind


class Effect(StrEnum):
    """`look_outside` changes nothing, but tells somebody outside what is looked for: crews that may have
    nothing of the company's own (`crews/specs.py`), and no others, have such tools."""

    READ = "read"
    LOOK_OUTSIDE = "look_outside"
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
    replay gives the `labels` its findings had, and why a decision was needed then. `known` is evidence of
    this run already, and stays what it is."""

    status: Status
    findings: list[Finding] = field(default_factory=list)
    note: str | None = None
    relevance: float | None = None
    withheld: bool = False
    labels: tuple[str, ...] = ()
    needs_decision: tuple[str, ...] = ()
    known: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool: what the model is told of it, what it needs, and the function that does it. One that is
    `replayed` tells what was done then and does nothing, whatever its effect. One of the run's `own_record`
    reads nothing else, so a replay asks it again.

    All who would read its answer need one of its `groups`, where it names any. Where it is `foreign` its
    arguments leave the company, so it never gets the values behind tokens. A tool with an effect is carried
    out once for a request of a step, unless it `knows_repeats` by itself; it answers `unavailable` or
    `denied` only if nothing was done, and raises EffectUnknown if it cannot tell. `decided_by` says who
    decides about a call where that is not the asker; `declaration` is the hash of the file that declares it.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    effect: Effect
    right: Right
    run: Callable[[StepContext, Any], ToolOutcome]
    replayed: bool = False
    own_record: bool = False
    groups: tuple[str, ...] = ()
    foreign: bool = False
    knows_repeats: bool = False
    declaration: str = ""
    decided_by: str | None = None

    @property
    def only_reads(self) -> bool:
        return self.replayed or self.effect in (Effect.READ, Effect.LOOK_OUTSIDE)

    @property
    def is_external(self) -> bool:
        return self.effect is Effect.EXTERNAL

    @property
    def may_know_values(self) -> bool:
        """Whether it looks within the asker's own rights and tells nobody outside."""
        return self.replayed or (self.effect is Effect.READ and not self.foreign)


def call_tool(
    context: StepContext, tool: ToolSpec, raw_arguments: dict[str, Any], *, by_rule: bool = False
) -> str:
    """The tool's answer as JSON text for the model. `by_rule`: a function step of ours calls it, and no model
    chose that or wrote the arguments; so what was read decides nothing, and no person is waited for."""
    span_name = f"tool {tool.name}"
    with context.recorder.span("tool", span_name, raw_arguments, parent_id=context.parent_span) as span:
        outcome = _guarded(context, tool, raw_arguments, span, by_rule=by_rule)
        masked = [masked_finding(context, item) for item in outcome.findings]
        found = context.add_evidence(masked, outcome.labels)
        evidence = [*found, *context.recall_evidence(outcome.known)]
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
    context: StepContext, tool: ToolSpec, raw_arguments: dict[str, Any], span: OpenSpan, *, by_rule: bool
) -> ToolOutcome:
    try:
        _authorize(context, tool)
        known = context.mask.reveal(raw_arguments) if tool.may_know_values else raw_arguments
        arguments = tool.arguments.model_validate(known, strict=True)
        if by_rule:
            _require_function(context, tool, span)
        effect = None if tool.only_reads or tool.knows_repeats else _place_of(context, tool, arguments)
        done = None if effect is None else _done_before(context, tool, effect)
        context.budget.spend_tool_call()
        # Who repeats a step, or goes at it anew, is told what was done; who asks twice is asked why.
        if not by_rule and (done is None or (effect is not None and effect.is_again)):
            approval = require_decision(context, tool, arguments, span, was_done=done is not None)
            if approval is not None and effect is not None:
                effect = effect._replace(position=approval)
        if done is not None:
            return done
        # What the tool records of its own work hangs below its span.
        below = replace(context, parent_span=span.id)
        return tool.run(below, arguments) if effect is None else _carry_out(below, tool, arguments, effect)
    except (NotPermitted, BudgetExceeded, StepCancelled) as error:
        span.failure = str(error)
        return ToolOutcome(Status.DENIED, note=str(error))
    except ValidationError as error:
        span.failure = "invalid arguments"
        return ToolOutcome(Status.DENIED, note=_argument_complaint(error))
    except EffectUnknown as error:
        span.failure = str(error)
        span.attributes["effect_unknown"] = True
        return ToolOutcome(Status.UNAVAILABLE, note=str(error))
    except CrewdeskError as error:
        span.failure = str(error)
        # What does not fit can be asked again otherwise; it says nothing of the tool.
        wrong = error.kind is ErrorKind.USAGE
        return ToolOutcome(Status.DENIED if wrong else Status.UNAVAILABLE, note=str(error))


def _require_function(context: StepContext, tool: ToolSpec, span: OpenSpan) -> None:
    """Raises NotPermitted."""
    if context.claim.kind != StepKind.FUNCTION:
        raise NotPermitted(f"{tool.name} can be called by rule in a function step alone.")
    span.attributes["by_rule"] = True


def _authorize(context: StepContext, tool: ToolSpec) -> None:
    """Raises NotPermitted."""
    principal = context.claim.principal
    principal.require(tool.right)
    if not tool.groups or context.access.allows(tool.groups):
        return
    if context.access.without_audience.allows(tool.groups):
        raise NotPermitted(f"Not everybody who will read this answer may use {tool.name}.")
    raise NotPermitted(f"{principal.email} is in none of the groups that may use {tool.name}.")


class _Place(NamedTuple):
    """Of a request with an effect among those of its step, or the id of the decision that approved it, so
    that what was done before it takes nothing from it; `is_again` if this go has made it before."""

    position: int | str
    digest: str
    is_again: bool


def _place_of(context: StepContext, tool: ToolSpec, arguments: BaseModel) -> _Place:
    digest = request_digest(arguments.model_dump(mode="json"))
    position, is_again = context.effect_position(tool.name, digest)
    return _Place(position, digest, is_again)


def _done_before(context: StepContext, tool: ToolSpec, place: _Place) -> ToolOutcome | None:
    """What came of this very request of this step, as it came then; the same tokens are put in again."""
    recorded = recorded_effect(context.db, context.claim, tool.name, place.digest)
    if recorded is None:
        return None
    told = context.mask.reveal(recorded)
    findings = [Finding(**finding) for finding in told["findings"]]
    return ToolOutcome(Status(told["status"]), findings=findings, note=told["note"])


def _carry_out(context: StepContext, tool: ToolSpec, arguments: BaseModel, place: _Place) -> ToolOutcome:
    """Raises CrewdeskError."""
    try:
        key = intend_effect(context.db, context.claim, tool.name, place.position, place.digest)
    except EffectKeyReused:
        # It takes no place: the next one is held against what was done there as well.
        context.forget_effect(tool.name, place.digest)
        raise
    crash_point("effect.intended")
    try:
        outcome = tool.run(replace(context, effect_key=key), arguments)
    except CrewdeskError as error:
        doubt_effect(context.db, key)
        raise unknown_effect(tool.name, key) from error
    crash_point("effect.done")
    if outcome.status in (Status.DENIED, Status.UNAVAILABLE):
        withdraw_effect(context.db, key)
        context.forget_effect(tool.name, place.digest)
    else:
        confirm_effect(context.db, key, _to_record(context, outcome))
    return outcome


def _to_record(context: StepContext, outcome: ToolOutcome) -> dict[str, Any]:
    return {
        "status": outcome.status,
        "note": None if outcome.note is None else context.mask.fresh(outcome.note),
        "findings": [asdict(masked_finding(context, finding)) for finding in outcome.findings],
    }


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
    arguments = details.get("arguments")
    marked = {
        key: mark_untrusted(str(text), boundary)
        for key, text in (
            ("title", details.get("title")),
            ("section", details.get("section")),
            ("text", item.finding.text),
            ("arguments", arguments and json.dumps(arguments, ensure_ascii=False)),
        )
        if text
    }
    shown = {
        "id": item.label,
        "document_id": details.get("document_id"),
        "updated": item.finding.as_of,
        "stale": details.get("stale"),
        "relevance": details.get("relevance"),
        "confidence": details.get("confidence"),
        "warning": "It reads like orders to a model." if details.get("suspicious") else None,
        **marked,
    }
    return {key: value for key, value in shown.items() if value not in (None, "") and value is not False}
