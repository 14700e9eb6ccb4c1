"""What the extractive floor knows when it is its turn to speak, and what it may say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from knowledge.relevance.similarity import Similarity
from ledger.evidence import Evidence

if TYPE_CHECKING:
    from crews.triage.desk import Triaged
    from knowledge.warehouse.resolve.suggest import Suggestions


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """The floor asks for a tool, as a model would."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FloorTurn:
    """`tools` are on offer, `called` were already used in this step, `evidence` is what they found; `suggest`
    tells which governed queries the question, or the part of it that is given, may mean; None without a
    catalog. `look` tells how likely the best passage of each collection answers the question, `triage` what
    kind of request it is; None where the workspace declares no triage. `was_looked_up`: steps before have
    looked for access and status already. `about` are words of a follow-up that what answers it has to speak
    of."""

    question: str
    tools: frozenset[str]
    called: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    similarity: Similarity
    suggest: "Callable[..., Suggestions | None]"
    look: Callable[[], Mapping[str, float]] = dict
    triage: "Callable[[], Triaged | None]" = lambda: None
    was_looked_up: bool = False
    about: str | None = None


FloorReply = ToolRequest | str
FloorPlan = Callable[[FloorTurn], FloorReply]
