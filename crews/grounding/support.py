"""How likely the words of a claim are borne out by its evidence: a calibrated probability of any workspace.

It tells a claim made of this evidence from one made of something else. What a small change turns around - a
number, a name, a denial - the other checks are for. Coefficients were fitted by `python -m evals.grounding`.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from knowledge.relevance.content_words import content_words
from knowledge.relevance.judge import quotable_sentences
from knowledge.relevance.similarity import Similarity
from ledger.yaml_file import load_yaml

_FITTED = Path(__file__).with_name("support.yaml")
# Of a long document only the sentences with most of a claim's words are looked at more closely.
_MOST_SENTENCES = 12
_NOT_SAID = re.compile(r"[\W_]+")


class SupportCoefficients(BaseModel):
    """Of a logistic regression. Below `drops` a claim is left out, below `flags` it is shown with a note."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    intercept: float
    closeness: Annotated[float, Field(ge=0)]
    words: Annotated[float, Field(ge=0)]
    words_of_best: Annotated[float, Field(ge=0)]
    drops: Annotated[float, Field(gt=0, lt=1)]
    flags: Annotated[float, Field(gt=0, lt=1)]
    provenance: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SupportFeatures:
    """`closeness` is the cosine to the nearest sentence, `words` the share of the claim's words in all the
    evidence, `words_of_best` that in its best sentence."""

    closeness: float
    words: float
    words_of_best: float


@dataclass(frozen=True, slots=True)
class Source:
    """Evidence as it is read: its heading stands before each of its sentences, as the search has it."""

    heading: str
    text: str


@cache
def shipped_support() -> SupportCoefficients:
    return load_yaml(_FITTED, SupportCoefficients)


def support(claim: str, sources: Sequence[Source], similarity: Similarity) -> float:
    """0 to 1."""
    fitted = shipped_support()
    features = measure_support(claim, sources, similarity)
    logit = (
        fitted.intercept
        + fitted.closeness * features.closeness
        + fitted.words * features.words
        + fitted.words_of_best * features.words_of_best
    )
    return 1.0 / (1.0 + math.exp(-logit))


def is_quoted(claim: str, sources: Sequence[Source]) -> bool:
    said = _letters(claim)
    return bool(said) and any(f" {said} " in f" {_letters(source.text)} " for source in sources)


def measure_support(claim: str, sources: Sequence[Source], similarity: Similarity) -> SupportFeatures:
    words = content_words(claim)
    sentences = [
        (f"{source.heading}: {text}", content_words(f"{source.heading} {text}"))
        for source in sources
        for text in quotable_sentences(source.text)
    ]
    if not sentences or not words:
        return SupportFeatures(0.0, 0.0, 0.0)
    shares = [len(words & told) / len(words) for _, told in sentences]
    nearest = sorted(range(len(sentences)), key=lambda at: -shares[at])[:_MOST_SENTENCES]
    cosines = similarity([claim], [sentences[at][0] for at in nearest])
    every = frozenset().union(*(told for _, told in sentences))
    return SupportFeatures(float(cosines.max()), len(words & every) / len(words), max(shares))


def _letters(text: str) -> str:
    return _NOT_SAID.sub(" ", text).strip().lower()
