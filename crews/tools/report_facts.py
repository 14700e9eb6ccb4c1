"""The report writer's tools: the plan of the report, and the facts it is made of, of this run alone.

A page never reaches the writer: of a passage it is given the words that are quoted, and no others.
"""

import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crews.report_steps.gather import facts_of, gather
from crews.report_steps.outline import ReportOutline
from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from crews.tools.untrusted import mark_untrusted
from ledger.people import Right

_NOTHING = "This run has no such evidence; read_outline tells what there is."


class OutlineArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EvidenceArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: Annotated[
        list[Annotated[str, Field(max_length=20)]],
        Field(default_factory=list, max_length=60, description="Such as E3; none at all for every fact."),
    ]


def _read_outline(context: StepContext, _arguments: OutlineArguments) -> ToolOutcome:
    outline = ReportOutline.model_validate(context.claim.inputs["outline"])
    shown = outline.model_dump(exclude={"refusal", "reason", "titles"})
    # A page's title is what others wrote.
    shown["evidence"] = {
        label: mark_untrusted(title, context.boundary) for label, title in outline.titles.items()
    }
    return ToolOutcome(Status.FOUND, note=json.dumps(shown, ensure_ascii=False))


def _read_evidence(context: StepContext, arguments: EvidenceArguments) -> ToolOutcome:
    facts = facts_of(gather(context))
    known = tuple(item for label, item in facts.items() if not arguments.labels or label in arguments.labels)
    return (
        ToolOutcome(Status.FOUND, known=known) if known else ToolOutcome(Status.NOTHING_FOUND, note=_NOTHING)
    )


READ_OUTLINE = ToolSpec(
    name="read_outline",
    description="Tells the sections of the report, what stands in each already, and what is missing.",
    arguments=OutlineArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_read_outline,
    own_record=True,
)
READ_EVIDENCE = ToolSpec(
    name="read_evidence",
    description=(
        "Returns the facts of this run under the ids they are cited by: figures with what was reckoned of "
        "them, and quotes."
    ),
    arguments=EvidenceArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_read_evidence,
    own_record=True,
)
