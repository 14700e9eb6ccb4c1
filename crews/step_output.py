"""What a crew step leaves for the steps after it. Apart from what makes it, so that reading it loads no
CrewAI."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict

from ledger.result import ModelUse

# In place of a crew's name, where the router found that nobody can answer.
NOBODY = "none"


class CrewStepOutput(BaseModel):
    """`evidence` holds the labels this attempt gathered, `best_relevance` how well the best passage of all
    its searches fits what was searched for; None where no search found any. `redrafted_for` is how many
    claims of the first draft failed the check, where it was then drafted anew."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    crew: str
    title: str | None
    output: dict[str, Any]
    model: ModelUse | None
    evidence: tuple[str, ...]
    tools_unavailable: bool = False
    best_relevance: float | None = None
    withheld: bool = False
    redrafted_for: int = 0


def join_models(used: Iterable[ModelUse]) -> ModelUse | None:
    """Of several steps as of one: each model and each reason for a fallback once."""
    models = list(used)
    if not models:
        return None
    names = dict.fromkeys(model.name for model in models)
    fallbacks = dict.fromkeys(fallback for model in models for fallback in model.fallbacks)
    return ModelUse(name=" and ".join(names), fallbacks=tuple(fallbacks))
