"""Makes the search index anew out of the passages in the ledger: no file is read and nothing is parsed.

The new index grows beside the served one and takes its place when it is whole, so that until then everybody
searches the old one, and giving up costs nothing but the work.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from knowledge.draft import place
from knowledge.embedding import Embedder
from knowledge.embedding_sums import RunningSums
from knowledge.ingest_report import IngestProgress, Phase
from knowledge.library import Library
from knowledge.search.port import WORDS_NAME, IndexDescription, PassageStore, StoredPassage
from ledger.crash_points import crash_point
from ledger.db import Database
from ledger.documents import (
    DocumentRecord,
    PassageRecord,
    list_documents,
    read_passages,
    update_documents,
)

_BATCH_PASSAGES = 256


@dataclass(frozen=True, slots=True)
class Rebuilt:
    index: str
    passages: int
    seconds: float


def ensure_index(
    db: Database,
    library: Library,
    on_progress: Callable[[IngestProgress], None],
    after_batch: Callable[[], None],
) -> int:
    """Sees to it that there is an index this library can search. Returns how many passages had to be embedded
    for it."""
    index = library.store.index
    if index is not None and index.name == library.index_name:
        return 0
    wanted = library.describe_index(index.model if index else None)
    # Refuses now, where the model's files are not there, before anything is made.
    library.embedder_of(wanted.model).word_pieces()
    if library.count() == 0:
        library.store.create(wanted)
        return 0
    return rebuild(db, library.store, library.embedder, wanted, on_progress, after_batch).passages


def reindex(
    db: Database,
    store: PassageStore,
    embedder: Embedder,
    model: str | None,
    on_progress: Callable[[IngestProgress], None],
) -> Rebuilt:
    """`model` is the folder of a model other than the packaged one. Raises SearchUnavailable."""
    index = IndexDescription(f"{embedder.name}+{WORDS_NAME}", model, dimension=embedder.dimension)
    return rebuild(db, store, embedder, index, on_progress, lambda: None)


def rebuild(
    db: Database,
    store: PassageStore,
    embedder: Embedder,
    index: IndexDescription,
    on_progress: Callable[[IngestProgress], None],
    after_batch: Callable[[], None],
) -> Rebuilt:
    """Only with the turn to ingest held."""
    started, done = time.monotonic(), 0
    documents = [document for document in list_documents(db) if document.is_served]
    total = sum(document.passage_count for document in documents)
    sums: dict[str, RunningSums] = {}
    beside = store.begin_beside(index)
    for batch in _batches(db, documents):
        embedded = embedder.embed_passages(
            [passage.embedded_text for _, passage in batch],
            lambda of_batch, before=done: on_progress(  # type: ignore[misc]
                IngestProgress(Phase.EMBEDDING, before + of_batch, total)
            ),
        )
        beside.upsert(
            [
                StoredPassage(passage.id, place(document), vector, passage.embedded_text)
                for (document, passage), vector in zip(batch, embedded.vectors, strict=True)
            ]
        )
        for (document, _), vector, norm in zip(batch, embedded.vectors, embedded.norms, strict=True):
            sums.setdefault(document.id, RunningSums()).add(vector, float(norm))
        done += len(batch)
        crash_point("reindex.after_batch")
        after_batch()
    beside.settle()
    store.adopt_beside()
    crash_point("reindex.after_switch")
    summed = [document for document in documents if document.id in sums]
    update_documents(db, [replace(each, sums=sums[each.id].final(index.name)) for each in summed])
    return Rebuilt(index.name, done, time.monotonic() - started)


def _batches(
    db: Database, documents: list[DocumentRecord]
) -> Iterator[list[tuple[DocumentRecord, PassageRecord]]]:
    waiting: list[tuple[DocumentRecord, PassageRecord]] = []
    for document in documents:
        waiting += [(document, passage) for passage in read_passages(db, [document.id])[document.id]]
        while len(waiting) >= _BATCH_PASSAGES:
            yield waiting[:_BATCH_PASSAGES]
            waiting = waiting[_BATCH_PASSAGES:]
    if waiting:
        yield waiting
