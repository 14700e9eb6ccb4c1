"""What the library holds: each document with its rights and state, and the passages its answers are quoted
from.

These rows are the truth about who may read what; a vector store's own copy only narrows the search.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from sqlalchemy import Table, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import Database, now_in
from ledger.schema import DocumentRow, PassageRow

SERVED = "ok"
DUPLICATE = "duplicate"
_ACTOR = "ingestion"
# Made once, and of the tables themselves: every search looks its hits up.
_PASSAGES, _DOCUMENTS = cast(Table, PassageRow.__table__), cast(Table, DocumentRow.__table__)
_THESE_PASSAGES = select(_PASSAGES).where(_PASSAGES.c.id.in_(bindparam("ids", expanding=True)))
_THESE_DOCUMENTS = select(_DOCUMENTS).where(_DOCUMENTS.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class DocumentFinding:
    """Something the gate saw in a document; `detail` holds no personal data."""

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class EmbeddingSums:
    """Of a document's passages as the index of that name has them: the sum of the vectors as float32 bytes,
    and of those whose norm is known its sum and the sum of its squares."""

    index: str
    vector_sum: bytes
    norm_count: int
    norm_sum: float
    norm_sq_sum: float


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """`status` other than `ok` means that nothing of it is served, for `reason`. `allowed_groups` may be
    fewer than its metadata declares; `judged_by` says under which rules it was judged, and is None where
    that has to be done again."""

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
    declared_groups: tuple[str, ...] | None = None
    judged_by: str | None = None
    language: str | None = None
    findings: tuple[DocumentFinding, ...] = ()
    text_hash: str | None = None
    minhash: bytes = b""
    passage_count: int = 0
    sums: EmbeddingSums | None = None

    @property
    def is_served(self) -> bool:
        return self.status == SERVED

    def is_stale(self, today: date) -> bool:
        return self.review_by is not None and self.review_by < today


@dataclass(frozen=True, slots=True)
class PassageRecord:
    """`prefix` is what stands before the text in what is embedded: title and headings."""

    id: str
    document_id: str
    position: int
    heading_path: tuple[str, ...]
    locator: str
    text: str
    prefix: str = ""

    @property
    def embedded_text(self) -> str:
        return self.prefix + self.text


@dataclass(frozen=True, slots=True)
class DocumentWithPassages:
    document: DocumentRecord
    passages: tuple[PassageRecord, ...]


def list_documents(db: Database) -> list[DocumentRecord]:
    with db.read() as session:
        return [_document(row) for row in session.scalars(select(DocumentRow).order_by(DocumentRow.path))]


def read_passages(db: Database, document_ids: Sequence[str]) -> dict[str, list[PassageRecord]]:
    """By document, in reading order."""
    query = (
        select(PassageRow)
        .where(PassageRow.document_id.in_(document_ids))
        .order_by(PassageRow.document_id, PassageRow.position)
    )
    passages: dict[str, list[PassageRecord]] = {document_id: [] for document_id in document_ids}
    with db.read() as session:
        for row in session.scalars(query):
            passages[row.document_id].append(_passage(row))
    return passages


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
    if not passage_ids:
        return {}
    with db.read() as session:
        connection = session.connection()
        passages = connection.execute(_THESE_PASSAGES, {"ids": list(passage_ids)}).all()
        theirs = {"ids": list({row.document_id for row in passages})}
        documents = {
            row.id: _document(cast(DocumentRow, row)) for row in connection.execute(_THESE_DOCUMENTS, theirs)
        }
        return {row.id: (_passage(cast(PassageRow, row)), documents[row.document_id]) for row in passages}


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


def update_documents(db: Database, documents: Iterable[DocumentRecord]) -> None:
    """Their passages stay as they are."""
    with db.write() as session:
        for document in documents:
            _put_document(session, document)


def delete_documents(db: Database, document_ids: Iterable[str]) -> None:
    with db.write() as session:
        for document_id in document_ids:
            row = session.get_one(DocumentRow, document_id)
            if row.status == SERVED:
                _doubt_copies(session, row.collection)
            session.execute(delete(PassageRow).where(PassageRow.document_id == document_id))
            session.delete(row)
            append_audit(session, _ACTOR, "document.removed", row.path, {})


def _put_document(session: Session, document: DocumentRecord) -> None:
    moment = now_in(session)
    row = session.get(DocumentRow, document.id)
    before = _document(row) if row else None
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
    row.ingested_at = moment
    row.declared_groups = None if document.declared_groups is None else list(document.declared_groups)
    row.judged_by = document.judged_by
    row.language = document.language
    row.findings = [{"kind": finding.kind, "detail": finding.detail} for finding in document.findings]
    row.text_hash = document.text_hash
    row.minhash = document.minhash
    row.passage_count = document.passage_count
    _put_sums(row, document.sums)
    session.flush()
    if before is not None and before.is_served and _identity(before) != _identity(document):
        _doubt_copies(session, before.collection, besides=document.id)
    if before is not None and before.allowed_groups != document.allowed_groups:
        detail = {"before": list(before.allowed_groups), "after": list(document.allowed_groups)}
        append_audit(session, _ACTOR, "document.rights_changed", document.path, detail)


def _identity(document: DocumentRecord) -> tuple[object, ...]:
    """What makes another document a copy of this one."""
    return (document.status, document.content_hash, document.collection, document.allowed_groups)


def _doubt_copies(session: Session, collection: str, besides: str = "") -> None:
    """A document others may be copies of is no longer what it was. In the same transaction, so that no crash
    can leave a copy kept back for the sake of an original that is gone."""
    session.execute(
        update(DocumentRow)
        .where(
            DocumentRow.status == DUPLICATE, DocumentRow.collection == collection, DocumentRow.id != besides
        )
        .values(judged_by=None)
    )


def _put_sums(row: DocumentRow, sums: EmbeddingSums | None) -> None:
    row.embedded_with = sums.index if sums else None
    row.vector_sum = sums.vector_sum if sums else None
    row.norm_count = sums.norm_count if sums else 0
    row.norm_sum = sums.norm_sum if sums else 0.0
    row.norm_sq_sum = sums.norm_sq_sum if sums else 0.0


def _sums(row: DocumentRow) -> EmbeddingSums | None:
    if row.embedded_with is None or row.vector_sum is None:
        return None
    return EmbeddingSums(row.embedded_with, row.vector_sum, row.norm_count, row.norm_sum, row.norm_sq_sum)


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
        declared_groups=None if row.declared_groups is None else tuple(row.declared_groups),
        judged_by=row.judged_by,
        language=row.language,
        findings=findings_of(row),
        text_hash=row.text_hash,
        minhash=row.minhash or b"",
        passage_count=row.passage_count,
        sums=_sums(row),
    )


def findings_of(row: DocumentRow) -> tuple[DocumentFinding, ...]:
    return tuple(DocumentFinding(item["kind"], item["detail"]) for item in row.findings or ())


def _passage(row: PassageRow) -> PassageRecord:
    return PassageRecord(
        row.id, row.document_id, row.position, tuple(row.heading_path), row.locator, row.text, row.prefix
    )


def _passage_row(passage: PassageRecord) -> PassageRow:
    return PassageRow(
        id=passage.id,
        document_id=passage.document_id,
        position=passage.position,
        heading_path=list(passage.heading_path),
        locator=passage.locator,
        text=passage.text,
        prefix=passage.prefix,
    )
