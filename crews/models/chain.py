"""Who may speak in a step, in order: the candidates this run takes, then the extractive floor."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from crewai.llms.base_llm import BaseLLM

from crews.models.breaker import CircuitBreaker
from crews.models.provider import ProviderClients
from ledger.settings import ModelCandidate

# Held back for an answer where a candidate does not say how long its answers may be.
USUAL_OUTPUT_TOKENS = 4096


@dataclass(slots=True)
class Speaker:
    """`candidate` and `breaker` are None for a model of our own, which costs nothing and never fails.
    `room` is how many tokens a request may have, as far as that is known."""

    name: str
    client: BaseLLM
    candidate: ModelCandidate | None = None
    breaker: CircuitBreaker | None = None
    room: int | None = None

    @property
    def prices(self) -> tuple[Decimal, Decimal] | None:
        candidate = self.candidate
        if candidate is None or candidate.input_price is None or candidate.output_price is None:
            return None
        return candidate.input_price, candidate.output_price

    @property
    def most_output(self) -> int:
        given = None if self.candidate is None else self.candidate.max_output_tokens
        return given or USUAL_OUTPUT_TOKENS


def takes_part(candidate: ModelCandidate, run_id: str) -> bool:
    """Whether a canary is tried in this run: always the same answer for the same run."""
    digest = hashlib.sha256(f"{candidate.name}:{run_id}".encode()).digest()
    return int.from_bytes(digest[:4]) % 100 < candidate.canary_percent


def speakers(
    candidates: Sequence[ModelCandidate], clients: ProviderClients, run_id: str, tag: str
) -> list[Speaker]:
    return [
        Speaker(
            candidate.name,
            clients.client_for(candidate, tag),
            candidate,
            clients.breaker_for(candidate),
            _room(candidate),
        )
        for candidate in candidates
        if takes_part(candidate, run_id)
    ]


def _room(candidate: ModelCandidate) -> int | None:
    if candidate.context_window is None:
        return None
    return max(1, candidate.context_window - (candidate.max_output_tokens or candidate.context_window // 8))
