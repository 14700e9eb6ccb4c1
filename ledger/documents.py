"""What the library holds: each document with its rights and state, and the passages its answers are quoted
from.

These rows are the truth about who may read what; a vector store's own copy only narrows the search.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import Database, now_in
from ledger.schema import DocumentRow, PassageRow

SERVED = "ok"
_ACTOR = "ingestion"


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """`status` other than `ok` means that nothing of it is served, for `reason`."""

    id: str
    path: str
    status: str
    reason: str | None
    content_hash: str
    title: str
    owner: str | None
    collection: str
    classification: str
    allowed_groups: tuple[str, ...]
    updated: date | None
    review_by: date | None
    size_bytes: int
    language: str | None = None

    @property
    def is_served(self) -> bool:
        return self.status == SERVED

    def is_stale(self, today: date) -> bool:
        return self.review_by is not None and self.review_by < today


@dataclass(frozen=True, slots=True)
class PassageRecord:
    id: str
    document_id: str
    position: int
    heading_path: tuple[str, ...]
    locator: str
    text: str


@dataclass(frozen=True, slots=True)
class DocumentWithPassages:
    document: DocumentRecord
    passages: tuple[PassageRecord, ...]


def list_documents(db: Database) -> list[DocumentRecord]:
    with db.read() as session:
        return [_document(row) for row in session.scalars(select(DocumentRow).order_by(DocumentRow.path))]


def list_passage_ids(db: Database) -> dict[str, list[str]]:
    """By document, in reading order."""
    query = select(PassageRow.document_id, PassageRow.id).order_by(
        PassageRow.document_id, PassageRow.position
    )
    ids: dict[str, list[str]] = {}
    with db.read() as session:
        for document_id, passage_id in session.execute(query):
            ids.setdefault(document_id, []).append(passage_id)
    return ids


def find_passages(
    db: Database, passage_ids: Sequence[str]
) -> dict[str, tuple[PassageRecord, DocumentRecord]]:
    """Those that are there, each with its document as it is now."""
    query = (
        select(PassageRow, DocumentRow)
        .join(DocumentRow, DocumentRow.id == PassageRow.document_id)
        .where(PassageRow.id.in_(passage_ids))
    )
    with db.read() as session:
        return {passage.id: (_passage(passage), _document(row)) for passage, row in session.execute(query)}


def find_document(db: Database, document_id: str) -> DocumentWithPassages | None:
    query = select(PassageRow).where(PassageRow.document_id == document_id).order_by(PassageRow.position)
    with db.read() as session:
        row = session.get(DocumentRow, document_id)
        if row is None:
            return None
        return DocumentWithPassages(_document(row), tuple(_passage(p) for p in session.scalars(query)))


def count_passages(db: Database) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(PassageRow)) or 0


def put_documents(db: Database, documents: Iterable[DocumentWithPassages]) -> None:
    """Each takes the place of what was known of it, passages and all, in one transaction."""
    with db.write() as session:
        for entry in documents:
            _put_document(session, entry.document)
            session.execute(delete(PassageRow).where(PassageRow.document_id == entry.document.id))
            session.add_all(_passage_row(passage) for passage in entry.passages)
            session.flush()


def update_document(db: Database, document: DocumentRecord) -> None:
    """Its passages stay as they are."""
    with db.write() as session:
        _put_document(session, document)


def delete_documents(db: Database, document_ids: Iterable[str]) -> None:
    with db.write() as session:
        for document_id in document_ids:
            row = session.get_one(DocumentRow, document_id)
            session.execute(delete(PassageRow).where(PassageRow.document_id == document_id))
            session.delete(row)
            append_audit(session, _ACTOR, "document.removed", row.path, {})


def record_ingestion(db: Database, subject: str, detail: dict[str, Any]) -> None:
    with db.write() as session:
        append_audit(session, _ACTOR, "documents.ingested", subject, detail)


def _put_document(session: Session, document: DocumentRecord) -> None:
    moment = now_in(session)
    row = session.get(DocumentRow, document.id)
    before = tuple(row.allowed_groups) if row else None
    if row is None:
        row = DocumentRow(id=document.id)
        session.add(row)
    row.path = document.path
    row.status = document.status
    row.reason = document.reason
    row.content_hash = document.content_hash
    row.title = document.title
    row.owner = document.owner
    row.collection = document.collection
    row.classification = document.classification
    row.allowed_groups = list(document.allowed_groups)
    row.updated = document.updated.isoformat() if document.updated else None
    row.review_by = document.review_by.isoformat() if document.review_by else None
    row.size_bytes = document.size_bytes
    row.language = document.language
    row.ingested_at = moment
    session.flush()
    if before is not None and before != document.allowed_groups:
        detail = {"before": list(before), "after": list(document.allowed_groups)}
        append_audit(session, _ACTOR, "document.rights_changed", document.path, detail)


def _document(row: DocumentRow) -> DocumentRecord:
    return DocumentRecord(
        id=row.id,
        path=row.path,
        status=row.status,
        reason=row.reason,
        content_hash=row.content_hash,
        title=row.title,
        owner=row.owner,
        collection=row.collection,
        classification=row.classification,
        allowed_groups=tuple(row.allowed_groups),
        updated=date.fromisoformat(row.updated) if row.updated else None,
        review_by=date.fromisoformat(row.review_by) if row.review_by else None,
        size_bytes=row.size_bytes,
        language=row.language,
    )


def _passage(row: PassageRow) -> PassageRecord:
    return PassageRecord(
        row.id, row.document_id, row.position, tuple(row.heading_path), row.locator, row.text
    )


def _passage_row(passage: PassageRecord) -> PassageRow:
    return PassageRow(
        id=passage.id,
        document_id=passage.document_id,
        position=passage.position,
        heading_path=list(passage.heading_path),
        locator=passage.locator,
        text=passage.text,
    )
