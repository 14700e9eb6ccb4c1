"""The record of every ingestion: what it was about, what became of it, and whether a blocked one was
released.

One ingestion at a time: whoever holds the turn is the only one that writes documents and passages.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Connection, func, select, update
from sqlalchemy.exc import DBAPIError

from ledger.audit import append_audit
from ledger.db import Database, now_in, outages_told
from ledger.errors import CrewdeskError, ErrorKind, NotFound
from ledger.ids import new_id
from ledger.people import Principal, Right
from ledger.schema import IngestionRow

_ACTOR = "ingestion"
_TURN = "crewdesk ingestion"


class IngestionState(StrEnum):
    RUNNING = "running"
    APPLIED = "applied"
    BLOCKED = "blocked"
    RELEASED = "released"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class IngestionRunning(CrewdeskError):
    code = "ingestion_running"
    kind: ClassVar[ErrorKind] = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class IngestionRecord:
    """`digest` is None where nothing changed or nobody knew yet what would; `released_by` is the address of
    whoever released a blocked one."""

    id: str
    workspace: str
    state: IngestionState
    reasons: tuple[str, ...]
    digest: str | None
    passages_before: int
    passages: int
    report: dict[str, Any] | None
    started_at: datetime
    finished_at: datetime | None
    released_by: str | None


class IngestionTurn:
    """The right to write documents, until the block that holds it ends."""

    def __init__(self, connection: Connection | None) -> None:
        self._connection = connection

    def check(self) -> None:
        """Raises DatabaseUnavailable if the server has dropped the connection, and with it the turn."""
        if self._connection is not None:
            with outages_told():
                self._connection.execute(select(1))


@contextmanager
def hold_ingestion(db: Database) -> Iterator[IngestionTurn]:
    """Raises IngestionRunning. The turn ends with the process however it dies, so none is ever stuck."""
    if db.is_sqlite:
        with _hold_file(db.engine.url.database):
            yield IngestionTurn(None)
        return
    # Outside of any transaction: the server ends one that is idle for a minute.
    engine = db.engine.execution_options(isolation_level="AUTOCOMMIT")
    with outages_told(), engine.connect() as connection:
        if not connection.scalar(select(func.pg_try_advisory_lock(func.hashtext(_TURN)))):
            raise _running()
        try:
            yield IngestionTurn(connection)
        finally:
            _free(connection)


def begin_ingestion(db: Database, workspace: str, passages: int) -> str:
    """Only with the turn held: whatever is still noted as running has died."""
    with db.write() as session:
        session.execute(
            update(IngestionRow)
            .where(IngestionRow.state == IngestionState.RUNNING)
            .values(
                state=IngestionState.FAILED,
                reasons=["its process ended before it did"],
                finished_at=now_in(session),
            )
        )
        row = IngestionRow(
            id=new_id(),
            workspace=workspace,
            state=IngestionState.RUNNING,
            reasons=[],
            passages_before=passages,
            passages=passages,
            started_at=now_in(session),
        )
        session.add(row)
        return row.id


def end_ingestion(
    db: Database,
    ingestion_id: str,
    state: IngestionState,
    *,
    reasons: tuple[str, ...] = (),
    digest: str | None = None,
    passages: int | None = None,
    report: dict[str, Any] | None = None,
    audited: dict[str, Any] | None = None,
) -> None:
    """`audited` goes into the audit chain, in the same transaction."""
    with db.write() as session:
        row = session.get_one(IngestionRow, ingestion_id)
        row.state, row.reasons, row.digest = state, list(reasons), digest
        row.report, row.finished_at = report, now_in(session)
        if passages is not None:
            row.passages = passages
        if audited is not None:
            action = "documents.ingested" if state is IngestionState.APPLIED else "ingestion.blocked"
            append_audit(session, _ACTOR, action, row.workspace, audited)


def list_ingestions(db: Database, limit: int) -> list[IngestionRecord]:
    """The newest first."""
    query = select(IngestionRow).order_by(IngestionRow.started_at.desc(), IngestionRow.id.desc())
    with db.read() as session:
        return [_record(row) for row in session.scalars(query.limit(limit))]


def list_applied(db: Database, limit: int) -> list[IngestionRecord]:
    """Those that changed something, the newest first."""
    query = (
        select(IngestionRow)
        .where(IngestionRow.state == IngestionState.APPLIED, IngestionRow.digest.is_not(None))
        .order_by(IngestionRow.started_at.desc(), IngestionRow.id.desc())
    )
    with db.read() as session:
        return [_record(row) for row in session.scalars(query.limit(limit))]


def is_released(db: Database, digest: str) -> bool:
    """Whether somebody released these very changes and they were not served since: a release is used up."""
    decided = (IngestionState.RELEASED, IngestionState.APPLIED)
    query = (
        select(IngestionRow.state)
        .where(IngestionRow.digest == digest, IngestionRow.state.in_(decided))
        .order_by(IngestionRow.started_at.desc(), IngestionRow.id.desc())
    )
    with db.read() as session:
        return session.scalars(query).first() == IngestionState.RELEASED


def find_ingestion(db: Database, name: str) -> IngestionRecord | None:
    """By its id or the last eight characters of it."""
    if len(name) not in (8, 36):
        return None
    query = select(IngestionRow).where(IngestionRow.id.endswith(name, autoescape=True))
    with db.read() as session:
        row = session.scalars(query).first()
        return _record(row) if row else None


def release_ingestion(db: Database, ingestion_id: str, principal: Principal, reason: str | None) -> None:
    """Lets the next ingestion with the same changes pass. Raises NotPermitted; NotFound where it is not
    blocked."""
    principal.require(Right.RELEASE_DOCUMENTS)
    with db.write() as session:
        row = session.get(IngestionRow, ingestion_id, with_for_update=True)
        if row is None or row.state != IngestionState.BLOCKED:
            raise NotFound(_not_blocked(row, ingestion_id))
        row.state, row.released_by = IngestionState.RELEASED, principal.email
        detail = {"reason": reason, "reasons": row.reasons, "digest": row.digest}
        append_audit(session, principal.email, "ingestion.released", row.id, detail)


def _free(connection: Connection) -> None:
    # Asked for, because a server takes a moment to notice that a connection is gone; the next turn would find
    # the lock still held until then.
    try:
        connection.execute(select(func.pg_advisory_unlock(func.hashtext(_TURN))))
    except DBAPIError:
        connection.invalidate()


@contextmanager
def _hold_file(database: str | None) -> Iterator[None]:
    if not database or database == ":memory:":
        yield
        return
    handle = os.open(f"{database}.ingesting", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _running() from None
        yield
    finally:
        os.close(handle)


def _running() -> IngestionRunning:
    return IngestionRunning("Another ingestion is at work on these documents; wait until it has ended.")


def _not_blocked(row: IngestionRow | None, ingestion_id: str) -> str:
    if row is None:
        return f"There is no ingestion {ingestion_id}."
    return f"The ingestion {ingestion_id} is {row.state}; only a blocked one can be released."


def _record(row: IngestionRow) -> IngestionRecord:
    return IngestionRecord(
        id=row.id,
        workspace=row.workspace,
        state=IngestionState(row.state),
        reasons=tuple(row.reasons),
        digest=row.digest,
        passages_before=row.passages_before,
        passages=row.passages,
        report=row.report,
        started_at=row.started_at,
        finished_at=row.finished_at,
        released_by=row.released_by,
    )
