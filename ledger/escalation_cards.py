"""Tells people of escalations: a card to each of the group it went to, a reminder when it is overdue, a word
when it is withdrawn, and one to its requester when it moves.

Each is a delivery under an id derived from the escalation, so it is owed once.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import Database, now_in
from ledger.deliveries import owe_delivery
from ledger.errors import NotFound
from ledger.escalation_views import UNSETTLED, EscalationView, escalation_view
from ledger.ids import derive_id
from ledger.outgoing import inert
from ledger.schema import (
    DeliveryRow,
    DeliveryState,
    EscalationRow,
    PrincipalGroupRow,
    PrincipalRow,
    RunRow,
    TicketRow,
)
from ledger.ticket_views import UNRESOLVED

CHANNEL = "slack"
# In the place of a delivery: the escalation whose card it is.
CARD_OF = "escalation"
MOST_CARDS = 10
_SLACK_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,20}|#\S{1,80}")


def owe_cards(session: Session, row: EscalationRow) -> None:
    """To the contact if it is a channel, else to those of the group who are known on Slack, MOST_CARDS at
    most, by the order of their addresses; the requester reads the answer instead. The caller has just made
    the row."""
    for channel in _channels(session, row):
        place = {"channel": channel, CARD_OF: row.id}
        owe_delivery(session, _card_id(row, channel), None, CHANNEL, place)


def take_back_cards(session: Session, row: EscalationRow) -> None:
    """Cards nobody has tried to send are owed no more; who got theirs, or may have, hears that it was
    withdrawn. The caller holds the row and has withdrawn it just now."""
    told = f"Escalation {row.number} is withdrawn: whoever asked has cancelled the request."
    for channel in _channels(session, row):
        card = select(DeliveryRow).where(DeliveryRow.id == _card_id(row, channel)).with_for_update()
        sent = session.scalar(card)
        if sent is None:
            continue
        if sent.state == DeliveryState.PENDING and sent.attempts == 0:
            session.delete(sent)
        else:
            withdrawn_id = derive_id(row.id, f"withdrawn {channel}")
            owe_delivery(session, withdrawn_id, None, CHANNEL, {"channel": channel}, told)


def tell_requester(
    session: Session, row: EscalationRow, ticket: TicketRow | None, about: str, told: str
) -> None:
    """Where the request came from a place that answers are delivered to."""
    run = session.get(RunRow, row.run_id) if row.run_id else None
    if run is None or run.deliver_to is None:
        return
    what = f"Ticket {ticket.number}" if ticket else "Your request"
    channel, place = run.deliver_to["channel"], run.deliver_to["place"]
    owe_delivery(session, derive_id(row.id, about), None, channel, place, f"{what}: {told}")


def remind_overdue(db: Database) -> int:
    """Reminds the group of each escalation that is not settled in time, once; returns how many. Two may look
    at once."""
    with db.read() as session:
        if session.scalar(select(EscalationRow.id).where(*_overdue(now_in(session))).limit(1)) is None:
            return 0
    with db.write() as session:
        now = now_in(session)
        remind = update(EscalationRow).where(*_overdue(now)).values(reminded_at=now)
        reminded = session.scalars(remind.returning(EscalationRow.id)).all()
        for escalation_id in sorted(reminded):
            _remind(session, session.get_one(EscalationRow, escalation_id))
        return len(reminded)


def card_in(db: Database, place: Mapping[str, str]) -> EscalationView:
    """The escalation whose card is owed in this place. Raises NotFound."""
    with db.read() as session:
        row = session.get(EscalationRow, place[CARD_OF])
        if row is None:
            raise NotFound("The escalation of this card is gone.")
        return escalation_view(session, row)


def _card_id(row: EscalationRow, channel: str) -> str:
    return derive_id(row.id, f"card {channel}")


def _overdue(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Nobody was reminded of it yet, and nobody has said that its ticket is solved."""
    is_of_it = (TicketRow.id == EscalationRow.ticket_id, TicketRow.state.not_in(UNRESOLVED))
    return (
        EscalationRow.due_at <= now,
        EscalationRow.state.in_(UNSETTLED),
        EscalationRow.reminded_at.is_(None),
        ~exists().where(*is_of_it),
    )


def _remind(session: Session, row: EscalationRow) -> None:
    told = (
        f"Escalation {row.number} is overdue: it should have been settled by "
        f"{row.due_at:%d %B %Y, %H:%M} UTC. {inert(row.task)}"
    )
    for channel in _channels(session, row):
        owe_delivery(
            session, derive_id(row.id, f"reminder {channel}"), None, CHANNEL, {"channel": channel}, told
        )
    append_audit(session, "crewdesk", "escalation.overdue", f"escalation {row.number}", {})


def _channels(session: Session, row: EscalationRow) -> Iterator[str]:
    if _SLACK_CHANNEL.fullmatch(row.contact):
        yield row.contact
        return
    members = select(PrincipalGroupRow.principal_id).where(PrincipalGroupRow.group_name == row.group_name)
    known = (PrincipalRow.active.is_(True), PrincipalRow.slack_id.is_not(None))
    people = select(PrincipalRow.slack_id).where(
        PrincipalRow.id.in_(members), PrincipalRow.id != row.requester_id, *known
    )
    for slack_id in session.scalars(people.order_by(PrincipalRow.email).limit(MOST_CARDS)):
        yield str(slack_id)
