"""Chooses what to quote: the part of the best passages that answers the question, in reading order.

Every claim is a sentence of its evidence, word for word. What answers is decided by the calibrated relevance
of each passage to the question, so that a page on a related matter is not quoted. Who asks how something is
done is told all steps of it, and who asks for an amount is quoted no page without one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crews.floor.wanted import Says, wanted_in
from knowledge.relevance.judge import Candidate, Judged, judge, steps_in
from knowledge.relevance.score import shipped_coefficients
from knowledge.relevance.similarity import Similarity
from ledger.evidence import Evidence
from ledger.result import Claim

WINDOW_WORDS = 90
OTHER_WINDOW_WORDS = 45
OTHER_SHARE = 0.5
MAX_PASSAGES = 3
# A neighbour much further from the question than the best sentence is on another matter.
NEIGHBOUR_SHARE = 0.5
MAX_STEPS_WORDS = 150
_HOW_TO = re.compile(
    r"\bhow (?:do|does|can|could|should|would|must|to)\b|\bsteps\b|\bwhat (?:do|should|can) I do\b", re.I
)


@dataclass(frozen=True, slots=True)
class _Scored:
    """`best` is the sentence nearest to the question, of those that say what it asks for."""

    evidence: Evidence
    judged: Judged
    best: int


def extract_claims(question: str, evidence: Sequence[Evidence], similarity: Similarity) -> tuple[Claim, ...]:
    """Sentences to quote, or none if nothing found is relevant enough."""
    passages = [item for item in evidence if item.finding.kind == "passage"]
    judged = judge(question, [_candidate(question, item) for item in passages], similarity)
    answers, says = shipped_coefficients().answers, wanted_in(question)
    scored = [
        _Scored(item, verdict, nearest)
        for item, verdict in zip(passages, judged, strict=True)
        if verdict.relevance >= answers and (nearest := _closest(verdict, says)) is not None
    ]
    if not scored:
        return ()
    best, *rest = sorted(scored, key=lambda item: -item.judged.relevance)
    quote = _quote_with_steps if _HOW_TO.search(question) else _quote
    claims = quote(best, WINDOW_WORDS)
    # What is nearly as relevant may confirm the best, complete it, or disagree.
    near = [item for item in rest if item.judged.relevance >= OTHER_SHARE * best.judged.relevance]
    for item in near[: MAX_PASSAGES - 1]:
        claims.extend(quote(item, OTHER_WINDOW_WORDS))
    return tuple({claim.text: claim for claim in claims}.values())


def _candidate(question: str, item: Evidence) -> Candidate:
    details = item.finding.details
    # A candidate that was dropped may have found it by other words: that score is not of this question.
    score = float(details["score"]) if details.get("query") == question else None
    return Candidate(
        str(details.get("title") or ""), str(details.get("section") or ""), item.finding.text, score
    )


def _closest(judged: Judged, says: Says | None) -> int | None:
    places = (at for at, sentence in enumerate(judged.sentences) if says is None or says(sentence))
    return max(places, key=judged.closeness.__getitem__, default=None)


def _is_row(sentence: str) -> bool:
    return " | " in sentence


def _leads_on(sentences: Sequence[str], at: int) -> bool:
    """Whether it says nothing without what comes after it, as a lead-in and the head of a table do."""
    is_head = _is_row(sentences[at]) and (at == 0 or not _is_row(sentences[at - 1]))
    return sentences[at].endswith(":") or is_head


def _quote(item: _Scored, max_words: int) -> list[Claim]:
    return _claims(item, _window(item, max_words))


def _quote_with_steps(item: _Scored, max_words: int) -> list[Claim]:
    """Where a step would be quoted, all steps of its list, unless they are very long."""
    window, sentences = _window(item, max_words), item.judged.sentences
    first, last = window.start, window.stop
    for steps in steps_in(item.evidence.finding.text):
        words = sum(len(sentences[at].split()) for at in steps)
        if words <= MAX_STEPS_WORDS and first < steps.stop and steps.start < last:
            first, last = min(first, steps.start), max(last, steps.stop)
    return _claims(item, range(first, last))


def _claims(item: _Scored, chosen: range) -> list[Claim]:
    return [Claim(text=item.judged.sentences[at], evidence=(item.evidence.label,)) for at in chosen]


def _window(item: _Scored, max_words: int) -> range:
    """The run of neighbouring sentences around the best one that fits into `max_words`."""
    sentences, closeness = item.judged.sentences, item.judged.closeness
    lengths = [len(sentence.split()) for sentence in sentences]
    first = last = item.best
    total = lengths[first]
    while True:
        before = closeness[first - 1] if first > 0 else None
        after = closeness[last + 1] if last + 1 < len(lengths) else None
        if before is None and after is None:
            break
        take_after = before is None or (after is not None and after >= before)
        step = last + 1 if take_after else first - 1
        too_far = closeness[step] < NEIGHBOUR_SHARE * max(closeness)
        if too_far or total + lengths[step] > max_words:
            break
        total += lengths[step]
        first, last = min(first, step), max(last, step)
    while last > first and _leads_on(sentences, last):
        last -= 1
    return range(first, last + 1)
