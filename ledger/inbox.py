"""Requests as they came in, whatever became of them: a run, a word to their sender, or nothing more.

There is one row for a source and the id it gave the request. Whoever enters it decides, in the same
transaction, what becomes of the request; whoever comes second with that id finds it decided.
"""

from functools import cache
from typing import Any, Literal, cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import Database, insert_into, now_in
from ledger.deliveries import DeliveryTarget, owe_delivery
from ledger.errors import ExternalIdReused
from ledger.ids import derive_id, new_id
from ledger.schema import InboxRow

# `watch`: asked again by itself, when data was fit again. `replay`: gone through again from its record.
Source = Literal["cli", "api", "slack", "watch", "replay"]

_INBOX = cast(Table, InboxRow.__table__)
_ANSWERED_BY = update(_INBOX).where(_INBOX.c.id == bindparam("inbox")).values(run_id=bindparam("run"))


def refuse_request(
    db: Database, source: Source, external_id: str, sentence: str, reply_to: DeliveryTarget | None
) -> bool:
    """Keeps a request that cannot become a run, and owes its sender the reason. False if it was kept
    before."""
    with db.write() as session:
        inbox_id = _settle_request(session, source, external_id, sentence, reply_to)
        if inbox_id is None:
            return False
        session.get_one(InboxRow, inbox_id).refusal = sentence
        append_audit(session, source, "request.refused", external_id, {"reason": sentence})
        return True


def note_request(
    db: Database, source: Source, external_id: str, sentence: str, reply_to: DeliveryTarget | None
) -> bool:
    """Keeps a request that was met without a run, and owes its sender the word that it was. False if it was
    kept before."""
    with db.write() as session:
        return _settle_request(session, source, external_id, sentence, reply_to) is not None


def keep_request(session: Session, source: Source, external_id: str) -> bool:
    """For whoever meets a request without a run or a word in a transaction of their own; False if it was kept
    before."""
    return enter_request(session, source, external_id, "") is not None


def is_kept(db: Database, source: Source, external_id: str) -> bool:
    """Whether a request came before, whatever became of it."""
    query = select(InboxRow.id).where(InboxRow.source == source, InboxRow.external_id == external_id)
    with db.read() as session:
        return session.scalar(query) is not None


def enter_request(session: Session, source: Source, external_id: str, digest: str) -> str | None:
    """The id of the new row, or None if this external id is there already. `digest` is of what was asked;
    empty where no run comes of it."""
    inbox_id = new_id()
    values = {
        "id": inbox_id,
        "source": source,
        "external_id": external_id,
        "request_digest": digest,
        "received_at": now_in(session),
    }
    entered: str | None = session.connection().execute(_entering(insert_into(session)), values).scalar()
    return entered


def name_run(session: Session, inbox_id: str, run_id: str) -> None:
    """Says which run answers the request."""
    session.connection().execute(_ANSWERED_BY, {"inbox": inbox_id, "run": run_id})


def earlier_run(session: Session, source: Source, external_id: str, digest: str) -> str:
    """The run of an equal request that came before. Raises ExternalIdReused where that was another one, or
    no run came of it."""
    row = session.scalars(
        select(InboxRow).where(InboxRow.source == source, InboxRow.external_id == external_id)
    ).one()
    if row.request_digest != digest or row.run_id is None:
        raise ExternalIdReused(
            f"The id '{external_id}' was used before for another request; use a new one for a new request."
        )
    return row.run_id


def _settle_request(
    session: Session, source: Source, external_id: str, sentence: str, reply_to: DeliveryTarget | None
) -> str | None:
    inbox_id = enter_request(session, source, external_id, "")
    if inbox_id is not None and reply_to is not None:
        refusal_id = derive_id(inbox_id, "refusal")
        owe_delivery(session, refusal_id, None, reply_to.channel, reply_to.place, sentence)
    return inbox_id


@cache
def _entering(insert: Any) -> Any:
    """Made once for a database: to put it together takes longer than to carry it out."""
    enter = insert(_INBOX).on_conflict_do_nothing(index_elements=["source", "external_id"])
    return enter.returning(_INBOX.c.id)
