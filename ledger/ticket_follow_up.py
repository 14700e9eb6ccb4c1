"""Resolved tickets until it is known that they are: the requester is asked once, and confirms, denies, or
says nothing, which ends it too.

What is due is decided by whoever looks; each move is one transaction that finds the ticket as it was seen,
so of two who look at once one makes it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import Database, now_in
from ledger.errors import NotPermitted
from ledger.inbox import Source, keep_request
from ledger.outgoing import inert
from ledger.people import Principal
from ledger.schema import RunRow, TicketRow
from ledger.ticket_changes import add_event, bring_ticket, check_next, checked_note, set_state
from ledger.ticket_views import UNRESOLVED, TicketState, TicketView, ticket_row, view_of
from ledger.ticket_words import tell_of_change, tell_requester

_ACTOR = "crewdesk"
# Whose requester can still say that it is not solved.
SETTLED = (TicketState.RESOLVED, TicketState.CLOSED)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A resolved ticket of which the requester was asked at `asked_at`, or not yet."""

    ticket_id: str
    resolved_at: datetime
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class ThreadTicket:
    number: int
    state: TicketState


def open_follow_ups(db: Database) -> tuple[datetime, list[FollowUp]]:
    """The present moment, by the ledger's clock, and what waits to be confirmed, the oldest first."""
    query = select(TicketRow).where(
        TicketRow.state == TicketState.RESOLVED, TicketRow.resolved_at.is_not(None)
    )
    with db.read() as session:
        rows = session.scalars(query.order_by(TicketRow.resolved_at, TicketRow.number))
        found = [FollowUp(row.id, row.resolved_at, row.asked_at) for row in rows if row.resolved_at]
        return now_in(session), found


def ask_if_solved(db: Database, seen: FollowUp) -> bool:
    """False where it is not as it was seen any more."""
    with db.write() as session:
        row = _as_seen(session, seen)
        if row is None:
            return False
        row.asked_at = now_in(session)
        event_id = add_event(session, row, _ACTOR, "asked")
        append_audit(session, _ACTOR, "ticket.asked", f"ticket {row.number}", {})
        question = f"Is ticket {row.number} solved ({inert(row.title)})?"
        how = "Reply yes or no in this thread; in a channel, mention me. Without an answer I close it."
        tell_requester(session, row, event_id, f"{question} {how}")
        return True


def close_unanswered(db: Database, seen: FollowUp) -> bool:
    """False where it is not as it was seen any more."""
    with db.write() as session:
        row = _as_seen(session, seen)
        if row is None:
            return False
        set_state(session, row, TicketState.CLOSED)
        event_id = add_event(session, row, _ACTOR, TicketState.CLOSED, "No answer came.")
        append_audit(session, _ACTOR, "ticket.closed", f"ticket {row.number}", {"reason": "no answer"})
        sentence = f"Ticket {row.number} is closed, as no answer came. If it is not solved, say so here."
        tell_requester(session, row, event_id, sentence)
        return True


def confirm_ticket(db: Database, principal: Principal, number: int) -> TicketView:
    """The requester's word that it is solved; said again, nothing changes. Raises NotFound, NotPermitted,
    TicketStateRefused."""
    with db.write() as session:
        return view_of(session, principal, _confirm(session, principal, number))


def settle_ticket(db: Database, principal: Principal, number: int, note: str) -> TicketView:
    """The requester's word that it is solved, also of one that is still worked on; whoever asks is told
    elsewhere. Said again, nothing changes. Raises NotFound, NotPermitted, TicketStateRefused."""
    with db.write() as session:
        row = _own_ticket(session, principal, number)
        if row.state in UNRESOLVED:
            check_next(row, TicketState.RESOLVED)
            set_state(session, row, TicketState.RESOLVED)
            add_event(session, row, principal.email, TicketState.RESOLVED, checked_note(note))
            append_audit(session, principal.email, "ticket.resolved", f"ticket {number}", {"by": "requester"})
        if row.state != TicketState.CLOSED:
            _close_confirmed(session, principal, row)
        return view_of(session, principal, row)


def reopen_ticket(db: Database, principal: Principal, number: int, note: str) -> TicketView:
    """The requester's word that it is not solved; of one that is open, nothing changes. Raises NotFound,
    NotPermitted, TicketStateRefused."""
    with db.write() as session:
        row = _own_ticket(session, principal, number)
        if row.state not in UNRESOLVED:
            check_next(row, TicketState.REOPENED)
            set_state(session, row, TicketState.REOPENED)
            add_event(session, row, principal.email, TicketState.REOPENED, checked_note(note))
            append_audit(session, principal.email, "ticket.reopened", f"ticket {number}", {})
        return view_of(session, principal, row)


def take_reply(
    db: Database, principal: Principal, number: int, note: str | None, source: Source, external_id: str
) -> bool:
    """Keeps a reply that asks for nothing, and does what it says of the ticket: opened again with this note,
    or confirmed without one. Both or neither; False if it was kept before. Raises as `confirm_ticket` and
    `change_ticket`."""
    with db.write() as session:
        if not keep_request(session, source, external_id):
            return False
        if note is None:
            _confirm(session, principal, number)
        else:
            bring_ticket(session, principal, number, TicketState.REOPENED, checked_note(note))
        return True


def ticket_of_thread(db: Database, thread: str, requester: Principal) -> ThreadTicket | None:
    """The newest ticket this person's requests of this thread have opened."""
    query = (
        select(TicketRow)
        .join(RunRow, RunRow.id == TicketRow.run_id)
        .where(RunRow.thread == thread, TicketRow.requester_id == requester.id)
        .order_by(TicketRow.number.desc())
        .limit(1)
    )
    with db.read() as session:
        row = session.scalars(query).first()
        return None if row is None else ThreadTicket(row.number, TicketState(row.state))


def _confirm(session: Session, principal: Principal, number: int) -> TicketRow:
    row = _own_ticket(session, principal, number)
    if row.state != TicketState.CLOSED:
        check_next(row, TicketState.CLOSED)
        event_id = _close_confirmed(session, principal, row)
        tell_of_change(session, row, event_id, f"Thank you. Ticket {number} is closed.")
    return row


def _own_ticket(session: Session, principal: Principal, number: int) -> TicketRow:
    row = ticket_row(session, principal, number, lock=True)
    if row.requester_id != principal.id:
        raise NotPermitted(f"Only whoever asked can confirm that ticket {number} is solved.")
    return row


def _close_confirmed(session: Session, principal: Principal, row: TicketRow) -> str:
    """Returns the event's id."""
    set_state(session, row, TicketState.CLOSED)
    append_audit(session, principal.email, "ticket.closed", f"ticket {row.number}", {"reason": "confirmed"})
    return add_event(session, row, principal.email, TicketState.CLOSED, "Confirmed.")


def _as_seen(session: Session, seen: FollowUp) -> TicketRow | None:
    row = session.get_one(TicketRow, seen.ticket_id, with_for_update=True)
    as_it_was = (row.state, row.resolved_at, row.asked_at)
    return row if as_it_was == (TicketState.RESOLVED, seen.resolved_at, seen.asked_at) else None
