"""Several specialists' drafts made into one: what each found, in the order they were chosen.

A draft that comes to nothing gives way to one that does not; if all come to nothing, the first says why.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from crews.abstention import found_too_little
from crews.help_desk.output import DraftAnswer
from crews.router.output import Route
from crews.step_context import StepContext
from crews.step_output import NOBODY, CrewStepOutput, join_models
from ledger.result import AbstainReason, ModelUse, RunResult
from ledger.step_plan import StepUnfit

_ROUTER = "router"


def routed_by(context: StepContext) -> CrewStepOutput | None:
    return next((one for one in _crew_outputs(context) if one.crew == _ROUTER), None)


def asked_back(routed: CrewStepOutput) -> RunResult | None:
    """The router's own question, where it asks one instead of choosing anybody."""
    if not routed.output.get("question"):
        return None
    return RunResult(
        outcome="abstained",
        answer=str(routed.output["question"]),
        reason=AbstainReason.AMBIGUOUS,
        choices=tuple(routed.output["choices"]),
        specialist=routed.title,
        model=routed.model,
    )


def drafts_of(context: StepContext) -> list[CrewStepOutput]:
    """Of all specialists this step needs. Raises StepUnfit."""
    drafts = [one for one in _crew_outputs(context) if one.crew != _ROUTER]
    for one in drafts:
        try:
            DraftAnswer.model_validate(one.output)
        except ValidationError as error:
            raise StepUnfit(
                f"{one.title or one.crew} has an output of its own and drafts no answer in claims; there "
                f"is nothing the step '{context.claim.key}' could check; let a crew without one draft it."
            ) from error
    return drafts


def merged_draft(routed: CrewStepOutput | None, drafts: Sequence[CrewStepOutput]) -> CrewStepOutput:
    """A candidate that failed the router failed this run too."""
    answer = _merge(drafts) if drafts else _nobody(routed)
    earlier = routed.model.fallbacks if routed is not None and routed.model is not None else ()
    if answer.model is None:
        return answer
    fallbacks = tuple(dict.fromkeys((*earlier, *answer.model.fallbacks)))
    return answer.model_copy(update={"model": ModelUse(name=answer.model.name, fallbacks=fallbacks)})


def came_to_nothing(drafts: Sequence[CrewStepOutput]) -> list[str]:
    """A caveat for each specialist that found nothing where another one did."""
    empty = [one for one in drafts if not _is_useful(one)]
    if len(empty) == len(drafts):
        return []
    return [f"{one.title} found nothing on this that it could give." for one in empty if one.title]


def _crew_outputs(context: StepContext) -> list[CrewStepOutput]:
    """What a decision or a wait leaves is not for the answer."""
    return [
        CrewStepOutput.model_validate(output)
        for value in context.claim.inputs.values()
        for output in _listed(value)
        if "crew" in output
    ]


def _listed(value: Any) -> list[Any]:
    """Of a step that was skipped there is nothing, of one that ran for each item there are several."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _merge(drafts: Sequence[CrewStepOutput]) -> CrewStepOutput:
    useful = [one for one in drafts if _is_useful(one)]
    if len(useful) < 2:
        return (useful or drafts)[0]
    claims = [claim for one in useful for claim in one.output["claims"]]
    relevances = [one.best_relevance for one in useful if one.best_relevance is not None]
    return CrewStepOutput(
        crew=useful[0].crew,
        title=" and ".join(dict.fromkeys(one.title for one in useful if one.title)),
        output=DraftAnswer.model_validate({"claims": claims}).model_dump(mode="json"),
        model=join_models(one.model for one in useful if one.model is not None),
        evidence=tuple(label for one in useful for label in one.evidence),
        tools_unavailable=any(one.tools_unavailable for one in useful),
        best_relevance=max(relevances, default=None),
        withheld=any(one.withheld for one in useful),
        redrafted_for=sum(one.redrafted_for for one in useful),
    )


def _is_useful(draft: CrewStepOutput) -> bool:
    return bool(draft.output.get("claims")) and not found_too_little(draft)


def _nobody(routed: CrewStepOutput | None) -> CrewStepOutput:
    """What stands in place of a draft where nobody was to make one."""
    reason = Route.model_validate(routed.output).reason if routed is not None else None
    draft = DraftAnswer(missing=reason)
    return CrewStepOutput(
        crew=NOBODY,
        title=routed.title if routed else None,
        output=draft.model_dump(mode="json"),
        model=routed.model if routed else None,
        evidence=(),
    )
