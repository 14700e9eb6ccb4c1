"""What the extractive floor knows when it is its turn to speak, and what it may say."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from knowledge.relevance.similarity import Similarity
from ledger.evidence import Evidence


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """The floor asks for a tool, as a model would."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FloorTurn:
    """`tools` are on offer, `called` were already used in this step, `evidence` is what they found."""

    question: str
    tools: frozenset[str]
    called: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    similarity: Similarity


FloorReply = ToolRequest | str
FloorPlan = Callable[[FloorTurn], FloorReply]
