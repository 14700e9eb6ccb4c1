"""A ticket and an incident as people see them, and who sees which.

A ticket is its requester's, the group's that handles it, and that of whoever has the right to read them all;
to anybody else it does not exist.
"""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from ledger.errors import NotFound
from ledger.people import Principal, Right
from ledger.schema import IncidentRow, PrincipalRow, TicketEventRow, TicketRow


class TicketState(StrEnum):
    """`waiting` is for the requester, `reopened` is work once more, `closed` is confirmed. `withdrawn`: its
    run was cancelled, so nobody needs it any more."""

    OPEN = "open"
    WAITING = "waiting"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


UNRESOLVED = (TicketState.OPEN, TicketState.WAITING, TicketState.REOPENED)


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class TicketEvent(_Shape):
    """`kind` is opened, commented, joined or updated (of an incident), escalated, acknowledged, asked
    (whether it is solved), or the state it was brought to."""

    at: datetime
    actor: str
    kind: str
    state: TicketState
    text: str | None


class IncidentMention(_Shape):
    """An incident as the requesters of its tickets see it."""

    number: int
    title: str
    state: TicketState
    people: int


class IncidentView(IncidentMention):
    """`tickets` are those of it that the reader may see."""

    category: str
    group: str
    opened_at: datetime
    resolved_at: datetime | None
    tickets: tuple[int, ...]


class TicketSummary(_Shape):
    """`priority` is 1 to 4, 1 the most pressing. Personal data in `title` is masked."""

    number: int
    title: str
    requester: str
    category: str
    priority: int
    group: str
    state: TicketState
    created_at: datetime
    updated_at: datetime


class TicketView(TicketSummary):
    """`similar` are the similar tickets the reader may see, `history` begins with the opening."""

    text: str
    priority_reason: str
    run_id: str | None
    incident: IncidentMention | None
    similar: tuple[int, ...]
    resolved_at: datetime | None
    history: tuple[TicketEvent, ...]


def handles(principal: Principal, group: str) -> bool:
    return group in principal.groups or principal.may(Right.READ_ALL_TICKETS)


def visible_to(principal: Principal) -> ColumnElement[bool]:
    """Part of every query for somebody's eyes."""
    if principal.may(Right.READ_ALL_TICKETS):
        return true()
    return or_(TicketRow.requester_id == principal.id, TicketRow.group_name.in_(sorted(principal.groups)))


def ticket_row(session: Session, principal: Principal, number: int, *, lock: bool = False) -> TicketRow:
    """Raises NotFound where there is no such ticket or it is not the principal's to see; nobody can tell."""
    query = select(TicketRow).where(TicketRow.number == number, visible_to(principal))
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFound(f"There is no ticket {number} that you may see.")
    return row


def summary_of(session: Session, row: TicketRow) -> TicketSummary:
    return TicketSummary.model_validate(_summary(session, row))


def view_of(session: Session, principal: Principal, row: TicketRow) -> TicketView:
    events = session.scalars(
        select(TicketEventRow).where(TicketEventRow.ticket_id == row.id).order_by(TicketEventRow.position)
    )
    seen = session.scalars(
        select(TicketRow.number).where(TicketRow.number.in_(row.similar), visible_to(principal))
    ).all()
    history = tuple(
        TicketEvent(
            at=event.at, actor=event.actor, kind=event.kind, state=TicketState(event.state), text=event.text
        )
        for event in events
    )
    incident = session.get(IncidentRow, row.incident_id) if row.incident_id else None
    return TicketView(
        **_summary(session, row),
        text=row.text,
        priority_reason=row.priority_reason,
        run_id=row.run_id,
        incident=mention_of(session, incident) if incident else None,
        similar=tuple(number for number in row.similar if number in seen),
        resolved_at=row.resolved_at,
        history=history,
    )


def mention_of(session: Session, incident: IncidentRow) -> IncidentMention:
    requesters = select(TicketRow.requester_id).where(TicketRow.incident_id == incident.id).distinct()
    return IncidentMention(
        number=incident.number,
        title=incident.title,
        state=TicketState(incident.state),
        people=len(session.scalars(requesters).all()),
    )


def _summary(session: Session, row: TicketRow) -> dict[str, object]:
    return {
        "number": row.number,
        "title": row.title,
        "requester": session.get_one(PrincipalRow, row.requester_id).email,
        "category": row.category,
        "priority": row.priority,
        "group": row.group_name,
        "state": row.state,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
