"""What a specialist drafts; the claims are checked against their evidence before anybody sees them."""

from pydantic import BaseModel, ConfigDict

from ledger.result import AbstainReason, Claim


class DraftAnswer(BaseModel):
    """`missing` says what the evidence lacks; a draft without claims is an honest no, and `reason` says of
    what kind where the specialist knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    claims: tuple[Claim, ...] = ()
    missing: str | None = None
    reason: AbstainReason | None = None
