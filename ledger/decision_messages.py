"""Brings a decision before those who may take it, in Slack, and tells them once nothing is left to decide.

Each of them is owed one message. When the decision is settled, what was not sent yet is owed no more, and
what was is changed in its place.
"""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ledger.db import ROW_LOCK, Database
from ledger.deciders import deciders, may_decide
from ledger.deliveries import owe_delivery
from ledger.ids import derive_id
from ledger.people import principal_by
from ledger.schema import DecisionRow, DecisionState, DeliveryRow, DeliveryState, PrincipalRow, RunRow

MOST_ASKED = 10
_CHANNEL = "slack"


def owe_questions(session: Session, row: DecisionRow, run: RunRow) -> None:
    """To at most MOST_ASKED people, by the order of their addresses: where any of many may decide, a message
    to each of them is a nuisance."""
    session.flush()
    asked = 0
    meant = deciders(row.by, run, with_asker=row.call is not None)
    for person in session.scalars(meant.where(PrincipalRow.slack_id.is_not(None))).all():
        if asked < MOST_ASKED and may_decide(row, run, principal_by(session, principal_id=person.id)):
            place = {"channel": str(person.slack_id)}
            delivery_id = derive_id(row.id, "question", person.id)
            owe_delivery(session, delivery_id, run.id, _CHANNEL, place, decision_id=row.id)
            asked += 1


def settle_messages(session: Session, decision_id: str) -> None:
    """In the transaction that settles it, which holds its row."""
    of_it = DeliveryRow.decision_id == decision_id
    never_tried = (DeliveryRow.state == DeliveryState.PENDING, DeliveryRow.attempts == 0)
    session.execute(delete(DeliveryRow).where(of_it, *never_tried))
    for sent in session.scalars(select(DeliveryRow).where(of_it, DeliveryRow.state == DeliveryState.SENT)):
        _owe_change(session, sent)


def settle_message(db: Database, delivery_id: str) -> None:
    """For a message that was on its way while its decision was settled."""
    with db.write() as session:
        sent = session.get_one(DeliveryRow, delivery_id)
        row = session.get_one(DecisionRow, sent.decision_id, with_for_update=ROW_LOCK)
        if row.state != DecisionState.OPEN:
            _owe_change(session, sent)


def _owe_change(session: Session, sent: DeliveryRow) -> None:
    change_id = derive_id(sent.id, "settled")
    if sent.receipt is not None and session.get(DeliveryRow, change_id) is None:
        owe_delivery(
            session, change_id, sent.run_id, sent.channel, sent.receipt, decision_id=sent.decision_id
        )
