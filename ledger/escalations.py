"""Escalations: a request handed over to those who answer for it, with all they need to go on.

Handing it over happens once for its key, together with the cards that are owed for it. It is seen by the
group it was handed to, by its requester, and by whoever may read all tickets; to others it does not exist.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import Database, now_in, take_turns
from ledger.errors import CrewdeskError, ErrorKind, NotFound, NotPermitted
from ledger.escalation_cards import owe_cards, take_back_cards, tell_requester
from ledger.escalation_views import (
    UNSETTLED,
    EscalationState,
    EscalationView,
    escalation_row,
    escalation_view,
    escalations_visible_to,
)
from ledger.ids import new_id
from ledger.masking import mask_text
from ledger.people import Principal, Right
from ledger.schema import EscalationRow, IncidentRow, TicketRow
from ledger.ticket_changes import add_event, checked_note, set_state
from ledger.ticket_views import UNRESOLVED, TicketState, handles

_LONGEST = 8_000
Words = Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class EscalationStateRefused(CrewdeskError):
    code = "escalation_state_refused"
    kind: ClassVar[ErrorKind] = ErrorKind.CONFLICT


class HandOff(BaseModel):
    """What is handed over: the task, what is known of it, the error, what was attempted, how pressing it is,
    which expertise it needs, what would settle it, and to whom it goes. `group` sees it; `contact` may be a
    Slack channel. `ticket` is the number of the requester's. Personal data is masked by whoever hands it
    over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Words
    context: Words
    error: Words | None
    attempted: Annotated[tuple[Words, ...], Field(max_length=20)]
    priority: Annotated[int, Field(ge=1, le=4)]
    urgency: Words
    expertise: Line
    expected: Words
    team: Line
    contact: Line
    group: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    due_at: datetime
    run_id: str | None = None
    ticket: int | None = None


def hand_over(db: Database, principal: Principal, card: HandOff, key: str) -> int:
    """The number of the escalation this key has made, now or before. Raises NotPermitted."""
    principal.require(Right.ASK)
    with db.write() as session:
        # Numbers have no gaps and keys no doubles, so requests are handed over one at a time.
        take_turns(session, "escalations")
        known = session.scalar(select(EscalationRow.number).where(EscalationRow.key == key))
        if known is not None:
            return known
        row = _new_row(session, principal, card, key)
        session.add(row)
        session.flush()
        owe_cards(session, row)
        ticket = _ticket_of(session, row)
        if ticket is not None:
            add_event(session, ticket, "triage", "escalated", f"Escalation {row.number}, to {row.team}")
        detail = {"to": row.team, "group": row.group_name, "priority": row.priority, "run": row.run_id}
        append_audit(session, principal.email, "escalation.opened", f"escalation {row.number}", detail)
        return row.number


def number_handed_over_by(db: Database, key: str) -> int | None:
    """The escalation this key has made, for whoever repeats what made it."""
    with db.read() as session:
        return session.scalar(select(EscalationRow.number).where(EscalationRow.key == key))


def handed_over_with(db: Database, ticket: int) -> tuple[str, int] | None:
    """To whom another ticket of the same incident was handed over, and the incident's number, while that is
    not settled. The team's name is all that is told of it."""
    mine = select(TicketRow.incident_id).where(TicketRow.number == ticket).scalar_subquery()
    query = (
        select(EscalationRow.team, IncidentRow.number)
        .join(TicketRow, TicketRow.id == EscalationRow.ticket_id)
        .join(IncidentRow, IncidentRow.id == TicketRow.incident_id)
        .where(TicketRow.incident_id == mine, EscalationRow.state.in_(UNSETTLED))
        .where(IncidentRow.state == TicketState.OPEN, TicketRow.number != ticket)
        .order_by(EscalationRow.number)
        .limit(1)
    )
    with db.read() as session:
        row = session.execute(query).one_or_none()
    return None if row is None else (row[0], row[1])


def get_escalation(db: Database, principal: Principal, number: int) -> EscalationView:
    """Raises NotFound."""
    with db.read() as session:
        return escalation_view(session, escalation_row(session, principal, number))


def list_escalations(
    db: Database, principal: Principal, *, states: Sequence[EscalationState] = UNSETTLED, limit: int = 50
) -> list[EscalationView]:
    """Those the principal may see, the ones due first at the top."""
    query = (
        select(EscalationRow)
        .where(EscalationRow.state.in_(states), escalations_visible_to(principal))
        .order_by(EscalationRow.due_at, EscalationRow.number)
        .limit(limit)
    )
    with db.read() as session:
        return [escalation_view(session, row) for row in session.scalars(query)]


def acknowledge_escalation(db: Database, principal: Principal, number: int) -> EscalationView:
    """Says that somebody is at it; its requester hears of it. Once more changes nothing. Raises NotFound,
    NotPermitted, EscalationStateRefused."""
    with db.write() as session:
        row = _handled_row(session, principal, number)
        if row.state == EscalationState.OPEN:
            row.state, row.acknowledged_by = EscalationState.ACKNOWLEDGED, principal.email
            row.acknowledged_at = now_in(session)
            told = f"{row.team} has taken this up."
            ticket = _ticket_of(session, row)
            if ticket is not None:
                add_event(session, ticket, principal.email, "acknowledged", told)
            tell_requester(session, row, ticket, "acknowledged", told)
            append_audit(session, principal.email, "escalation.acknowledged", f"escalation {number}", {})
        elif row.state != EscalationState.ACKNOWLEDGED:
            raise EscalationStateRefused(f"Escalation {number} is {row.state} already.")
        return escalation_view(session, row)


def resolve_escalation(db: Database, principal: Principal, number: int, note: str) -> EscalationView:
    """Says how it was settled, which resolves its ticket too; its requester hears of it. Raises NotFound,
    NotPermitted, EscalationStateRefused, InvalidInput."""
    told = mask_text(checked_note(note))
    with db.write() as session:
        row = _handled_row(session, principal, number)
        if row.state not in UNSETTLED:
            raise EscalationStateRefused(f"Escalation {number} is {row.state} already.")
        row.state, row.note = EscalationState.RESOLVED, told
        row.resolved_by, row.resolved_at = principal.email, now_in(session)
        ticket = _ticket_of(session, row)
        if ticket is not None and ticket.state in UNRESOLVED:
            set_state(session, ticket, TicketState.RESOLVED)
            add_event(session, ticket, principal.email, TicketState.RESOLVED, told)
        tell_requester(session, row, ticket, "resolved", told)
        append_audit(session, principal.email, "escalation.resolved", f"escalation {number}", {})
        return escalation_view(session, row)


def withdraw_escalation(db: Database, key: str) -> int | None:
    """Takes back what this key handed over, as nobody needs it any more; the number, if there was any to take
    back."""
    with db.write() as session:
        row = session.scalar(select(EscalationRow).where(EscalationRow.key == key).with_for_update())
        if row is None or row.state not in UNSETTLED:
            return None
        row.state = EscalationState.WITHDRAWN
        take_back_cards(session, row)
        append_audit(session, "triage", "escalation.withdrawn", f"escalation {row.number}", {})
        return row.number


def _handled_row(session: Session, principal: Principal, number: int) -> EscalationRow:
    row = escalation_row(session, principal, number, lock=True)
    if not handles(principal, row.group_name):
        raise NotPermitted(f"Only the group {row.group_name} can settle escalation {number}.")
    return row


def _ticket_of(session: Session, row: EscalationRow) -> TicketRow | None:
    return session.get(TicketRow, row.ticket_id, with_for_update=True) if row.ticket_id else None


def _new_row(session: Session, principal: Principal, card: HandOff, key: str) -> EscalationRow:
    ticket_id = None
    if card.ticket is not None:
        ticket_id = session.scalar(select(TicketRow.id).where(TicketRow.number == card.ticket))
        if ticket_id is None:
            raise NotFound(f"There is no ticket {card.ticket}.")
    return EscalationRow(
        id=new_id(),
        number=(session.scalar(select(func.max(EscalationRow.number))) or 0) + 1,
        key=key,
        requester_id=principal.id,
        run_id=card.run_id,
        ticket_id=ticket_id,
        task=mask_text(card.task),
        context=mask_text(card.context),
        error=None if card.error is None else mask_text(card.error),
        attempted=[mask_text(line) for line in card.attempted],
        priority=card.priority,
        urgency=mask_text(card.urgency),
        expertise=card.expertise,
        expected=mask_text(card.expected),
        team=card.team,
        contact=card.contact,
        group_name=card.group,
        state=EscalationState.OPEN,
        created_at=now_in(session),
        due_at=card.due_at,
    )
