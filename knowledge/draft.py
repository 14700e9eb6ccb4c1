"""A document on its way into the library: what its rows and its points in the store will be."""

import hashlib
from dataclasses import dataclass

from knowledge.document import SourceDocument
from knowledge.ingest_report import Change
from knowledge.passages import Passage
from knowledge.search.access import readers_of
from knowledge.search.port import Placement, StoredPassage
from ledger.documents import DocumentRecord, DocumentWithPassages, PassageRecord
from ledger.ids import derive_id


@dataclass(frozen=True, slots=True)
class Draft:
    """`old_ids` are the passages the document has had so far."""

    record: DocumentRecord
    passages: tuple[Passage, ...]
    old_ids: tuple[str, ...]
    change: Change

    @property
    def new_ids(self) -> list[str]:
        # Derived from the content, so that doing it again after a crash writes the same points.
        path, content_hash = self.record.path, self.record.content_hash
        return [derive_id(path, content_hash, str(passage.position)) for passage in self.passages]

    def rows(self) -> DocumentWithPassages:
        passages = (
            PassageRecord(
                id=passage_id,
                document_id=self.record.id,
                position=passage.position,
                heading_path=passage.heading_path,
                locator=passage.locator,
                text=passage.text,
            )
            for passage_id, passage in zip(self.new_ids, self.passages, strict=True)
        )
        return DocumentWithPassages(self.record, tuple(passages))

    def points(self, vectors: list[list[float]]) -> list[StoredPassage]:
        """One vector per passage, in order."""
        placement = place(self.record)
        return [
            StoredPassage(passage_id, placement, vector, passage.embedded_text)
            for passage_id, passage, vector in zip(self.new_ids, self.passages, vectors, strict=True)
        ]


def place(record: DocumentRecord) -> Placement:
    readers = readers_of(record.allowed_groups, record.classification)
    said = (record.collection, record.owner or "", record.language or "", str(record.updated), *readers)
    digest = hashlib.sha256("\0".join(said).encode())
    return Placement(
        document_id=record.id,
        collection=record.collection,
        allowed_groups=readers,
        owner=record.owner,
        language=record.language,
        updated=record.updated,
        mark=digest.hexdigest()[:16],
    )


def make_record(document: SourceDocument, status: str, reason: str | None, title: str) -> DocumentRecord:
    metadata = document.metadata
    return DocumentRecord(
        id=document.id,
        path=document.name,
        status=status,
        reason=reason,
        content_hash=document.content_hash,
        title=title,
        owner=metadata.owner,
        collection=metadata.collection,
        classification=metadata.classification.value,
        allowed_groups=metadata.groups,
        updated=metadata.updated,
        review_by=metadata.review_by,
        size_bytes=document.size_bytes,
    )
