"""The last step of `ask`: nothing leaves that its evidence does not carry.

Checked here by code: every cited id is evidence this run gathered; every number in a claim stands in its
evidence; every link does too. What fails is dropped and said to be dropped; if nothing is left, the run
abstains.
"""

import re

from crews.help_desk.output import DraftAnswer
from crews.step_context import StepContext
from crews.step_output import NOBODY, CrewStepOutput
from ledger.evidence import Evidence, list_evidence
from ledger.pii_tokens import tokens_in_text, without_tokens
from ledger.result import FLOOR_MODEL, AbstainReason, Claim, ModelUse, RunResult

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
# Thousands set apart by a space: a plain, a no-break or a narrow no-break one.
_SPACED = re.compile(r"(?<![\d.,:])\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)")
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>()\"']+", re.IGNORECASE)
_AFTER_LINK = ".,;:!?*_]”’"

_SENTENCES = {
    AbstainReason.NOTHING_FOUND: "I found nothing about this in the documents you may read.",
    AbstainReason.LOW_MATCH: (
        "The documents you may read do not answer this; what I found is only loosely related."
    ),
    AbstainReason.UNSUPPORTED: (
        "I drafted an answer, but its evidence does not support it, so I am not giving it."
    ),
    AbstainReason.OUT_OF_SCOPE: "This is not something the crew can answer from the company's own sources.",
    AbstainReason.UNAVAILABLE: "I could not search the documents just now, so I would only be guessing.",
}


def verify_answer(context: StepContext) -> RunResult:
    """Turns the specialist's draft into the run's result."""
    answer = _with_earlier_fallbacks(context)
    draft = DraftAnswer.model_validate(answer.output)
    gathered = set(answer.evidence)
    evidence = {
        item.label: item for item in list_evidence(context.db, context.claim.run_id) if item.label in gathered
    }
    with context.recorder.span("guardrail", "grounding", draft.model_dump(mode="json")) as span:
        kept, dropped = check_claims(draft.claims, evidence)
        span.output = {"kept": len(kept), "dropped": dropped}
    if not kept:
        return _abstain(answer, draft, evidence)
    return RunResult(
        outcome="answered",
        answer=" ".join(claim.text for claim in kept),
        claims=kept,
        caveats=_caveats(kept, dropped, evidence, answer.model),
        specialist=answer.title,
        model=answer.model,
    )


def _with_earlier_fallbacks(context: StepContext) -> CrewStepOutput:
    """The specialist's step; a candidate that failed the router failed this run too."""
    route, answer = (CrewStepOutput.model_validate(context.claim.inputs[key]) for key in ("route", "answer"))
    if route.model is None or answer.model is None:
        return answer
    fallbacks = tuple(dict.fromkeys((*route.model.fallbacks, *answer.model.fallbacks)))
    return answer.model_copy(update={"model": ModelUse(name=answer.model.name, fallbacks=fallbacks)})


def check_claims(
    claims: tuple[Claim, ...], evidence: dict[str, Evidence]
) -> tuple[tuple[Claim, ...], list[str]]:
    """The claims that hold, and one reason for each that does not."""
    kept, dropped = [], []
    for claim in claims:
        reason = _objection(claim, evidence)
        if reason is None:
            kept.append(claim)
        else:
            dropped.append(reason)
    return tuple(kept), dropped


def _objection(claim: Claim, evidence: dict[str, Evidence]) -> str | None:
    if not claim.text.strip():
        return "an empty claim"
    if not claim.evidence:
        return "a claim without evidence"
    unknown = [label for label in claim.evidence if label not in evidence]
    if unknown:
        return f"cites {unknown[0]}, which this run never found"
    texts = [_citable_text(evidence[label]) for label in claim.evidence]
    known = {number for text in texts for number in numbers_in(text)}
    foreign = numbers_in(claim.text) - known
    if foreign:
        return f"the number {sorted(foreign)[0]} is not in its evidence"
    if tokens_in_text(claim.text) - {token for text in texts for token in tokens_in_text(text)}:
        return "personal data that is not in its evidence"
    if _links_in(claim.text) - {link for text in texts for link in _links_in(text)}:
        return "a link that is not in its evidence"
    return None


def _links_in(text: str) -> set[str]:
    return {link.rstrip(_AFTER_LINK) for link in _LINK.findall(text)}


def numbers_in(text: str) -> set[str]:
    """Numbers as they compare: `1,250`, `1 250.0` and `1250` are one, `9:30` and `09:30` are one."""
    plain = without_tokens(text)
    joined = _SPACED.sub(lambda match: re.sub(r"\D", "", match[0]), plain)
    return {_normal(match) for match in _NUMBER.findall(joined)}


def _normal(number: str) -> str:
    if ":" in number:
        return ":".join(part.lstrip("0") or "0" for part in number.split(":"))
    plain = re.sub(r",(?=\d{3}(?:\D|$))", "", number).replace(",", ".")
    if plain.count(".") == 1:
        plain = plain.rstrip("0").rstrip(".")
    whole, dot, rest = plain.partition(".")
    return (whole.lstrip("0") or "0") + dot + rest


def _citable_text(item: Evidence) -> str:
    details = item.finding.details
    parts = (details.get("title"), details.get("section"), item.finding.as_of, item.finding.text)
    return "\n".join(str(part) for part in parts if part)


def _caveats(
    kept: tuple[Claim, ...], dropped: list[str], evidence: dict[str, Evidence], model: ModelUse | None
) -> tuple[str, ...]:
    caveats = []
    cited = {label for claim in kept for label in claim.evidence}
    stale: dict[str, str] = {}
    for label, item in evidence.items():
        if label in cited and item.finding.details.get("stale"):
            stale[str(item.finding.details.get("title"))] = str(item.finding.details.get("review_by"))
    for title, review_by in stale.items():
        caveats.append(f"“{title}” was due for review on {review_by} and may be out of date.")
    if dropped:
        count = "One sentence was" if len(dropped) == 1 else f"{len(dropped)} sentences were"
        caveats.append(f"{count} left out because the evidence does not support it.")
    if model is not None and model.name == FLOOR_MODEL:
        why = f" ({'; '.join(model.fallbacks)})" if model.fallbacks else ""
        caveats.append(
            f"Quoted from the sources by the built-in extractive model; no language model was used{why}."
        )
    return tuple(caveats)


def _abstain(answer: CrewStepOutput, draft: DraftAnswer, evidence: dict[str, Evidence]) -> RunResult:
    reason = _abstain_reason(answer, draft, evidence)
    sentence = _SENTENCES[reason]
    if draft.missing and reason in (AbstainReason.LOW_MATCH, AbstainReason.OUT_OF_SCOPE) and answer.model:
        sentence = f"{sentence} {draft.missing}" if answer.model.name != FLOOR_MODEL else sentence
    return RunResult(
        outcome="abstained",
        answer=sentence,
        reason=reason,
        suggestions=() if reason == AbstainReason.OUT_OF_SCOPE else _nearest(evidence),
        specialist=answer.title,
        model=answer.model,
    )


def _abstain_reason(
    answer: CrewStepOutput, draft: DraftAnswer, evidence: dict[str, Evidence]
) -> AbstainReason:
    if answer.crew == NOBODY:
        return AbstainReason.OUT_OF_SCOPE
    if draft.claims:
        return AbstainReason.UNSUPPORTED
    if evidence:
        return AbstainReason.LOW_MATCH
    return AbstainReason.UNAVAILABLE if answer.tools_unavailable else AbstainReason.NOTHING_FOUND


def _nearest(evidence: dict[str, Evidence]) -> tuple[str, ...]:
    """The nearest pages the asker may read, with whom to ask about each."""
    pages: dict[str, str] = {}
    for item in evidence.values():
        title = item.finding.details.get("title")
        owner = item.finding.details.get("owner")
        if title and title not in pages:
            pages[title] = f"“{title}”" + (f" (ask {owner})" if owner else "")
    return tuple(list(pages.values())[:3])
