"""The audit chain: who asked, saw, approved, ran and changed - append-only, each row sealed by the hash of
all before it.

A changed, removed or inserted row breaks the chain at that row; a cut tail disagrees with the head.
Somebody who can rewrite the whole table can forge it, so `head` is printed for safe-keeping elsewhere.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from ledger.db import Database, now_in
from ledger.errors import AuditBroken
from ledger.masking import mask_secrets
from ledger.schema import AuditHeadRow, AuditRow, storable

GENESIS = "0" * 64
_HEAD_ID = 1
_SEALED = ("previous_hash", "seq", "at", "actor", "action", "subject", "detail")

# Of the tables themselves: every request and every end of a run writes here.
_CHAIN, _HEAD = cast(Table, AuditRow.__table__), cast(Table, AuditHeadRow.__table__)
_END_OF_CHAIN = select(_HEAD.c.seq, _HEAD.c.hash).where(_HEAD.c.id == _HEAD_ID).with_for_update()
_APPEND = insert(_CHAIN)
_MOVE_END = update(_HEAD).where(_HEAD.c.id == _HEAD_ID).values(seq=bindparam("last"), hash=bindparam("seal"))


@dataclass(frozen=True, slots=True)
class AuditHead:
    """Where a whole chain ends: the number of its rows and the hash of the last."""

    rows: int
    hash: str


def append_audit(session: Session, actor: str, action: str, subject: str, detail: Mapping[str, Any]) -> None:
    """Adds one row in the caller's transaction, so that a deed and its record stand or fall together."""
    # Held until commit: writers queue here, or two rows would claim the same place in the chain.
    session.flush()
    connection = session.connection()
    head = connection.execute(_END_OF_CHAIN).one_or_none()
    if head is None:
        raise AuditBroken("The audit chain is broken: its head is gone from the table audit_head.")
    row = {
        "seq": head.seq + 1,
        "at": now_in(session).isoformat(),
        # Sealed as it will be stored, or the seal would not fit what is read back.
        "actor": storable(actor),
        "action": storable(action),
        "subject": storable(subject),
        "detail": storable(json.dumps(mask_secrets(detail), sort_keys=True, ensure_ascii=False)),
        "previous_hash": head.hash,
    }
    row["hash"] = _seal(row)
    connection.execute(_APPEND, row)
    connection.execute(_MOVE_END, {"last": row["seq"], "seal": row["hash"]})


def verify_audit(db: Database) -> AuditHead:
    """Raises AuditBroken naming the first row that does not hold."""
    with db.read() as session, _any_bytes_readable(session):
        query = select(AuditRow).order_by(AuditRow.seq).execution_options(yield_per=1_000)
        with closing(session.scalars(query)) as rows:
            end = _follow_chain(rows)
        head = session.get(AuditHeadRow, _HEAD_ID)
    if head is None or (head.seq, head.hash) != (end.rows, end.hash):
        points_to = f"row {head.seq}" if head else "no row at all"
        raise AuditBroken(f"The audit chain is broken after row {end.rows}: its head points to {points_to}.")
    return end


def _follow_chain(rows: Iterable[AuditRow]) -> AuditHead:
    previous, expected = GENESIS, 1
    for row in rows:
        broken = f"The audit chain is broken at row {min(row.seq, expected)}:"
        if row.seq < expected:
            raise AuditBroken(f"{broken} it does not belong there.")
        if row.seq > expected:
            raise AuditBroken(f"{broken} it is missing (the next is {row.seq}).")
        if row.previous_hash != previous:
            raise AuditBroken(f"{broken} it does not follow the row before it.")
        if row.hash != _seal(vars(row)):
            raise AuditBroken(f"{broken} its content was changed.")
        previous, expected = row.hash, expected + 1
    return AuditHead(rows=expected - 1, hash=previous)


def _seal(row: Mapping[str, Any]) -> str:
    fields = [row[name] for name in _SEALED]
    # `repr` for a column that was given another type; whatever it is then, it is not what was sealed.
    sealed = json.dumps(fields, ensure_ascii=False, default=repr)
    return hashlib.sha256(sealed.encode("utf-8", "surrogatepass")).hexdigest()


@contextmanager
def _any_bytes_readable(session: Session) -> Iterator[None]:
    """Lets SQLite hand over text that is not UTF-8, so that the row with such a byte can be named."""
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, sqlite3.Connection):
        yield
        return
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        connection.text_factory = str
