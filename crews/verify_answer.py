"""The last step of `ask`: nothing leaves that its evidence does not carry.

Checked here by code: every cited id is evidence this run gathered; every number in a claim stands in its
evidence; every link does too. What fails is dropped and said to be dropped; if nothing is left, the run
abstains. It abstains as well where what was found is too little, or long past its review, or where two
current pages disagree and nothing tells which is the newer; where that can be told, both are shown.
"""

import re

from crews.abstention import (
    abstain,
    abstain_as_stale,
    abstain_in_conflict,
    found_too_little,
    long_past_review,
)
from crews.disagreement import Disagreement, find_disagreement
from crews.drafts import asked_back, came_to_nothing, merged_draft
from crews.help_desk.output import DraftAnswer
from crews.step_context import StepContext
from crews.step_output import CrewStepOutput
from ledger.evidence import FIGURES, Evidence, list_evidence
from ledger.pii_tokens import tokens_in_text, without_tokens
from ledger.result import FLOOR_MODEL, Claim, ModelUse, RunResult

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
# Thousands set apart by a space: a plain, a no-break or a narrow no-break one.
_SPACED = re.compile(r"(?<![\d.,:])\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)")
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>()\"']+", re.IGNORECASE)
_AFTER_LINK = ".,;:!?*_]”’"


def verify_answer(context: StepContext) -> RunResult:
    """Turns the specialists' drafts into the run's result."""
    back = asked_back(context)
    if back is not None:
        return back
    answer = merged_draft(context)
    draft = DraftAnswer.model_validate(answer.output)
    gathered = set(answer.evidence)
    evidence = {
        item.label: item for item in list_evidence(context.db, context.claim.run_id) if item.label in gathered
    }
    with context.recorder.span("guardrail", "grounding", draft.model_dump(mode="json")) as span:
        kept, dropped = check_claims(draft.claims, evidence)
        span.output = {"kept": len(kept), "dropped": dropped}
    if not kept or found_too_little(answer):
        return abstain(answer, draft, evidence)
    if long_past_review(kept, evidence, context.db.clock.now().date()):
        return abstain_as_stale(answer, kept, evidence)
    disagreement = find_disagreement(context.claim.question, kept, evidence)
    if disagreement is not None and disagreement.newer is None:
        return abstain_in_conflict(answer, disagreement)
    result = _answered(answer, _with_both_sides(kept, disagreement), evidence, dropped, disagreement)
    return result.model_copy(update={"caveats": (*came_to_nothing(context), *result.caveats)})


def _answered(
    answer: CrewStepOutput,
    claims: tuple[Claim, ...],
    evidence: dict[str, Evidence],
    dropped: list[str],
    disagreement: Disagreement | None,
) -> RunResult:
    caveats = [
        *_disagreement_caveat(disagreement),
        *_stale_caveats(claims, evidence),
        *_withheld_caveat(answer),
        *_figure_caveats(claims, evidence),
        *_dropped_caveat(dropped),
        *_floor_caveat(answer.model, by_rule=_has_figures(claims, evidence)),
    ]
    return RunResult(
        outcome="answered",
        answer=_joined(claims, evidence),
        claims=claims,
        caveats=tuple(caveats),
        specialist=answer.title,
        model=answer.model,
    )


def _joined(claims: tuple[Claim, ...], evidence: dict[str, Evidence]) -> str:
    """Sentences run on; figures stand below each other."""
    return ("\n" if _has_figures(claims, evidence) else " ").join(claim.text for claim in claims)


def _has_figures(claims: tuple[Claim, ...], evidence: dict[str, Evidence]) -> bool:
    return any(evidence[label].finding.kind == FIGURES for claim in claims for label in claim.evidence)


def _with_both_sides(claims: tuple[Claim, ...], disagreement: Disagreement | None) -> tuple[Claim, ...]:
    if disagreement is None or any(disagreement.other.evidence.label in claim.evidence for claim in claims):
        return claims
    return (*claims, disagreement.other.claim)


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


def _disagreement_caveat(disagreement: Disagreement | None) -> list[str]:
    if disagreement is None or disagreement.newer is None:
        return []
    return [
        f"{disagreement.shown.described} and {disagreement.other.described} disagree; "
        f"“{disagreement.newer.title}” was updated last."
    ]


def _stale_caveats(claims: tuple[Claim, ...], evidence: dict[str, Evidence]) -> list[str]:
    cited = {label for claim in claims for label in claim.evidence}
    stale: dict[str, str] = {}
    for label, item in evidence.items():
        if label in cited and item.finding.details.get("stale"):
            stale[str(item.finding.details.get("title"))] = str(item.finding.details.get("review_by"))
    return [
        f"“{title}” was due for review on {review_by} and may be out of date."
        for title, review_by in stale.items()
    ]


def _withheld_caveat(answer: CrewStepOutput) -> list[str]:
    return ["Something else was found that not everyone here may read."] if answer.withheld else []


def _dropped_caveat(dropped: list[str]) -> list[str]:
    if not dropped:
        return []
    count = "One sentence was" if len(dropped) == 1 else f"{len(dropped)} sentences were"
    return [f"{count} left out because the evidence does not support it."]


def _figure_caveats(claims: tuple[Claim, ...], evidence: dict[str, Evidence]) -> list[str]:
    caveats: list[str] = []
    for label in dict.fromkeys(label for claim in claims for label in claim.evidence):
        details = evidence[label].finding.details
        if evidence[label].finding.kind != FIGURES:
            continue
        caveats += [*details["quality_findings"], *details["notes"]]
        if details["too_small"]:
            caveats.append(f"{details['too_small']} groups have too few rows to be told of.")
        if details["truncated"]:
            caveats.append(f"These are the first of {details['row_count']:,} rows.")
    return list(dict.fromkeys(caveats))


def _floor_caveat(model: ModelUse | None, *, by_rule: bool) -> list[str]:
    if model is None or model.name != FLOOR_MODEL:
        return []
    why = f" ({'; '.join(model.fallbacks)})" if model.fallbacks else ""
    how = "Reckoned from governed metrics by rule" if by_rule else "Quoted from the sources"
    return [f"{how} by the built-in extractive model; no language model was used{why}."]
