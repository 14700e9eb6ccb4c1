"""Finds tickets that ask for the same, and tells when so many do that they are one incident."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from knowledge.relevance.similarity import Similarity
from ledger.db import Database
from ledger.incidents import gather_incident
from ledger.ticket_views import UNRESOLVED, IncidentMention
from ledger.tickets import RecentTicket, recent_tickets

# A cosine. On clinc150, with intents for matters and domains for categories, pairs of one domain that are so
# close are of one intent in 83 of 100 cases; for 95 in 100 questions, most such neighbours are.
ALIKE = 0.6
# Reports of one trouble come within hours; later ones join the incident while it is open.
WINDOW = timedelta(hours=4)
# So many different people make an incident of what they report.
PEOPLE = 3
_MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class LookAlike:
    ticket: RecentTicket
    similarity: float


def find_look_alikes(
    db: Database,
    text: str,
    similarity: Similarity,
    *,
    within: timedelta = _MONTH,
    category: str | None = None,
) -> list[LookAlike]:
    """The closest first. Not for anybody's eyes: nobody's rights were asked."""
    recent = recent_tickets(db, db.clock.now() - within, category)
    if not recent:
        return []
    [cosines] = similarity([text], [wording(ticket) for ticket in recent]).tolist()
    near = [LookAlike(ticket, cosine) for ticket, cosine in zip(recent, cosines, strict=True)]
    return sorted((each for each in near if each.similarity >= ALIKE), key=lambda each: -each.similarity)


def watch_for_incident(
    db: Database, text: str, category: str, title: str, similarity: Similarity
) -> IncidentMention | None:
    """Gathers what was reported like this lately, if several people did or an open incident has it."""
    near = find_look_alikes(db, text, similarity, within=WINDOW, category=category)
    alike = [each.ticket for each in near if each.ticket.state in UNRESOLVED]
    if not is_incident(alike):
        return None
    return gather_incident(db, title, [ticket.number for ticket in alike])


def is_incident(alike: Sequence[RecentTicket]) -> bool:
    return len({ticket.requester_id for ticket in alike}) >= PEOPLE


def wording(ticket: RecentTicket) -> str:
    return ticket.text if ticket.text.startswith(ticket.title) else f"{ticket.title}. {ticket.text}"
