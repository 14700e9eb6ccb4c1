"""Says no honestly: why there is no answer, what comes closest, and whom to ask about it."""

from collections.abc import Iterable
from datetime import date, timedelta

from crews.disagreement import Disagreement
from crews.help_desk.output import DraftAnswer
from crews.step_output import NOBODY, CrewStepOutput
from knowledge.relevance.score import shipped_coefficients
from ledger.evidence import Evidence
from ledger.result import FLOOR_MODEL, AbstainReason, Claim, RunResult

# Longer ago than this, a page that was due for review is not answered from alone.
LONG_PAST_REVIEW = timedelta(days=365)

_SENTENCES = {
    AbstainReason.NOTHING_FOUND: "I found nothing about this in the documents you may read.",
    AbstainReason.LOW_MATCH: (
        "The documents you may read do not answer this; what I found is only loosely related."
    ),
    AbstainReason.UNSUPPORTED: (
        "I drafted an answer, but its evidence does not support it, so I am not giving it."
    ),
    AbstainReason.STALE: (
        "All that answers this was due for review more than a year ago, so it may no longer hold; please ask "
        "its owner."
    ),
    AbstainReason.CONFLICTING: "Two pages disagree about this, and nothing tells which of them is the newer.",
    AbstainReason.AUDIENCE: "What I found may not be shown to everyone here; ask me in a direct message.",
    AbstainReason.AMBIGUOUS: "This can be understood in more than one way; please ask again more closely.",
    AbstainReason.BLOCKED: "The data that would answer this is not fit to give a figure just now.",
    AbstainReason.OUT_OF_SCOPE: "This is not something the crew can answer from the company's own sources.",
    AbstainReason.REJECTED: "Somebody who had to agree to this did not.",
    AbstainReason.NOTHING_ASKED: "Ask whenever you need something.",
    AbstainReason.UNAVAILABLE: "I could not search the documents just now, so I would only be guessing.",
}
# Where the model's own words on what is missing may be added.
_EXPLAINED = (AbstainReason.LOW_MATCH, AbstainReason.OUT_OF_SCOPE)
# Of the first nothing is near; of the second, what is near may not be named.
_WITHOUT_SUGGESTIONS = (AbstainReason.OUT_OF_SCOPE, AbstainReason.AUDIENCE)


def found_too_little(answer: CrewStepOutput) -> bool:
    """Whether no passage of any search comes near to what was searched for."""
    return answer.best_relevance is not None and answer.best_relevance < shipped_coefficients().too_thin


def long_past_review(claims: Iterable[Claim], evidence: dict[str, Evidence], today: date) -> bool:
    """Whether every source of these claims is."""
    cited = {label for claim in claims for label in claim.evidence}
    return all(_is_long_past(evidence[label], today) for label in cited)


def abstain(answer: CrewStepOutput, draft: DraftAnswer, evidence: dict[str, Evidence]) -> RunResult:
    """Where no claim was left, or what was found is too little to make one of."""
    if draft.reason is not None and not draft.claims:
        result = _abstained(answer, draft.reason, draft.missing or _SENTENCES[draft.reason], ())
        choices = _meanings(evidence.values()) if draft.reason is AbstainReason.AMBIGUOUS else ()
        return result.model_copy(update={"choices": choices})
    reason = _reason(answer, draft, evidence)
    explained = reason in _EXPLAINED and answer.model is not None and answer.model.name != FLOOR_MODEL
    said = [_SENTENCES[reason], draft.missing if explained else None]
    suggestions = () if reason in _WITHOUT_SUGGESTIONS else _nearest(evidence.values())
    return _abstained(answer, reason, " ".join(filter(None, said)), suggestions)


def abstain_as_stale(
    answer: CrewStepOutput, claims: Iterable[Claim], evidence: dict[str, Evidence]
) -> RunResult:
    labels = dict.fromkeys(label for claim in claims for label in claim.evidence)
    pages = _nearest(evidence[label] for label in labels)
    return _abstained(answer, AbstainReason.STALE, _SENTENCES[AbstainReason.STALE], pages)


def abstain_in_conflict(answer: CrewStepOutput, disagreement: Disagreement) -> RunResult:
    """Says what each side says: a person who reads it may know."""
    sides = (disagreement.shown, disagreement.other)
    quoted = " ".join(f"{side.described}: “{side.sentence}”" for side in sides)
    sentence = f"{_SENTENCES[AbstainReason.CONFLICTING]} {quoted}"
    pages = _nearest(side.evidence for side in sides)
    return _abstained(answer, AbstainReason.CONFLICTING, sentence, pages)


def _abstained(
    answer: CrewStepOutput, reason: AbstainReason, sentence: str, suggestions: tuple[str, ...]
) -> RunResult:
    return RunResult(
        outcome="abstained",
        answer=sentence,
        reason=reason,
        suggestions=suggestions,
        specialist=answer.title,
        model=answer.model,
    )


def _reason(answer: CrewStepOutput, draft: DraftAnswer, evidence: dict[str, Evidence]) -> AbstainReason:
    if answer.crew == NOBODY:
        return AbstainReason.OUT_OF_SCOPE
    if draft.claims and not found_too_little(answer):
        return AbstainReason.UNSUPPORTED
    if answer.withheld:
        return AbstainReason.AUDIENCE
    if evidence:
        return AbstainReason.LOW_MATCH
    return AbstainReason.UNAVAILABLE if answer.tools_unavailable else AbstainReason.NOTHING_FOUND


def _is_long_past(item: Evidence, today: date) -> bool:
    review_by = item.finding.details.get("review_by")
    return review_by is not None and date.fromisoformat(review_by) + LONG_PAST_REVIEW < today


def _meanings(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """The governed queries that the question may mean, as they were suggested and in no model's words."""
    found = [item.finding.details.get("alternatives") or () for item in evidence]
    return tuple(dict.fromkeys(str(reading) for readings in found for reading in readings))


def _nearest(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """The nearest pages the asker may read, with whom to ask about each."""
    pages: dict[str, str] = {}
    for item in evidence:
        title = item.finding.details.get("title")
        owner = item.finding.details.get("owner")
        if title and title not in pages:
            pages[title] = f"“{title}”" + (f" (ask {owner})" if owner else "")
    return tuple(list(pages.values())[:3])
