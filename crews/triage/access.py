"""Whether somebody has access to a system: by their groups and the workspace's word, never by a model's."""

from dataclasses import dataclass

from crews.triage.systems import System
from ledger.errors import NotPermitted
from ledger.people import Principal


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """`sentence` says it to the principal; `request` how to get access, where there is none."""

    system: str
    allowed: bool
    sentence: str
    request: str | None


def check_access(principal: Principal, system: System) -> AccessAnswer:
    through = sorted(principal.groups.intersection(system.access.groups))
    if principal.email in system.access.people:
        because = "by name"
    elif through:
        because = f"as a member of {through[0]}"
    else:
        sentence = (
            f"You have no access to {system.name}. It belongs to {system.owner.team}. "
            f"To ask for access: {system.access.request}"
        )
        return AccessAnswer(system.name, False, sentence, system.access.request)
    return AccessAnswer(system.name, True, f"You have access to {system.name} {because}.", None)


def require_access(principal: Principal, audience: frozenset[str] | None, system: System) -> None:
    """What somebody may not use, they are not told of. `audience` is the clearance of whoever else will read
    it. Raises NotPermitted."""
    answer = check_access(principal, system)
    if not answer.allowed:
        raise NotPermitted(answer.sentence)
    if not is_for_audience(audience, system):
        raise NotPermitted(f"Not everybody who will read this answer has access to {system.name}.")


def is_for_audience(audience: frozenset[str] | None, system: System) -> bool:
    """Access by name is one person's and never an audience's."""
    return audience is None or not audience.isdisjoint(system.access.groups)
