"""The tool that tells which governed queries a question may mean."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from crews.tools.query_arguments import arguments_of
from knowledge.warehouse.resolve.suggest import Reason, Suggestions
from ledger.evidence import SUGGESTION, Finding
from ledger.people import Right
from ledger.result import AbstainReason

# The kind of evidence that says why there is no query the question surely means.
UNSURE = "unsure"

_NOT_UNDERSTOOD = (Reason.NO_SUCH_DATA, Reason.NOT_RECORDED, Reason.UNCLEAR)
_REASONS = {Reason.AMBIGUOUS: AbstainReason.AMBIGUOUS}


class SuggestArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    question: Annotated[str, Field(min_length=1, max_length=2000, description="The question in plain words.")]


def _suggest(context: StepContext, arguments: SuggestArguments) -> ToolOutcome:
    found = context.meant_by(
        context.numbers.suggest(context.access, arguments.question, context.db.clock.now())
    )
    findings = [
        Finding(
            kind=SUGGESTION,
            source=", ".join(item.query.metrics),
            locator=f"reading {place}",
            text=item.reading,
            as_of=None,
            details={
                "title": item.reading,
                "confidence": item.confidence,
                "certain": item is found.best,
                "not_understood": list(item.not_understood),
                "arguments": arguments_of(item.query).model_dump(exclude_defaults=True),
            },
        )
        for place, item in enumerate(found.suggestions, start=1)
    ]
    why = None if found.why is None else _why(found, found.why)
    if why is not None:
        findings.append(_unsure(found, why))
    status = Status.FOUND if found.suggestions else Status.NOTHING_FOUND
    return ToolOutcome(status, findings=findings, note=why)


def _unsure(found: Suggestions, why: str) -> Finding:
    reason = _REASONS.get(found.reason, AbstainReason.NOTHING_FOUND) if found.reason else None
    options = {
        choice.term: [f"{option.name}: {option.definition}" for option in choice.options]
        for choice in found.choices
    }
    return Finding(
        kind=UNSURE,
        source="catalog",
        locator="question",
        text=why,
        as_of=None,
        details={
            "title": "Not answered",
            "reason": reason or AbstainReason.NOTHING_FOUND,
            "not_understood": list(found.missing),
            "choices": options,
            "alternatives": list(found.alternatives),
        },
    )


def _why(found: Suggestions, why: str) -> str:
    """With how to ask, where something was not understood."""
    if found.reason not in _NOT_UNDERSTOOD:
        return why
    nearest = f"; the nearest to it is “{found.suggestions[0].reading}”" if found.suggestions else ""
    return f"{why} Ask for a figure by its name, what to break it down by, and of when{nearest}."


SUGGEST_QUERIES = ToolSpec(
    name="suggest_queries",
    description=(
        "Tells which governed queries a question may mean, best first, each with a confidence, its reading "
        "in words and the arguments for query_metrics; and what it did not understand."
    ),
    arguments=SuggestArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_suggest,
)
