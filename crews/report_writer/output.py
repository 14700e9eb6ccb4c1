"""What the report writer drafts; each sentence is checked against its evidence before anybody sees it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class WrittenClaim(BaseModel):
    """One sentence, the labels it stands on, and the key of the section it is for; without one it is for the
    first that takes words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    evidence: tuple[str, ...]
    section: str | None = None


class ReportDraft(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    claims: Annotated[tuple[WrittenClaim, ...], Field(max_length=40)] = ()
