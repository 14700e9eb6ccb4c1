"""Incidents: look-alike tickets gathered into one, so that one update reaches everybody who reported it.

A ticket is in one incident at most, and gathering the same tickets again changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import Database, now_in, take_turns
from ledger.errors import InvalidInput, NotFound
from ledger.ids import new_id
from ledger.people import Principal, Right
from ledger.schema import IncidentRow, TicketRow
from ledger.ticket_changes import add_event, checked_note, set_state
from ledger.ticket_views import (
    UNRESOLVED,
    IncidentMention,
    IncidentView,
    TicketState,
    mention_of,
    visible_to,
)
from ledger.ticket_words import tell_of_change, tell_requester

_ACTOR = "triage"


@dataclass(frozen=True, slots=True)
class IncidentUpdate:
    """`tickets` are the numbers of those it was written to."""

    incident: IncidentMention
    tickets: tuple[int, ...]


def gather_incident(db: Database, title: str, numbers: Sequence[int]) -> IncidentMention:
    """Puts these tickets of one category into one incident: the unresolved one that any of them is in, or a
    new one. Raises InvalidInput where they are none or of several categories."""
    with db.write() as session:
        take_turns(session, "incidents")
        rows = session.scalars(
            select(TicketRow)
            .where(TicketRow.number.in_(numbers))
            .order_by(TicketRow.number)
            .with_for_update()
        ).all()
        if len({row.category for row in rows}) != 1:
            raise InvalidInput("An incident is made of tickets of one category, at least one of them.")
        going_on = _open_incidents_of(session, rows)
        incident = going_on[0] if going_on else _new_incident(session, title, rows[0])
        # One that was in an incident that is over may be part of the next.
        joined = [row for row in rows if row.incident_id not in {each.id for each in going_on}]
        for row in joined:
            row.incident_id = incident.id
            which = f"incident {incident.number}: {incident.title}"
            event_id = add_event(session, row, _ACTOR, "joined", f"Part of {which}")
            tell_of_change(session, row, event_id, f"Ticket {row.number} is part of {which}.")
        if joined:
            detail = {"tickets": [row.number for row in joined]}
            append_audit(session, _ACTOR, "incident.gathered", f"incident {incident.number}", detail)
        return mention_of(session, incident)


def list_incidents(
    db: Database, principal: Principal, states: Sequence[TicketState] = (TicketState.OPEN,)
) -> list[IncidentMention]:
    """Those the principal handles or has a ticket in, newest first."""
    query = select(IncidentRow).where(IncidentRow.state.in_(states), _visible_to(principal))
    with db.read() as session:
        rows = session.scalars(query.order_by(IncidentRow.number.desc()))
        return [mention_of(session, row) for row in rows]


def get_incident(db: Database, principal: Principal, number: int) -> IncidentView:
    """Raises NotFound also where the principal neither handles it nor has a ticket in it."""
    with db.read() as session:
        row = session.scalar(select(IncidentRow).where(IncidentRow.number == number, _visible_to(principal)))
        if row is None:
            raise NotFound(f"There is no incident {number} that you may see.")
        tickets = select(TicketRow).where(TicketRow.incident_id == row.id, visible_to(principal))
        seen = session.scalars(tickets.order_by(TicketRow.number)).all()
        return IncidentView(
            **mention_of(session, row).model_dump(),
            category=row.category,
            group=row.group_name,
            opened_at=row.opened_at,
            resolved_at=row.resolved_at,
            tickets=tuple(ticket.number for ticket in seen),
        )


def update_incident(
    db: Database, principal: Principal, number: int, text: str, *, resolves: bool = False
) -> IncidentUpdate:
    """Writes one note into the history of each of its unresolved tickets, and into the thread each was asked
    in; `resolves` ends them and the incident. Raises NotFound, InvalidInput."""
    note = checked_note(text)
    with db.write() as session:
        # Whoever gathers locks tickets first and the incident through them, and would wait for us in turn.
        take_turns(session, "incidents")
        incident = _handled_incident(session, principal, number)
        rows = session.scalars(
            select(TicketRow)
            .where(TicketRow.incident_id == incident.id, TicketRow.state.in_(UNRESOLVED))
            .order_by(TicketRow.number)
            .with_for_update()
        ).all()
        update_id = new_id()
        for row in rows:
            if resolves:
                set_state(session, row, TicketState.RESOLVED)
            add_event(session, row, principal.email, TicketState.RESOLVED if resolves else "updated", note)
            tell_requester(session, row, update_id, f"Ticket {row.number}: {note}")
        if resolves:
            incident.state, incident.resolved_at = TicketState.RESOLVED, now_in(session)
        numbers = [row.number for row in rows]
        action = "incident.resolved" if resolves else "incident.updated"
        append_audit(session, principal.email, action, f"incident {number}", {"tickets": numbers})
        return IncidentUpdate(mention_of(session, incident), tuple(numbers))


def _visible_to(principal: Principal) -> ColumnElement[bool]:
    if principal.may(Right.READ_ALL_TICKETS):
        return true()
    mine = select(TicketRow.incident_id).where(TicketRow.requester_id == principal.id)
    return or_(IncidentRow.group_name.in_(sorted(principal.groups)), IncidentRow.id.in_(mine))


def _open_incidents_of(session: Session, rows: Sequence[TicketRow]) -> Sequence[IncidentRow]:
    ids = [row.incident_id for row in rows if row.incident_id]
    query = select(IncidentRow).where(IncidentRow.id.in_(ids), IncidentRow.state == TicketState.OPEN)
    return session.scalars(query.order_by(IncidentRow.number)).all()


def _new_incident(session: Session, title: str, first: TicketRow) -> IncidentRow:
    incident = IncidentRow(
        id=new_id(),
        number=(session.scalar(select(func.max(IncidentRow.number))) or 0) + 1,
        title=title,
        category=first.category,
        group_name=first.group_name,
        state=TicketState.OPEN,
        opened_at=now_in(session),
    )
    session.add(incident)
    session.flush()
    return incident


def _handled_incident(session: Session, principal: Principal, number: int) -> IncidentRow:
    query = select(IncidentRow).where(IncidentRow.number == number)
    if not principal.may(Right.READ_ALL_TICKETS):
        query = query.where(IncidentRow.group_name.in_(sorted(principal.groups)))
    incident = session.scalar(query.with_for_update())
    if incident is None:
        raise NotFound(f"There is no incident {number} that you handle.")
    return incident
