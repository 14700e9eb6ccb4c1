"""Tells a model that goes in circles from one that works: by what it asked for and what came back."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

SAME_CALLS = 3
IDLE_TURNS = 8


def repeats_itself(messages: Sequence[dict[str, Any]]) -> bool:
    """Whether one tool was called `SAME_CALLS` times with the same arguments and the same result."""
    asked: dict[str, tuple[str, str]] = {}
    made: Counter[tuple[str, str, str]] = Counter()
    for message in messages:
        for call in message.get("tool_calls") or ():
            function = call["function"]
            asked[call["id"]] = (str(function["name"]), _canonical(function["arguments"]))
        if message.get("role") == "tool" and message.get("tool_call_id") in asked:
            made[(*asked[message["tool_call_id"]], str(message.get("content")))] += 1
    return any(times >= SAME_CALLS for times in made.values())


class IdleTurns:
    """Counts a candidate's turns since it last found something new."""

    def __init__(self) -> None:
        self._evidence = 0
        self._turns = 0

    def begin(self, evidence: int) -> None:
        self._evidence, self._turns = evidence, 0

    def too_many(self, evidence: int) -> bool:
        """Counts one more turn, with so much evidence found so far."""
        if evidence > self._evidence:
            self._evidence, self._turns = evidence, 0
        self._turns += 1
        return self._turns > IDLE_TURNS


def _canonical(arguments: Any) -> str:
    try:
        return json.dumps(json.loads(arguments), sort_keys=True)
    except (TypeError, ValueError):
        return str(arguments)
