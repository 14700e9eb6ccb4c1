"""Switches documents from what they were to what their drafts say.

The rows decide who reads what, and a document's rows change in one transaction. First they let go of whoever
may not read the new version; then its passages are placed where those who still read the old one find them as
well as those who will read the new; then the rows are switched, and the old passages go. So a crash at any
point leaves each document old or new for everybody, and the next ingestion does what is left to do.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from knowledge.draft import Draft, Known, narrow_to, place
from knowledge.ingest_plan import Relabel
from knowledge.search.port import PassageStore
from ledger.crash_points import crash_point
from ledger.db import Database
from ledger.documents import (
    DocumentRecord,
    DocumentWithPassages,
    delete_documents,
    put_documents,
    update_documents,
)

# Between the first step and the second, passages without rows stand among the hits of a search and are
# dropped from them: so few that enough others are left.
_BATCH_DOCUMENTS = 50
_BATCH_PASSAGES = 256


def narrow(db: Database, records: Sequence[DocumentRecord]) -> None:
    """Takes rights away at once: who may no longer read a document does not wait for its new version."""
    if records:
        update_documents(db, records)
        crash_point("ingest.after_narrowing")


def relabel(db: Database, store: PassageStore, labels: Sequence[Relabel], marks: Mapping[str, str]) -> None:
    """Only rights, dates and the like change: rows and payloads, no vectors."""
    for label in labels:
        # Rows first: they decide, so narrower rights hold from this moment; the store's filter follows for
        # all passages at once.
        if label.record != label.old.record:
            update_documents(db, [label.record])
            crash_point("ingest.after_label")
        placement = place(label.record)
        if any(marks.get(passage_id) != placement.mark for passage_id in label.old.passage_ids):
            store.place_passages(label.old.passage_ids, placement)


def switch(
    db: Database, store: PassageStore, drafts: Sequence[Draft], on_done: Callable[[int], None]
) -> None:
    """All passages of the drafts have to be in the store."""
    done = 0
    for batch in _batches(drafts):
        narrow(db, [each for draft in batch if (each := _restricted(draft)) is not None])
        for draft in batch:
            store.place_passages(draft.ids, place(draft.record))
            crash_point("ingest.amid_place")
        crash_point("ingest.after_place")
        put_documents(db, [DocumentWithPassages(draft.record, draft.passages) for draft in batch])
        crash_point("ingest.after_rows")
        for draft in batch:
            store.delete_passages(sorted(set(draft.old_ids) - set(draft.ids)))
            crash_point("ingest.amid_delete")
        crash_point("ingest.after_delete")
        done += len(batch)
        on_done(done)


def remove(db: Database, store: PassageStore, gone: Sequence[Known]) -> None:
    delete_documents(db, [known.record.id for known in gone])
    crash_point("ingest.after_removal")
    for known in gone:
        store.delete_document(known.record.id)


def _restricted(draft: Draft) -> DocumentRecord | None:
    """The old version for those who will read the new one, where the verdict lets fewer read it than the
    metadata does."""
    if draft.old is None or not draft.was_served:
        return None
    old = draft.old.record
    narrowed = narrow_to(old, draft.record.allowed_groups)
    return narrowed if narrowed != old else None


def _batches(drafts: Sequence[Draft]) -> Iterator[list[Draft]]:
    batch: list[Draft] = []
    for draft in drafts:
        batch.append(draft)
        passages = sum(len(each.passages) for each in batch)
        if len(batch) >= _BATCH_DOCUMENTS or passages >= _BATCH_PASSAGES:
            yield batch
            batch = []
    if batch:
        yield batch
