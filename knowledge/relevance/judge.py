"""Judges the passages that were found for a question: how likely each answers it, and which of its
sentences come closest."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from knowledge.relevance.features import Features, measure, parse_question
from knowledge.relevance.score import Coefficients, probability, shipped_coefficients
from knowledge.relevance.similarity import Matrix, Similarity
from knowledge.sentences import split_sentences

_TEXTS_REMEMBERED = 2_048
_LIST_MARKER = re.compile(r"^(?:[-*•]|\d{1,2}[.)])\s+")
_STEP_MARKER = re.compile(r"^\s*\d{1,2}[.)]\s+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that was found. `cosine` is that of the question to it, or None where it is not known."""

    title: str
    section: str
    text: str
    cosine: float | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """`closeness` has the cosine of the question to each sentence, under its heading."""

    relevance: float
    features: Features
    sentences: tuple[str, ...]
    closeness: tuple[float, ...]


def judge(
    question: str,
    candidates: Sequence[Candidate],
    similarity: Similarity,
    fitted: Coefficients | None = None,
) -> list[Judged]:
    """In the order of the candidates."""
    asked = parse_question(question)
    cut = [quotable_sentences(item.text) for item in candidates]
    texts = [
        f"{_heading(item)}: {text}"
        for item, sentences in zip(candidates, cut, strict=True)
        for text in sentences
    ]
    closeness = similarity(asked.parts, texts).max(axis=0) if texts else np.zeros(0, np.float32)
    whole = _passage_cosines(question, candidates, similarity)
    judged, start = [], 0
    for item, sentences, cosine in zip(candidates, cut, whole, strict=True):
        near: Matrix = closeness[start : start + len(sentences)]
        start += len(sentences)
        features = measure(asked, _full_text(item), cosine, float(near.max()) if len(near) else 0.0)
        relevance = probability(features, fitted or shipped_coefficients())
        judged.append(Judged(relevance, features, sentences, tuple(near.tolist())))
    return judged


@lru_cache(_TEXTS_REMEMBERED)
def quotable_sentences(text: str) -> tuple[str, ...]:
    """The sentences and list items of a passage, without their markers."""
    parts = (_LIST_MARKER.sub("", sentence) for sentence in split_sentences(text))
    return tuple(part for part in parts if part)


def steps_in(text: str) -> tuple[range, ...]:
    """Which of the quotable sentences make up a numbered list: a range for each list of two steps or more."""
    lines = [(line, len(quotable_sentences(line))) for line in text.split("\n")]
    if sum(sentences for _, sentences in lines) != len(quotable_sentences(text)):
        # A sentence runs on from one line into the next: there is no telling which is in which.
        return ()
    lists: list[range] = []
    at = begin = steps = 0
    for line, sentences in [*lines, ("The end.", 1)]:
        if _STEP_MARKER.match(line):
            begin, steps = (begin if steps else at), steps + 1
        elif sentences:
            lists += [range(begin, at)] if steps > 1 else []
            steps = 0
        at += sentences
    return tuple(lists)


def _passage_cosines(question: str, candidates: Sequence[Candidate], similarity: Similarity) -> list[float]:
    unknown = [_full_text(item) for item in candidates if item.cosine is None]
    worked_out = iter(similarity([question], unknown)[0].tolist() if unknown else [])
    return [next(worked_out) if item.cosine is None else item.cosine for item in candidates]


def _heading(item: Candidate) -> str:
    return item.section.rpartition(" > ")[2] or item.title


def _full_text(item: Candidate) -> str:
    return "\n".join(part for part in (item.title, item.section, item.text) if part)
