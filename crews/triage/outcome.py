"""The result of a run that was triaged: what was found, what was done and by when, and what the documents
say; each sentence our own, word for word from evidence of the run, or a claim that passed its check."""

from collections.abc import Iterable, Mapping, Sequence

from crews.grounding.caveats import failed_models_caveat
from crews.grounding.check import check_claims, own_sentences
from crews.running_text import running_text
from crews.step_context import StepContext
from crews.triage.step_outputs import Move, Settlement
from ledger.evidence import Evidence, list_evidence
from ledger.result import AbstainReason, Claim, RunResult

_NO_MORE = "If this does not settle it, ask again and say that you want a person."
_FROM_DOCUMENTS = "The documents say on this:"
_FAILED = "I could not hand this on: {why} Please ask the desk directly."


def tell_outcome(context: StepContext, draft: RunResult, settlement: Settlement) -> RunResult:
    """`draft` is the answer of the documents, checked, or why there is none."""
    if settlement.settled is Move.DECLINED and draft.outcome != "answered":
        return draft.model_copy(
            update={
                "answer": " ".join(["This is nothing that this desk handles.", *settlement.notes]),
                "reason": AbstainReason.OUT_OF_SCOPE,
                "suggestions": (),
            }
        )
    if settlement.settled in (Move.ANSWER, Move.DECLINED):
        return draft.model_copy(update={"caveats": (*settlement.notes, *draft.caveats, _NO_MORE)})
    if settlement.failed is not None and not settlement.done:
        return draft.model_copy(update={"caveats": (*draft.caveats, _FAILED.format(why=settlement.failed))})
    evidence = {item.label: item for item in list_evidence(context.db, context.claim.run_id)}
    found = _told(evidence, settlement.found)
    done = _told(evidence, settlement.done)
    quoted = draft.claims if draft.outcome == "answered" else ()
    paragraphs = (("", found), ("", done), (_FROM_DOCUMENTS, quoted))
    failed = () if settlement.failed is None else (_FAILED.format(why=settlement.failed),)
    return RunResult(
        outcome="escalated",
        answer="\n\n".join(_paragraph(lead, claims, evidence) for lead, claims in paragraphs if claims),
        claims=tuple(claim for _lead, claims in paragraphs for claim in claims),
        how_found=(settlement.reason, *draft.how_found),
        caveats=(
            *failed,
            *settlement.notes,
            *(draft.caveats if quoted else failed_models_caveat(draft.model)),
        ),
        specialist=draft.specialist,
        model=draft.model,
    )


def _told(evidence: dict[str, Evidence], labels: Iterable[str]) -> tuple[Claim, ...]:
    """Our own sentences of these, each once; they are checked like any other."""
    claims: dict[str, Claim] = {}
    for label in labels:
        for sentence in own_sentences(evidence[label]):
            # "The system is affected: the run failed" says nothing more once the run was told of.
            if not any(told in sentence for told in claims):
                claims[sentence] = Claim(text=sentence, evidence=(label,))
    kept, _dropped = check_claims(tuple(claims.values()), evidence)
    return kept


def _paragraph(lead: str, claims: Sequence[Claim], evidence: Mapping[str, Evidence]) -> str:
    text = running_text(claims, evidence)
    if not lead:
        return text
    return lead + ("\n" if "\n" in text else " ") + text
