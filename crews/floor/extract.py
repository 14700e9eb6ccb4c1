"""Chooses what to quote: the part of the best passages that answers the question, in reading order.

Every claim is a sentence of its evidence, word for word. How relevant a passage is, is told by the cosine
of the question to the passage and to its best sentence: a passage on a related matter is close as a whole,
but none of its sentences is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crews.floor.similarity import Similarity
from knowledge.sentences import split_sentences
from ledger.evidence import Evidence
from ledger.result import Claim

# Fitted on the sample workspace's 53 questions (`make evals`): the best passage of a question that has no
# answer for its asker reaches 0.46 at most, that of one that has an answer 0.50 at least.
MIN_RELEVANCE = 0.48
SENTENCE_SHARE = 0.6

WINDOW_WORDS = 90
OTHER_SOURCE_WORDS = 45
OTHER_SOURCE_SHARE = 0.9
MAX_SOURCES = 3
# A neighbour much further from the question than the best sentence is on another matter.
NEIGHBOUR_SHARE = 0.5

_LIST_MARKER = re.compile(r"^(?:[-*•]|\d{1,2}[.)])\s+")


@dataclass(frozen=True, slots=True)
class _Scored:
    """A passage cut into sentences; `scores` are their cosines to the question."""

    evidence: Evidence
    sentences: list[str]
    scores: list[float]
    relevance: float


def extract_claims(question: str, evidence: Sequence[Evidence], similarity: Similarity) -> tuple[Claim, ...]:
    """Sentences to quote, or none if nothing found is relevant enough."""
    scored = sorted(_score(question, evidence, similarity), key=lambda item: -item.relevance)
    relevant = [item for item in scored if item.relevance >= MIN_RELEVANCE]
    if not relevant:
        return ()
    claims = _quote(relevant[0], WINDOW_WORDS)
    for item in _other_sources(relevant):
        claims.extend(_quote(item, OTHER_SOURCE_WORDS))
    return tuple({claim.text: claim for claim in claims}.values())


def _score(question: str, evidence: Sequence[Evidence], similarity: Similarity) -> list[_Scored]:
    cut = [(item, sentences) for item in evidence if (sentences := _quotable(item.finding.text))]
    texts = [f"{_heading(item)}: {sentence}" for item, sentences in cut for sentence in sentences]
    cosines = iter(similarity(question, texts))
    scored = []
    for item, sentences in cut:
        scores = [next(cosines) for _ in sentences]
        passage = float(item.finding.details.get("score", 0.0))
        relevance = SENTENCE_SHARE * max(scores) + (1 - SENTENCE_SHARE) * passage
        scored.append(_Scored(item, sentences, scores, relevance))
    return scored


def _other_sources(relevant: list[_Scored]) -> list[_Scored]:
    """Passages of other documents that are nearly as relevant as the best: they may confirm it, or
    disagree."""
    best, *rest = relevant
    sources = {best.evidence.finding.source}
    chosen: list[_Scored] = []
    for item in rest:
        near = item.relevance >= OTHER_SOURCE_SHARE * best.relevance
        if near and item.evidence.finding.source not in sources and len(sources) < MAX_SOURCES:
            sources.add(item.evidence.finding.source)
            chosen.append(item)
    return chosen


def _quotable(text: str) -> list[str]:
    """The sentences and list items of a passage, without their markers."""
    parts = (_LIST_MARKER.sub("", sentence) for sentence in split_sentences(text))
    return [part for part in parts if part]


def _heading(item: Evidence) -> str:
    path = str(item.finding.details.get("section") or "").rpartition(" > ")[2]
    return path or str(item.finding.details.get("title") or "")


def _quote(item: _Scored, max_words: int) -> list[Claim]:
    """The run of neighbouring sentences around the best one that fits into `max_words`."""
    lengths = [len(sentence.split()) for sentence in item.sentences]
    first = last = max(range(len(item.scores)), key=item.scores.__getitem__)
    total = lengths[first]
    while True:
        before = item.scores[first - 1] if first > 0 else None
        after = item.scores[last + 1] if last + 1 < len(lengths) else None
        if before is None and after is None:
            break
        take_after = before is None or (after is not None and after >= before)
        step = last + 1 if take_after else first - 1
        too_far = item.scores[step] < NEIGHBOUR_SHARE * max(item.scores)
        if too_far or total + lengths[step] > max_words:
            break
        total += lengths[step]
        first, last = min(first, step), max(last, step)
    chosen = item.sentences[first : last + 1]
    return [Claim(text=sentence, evidence=(item.evidence.label,)) for sentence in chosen]
