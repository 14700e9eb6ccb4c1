"""What is done about personal data in documents: per kind, and for whom it is kept.

Rights only ever shrink here: a document that has to be kept for groups none of which may read it now is
shown to nobody.
"""

from collections.abc import Collection, Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from knowledge.pii.port import PiiKind
from ledger.errors import WorkspaceInvalid
from ledger.people import Name
from ledger.workspace import WORKSPACE_FILE, Workspace
from ledger.yaml_file import load_yaml


class PiiAction(StrEnum):
    """From the mildest to the strictest. `mask` puts a word in the place of what was found, for good;
    `restrict` keeps the document for the groups of `restrict_to`; `refuse` puts it into quarantine."""

    ALLOW = "allow"
    MASK = "mask"
    RESTRICT = "restrict"
    REFUSE = "refuse"


# What opens an account or an identity is never worth quoting; who somebody is and how to reach them is what
# people ask a company's documents for.
_BUILT_IN = {PiiKind.CREDIT_CARD: PiiAction.MASK, PiiKind.IBAN: PiiAction.MASK, PiiKind.SSN: PiiAction.MASK}


class PiiPolicy(BaseModel):
    """What one place says (`pii:` in workspace.yaml, `_meta.yaml` or front matter); what it leaves out is as
    in the place above it, at last as built in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    actions: dict[PiiKind, PiiAction] = Field(default_factory=dict)
    restrict_to: tuple[Name, ...] | None = None

    def over(self, other: "PiiPolicy") -> "PiiPolicy":
        """These fields where given, kind by kind, else the other's."""
        return PiiPolicy(
            actions={**other.actions, **self.actions},
            restrict_to=other.restrict_to if self.restrict_to is None else self.restrict_to,
        )

    def action_for(self, kind: PiiKind) -> PiiAction:
        return self.actions.get(kind) or _BUILT_IN.get(kind, PiiAction.ALLOW)

    def kinds(self, action: PiiAction) -> frozenset[PiiKind]:
        return frozenset(kind for kind in PiiKind if self.action_for(kind) is action)

    def narrow(self, groups: Iterable[str], found: Collection[PiiKind]) -> tuple[str, ...]:
        """The groups that may still read a document of these `groups` in which these kinds were found; none
        where it has to be kept for others."""
        if self.kinds(PiiAction.RESTRICT).isdisjoint(found):
            return tuple(groups)
        kept = frozenset(self.restrict_to or ())
        return tuple(group for group in groups if group in kept)

    def check(self, declared_groups: frozenset[str], where: str) -> None:
        """Raises WorkspaceInvalid, beginning with `where`, for a group that people.yaml does not declare."""
        for group in self.restrict_to or ():
            if group not in declared_groups:
                raise WorkspaceInvalid(
                    f"{where}.pii.restrict_to: the group '{group}' is not declared under groups in "
                    "people.yaml."
                )

    def check_whole(self, where: str) -> None:
        """For a policy laid over all above it. Raises WorkspaceInvalid if it restricts to nobody."""
        restricted = sorted(self.kinds(PiiAction.RESTRICT))
        if restricted and not self.restrict_to:
            raise WorkspaceInvalid(
                f"{where}.pii: {restricted[0]} is to be restricted, but restrict_to does not say to whom; "
                "list at least one group there, or choose another action."
            )


class _WorkspacePart(BaseModel):
    """The part of workspace.yaml that is read here; the ledger has read the rest."""

    pii: PiiPolicy = PiiPolicy()


def workspace_policy(workspace: Workspace) -> PiiPolicy:
    """Raises WorkspaceInvalid naming file and key."""
    path = workspace.folder / WORKSPACE_FILE
    policy = load_yaml(path, _WorkspacePart).pii
    policy.check(frozenset(workspace.people.groups), str(path))
    policy.check_whole(str(path))
    return policy
