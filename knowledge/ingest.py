"""Brings the library up to what lies in the workspace's folders, doing only what changed.

The ledger's rows switch a document from its old version to its new one, in one transaction and only after
the new passages are in the store; hits without rows do not count. So a crash at any point leaves each
document old or new, and the next ingestion finds what is missing or left over by comparing the store with
the rows.
"""

import itertools
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from knowledge.document import SourceDocument, read_source, title_of
from knowledge.draft import Draft, make_record, place
from knowledge.ingest_report import Change, FileOutcome, IngestProgress, IngestReport, Phase
from knowledge.library import Library
from knowledge.passages import make_passages
from knowledge.search.port import StoredPassage
from knowledge.sources import SourceFile, find_sources
from knowledge.word_pieces import WordPieces
from ledger.crash_points import crash_point
from ledger.db import Database
from ledger.documents import (
    DocumentRecord,
    delete_documents,
    list_documents,
    list_passage_ids,
    put_documents,
    record_ingestion,
    update_document,
)
from ledger.workspace import Workspace

# Enough for batches of like length; little enough to be held in memory and done again after a crash.
_BATCH_PASSAGES = 512


@dataclass(frozen=True, slots=True)
class _Known:
    """What rows and store say of a document so far."""

    record: DocumentRecord
    passage_ids: tuple[str, ...]


def ingest(
    db: Database, workspace: Workspace, library: Library, on_progress: Callable[[IngestProgress], None]
) -> IngestReport:
    """Raises WorkspaceInvalid before anything is written; ModelFilesMissing, SearchUnavailable."""
    started = time.monotonic()
    sources = find_sources(workspace)
    pieces = library.embedder.word_pieces()
    index = library.store.index
    if index is None or index.name != library.index_name:
        library.store.create(library.describe_index(index.model if index else None))
    run = _Ingestion(db, library, pieces, on_progress)
    run.drop_leftovers()
    groups = frozenset(workspace.people.groups)
    for number, source in enumerate(sources.files):
        on_progress(IngestProgress(Phase.READING, number, len(sources.files), source.name))
        run.take(source, groups)
    run.flush()
    run.remove_missing()
    on_progress(IngestProgress(Phase.FINISHING, len(sources.files), len(sources.files)))
    library.store.settle()
    report = run.report(sources.warnings, time.monotonic() - started)
    record_ingestion(db, workspace.file.name, _summary(report))
    return report


@dataclass(slots=True)
class _Ingestion:
    db: Database
    library: Library
    pieces: WordPieces
    on_progress: Callable[[IngestProgress], None]
    known: dict[str, _Known] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    drafts: list[Draft] = field(default_factory=list)
    outcomes: list[FileOutcome] = field(default_factory=list)
    embedded: int = 0
    size_bytes: int = 0

    def drop_leftovers(self) -> None:
        """Learns what rows and store hold, and takes from the store what no row speaks of."""
        ids = list_passage_ids(self.db)
        self.known = {
            record.id: _Known(record, tuple(ids.get(record.id, ()))) for record in list_documents(self.db)
        }
        wanted = {passage_id for known in self.known.values() for passage_id in known.passage_ids}
        self.marks = self.library.store.marks()
        self.library.store.delete_passages(sorted(set(self.marks) - wanted))

    def take(self, source: SourceFile, groups: frozenset[str]) -> None:
        document = read_source(source, groups)
        self.size_bytes += document.size_bytes
        known = self.known.pop(document.id, None)
        if known is not None and self._holds(known, document):
            self._relabel(document, known)
        elif source.has_valid_name:
            self._draft(document, known)
        else:
            loaded = document.load()
            record = make_record(document, loaded.status.value, loaded.reason, document.name)
            self._note(record, Change.UNCHANGED, 0)

    def flush(self) -> None:
        """Store first, then rows, then what the rows no longer speak of: see the head of this module."""
        drafts, self.drafts = self.drafts, []
        if not drafts:
            return
        store = self.library.store
        store.upsert(self._embed(drafts))
        crash_point("ingest.after_store")
        put_documents(self.db, [draft.rows() for draft in drafts])
        crash_point("ingest.after_rows")
        for draft in drafts:
            store.delete_passages(sorted(set(draft.old_ids) - set(draft.new_ids)))
            self._note(draft.record, draft.change, len(draft.passages))

    def remove_missing(self) -> None:
        """Whatever was known and not taken has no file any more."""
        delete_documents(self.db, list(self.known))
        for known in self.known.values():
            self.library.store.delete_document(known.record.id)
            self._note(known.record, Change.REMOVED, 0)

    def report(self, warnings: tuple[str, ...], seconds: float) -> IngestReport:
        files = tuple(sorted(self.outcomes, key=lambda outcome: outcome.path))
        return IngestReport(
            files=files,
            statuses=dict(Counter(file.status for file in files if file.change is not Change.REMOVED)),
            changes=dict(Counter(file.change.value for file in files)),
            warnings=warnings,
            passages=self.library.count(),
            embedded=self.embedded,
            bytes=self.size_bytes,
            seconds=round(seconds, 3),
        )

    def _holds(self, known: _Known, document: SourceDocument) -> bool:
        """Whether rows and store have all passages of this very content."""
        is_stored = all(passage_id in self.marks for passage_id in known.passage_ids)
        return is_stored and known.record.content_hash == document.content_hash

    def _draft(self, document: SourceDocument, known: _Known | None) -> None:
        loaded = document.load()
        record = make_record(document, loaded.status.value, loaded.reason, title_of(document, loaded))
        passages = make_passages(record.title, loaded.blocks, self.pieces)
        old_ids = known.passage_ids if known else ()
        self.drafts.append(Draft(record, tuple(passages), old_ids, _change(record, known)))
        if sum(len(draft.passages) for draft in self.drafts) >= _BATCH_PASSAGES:
            self.flush()

    def _relabel(self, document: SourceDocument, known: _Known) -> None:
        record = make_record(document, known.record.status, known.record.reason, known.record.title)
        # Rows first: they decide, so narrower rights hold from this moment.
        if record != known.record:
            update_document(self.db, record)
        placement = place(record)
        if any(self.marks[passage_id] != placement.mark for passage_id in known.passage_ids):
            self.library.store.place_document(placement)
        change = Change.UNCHANGED if record == known.record else Change.RELABELLED
        self._note(record, change, len(known.passage_ids))

    def _embed(self, drafts: list[Draft]) -> list[StoredPassage]:
        texts = [passage.embedded_text for draft in drafts for passage in draft.passages]
        embedded = self.library.embedder.embed_passages(
            texts, lambda done: self.on_progress(IngestProgress(Phase.EMBEDDING, done, len(texts)))
        )
        self.embedded += len(texts)
        remaining = iter(embedded.vectors.tolist())
        return [
            point
            for draft in drafts
            for point in draft.points(list(itertools.islice(remaining, len(draft.passages))))
        ]

    def _note(self, record: DocumentRecord, change: Change, passages: int) -> None:
        self.outcomes.append(
            FileOutcome(
                path=record.path, status=record.status, reason=record.reason, change=change, passages=passages
            )
        )


def _change(record: DocumentRecord, known: _Known | None) -> Change:
    if known is None:
        return Change.ADDED
    return Change.REINDEXED if known.record.content_hash == record.content_hash else Change.CHANGED


def _summary(report: IngestReport) -> dict[str, object]:
    changed = [file.path for file in report.files if file.change is not Change.UNCHANGED]
    return {
        "changes": report.changes,
        "statuses": report.statuses,
        "passages": report.passages,
        "embedded": report.embedded,
        # A long list would swell every later look at the chain; the rows tell the rest.
        "changed_files": changed[:100],
    }
