"""Who may see a passage.

The filter built of this scope is part of the vector query itself, and every hit is held against it once
more, so that no mistake in ranking or prompting can widen it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from ledger.people import PUBLIC


@dataclass(frozen=True, slots=True)
class AccessScope:
    """The groups of the principal, and of each reader besides: one set per person, or one for the clearance
    of a channel; `audience` is empty where the principal is alone. Built by code from stored rights, never
    from anything a model said."""

    groups: frozenset[str]
    audience: tuple[frozenset[str], ...] = ()

    @classmethod
    def of_strangers(cls) -> Self:
        """What anybody may read, and so the most for somebody nobody knows."""
        return cls(frozenset({PUBLIC}))

    def allows(self, allowed_groups: Iterable[str]) -> bool:
        allowed = frozenset(allowed_groups)
        return all(groups & allowed for groups in self.required_matches)

    @property
    def without_audience(self) -> "AccessScope":
        """What the principal may read alone."""
        return AccessScope(self.groups)

    @property
    def is_narrowed(self) -> bool:
        """Whether there can be anything the principal may read and somebody of the audience may not."""
        return not all(self.groups <= groups for groups in self.audience)

    @property
    def required_matches(self) -> tuple[frozenset[str], ...]:
        """Sets of groups, each of which a passage's allowed groups must meet. An empty set is met by
        nothing."""
        return (self.groups, *self.audience)

    @property
    def sees_nothing(self) -> bool:
        return not all(self.required_matches)
