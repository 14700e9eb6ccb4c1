"""What happens to a ticket after it was opened: comments, and the states it goes through.

Every change is a line of its history and a row of the audit chain, in one transaction.
"""

from typing import ClassVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import Database, now_in
from ledger.errors import CrewdeskError, ErrorKind, InvalidInput, NotPermitted
from ledger.ids import new_id
from ledger.masking import mask_text
from ledger.people import Principal
from ledger.schema import TicketEventRow, TicketRow
from ledger.ticket_views import UNRESOLVED, TicketState, TicketView, handles, ticket_row, view_of
from ledger.ticket_words import tell_of_change

LONGEST_NOTE = 8_000
# From each state, those it may be brought to.
_NEXT: dict[TicketState, frozenset[TicketState]] = {
    TicketState.OPEN: frozenset({TicketState.WAITING, TicketState.RESOLVED}),
    TicketState.WAITING: frozenset({TicketState.OPEN, TicketState.RESOLVED}),
    TicketState.REOPENED: frozenset({TicketState.WAITING, TicketState.RESOLVED}),
    TicketState.RESOLVED: frozenset({TicketState.CLOSED, TicketState.REOPENED}),
    TicketState.CLOSED: frozenset({TicketState.REOPENED}),
    TicketState.WITHDRAWN: frozenset({TicketState.REOPENED}),
}
# What a reply of the requester brings a ticket to.
_ON_REPLY = {
    TicketState.WAITING: TicketState.OPEN,
    TicketState.RESOLVED: TicketState.REOPENED,
    TicketState.CLOSED: TicketState.REOPENED,
    TicketState.WITHDRAWN: TicketState.REOPENED,
}
# What the requester is told of a new state; a note says more.
_TOLD = {
    TicketState.WAITING: "waits for your answer",
    TicketState.RESOLVED: "is resolved",
    TicketState.REOPENED: "is open again; the group “{group}” has it",
    TicketState.CLOSED: "is closed",
}


class TicketStateRefused(CrewdeskError):
    code = "ticket_state_refused"
    kind: ClassVar[ErrorKind] = ErrorKind.CONFLICT


def comment_on_ticket(db: Database, principal: Principal, number: int, text: str) -> TicketView:
    """The requester's own comment answers a question that was waited for, and reopens what was resolved.
    Raises NotFound, InvalidInput."""
    note = checked_note(text)
    with db.write() as session:
        row = ticket_row(session, principal, number, lock=True)
        is_reply = row.requester_id == principal.id
        after = _ON_REPLY.get(TicketState(row.state)) if is_reply else None
        if after is not None:
            set_state(session, row, after)
        event_id = add_event(session, row, principal.email, "commented", note)
        if after is TicketState.REOPENED:
            _tell(session, row, event_id, after, None)
        append_audit(session, principal.email, "ticket.commented", f"ticket {number}", {"state": row.state})
        return view_of(session, principal, row)


def change_ticket(
    db: Database, principal: Principal, number: int, to: TicketState, text: str | None = None
) -> TicketView:
    """Brings a ticket to another state; to the one it is in, nothing changes. Only those who handle it may
    have it wait. Raises NotFound, NotPermitted, TicketStateRefused, InvalidInput."""
    note = None if text is None else checked_note(text)
    with db.write() as session:
        return view_of(session, principal, bring_ticket(session, principal, number, to, note))


def bring_ticket(
    session: Session, principal: Principal, number: int, to: TicketState, note: str | None
) -> TicketRow:
    """As `change_ticket`, within a transaction that does more. Raises NotFound, NotPermitted,
    TicketStateRefused."""
    row = ticket_row(session, principal, number, lock=True)
    if to is TicketState.WAITING and not handles(principal, row.group_name):
        raise NotPermitted(f"Only the group {row.group_name} can have ticket {number} wait.")
    if row.state != to:
        check_next(row, to)
        set_state(session, row, to)
        _tell(session, row, add_event(session, row, principal.email, to, note), to, note)
        append_audit(session, principal.email, f"ticket.{to}", f"ticket {number}", {})
    return row


def withdraw_ticket(db: Database, key: str) -> int | None:
    """Takes back what this key has opened, as its run was cancelled; the number, if there was anything left
    to take back. It is no part of an incident any more."""
    with db.write() as session:
        row = session.scalar(select(TicketRow).where(TicketRow.key == key).with_for_update())
        if row is None or row.state not in UNRESOLVED:
            return None
        set_state(session, row, TicketState.WITHDRAWN)
        row.incident_id = None
        add_event(session, row, "triage", TicketState.WITHDRAWN, "The request was cancelled.")
        append_audit(session, "triage", "ticket.withdrawn", f"ticket {row.number}", {})
        return row.number


def set_state(session: Session, row: TicketRow, state: TicketState) -> None:
    row.state = state
    row.resolved_at = None if state in UNRESOLVED else row.resolved_at or now_in(session)
    row.asked_at = None


def add_event(session: Session, row: TicketRow, actor: str, kind: str, text: str | None = None) -> str:
    """Returns the event's id. The caller holds the ticket's row."""
    row.updated_at = now_in(session)
    event_id = new_id()
    count = select(func.count()).select_from(TicketEventRow).where(TicketEventRow.ticket_id == row.id)
    session.add(
        TicketEventRow(
            id=event_id,
            ticket_id=row.id,
            position=session.scalar(count) or 0,
            at=row.updated_at,
            actor=actor,
            kind=kind,
            state=row.state,
            text=None if text is None else mask_text(text),
        )
    )
    session.flush()
    return event_id


def check_next(row: TicketRow, to: TicketState) -> None:
    allowed = _NEXT[TicketState(row.state)]
    if to not in allowed:
        raise TicketStateRefused(
            f"Ticket {row.number} is {row.state}, so it cannot be {to}; "
            f"it can be {' or '.join(sorted(allowed))}."
        )


def checked_note(text: str) -> str:
    note = text.strip()
    if not 1 <= len(note) <= LONGEST_NOTE:
        raise InvalidInput(
            f"A note on a ticket has 1 to {LONGEST_NOTE:,} characters; this one has {len(note):,}."
        )
    return note


def _tell(session: Session, row: TicketRow, event_id: str, to: TicketState, note: str | None) -> None:
    if to in _TOLD:
        told = f"Ticket {row.number} {_TOLD[to].format(group=row.group_name)}"
        tell_of_change(session, row, event_id, f"{told}: {mask_text(note)}" if note else f"{told}.")
