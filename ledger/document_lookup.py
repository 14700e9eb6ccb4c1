"""Finds the document a person means by what they typed, and those that are not served."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from ledger.db import Database
from ledger.documents import SERVED, DocumentFinding, DocumentWithPassages, find_document, findings_of
from ledger.errors import InvalidInput, NotFound
from ledger.schema import DocumentRow

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """One that is not served, with the moment its row last changed."""

    id: str
    path: str
    status: str
    reason: str | None
    findings: tuple[DocumentFinding, ...]
    since: datetime


def list_held_documents(db: Database) -> list[HeldDocument]:
    """By path."""
    query = select(DocumentRow).where(DocumentRow.status != SERVED).order_by(DocumentRow.path)
    with db.read() as session:
        return [
            HeldDocument(row.id, row.path, row.status, row.reason, findings_of(row), row.ingested_at)
            for row in session.scalars(query)
        ]


def resolve_document_id(db: Database, given: str) -> str:
    """The id of the document whose id or path this is, or whose path alone has it in it. Raises NotFound,
    InvalidInput naming the candidates."""
    wanted = given.strip()
    if not wanted:
        raise InvalidInput("Say which document: its path, its id or a part of its path.")
    exact = select(DocumentRow.id).where(or_(DocumentRow.id == wanted, DocumentRow.path == wanted))
    alike = (
        select(DocumentRow.id, DocumentRow.path)
        .where(func.lower(DocumentRow.path).contains(wanted.lower(), autoescape=True))
        .order_by(DocumentRow.path)
    )
    with db.read() as session:
        if found := session.scalar(exact):
            return found
        candidates = session.execute(alike).all()
    if not candidates:
        raise NotFound(f"There is no document {wanted} in the library; `crewdesk ingest` reads new ones.")
    if len(candidates) > 1:
        raise InvalidInput(_ambiguous(wanted, [path for _id, path in candidates]))
    document_id: str = candidates[0].id
    return document_id


def read_whole_document(db: Database, given: str) -> DocumentWithPassages:
    """Whatever its rights and status are: for those who run the library. Raises NotFound, InvalidInput."""
    found = find_document(db, resolve_document_id(db, given))
    if found is None:
        raise NotFound(f"The document {given} has just been removed.")
    return found


def _ambiguous(wanted: str, paths: list[str]) -> str:
    named = ", ".join(paths[:_MOST_NAMED])
    more = f" and {len(paths) - _MOST_NAMED:,} more" if len(paths) > _MOST_NAMED else ""
    return f"More than one document has '{wanted}' in its path: {named}{more}; give more of it."
