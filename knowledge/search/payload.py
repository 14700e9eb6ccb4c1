"""What the stores keep beside the vectors, and what a query demands of it, said once for both engines.

Only positive demands are made, and each of them must hold: an engine lets everything through where a filter
is empty or forbids what a passage does not have.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from knowledge.search.access import AccessScope
from knowledge.search.port import Filters, Placement

KEYWORDS = ("allowed_groups", "collection", "document_id", "owner", "language")
NUMBERS = ("updated",)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Met by nothing where there are no values."""

    field: str
    values: list[str]


@dataclass(frozen=True, slots=True)
class Between:
    """Both ends included; None is open."""

    field: str
    lowest: int | None
    highest: int | None


Demand = AnyOf | Between


def payload_of(placement: Placement) -> dict[str, Any]:
    """None is written too: it takes the place of what a passage was filed under before."""
    return {
        "document_id": placement.document_id,
        "collection": placement.collection,
        "allowed_groups": list(placement.allowed_groups),
        "owner": placement.owner,
        "language": placement.language,
        "updated": _number(placement.updated),
        "mark": placement.mark,
    }


def demands(access: AccessScope, filters: Filters) -> list[Demand]:
    """At least one, since every scope has its principal's groups."""
    found: list[Demand] = [AnyOf("allowed_groups", sorted(groups)) for groups in access.required_matches]
    for field in ("collection", "owner", "language"):
        value = getattr(filters, field)
        if value is not None:
            found.append(AnyOf(field, [value]))
    if filters.updated_from or filters.updated_to:
        found.append(Between("updated", _number(filters.updated_from), _number(filters.updated_to)))
    return found


def _number(day: date | None) -> int | None:
    return day.toordinal() if day else None
