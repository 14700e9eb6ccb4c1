"""What the requester of a ticket is told of it, there where the request came from.

Each word has an id of its own, so it is owed once. Where answers are delivered to no place, nobody is told.
"""

from sqlalchemy.orm import Session

from ledger.deliveries import owe_delivery
from ledger.ids import derive_id
from ledger.schema import RunRow, RunState, TicketRow

# Of such a run the answer is still to come, and tells of the ticket.
_AT_WORK = (RunState.QUEUED, RunState.RUNNING)


def tell_requester(session: Session, row: TicketRow, word_id: str, sentence: str) -> None:
    run = session.get(RunRow, row.run_id) if row.run_id else None
    if run is not None and run.deliver_to is not None:
        channel, place = run.deliver_to["channel"], run.deliver_to["place"]
        owe_delivery(session, derive_id(word_id, row.id), None, channel, place, sentence)


def tell_of_change(session: Session, row: TicketRow, event_id: str, sentence: str) -> None:
    """As `tell_requester`, unless the run that opened the ticket is still at work."""
    run = session.get(RunRow, row.run_id) if row.run_id else None
    if run is not None and run.state not in _AT_WORK:
        tell_requester(session, row, event_id, sentence)
