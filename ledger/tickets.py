"""Tickets: what somebody asked a desk for, who handles it, and all that happened to it since.

Opening one is an effect that happens once: the same key brings back the same ticket, however often the step
that opens it is repeated.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import Database, now_in, take_turns
from ledger.errors import CrewdeskError, ErrorKind
from ledger.ids import new_id
from ledger.masking import mask_text
from ledger.people import Principal, Right
from ledger.schema import TicketRow
from ledger.ticket_changes import LONGEST_NOTE, add_event
from ledger.ticket_views import (
    UNRESOLVED,
    TicketState,
    TicketSummary,
    TicketView,
    summary_of,
    ticket_row,
    view_of,
    visible_to,
)

_LONGEST_TITLE = 120
Line = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class TicketKeyReused(CrewdeskError):
    """The same key came with another ticket."""

    code = "ticket_key_reused"
    kind: ClassVar[ErrorKind] = ErrorKind.CONFLICT


class TicketRequest(BaseModel):
    """What a ticket is opened with. `text` has its personal data masked by whoever opens it; `similar` are
    numbers of earlier tickets."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST_TITLE)]
    text: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NOTE)]
    category: Line
    priority: Annotated[int, Field(ge=1, le=4)]
    priority_reason: str
    group: Line
    run_id: str | None = None
    similar: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenedTicket:
    """`is_new` is false where the key had opened it before."""

    number: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class RecentTicket:
    """A ticket as others are held against it. Not for anybody's eyes: nobody's rights were asked."""

    number: int
    requester_id: str
    title: str
    text: str
    category: str
    group: str
    state: TicketState
    created_at: datetime
    in_incident: bool


def open_ticket(db: Database, principal: Principal, request: TicketRequest, key: str) -> OpenedTicket:
    """Raises NotPermitted, TicketKeyReused."""
    principal.require(Right.ASK)
    digest = _digest(principal, request)
    with db.write() as session:
        # Numbers have no gaps and keys no doubles, so tickets are opened one at a time.
        take_turns(session, "tickets")
        known = session.scalar(select(TicketRow).where(TicketRow.key == key))
        if known is not None:
            if known.digest != digest:
                raise TicketKeyReused(
                    f"The key {key} has opened ticket {known.number}, which asks for something else; "
                    "use another key."
                )
            return OpenedTicket(known.number, is_new=False)
        row = _new_row(session, principal, request, key, digest)
        session.add(row)
        session.flush()
        add_event(session, row, principal.email, "opened")
        detail = {
            "category": row.category,
            "priority": row.priority,
            "group": row.group_name,
            "run": row.run_id,
        }
        append_audit(session, principal.email, "ticket.opened", f"ticket {row.number}", detail)
        return OpenedTicket(row.number, is_new=True)


def number_opened_by(db: Database, key: str) -> int | None:
    """The ticket this key has opened, for whoever repeats what opened it."""
    with db.read() as session:
        return session.scalar(select(TicketRow.number).where(TicketRow.key == key))


def get_ticket(db: Database, principal: Principal, number: int) -> TicketView:
    """Raises NotFound."""
    with db.read() as session:
        return view_of(session, principal, ticket_row(session, principal, number))


def list_tickets(
    db: Database, principal: Principal, *, states: Sequence[TicketState] = UNRESOLVED, limit: int = 50
) -> list[TicketSummary]:
    """Those the principal may see, the most pressing first and then the newest."""
    query = (
        select(TicketRow)
        .where(TicketRow.state.in_(states), visible_to(principal))
        .order_by(TicketRow.priority, TicketRow.created_at.desc(), TicketRow.number.desc())
        .limit(limit)
    )
    with db.read() as session:
        return [summary_of(session, row) for row in session.scalars(query)]


def recent_tickets(
    db: Database, since: datetime, category: str | None = None, limit: int = 200
) -> list[RecentTicket]:
    """Newest first."""
    query = select(TicketRow).where(TicketRow.created_at >= since)
    if category is not None:
        query = query.where(TicketRow.category == category)
    query = query.order_by(TicketRow.created_at.desc(), TicketRow.number.desc()).limit(limit)
    with db.read() as session:
        return [
            RecentTicket(
                number=row.number,
                requester_id=row.requester_id,
                title=row.title,
                text=row.text,
                category=row.category,
                group=row.group_name,
                state=TicketState(row.state),
                created_at=row.created_at,
                in_incident=row.incident_id is not None,
            )
            for row in session.scalars(query)
        ]


def visible_numbers(db: Database, principal: Principal, numbers: Sequence[int]) -> frozenset[int]:
    """Of these tickets, those the principal may see."""
    query = select(TicketRow.number).where(TicketRow.number.in_(numbers), visible_to(principal))
    with db.read() as session:
        return frozenset(session.scalars(query))


def _new_row(
    session: Session, principal: Principal, request: TicketRequest, key: str, digest: str
) -> TicketRow:
    now = now_in(session)
    return TicketRow(
        id=new_id(),
        number=(session.scalar(select(func.max(TicketRow.number))) or 0) + 1,
        key=key,
        digest=digest,
        requester_id=principal.id,
        title=mask_text(request.title),
        text=mask_text(request.text),
        category=request.category,
        priority=request.priority,
        priority_reason=request.priority_reason,
        group_name=request.group,
        state=TicketState.OPEN,
        run_id=request.run_id,
        similar=list(request.similar),
        created_at=now,
        updated_at=now,
    )


def _digest(principal: Principal, request: TicketRequest) -> str:
    """Of what is asked for. What was found similar meanwhile makes no other ticket of it."""
    asked = request.model_dump(mode="json", exclude={"similar", "priority_reason"})
    return hashlib.sha256(json.dumps([principal.id, asked], sort_keys=True).encode()).hexdigest()
