"""A steward's word that a document may be served although the gate would keep it back.

It holds for the content it was given for and for nothing else: a changed document is judged anew.
"""

from typing import ClassVar

from sqlalchemy import select

from ledger.audit import append_audit
from ledger.db import Database, now_in
from ledger.documents import SERVED, DocumentRecord
from ledger.errors import CrewdeskError, ErrorKind
from ledger.ids import new_id
from ledger.people import Principal, Right
from ledger.schema import ReleaseRow

# What a person can judge better than the gate. Of the others nothing could be served: there is no text.
RELEASABLE = frozenset({"duplicate", "suspicious", "pii"})


class NotReleasable(CrewdeskError):
    code = "not_releasable"
    kind: ClassVar[ErrorKind] = ErrorKind.USAGE


def release_document(
    db: Database, document: DocumentRecord, principal: Principal, reason: str | None
) -> None:
    """Doing it again changes nothing. Raises NotPermitted, NotReleasable."""
    principal.require(Right.RELEASE_DOCUMENTS)
    if document.status not in RELEASABLE:
        raise NotReleasable(_why_not(document))
    with db.write() as session:
        query = select(ReleaseRow).where(
            ReleaseRow.document_id == document.id,
            ReleaseRow.content_hash == document.content_hash,
            ReleaseRow.status == document.status,
        )
        if session.scalars(query).first() is not None:
            return
        session.add(
            ReleaseRow(
                id=new_id(),
                document_id=document.id,
                path=document.path,
                content_hash=document.content_hash,
                status=document.status,
                released_by=principal.email,
                reason=reason,
                released_at=now_in(session),
            )
        )
        detail = {"status": document.status, "content": document.content_hash, "reason": reason}
        append_audit(session, principal.email, "document.released", document.path, detail)


def list_releases(db: Database) -> dict[tuple[str, str], frozenset[str]]:
    """The released statuses by document id and content hash."""
    releases: dict[tuple[str, str], frozenset[str]] = {}
    with db.read() as session:
        for row in session.scalars(select(ReleaseRow)):
            key = (row.document_id, row.content_hash)
            releases[key] = releases.get(key, frozenset()) | {row.status}
    return releases


def _why_not(document: DocumentRecord) -> str:
    if document.status == SERVED:
        return f"{document.path} is served already; there is nothing to release."
    kinds = ", ".join(sorted(RELEASABLE))
    return (
        f"{document.path} cannot be released: it is {document.status.replace('_', ' ')} ({document.reason}), "
        f"so there is no text to serve. Mend the file and run `crewdesk ingest`. Releasable are: {kinds}."
    )
