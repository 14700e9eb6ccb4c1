"""Turns features into a probability, by coefficients that were fitted once and are shipped.

The same features always give the same number. It means what it says on questions like those it was fitted
on: of the passages scored 0.7, about 70 in 100 answer the question.
"""

import math
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from knowledge.relevance.features import Features
from ledger.yaml_file import load_yaml

_FITTED = Path(__file__).with_name("coefficients.yaml")


class Provenance(BaseModel):
    """What the coefficients were fitted on; kept with them, or nobody could say what they are worth."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fitted_on: str
    data: tuple[str, ...]
    questions: int
    passages: int
    # Share of wrong answers at the threshold, on the fitted questions but those whose answer was removed.
    risk: float
    # Fitted on all data sets but one and measured on that one.
    auc_left_out: dict[str, float]


class Coefficients(BaseModel):
    """Of a logistic regression. The signs are part of the contract: nearer is never less relevant, and a
    number that is asked for and missing never makes a passage more so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    intercept: float
    passage: Annotated[float, Field(ge=0)]
    sentence: Annotated[float, Field(ge=0)]
    words: Annotated[float, Field(ge=0)]
    missing_numbers: Annotated[float, Field(le=0)]
    asked: float
    # From here on a passage is taken for an answer.
    answers: Annotated[float, Field(gt=0, lt=1)]
    # Where nothing that was found reaches this, not even a language model is to make an answer of it.
    too_thin: Annotated[float, Field(gt=0, lt=1)]
    provenance: Provenance


@cache
def shipped_coefficients() -> Coefficients:
    return load_yaml(_FITTED, Coefficients)


def probability(features: Features, fitted: Coefficients) -> float:
    """That the passage answers the question, 0 to 1."""
    logit = (
        fitted.intercept
        + fitted.passage * features.passage
        + fitted.sentence * features.sentence
        + fitted.words * features.words
        + fitted.missing_numbers * features.missing_numbers
        + fitted.asked * features.asked
    )
    return 1.0 / (1.0 + math.exp(-logit))
