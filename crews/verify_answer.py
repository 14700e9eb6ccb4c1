"""The last step of `ask` and `triage`: nothing leaves that its evidence does not carry.

Every claim passes the checks of `crews/grounding/check.py`. What fails is left out, and how much and why is
said; what is borne out only loosely is noted. If nothing is left, the run abstains. It abstains as well where
what was found is too little, or long past its review, or where two current pages disagree and nothing tells
which is the newer; where that can be told, both are shown. No picture, mention or foreign link leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from crews.abstention import (
    abstain,
    abstain_as_stale,
    abstain_in_conflict,
    found_too_little,
    long_past_review,
)
from crews.disagreement import Disagreement, find_disagreement
from crews.drafts import asked_back, came_to_nothing, drafts_of, merged_draft, routed_by
from crews.grounding.actions import calls_done
from crews.grounding.caveats import (
    disagreement_caveat,
    doubt_caveats,
    dropped_caveat,
    failed_models_caveat,
    figure_caveats,
    floor_caveat,
    stale_caveats,
    suspicious_caveats,
    undecided_caveats,
    unknown_caveats,
    withheld_caveat,
)
from crews.grounding.check import Grounds, check_claims, doubts
from crews.grounding.explanation import checked_explanation
from crews.grounding.how_found import how_found
from crews.help_desk.output import DraftAnswer
from crews.running_text import has_figures, running_text
from crews.small_talk import reply_to_small_talk
from crews.step_context import StepContext
from crews.step_output import CrewStepOutput
from crews.triage.outcome import tell_outcome
from crews.triage.step_outputs import settlement_among
from ledger.call_decisions import CallDecision, call_decisions_in
from ledger.evidence import Evidence, evidence_in
from ledger.outgoing import inert, own_domains
from ledger.result import FLOOR_MODEL, Claim, RunResult
from ledger.spans import Span, spans_in


@dataclass(frozen=True, slots=True)
class _Checked:
    """A draft after the check; `drafts` are those it was merged from, `spans` the tool calls on record,
    `decisions` what people said of some."""

    drafts: Sequence[CrewStepOutput]
    answer: CrewStepOutput
    evidence: dict[str, Evidence]
    kept: tuple[Claim, ...]
    dropped: list[str]
    doubts: dict[str, str]
    spans: list[Span]
    decisions: Sequence[CallDecision]


def verify_answer(context: StepContext) -> RunResult:
    """Turns the specialists' drafts into the run's result, with what became of a request that was triaged."""
    result = verified_draft(context)
    settlement = settlement_among(context.claim.inputs.values())
    if settlement is not None:
        result = tell_outcome(context, result, settlement)
    return _leaving(result, own_domains(context.db))


def verified_draft(context: StepContext) -> RunResult:
    """What the specialists' drafts come to by themselves."""
    routed = routed_by(context)
    if routed is not None:
        back = reply_to_small_talk(context, routed) or asked_back(routed)
        if back is not None:
            return back
    drafts = drafts_of(context)
    answer = merged_draft(routed, drafts)
    claim, gathered = context.claim, set(answer.evidence)
    with context.db.read() as session:
        evidence = {item.label: item for item in evidence_in(session, claim.run_id) if item.label in gathered}
        spans = spans_in(session, claim.run_id, "tool")
        decisions = call_decisions_in(session, claim.replay.of if claim.replay else claim.run_id)
    grounds = Grounds(claim.question, calls_done(spans), context.similarity)
    draft = _explained(DraftAnswer.model_validate(answer.output), answer, evidence, grounds)
    with context.recorder.span("guardrail", "grounding", draft.model_dump(mode="json")) as span:
        kept, dropped = check_claims(draft.claims, evidence, grounds)
        noted = doubts(kept, evidence, grounds)
        span.output = {"kept": len(kept), "dropped": dropped, "doubts": noted}
    checked = _Checked(drafts, answer, evidence, kept, dropped, noted, spans, decisions)
    result = _result(context, draft, checked)
    found = how_found(answer, grounds.question, evidence, spans, kept=len(kept), dropped=len(dropped))
    return result.model_copy(update={"how_found": found})


def _result(context: StepContext, draft: DraftAnswer, checked: _Checked) -> RunResult:
    answer, evidence, kept = checked.answer, checked.evidence, checked.kept
    if not kept or found_too_little(answer):
        result = abstain(answer, draft, evidence)
        return result.model_copy(
            update={
                "caveats": (
                    *undecided_caveats(checked.spans, checked.decisions),
                    *unknown_caveats(checked.spans),
                    *failed_models_caveat(answer.model),
                )
            }
        )
    if long_past_review(kept, evidence, context.db.clock.now().date()):
        return abstain_as_stale(answer, kept, evidence)
    disagreement = find_disagreement(context.claim.question, kept, evidence)
    if disagreement is not None and disagreement.newer is None:
        return abstain_in_conflict(answer, disagreement)
    result = _answered(checked, _with_both_sides(kept, disagreement), disagreement)
    return result.model_copy(update={"caveats": (*came_to_nothing(checked.drafts), *result.caveats)})


def _answered(checked: _Checked, claims: tuple[Claim, ...], disagreement: Disagreement | None) -> RunResult:
    answer, evidence = checked.answer, checked.evidence
    caveats = [
        *disagreement_caveat(disagreement),
        *stale_caveats(claims, evidence),
        *suspicious_caveats(claims, evidence),
        *withheld_caveat(answer),
        *figure_caveats(claims, evidence),
        *doubt_caveats(checked.doubts),
        *dropped_caveat(checked.dropped),
        *undecided_caveats(checked.spans, checked.decisions),
        *unknown_caveats(checked.spans),
        *floor_caveat(answer.model, by_rule=has_figures(claims, evidence)),
    ]
    return RunResult(
        outcome="answered",
        answer=running_text(claims, evidence),
        claims=claims,
        caveats=tuple(caveats),
        specialist=answer.title,
        model=answer.model,
    )


def _leaving(result: RunResult, own: frozenset[str]) -> RunResult:
    """Each text on its own, so that the answer still holds its claims word for word."""
    answer = result.answer
    for claim in result.claims:
        answer = answer.replace(claim.text, inert(claim.text, own))
    claims = [claim.model_copy(update={"text": inert(claim.text, own)}) for claim in result.claims]
    return result.model_copy(
        update={
            "answer": answer if claims else inert(answer, own),
            "claims": tuple(claims),
            "how_found": tuple(inert(text, own) for text in result.how_found),
            "caveats": tuple(inert(text, own) for text in result.caveats),
            "suggestions": tuple(inert(text, own) for text in result.suggestions),
            "choices": tuple(inert(text, own) for text in result.choices),
        }
    )


def _explained(
    draft: DraftAnswer, answer: CrewStepOutput, evidence: dict[str, Evidence], grounds: Grounds
) -> DraftAnswer:
    """The floor's explanations are ours; a model's own are checked as its claims are."""
    if answer.model is not None and answer.model.name == FLOOR_MODEL:
        return draft
    missing = checked_explanation(draft.missing, grounds.question, evidence.values(), grounds.calls)
    return draft.model_copy(update={"missing": missing})


def _with_both_sides(claims: tuple[Claim, ...], disagreement: Disagreement | None) -> tuple[Claim, ...]:
    if disagreement is None or any(disagreement.other.evidence.label in claim.evidence for claim in claims):
        return claims
    return (*claims, disagreement.other.claim)
