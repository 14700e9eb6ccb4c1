"""What the steps of triage leave for each other and for the run's result. None of it is others' prose: that
stays evidence."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

# Offered besides the three likeliest categories.
NONE_FITS = "None of these"


class _Output(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Likely(_Output):
    category: str
    title: str
    probability: float


class Classified(_Output):
    """Of a workspace without triage it has no `category`. `request` is in the asker's words. `doubt` says why
    a person should choose among `options`, which `decider` may; None where the classifier is sure. `systems`
    are those it names."""

    category: str | None = None
    request: str = ""
    title: str = ""
    group: str = ""
    priority: int = 4
    reason: str = ""
    likeliest: tuple[Likely, ...] = ()
    in_scope: bool = False
    doubt: str | None = None
    options: tuple[str, ...] = ()
    decider: str = ""
    systems: tuple[str, ...] = ()
    wants_person: bool = False
    evidence: tuple[str, ...] = ()


class SystemLook(_Output):
    """How a system stands to the asker. Of one they have no access to nothing more is told, and nothing where
    it is `withheld`, as others read along who have none."""

    name: str
    allowed: bool
    affected: bool
    health: str | None
    owner: str
    contact: str
    owner_group: str | None
    evidence: tuple[str, ...]
    withheld: bool = False


class LookedUp(_Output):
    """`by_category`: what becomes of the request depends on its category alone, so a doubt about that has to
    be settled first."""

    systems: tuple[SystemLook, ...]
    similar: tuple[int, ...]
    by_category: bool
    attempted: tuple[str, ...]


class Move(StrEnum):
    """What became of a request, by rule. `declined`: a person said that no category fits it."""

    ANSWER = "answer"
    TICKET = "ticket"
    ACCESS_REQUEST = "access_request"
    ESCALATION = "escalation"
    DECLINED = "declined"


class Settlement(_Output):
    """`found` and `done` are labels of evidence the result tells of; `notes` are caveats, `failed` what was
    to be done and could not be."""

    settled: Move
    reason: str
    ticket: int | None = None
    found: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failed: str | None = None


def settlement_among(outputs: Iterable[Any]) -> Settlement | None:
    """That of the triage among a step's inputs, if there was one."""
    for output in outputs:
        if isinstance(output, Mapping) and "settled" in output:
            return Settlement.model_validate(output)
    return None


def was_looked_up(outputs: Iterable[Any]) -> bool:
    """Whether one of these says what is known of access and status already."""
    return any(isinstance(output, Mapping) and "by_category" in output for output in outputs)
