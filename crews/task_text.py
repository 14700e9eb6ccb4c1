"""What a crew's task says: its description with the question, what was said before, earlier outputs and the
item it is for."""

import json
import re
from typing import Any

from ledger.condition import value_at
from ledger.step_plan import StepUnfit, own_words
from ledger.steps import ClaimedStep

_PLACE = re.compile(r"\{(question|conversation|inputs|item)\}")
CONVERSATION = "{conversation}"


def task_text(description: str, claim: ClaimedStep, told_before: str = "") -> str:
    """In one pass, so that a place's name within a question or an output stays what it is: text."""
    return _PLACE.sub(lambda match: _fill(match[1], claim, told_before), description)


def asked_question(claim: ClaimedStep) -> str:
    """The run's own question, or what the step's workflow has its crew asked instead. Raises StepUnfit."""
    if claim.asks is None:
        return claim.question
    inputs = {key: own_words(output) for key, output in claim.inputs.items()}
    question = value_at(claim.asks, {**inputs, "item": claim.item})
    if not isinstance(question, str) or not question.strip():
        raise StepUnfit(f"The step '{claim.key}' asks '{claim.asks}', which is not a text.")
    return question


def _fill(place: str, claim: ClaimedStep, told_before: str) -> str:
    if place == "question":
        return claim.question
    if place == "conversation":
        return told_before
    if place == "item":
        return claim.item if isinstance(claim.item, str) else _as_json(claim.item)
    return _as_json({key: own_words(output) for key, output in claim.inputs.items()})


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
