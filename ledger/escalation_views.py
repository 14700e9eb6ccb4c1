"""An escalation as people see it, and who sees which."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from ledger.db import now_in
from ledger.errors import NotFound
from ledger.people import Principal, Right
from ledger.schema import EscalationRow, PrincipalRow, TicketRow
from ledger.ticket_views import UNRESOLVED


class EscalationState(StrEnum):
    """`withdrawn`: its run was cancelled, so nobody needs it any more."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


UNSETTLED = (EscalationState.OPEN, EscalationState.ACKNOWLEDGED)


class EscalationView(BaseModel):
    """`priority` is 1 to 4, 1 the most pressing, `urgency` why. `expertise` is what it takes, `expected` what
    would settle it. `overdue`: neither it nor its ticket is settled, and `due_at` is past."""

    model_config = ConfigDict(frozen=True)

    number: int
    state: EscalationState
    overdue: bool
    task: str
    context: str
    error: str | None
    attempted: tuple[str, ...]
    priority: int
    urgency: str
    expertise: str
    expected: str
    team: str
    contact: str
    group: str
    requester: str
    ticket: int | None
    run_id: str | None
    created_at: datetime
    due_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    note: str | None


def escalations_visible_to(principal: Principal) -> ColumnElement[bool]:
    """Part of every query for somebody's eyes."""
    if principal.may(Right.READ_ALL_TICKETS):
        return true()
    groups = sorted(principal.groups)
    return or_(EscalationRow.requester_id == principal.id, EscalationRow.group_name.in_(groups))


def escalation_row(
    session: Session, principal: Principal, number: int, *, lock: bool = False
) -> EscalationRow:
    """Raises NotFound where there is none or it is not the principal's to see; nobody can tell."""
    query = select(EscalationRow).where(EscalationRow.number == number, escalations_visible_to(principal))
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFound(f"There is no escalation {number} that you may see.")
    return row


def escalation_view(session: Session, row: EscalationRow) -> EscalationView:
    ticket = session.get(TicketRow, row.ticket_id) if row.ticket_id else None
    is_wanted = ticket is None or ticket.state in UNRESOLVED
    return EscalationView(
        number=row.number,
        state=EscalationState(row.state),
        overdue=row.state in UNSETTLED and is_wanted and row.due_at <= now_in(session),
        task=row.task,
        context=row.context,
        error=row.error,
        attempted=tuple(row.attempted),
        priority=row.priority,
        urgency=row.urgency,
        expertise=row.expertise,
        expected=row.expected,
        team=row.team,
        contact=row.contact,
        group=row.group_name,
        requester=session.get_one(PrincipalRow, row.requester_id).email,
        ticket=ticket.number if ticket else None,
        run_id=row.run_id,
        created_at=row.created_at,
        due_at=row.due_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        note=row.note,
    )
