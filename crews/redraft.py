"""One more chance for a model whose draft failed the check: it hears what failed and drafts anew.

Only once, only a model that is still there, and only within the step's budget. The better of both drafts is
kept, and the last step checks it again: this is a courtesy to the reader, no part of the fence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pydantic import ValidationError

from crews.errors import RecordEnded, StepCancelled
from crews.grounding.actions import calls_done
from crews.grounding.check import Cited, Grounds, objection
from crews.step_context import StepContext
from crews.tools.untrusted import explain_marks, mark_untrusted
from ledger.errors import CrewdeskError
from ledger.evidence import Evidence
from ledger.log import get_logger
from ledger.spans import list_spans

_log = get_logger(__name__)

_MOST_CHARS = 16_000
Objections = list[tuple[Cited, str]]


class Draft(Protocol):
    """Claims, whatever else a crew's output says of them."""

    @property
    def claims(self) -> Sequence[Cited]: ...

    def model_dump_json(self) -> str: ...


D = TypeVar("D", bound=Draft)


@dataclass(frozen=True, slots=True)
class Redraft(Generic[D]):
    """`failed` is how many claims of the first draft failed, 0 where it was kept."""

    draft: D
    failed: int = 0


def redraft_once(context: StepContext, draft: D, ask: Callable[[str], D | None]) -> Redraft[D]:
    """`ask` puts the prompt to the model; it returns None where nobody but the floor is left, and may raise
    CrewdeskError or ValidationError. Raises StepCancelled, and RecordEnded where a replay is not the course
    that was recorded."""
    evidence = {item.label: item for item in context.evidence}
    # All ended on record: the generation that made the draft wrote what was before it.
    spans = list_spans(context.db, context.claim.run_id, "tool")
    grounds = Grounds(context.claim.question, calls_done(spans), context.similarity)
    with context.recorder.span("guardrail", "redraft", None, parent_id=context.parent_span) as span:
        failed = _objections(draft, evidence, grounds)
        span.output = {"failed": [reason for _, reason in failed]}
        if not failed:
            return Redraft(draft)
        try:
            second = ask(_prompt(context, draft, failed, evidence))
        except (StepCancelled, RecordEnded):
            raise
        except (CrewdeskError, ValidationError) as error:
            # The first draft is there; the last step drops what does not hold.
            _log.warning("redraft_failed", reason=type(error).__name__)
            return Redraft(draft)
        if second is None or not _is_better(second, draft, evidence, grounds, len(failed)):
            return Redraft(draft)
        span.output["kept"] = "second"
        return Redraft(second, len(failed))


def _objections(draft: Draft, evidence: dict[str, Evidence], grounds: Grounds) -> Objections:
    found = ((claim, objection(claim, evidence, grounds)) for claim in draft.claims)
    return [(claim, reason) for claim, reason in found if reason is not None]


def _is_better(
    second: Draft, first: Draft, evidence: dict[str, Evidence], grounds: Grounds, failed: int
) -> bool:
    """At least as many claims hold, and fewer do not."""
    fails = len(_objections(second, evidence, grounds))
    return fails < failed and len(second.claims) - fails >= len(first.claims) - failed


def _prompt(context: StepContext, draft: Draft, failed: Objections, evidence: dict[str, Evidence]) -> str:
    boundary = context.boundary
    faults = "\n".join(f"- {claim.text} ({', '.join(claim.evidence)}): {reason}" for claim, reason in failed)
    share = _MOST_CHARS // max(1, len(evidence))
    texts = "\n".join(
        f"{label}: {mark_untrusted(item.finding.text[:share], boundary)}" for label, item in evidence.items()
    )
    return (
        "Claims of your draft failed the check against their evidence. Give the whole draft again as one "
        "JSON object of the same shape and nothing else. Correct each claim below from the evidence, name "
        "the evidence that says it, or leave it out; keep the others as they are.\n"
        f"Question: {context.claim.question}\nFailed:\n{faults}\n"
        f"Your draft was: {draft.model_dump_json()}\n"
        f"{explain_marks(boundary)}\n{texts}"
    )
