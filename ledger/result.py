"""What a run answers: claims that each stand on evidence, or an honest no.

The shape every crew must produce in the end and every front door renders; it travels as JSON on the run's
row.
"""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

FLOOR_MODEL = "extractive-floor"


class AbstainReason(StrEnum):
    """`stale`: all that answers is long past its review. `conflicting`: two current pages disagree, and
    neither is known to be the newer. `audience`: not everyone who would see the answer may read it.
    `ambiguous`: the question may mean several things; `choices` of the result are what it may mean.
    `blocked`: the data is not fit to give one. `rejected`: somebody who had to agree did not.
    `nothing_asked`: a greeting, thanks and the like, to which the answer is a reply."""

    NOTHING_FOUND = "nothing_found"
    LOW_MATCH = "low_match"
    UNSUPPORTED = "unsupported"
    STALE = "stale"
    CONFLICTING = "conflicting"
    AUDIENCE = "audience"
    AMBIGUOUS = "ambiguous"
    BLOCKED = "blocked"
    OUT_OF_SCOPE = "out_of_scope"
    UNAVAILABLE = "unavailable"
    REJECTED = "rejected"
    NOTHING_ASKED = "nothing_asked"


class Claim(BaseModel):
    """One sentence of the answer and the labels (`E1`, ...) of the evidence it stands on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    evidence: tuple[str, ...]


class ModelUse(BaseModel):
    """Which model answered, and why earlier candidates did not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    fallbacks: tuple[str, ...] = ()


class RunFile(BaseModel):
    """A file that is handed out with the result; its bytes are kept under their hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    media_type: str
    size_bytes: int
    sha256: str


class RunResult(BaseModel):
    """`how_found` tells in sentences who worked on it, by which searches and queries, and what was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Literal["answered", "abstained", "escalated"]
    answer: str
    claims: tuple[Claim, ...] = ()
    how_found: tuple[str, ...] = ()
    reason: AbstainReason | None = None
    caveats: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    specialist: str | None = None
    model: ModelUse | None = None
    files: tuple[RunFile, ...] = ()
