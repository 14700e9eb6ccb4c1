"""How far what a run has read can be trusted, told by code from the evidence on record.

The worst of all it read counts for the whole run: once it holds somebody else's words, what it wants to do
may be what they want. Whatever is not known to be ours is somebody else's.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from ledger.evidence import BLOCKED, FIGURES, Evidence, Finding

# What a tool of the workspace answers that the workspace calls one of its own systems.
OWN_SYSTEM = "own_system"
# Made by our own code out of the catalog and of policed tables, or by the company's own systems; every other
# kind is text that people wrote.
_OURS = frozenset(
    {
        *(
            FIGURES,
            BLOCKED,
            OWN_SYSTEM,
            "suggestion",
            "unsure",
            "chart",
            "data_product",
            "classification",
            "access",
        ),
        *("opened_ticket", "escalation"),
    }
)
# A cell that is longer was written as prose, and by anybody.
_LONGEST_LABEL = 60


class Trust(StrEnum):
    """`user`: what the asker said. `internal`: governed figures and our own notes. `untrusted`: documents,
    web pages, tickets, cells of free text."""

    USER = "user"
    INTERNAL = "internal"
    UNTRUSTED = "untrusted"


_FROM_BEST = tuple(Trust)


def worst(levels: Iterable[Trust]) -> Trust:
    return max(levels, key=_FROM_BEST.index, default=Trust.USER)


def trust_of(finding: Finding) -> Trust:
    if finding.kind not in _OURS or finding.details.get("suspicious") or _has_prose(finding.details):
        return Trust.UNTRUSTED
    return Trust.INTERNAL


def untrusted_among(evidence: Iterable[Evidence]) -> list[str]:
    """The labels of what makes a run untrusted."""
    return [item.label for item in evidence if trust_of(item.finding) is Trust.UNTRUSTED]


def is_prose(text: str) -> bool:
    return len(text) > _LONGEST_LABEL or "\n" in text


def _has_prose(details: Mapping[str, Any]) -> bool:
    cells = (cell for row in details.get("rows") or () for cell in row)
    return bool(details.get("has_prose")) or any(isinstance(cell, str) and is_prose(cell) for cell in cells)
