"""Embeds what is new and puts it into the store where nobody finds it yet.

What an earlier, interrupted ingestion has staged is there already, and so is what a changed document still
says as before; a passage whose document moved keeps its vector. None of these is embedded again.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from knowledge.draft import Draft, stage
from knowledge.embedding import Embedder
from knowledge.embedding_sums import RunningSums
from knowledge.ingest_report import IngestProgress, Phase
from knowledge.search.port import PassageStore, StoredPassage
from ledger.crash_points import crash_point
from ledger.documents import DocumentRecord, EmbeddingSums, PassageRecord

# What an interruption loses at most: 6 s of work on two cores. Larger batches embed no faster.
BATCH_PASSAGES = 256
_READ_VECTORS = 1_000


@dataclass(slots=True)
class Staging:
    """`stored` are the ids the store has; `moved` gives the id under which a text is stored that may come
    again elsewhere; `on_progress` hears of passages, whose number `estimate` foretells; `after_batch` may
    raise to end it."""

    store: PassageStore
    embedder: Embedder
    index: str
    stored: frozenset[str]
    moved: Mapping[str, str]
    on_progress: Callable[[IngestProgress], None]
    estimate: Callable[[int], int]
    after_batch: Callable[[], None]
    drafts: list[Draft] = field(default_factory=list)
    embedded: int = 0
    seconds: float = 0.0
    _waiting: list[tuple[DocumentRecord, PassageRecord]] = field(default_factory=list)
    _sums: dict[str, RunningSums] = field(default_factory=dict)
    _fresh: set[str] = field(default_factory=set)

    @property
    def to_embed(self) -> int:
        return self.embedded + len(self._waiting)

    @property
    def staged_documents(self) -> int:
        waiting = {record.id for record, _ in self._waiting}
        return sum(draft.record.id not in waiting for draft in self.drafts)

    def add(self, draft: Draft) -> None:
        """Embeds as soon as there is enough for a batch."""
        self.drafts.append(draft)
        self._waiting += missing_passages(draft, self.stored, self.moved)
        while len(self._waiting) >= BATCH_PASSAGES:
            self.flush()

    def flush(self) -> None:
        """Embeds one batch of what waits, if anything does."""
        batch, self._waiting = self._waiting[:BATCH_PASSAGES], self._waiting[BATCH_PASSAGES:]
        if not batch:
            return
        started, before = time.monotonic(), self.embedded
        total = self.estimate(self.embedded + len(batch) + len(self._waiting))
        embedded = self.embedder.embed_passages(
            [passage.embedded_text for _, passage in batch],
            lambda done: self.on_progress(IngestProgress(Phase.EMBEDDING, before + done, total)),
        )
        points = [
            StoredPassage(passage.id, stage(record), vector, passage.embedded_text)
            for (record, passage), vector in zip(batch, embedded.vectors, strict=True)
        ]
        self.store.upsert(points)
        for (record, passage), vector, norm in zip(batch, embedded.vectors, embedded.norms, strict=True):
            self._sums_of(record.id).add(vector, float(norm))
            self._fresh.add(passage.id)
        self.embedded += len(batch)
        self.seconds += time.monotonic() - started
        crash_point("ingest.after_stage")
        self.after_batch()

    def finish(self) -> list[Draft]:
        """All drafts, with all of their passages in the store and their sums in the records."""
        while self._waiting:
            self.flush()
        self._bring_moved()
        return [
            replace(draft, record=replace(draft.record, sums=self._final(draft))) for draft in self.drafts
        ]

    def _bring_moved(self) -> None:
        for draft in self.drafts:
            moved = {
                passage.id: self.moved[passage.embedded_text]
                for passage in draft.passages
                if passage.id not in self.stored and passage.id not in self._fresh
            }
            if not moved:
                continue
            vectors = self.store.vectors(sorted(set(moved.values())))
            self.store.upsert(
                [
                    StoredPassage(
                        passage.id, stage(draft.record), vectors[moved[passage.id]], passage.embedded_text
                    )
                    for passage in draft.passages
                    if passage.id in moved
                ]
            )

    def _final(self, draft: Draft) -> EmbeddingSums | None:
        if not draft.passages:
            return None
        old = draft.old.record.sums if draft.old else None
        if old is not None and old.index == self.index and draft.ids == list(draft.old_ids):
            return old
        sums = self._sums_of(draft.record.id)
        kept = [passage_id for passage_id in draft.ids if passage_id not in self._fresh]
        for start in range(0, len(kept), _READ_VECTORS):
            for vector in self.store.vectors(kept[start : start + _READ_VECTORS]).values():
                sums.add(vector)
        return sums.final(self.index)

    def _sums_of(self, document_id: str) -> RunningSums:
        return self._sums.setdefault(document_id, RunningSums())


def missing_passages(
    draft: Draft, stored: frozenset[str], moved: Mapping[str, str]
) -> list[tuple[DocumentRecord, PassageRecord]]:
    """What has to be embedded."""
    return [
        (draft.record, passage)
        for passage in draft.passages
        if passage.id not in stored and passage.embedded_text not in moved
    ]
