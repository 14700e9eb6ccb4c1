"""What a reader has to know besides an answer: its age, its doubts, what was left out of it and why."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from crews.disagreement import Disagreement
from crews.step_output import CrewStepOutput
from ledger.call_decisions import CallDecision, Word
from ledger.evidence import FIGURES, Evidence
from ledger.result import FLOOR_MODEL, Claim, ModelUse
from ledger.spans import Span

_MOST_REASONS = 3
_NOBODY_SAID = "it needs a person's decision, because the run had read what others wrote"
_SAID_OF_CALL = {
    Word.APPROVED: "it was approved, but the specialist did not ask for it again",
    Word.REJECTED: "a person was asked, because the run had read what others wrote, and rejected it",
    Word.EXPIRED: "a person was asked, because the run had read what others wrote, and nobody decided",
}
_OWN_WORDS = re.compile(r"(?:the name )?“[^”]*”")


def disagreement_caveat(disagreement: Disagreement | None) -> list[str]:
    if disagreement is None or disagreement.newer is None:
        return []
    return [
        f"{disagreement.shown.described} and {disagreement.other.described} disagree; "
        f"“{disagreement.newer.title}” was updated last."
    ]


def stale_caveats(claims: Sequence[Claim], evidence: Mapping[str, Evidence]) -> list[str]:
    stale: dict[str, str] = {}
    for item in _cited(claims, evidence):
        if item.finding.details.get("stale"):
            stale[str(item.finding.details.get("title"))] = str(item.finding.details.get("review_by"))
    return [
        f"“{title}” was due for review on {review_by} and may be out of date."
        for title, review_by in stale.items()
    ]


def suspicious_caveats(claims: Sequence[Claim], evidence: Mapping[str, Evidence]) -> list[str]:
    titles = {
        str(item.finding.details.get("title") or item.finding.source): None
        for item in _cited(claims, evidence)
        if item.finding.details.get("suspicious")
    }
    return [f"“{title}” holds text that reads like orders to a model; mind what it says." for title in titles]


def withheld_caveat(answer: CrewStepOutput) -> list[str]:
    return ["Something else was found that not everyone here may read."] if answer.withheld else []


def dropped_caveat(reasons: Sequence[str]) -> list[str]:
    if not reasons:
        return []
    count = "One sentence was" if len(reasons) == 1 else f"{len(reasons)} sentences were"
    # A name or code of the model's own is not shown, not even as what was wrong.
    plain = [_OWN_WORDS.sub("a name or code", reason) for reason in reasons]
    counts = Counter(plain).most_common(_MOST_REASONS)
    why = "; ".join(reason if times == 1 else f"{reason} ({times} times)" for reason, times in counts)
    return [f"{count} left out because the evidence does not support it: {why}."]


def doubt_caveats(doubts: Mapping[str, str]) -> list[str]:
    return [f"“{text}” {doubt}; check it there." for text, doubt in doubts.items()]


def undecided_caveats(spans: Sequence[Span], decisions: Sequence[CallDecision]) -> list[str]:
    """What the gate kept a specialist from doing without a person's word, or with it."""
    # Asked for twice, it was done the first time.
    done = [(span.name, span.input) for span in spans if span.attributes.get("status") == "found"]
    kept = [
        span.name.removeprefix("tool ")
        for span in spans
        if span.attributes.get("needs_decision") and (span.name, span.input) not in done
    ]
    carried_out = {name.removeprefix("tool ") for name, _ in done}
    asked = {
        decision.tool: _SAID_OF_CALL[decision.word]
        for decision in decisions
        if decision.word is not Word.APPROVED or decision.tool not in carried_out
    }
    told = {tool: asked.get(tool, _NOBODY_SAID) for tool in kept} | asked
    return [f"{tool} was not carried out: {why}." for tool, why in told.items()]


def unknown_caveats(spans: Sequence[Span]) -> list[str]:
    """What may or may not have been done."""
    tools = [span.name.removeprefix("tool ") for span in spans if span.attributes.get("effect_unknown")]
    return [
        f"Nobody can tell whether {tool} was carried out; somebody has to look before it is asked for again."
        for tool in dict.fromkeys(tools)
    ]


def figure_caveats(claims: Sequence[Claim], evidence: Mapping[str, Evidence]) -> list[str]:
    caveats: list[str] = []
    for item in _cited(claims, evidence):
        details = item.finding.details
        if item.finding.kind != FIGURES:
            continue
        caveats += [*details["quality_findings"], *details["notes"]]
        if details["too_small"]:
            caveats.append(f"{details['too_small']} groups have too few rows to be told of.")
        # Whoever asks for the best one knows that there are others.
        if details["truncated"] and details["row_count"] > 1:
            caveats.append(f"These are the first of {details['row_count']:,} rows.")
    return list(dict.fromkeys(caveats))


def floor_caveat(model: ModelUse | None, *, by_rule: bool) -> list[str]:
    if model is None or model.name != FLOOR_MODEL:
        return []
    why = f" ({'; '.join(model.fallbacks)})" if model.fallbacks else ""
    how = "Reckoned from governed metrics by rule" if by_rule else "Quoted from the sources"
    return [f"{how} by the built-in extractive model; no language model was used{why}."]


def failed_models_caveat(model: ModelUse | None) -> list[str]:
    """For where nothing of what the floor found is shown: somebody else might have found more."""
    if model is None or model.name != FLOOR_MODEL or not model.fallbacks:
        return []
    why = "; ".join(model.fallbacks)
    return [f"It was looked up by the built-in extractive model; no language model was used ({why})."]


def _cited(claims: Sequence[Claim], evidence: Mapping[str, Evidence]) -> list[Evidence]:
    return [evidence[label] for label in dict.fromkeys(label for claim in claims for label in claim.evidence)]
