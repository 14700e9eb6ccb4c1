"""Who may see a passage.

The filter built of this scope is part of the vector query itself, and every hit is held against it once
more, so that no mistake in ranking or prompting can widen it.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccessScope:
    """The groups of the principal, and the clearance of everybody else who will read the answer; `audience`
    is None where the principal is alone. Built by code from stored rights, never from anything a model
    said."""

    groups: frozenset[str]
    audience: frozenset[str] | None

    def allows(self, allowed_groups: Iterable[str]) -> bool:
        allowed = frozenset(allowed_groups)
        return bool(self.groups & allowed) and (self.audience is None or bool(self.audience & allowed))

    @property
    def required_matches(self) -> tuple[frozenset[str], ...]:
        """Sets of groups, each of which a passage's allowed groups must meet. An empty set is met by
        nothing."""
        return (self.groups,) if self.audience is None else (self.groups, self.audience)

    @property
    def sees_nothing(self) -> bool:
        return not all(self.required_matches)
