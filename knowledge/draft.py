"""A document on its way into the library: what its rows and its points in the store will be."""

import hashlib
from collections import Counter
from dataclasses import dataclass, replace

from knowledge.document import SourceDocument
from knowledge.ingest_report import Change
from knowledge.passages import Passage
from knowledge.quality.gate import Verdict
from knowledge.search.port import Placement
from ledger.documents import DocumentRecord, PassageRecord
from ledger.ids import derive_id
from ledger.people import readers_of

# What `marks()` tells of a passage no query can find yet. Its id says which text the vector is of.
STAGED = "staged"


@dataclass(frozen=True, slots=True)
class Known:
    """What the rows say of a document so far."""

    record: DocumentRecord
    passage_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """`old` is what the document has been so far; the record's sums come when all is embedded."""

    record: DocumentRecord
    passages: tuple[PassageRecord, ...]
    old: Known | None
    change: Change

    @property
    def ids(self) -> list[str]:
        return [passage.id for passage in self.passages]

    @property
    def old_ids(self) -> tuple[str, ...]:
        return self.old.passage_ids if self.old else ()

    @property
    def was_served(self) -> bool:
        return self.old is not None and self.old.record.is_served


def make_record(
    document: SourceDocument, verdict: Verdict, title: str, judged_by: str | None, passages: int
) -> DocumentRecord:
    metadata, signature = document.metadata, verdict.signature
    return DocumentRecord(
        id=document.id,
        path=document.name,
        status=verdict.status.value,
        reason=verdict.reason,
        content_hash=document.content_hash,
        title=title,
        owner=metadata.owner,
        collection=metadata.collection,
        classification=metadata.classification.value,
        allowed_groups=tuple(sorted(set(verdict.groups))),
        updated=metadata.updated,
        review_by=metadata.review_by,
        size_bytes=document.size_bytes,
        declared_groups=metadata.groups,
        judged_by=judged_by,
        language=verdict.language,
        findings=verdict.findings,
        text_hash=signature.text_hash if signature else None,
        minhash=signature.minhash if signature else b"",
        passage_count=passages,
    )


def make_passage_rows(document: SourceDocument, passages: list[Passage]) -> tuple[PassageRecord, ...]:
    """Ids are derived from what is embedded: a passage that comes again, after a crash or in a changed
    document, is the same point and need not be embedded again."""
    seen: Counter[str] = Counter()
    rows = []
    for passage in passages:
        digest = hashlib.sha256(passage.embedded_text.encode("utf-8", "surrogatepass")).hexdigest()
        rows.append(
            PassageRecord(
                id=derive_id(document.name, digest, str(seen[digest])),
                document_id=document.id,
                position=passage.position,
                heading_path=passage.heading_path,
                locator=passage.locator,
                text=passage.text,
                prefix=passage.embedded_text.removesuffix(passage.text),
            )
        )
        seen[digest] += 1
    return tuple(rows)


def place(record: DocumentRecord) -> Placement:
    updated = record.updated.isoformat() if record.updated else ""
    # Each part by its length: names may hold any character.
    readers = readers_of(record.allowed_groups, record.classification)
    parts = (record.collection, record.owner or "", record.language or "", updated, *readers)
    digest = hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode())
    return Placement(
        document_id=record.id,
        collection=record.collection,
        allowed_groups=readers,
        owner=record.owner,
        language=record.language,
        updated=record.updated,
        mark=digest.hexdigest()[:16],
    )


def stage(record: DocumentRecord) -> Placement:
    """Where nobody finds it: the filter that holds rights lets through no passage that has no groups."""
    return replace(place(record), allowed_groups=(), mark=STAGED)


def narrow_to(record: DocumentRecord, groups: tuple[str, ...]) -> DocumentRecord:
    """The same document for those of its readers who are in these groups too."""
    allowed = tuple(group for group in record.allowed_groups if group in groups)
    if allowed == record.allowed_groups:
        return record
    # What was declared no longer tells why these groups are fewer: should the file come back as it was, they
    # are computed again.
    return replace(record, allowed_groups=allowed, declared_groups=None)
