"""Brings the library up to what lies in the workspace's folders, doing only what changed.

New passages are staged in the store, where nobody finds them, until all documents are parsed, judged and
embedded; then the batch as a whole is held against the library as it is, and only what passes is switched in,
document by document. An interruption costs the batch of passages at hand, a crash no more; rights that were
taken away are taken away before anything else is done.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from knowledge.draft import Draft, Known
from knowledge.drift import DriftFinding, Severity, judge_drift, summarize
from knowledge.ingest_apply import narrow, relabel, remove, switch
from knowledge.ingest_outcome import batch_digest, kept, outcomes, summary
from knowledge.ingest_plan import Plan, Standing, make_plan
from knowledge.ingest_prepare import Intake, ahead, open_intake, prepare
from knowledge.ingest_report import (
    Change,
    FileOutcome,
    IngestOutcome,
    IngestProgress,
    IngestReport,
    Phase,
)
from knowledge.ingest_stage import Staging, missing_passages
from knowledge.library import Library
from knowledge.quality.gate import verdict_recipe
from knowledge.reindex import ensure_index
from knowledge.sources import SourceFile, SourceList, find_sources
from ledger.crash_points import crash_point
from ledger.db import Database
from ledger.documents import list_documents, list_passage_ids, read_passages
from ledger.errors import CrewdeskError, ErrorKind, NotFound
from ledger.ingestions import (
    IngestionState,
    begin_ingestion,
    end_ingestion,
    hold_ingestion,
    is_released,
    list_applied,
)
from ledger.releases import list_releases
from ledger.workspace import Workspace

_HISTORY = 20
# Passages a second on two cores, until an ingestion has shown how fast this machine is.
_USUAL_RATE = 40.0


class IngestionInterrupted(CrewdeskError):
    code = "ingestion_interrupted"
    kind: ClassVar[ErrorKind] = ErrorKind.UNAVAILABLE
    worth_retrying = True


def ingest(
    db: Database,
    workspace: Workspace,
    library: Library,
    on_progress: Callable[[IngestProgress], None],
    *,
    only: str | None = None,
    stop: threading.Event | None = None,
    intake: Intake | None = None,
) -> IngestReport:
    """`only` is the name of one file or folder; once `stop` is set, the batch at hand is the last. Raises
    WorkspaceInvalid before anything is written; IngestionRunning, IngestionInterrupted, ModelFilesMissing,
    SearchUnavailable."""
    sources = find_sources(workspace)
    opened = intake or open_intake()
    run = _Ingestion(db, library, opened, on_progress, stop or threading.Event())
    try:
        with hold_ingestion(db) as turn:
            run.before_writing = turn.check
            return run.work(workspace, sources, only)
    finally:
        if intake is None:
            opened.parser.close()


def preview(
    db: Database,
    workspace: Workspace,
    library: Library,
    on_progress: Callable[[IngestProgress], None],
    *,
    only: str | None = None,
    intake: Intake | None = None,
) -> IngestReport:
    """What `ingest` would do. Parses and judges, and writes nothing."""
    sources = find_sources(workspace)
    opened = intake or open_intake()
    run = _Ingestion(db, library, opened, on_progress, threading.Event())
    try:
        return run.foretell(workspace, sources, only)
    finally:
        if intake is None:
            opened.parser.close()


@dataclass(slots=True)
class _Ingestion:
    db: Database
    library: Library
    intake: Intake
    on_progress: Callable[[IngestProgress], None]
    stop: threading.Event
    before_writing: Callable[[], None] = lambda: None
    started: float = field(default_factory=time.monotonic)
    known: dict[str, Known] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    postponed: list[FileOutcome] = field(default_factory=list)
    read: int = 0
    read_bytes: int = 0
    rebuilt: int = 0

    def work(self, workspace: Workspace, sources: SourceList, only: str | None) -> IngestReport:
        ingestion_id = begin_ingestion(self.db, workspace.file.name, self.library.count())
        try:
            self.rebuilt = ensure_index(self.db, self.library, self.on_progress, self._check_stop)
            standing = self._look(workspace)
            plan = self._plan(sources, standing, only)
            self.before_writing()
            narrow(self.db, plan.narrowed)
            relabel(self.db, self.library.store, plan.labels, self.marks)
            return self._bring_in(ingestion_id, plan, standing, sources.warnings, only)
        except (IngestionInterrupted, KeyboardInterrupt) as error:
            end_ingestion(self.db, ingestion_id, IngestionState.INTERRUPTED, reasons=(str(error),))
            raise
        except CrewdeskError as error:
            end_ingestion(self.db, ingestion_id, IngestionState.FAILED, reasons=(str(error),))
            raise

    def foretell(self, workspace: Workspace, sources: SourceList, only: str | None) -> IngestReport:
        index = self.library.store.index
        standing = self._look(workspace, reads_store=index is not None and index.name == self._index)
        plan = self._plan(sources, standing, only)
        moved = self._moved_texts(plan)
        drafts = []
        to_embed = 0
        for draft in self._read(plan, standing):
            drafts.append(draft)
            to_embed += len(missing_passages(draft, standing.stored, moved))
        drift = self._judge(plan, drafts)
        report = self._report(IngestOutcome.DRY_RUN, plan, drafts, sources.warnings, drift)
        seconds = to_embed / self._usual_rate()
        return report.model_copy(update={"to_embed": to_embed, "estimated_seconds": round(seconds, 1)})

    @property
    def _index(self) -> str:
        return self.library.index_name

    def _look(self, workspace: Workspace, *, reads_store: bool = True) -> Standing:
        ids = list_passage_ids(self.db)
        self.known = {
            record.id: Known(record, tuple(ids.get(record.id, ()))) for record in list_documents(self.db)
        }
        self.marks = self.library.store.marks() if reads_store else {}
        return Standing(
            known=self.known,
            stored=frozenset(self.marks),
            releases=list_releases(self.db),
            judged_by=verdict_recipe,
            groups=frozenset(workspace.people.groups),
        )

    def _plan(self, sources: SourceList, standing: Standing, only: str | None) -> Plan:
        files = sources.within(only)

        def tell(done: int, source: SourceFile) -> None:
            self._check_stop()
            self.on_progress(IngestProgress(Phase.CHECKING, done, len(files), source.name))

        plan = make_plan(files, standing, only, tell)
        if only is not None and not files and not plan.removed:
            raise NotFound(f"There is no document at {only}, nor was there one.")
        return plan

    def _read(self, plan: Plan, standing: Standing) -> Iterable[Draft]:
        """Drafts in the plan's order; what has to wait is noted."""
        pieces = self.library.embedder.word_pieces()
        items = zip(plan.judge, ahead(prepare(plan, standing, self.intake, pieces)), strict=False)
        for number, (planned, item) in enumerate(items):
            # Before the item counts: a Ctrl-C reaches the parser's processes too, and what they make of it
            # is not to be believed.
            self._check_stop()
            self.on_progress(IngestProgress(Phase.READING, number, len(plan.judge), planned.source.name))
            self.read, self.read_bytes = number + 1, self.read_bytes + planned.size_bytes
            if isinstance(item, FileOutcome):
                self.postponed.append(item)
            else:
                yield item

    def _bring_in(
        self,
        ingestion_id: str,
        plan: Plan,
        standing: Standing,
        warnings: tuple[str, ...],
        only: str | None,
    ) -> IngestReport:
        staging = self._open_staging(plan, standing)
        try:
            for draft in self._read(plan, standing):
                staging.add(draft)
            drafts = staging.finish()
        except IngestionInterrupted:
            raise IngestionInterrupted(
                f"Interrupted; {staging.staged_documents:,} of {len(plan.judge):,} documents are staged; "
                "run again to go on."
            ) from None
        drift, digest = self._judge(plan, drafts), batch_digest(plan, drafts)
        is_blocked = any(finding.severity is Severity.BLOCK for finding in drift)
        if is_blocked and not (digest and is_released(self.db, digest)):
            outcome, state = IngestOutcome.BLOCKED, IngestionState.BLOCKED
        else:
            outcome, state = IngestOutcome.APPLIED, IngestionState.APPLIED
            self._apply(plan, drafts, is_whole=only is None)
        report = self._report(outcome, plan, drafts, warnings, drift, staging, ingestion_id)
        end_ingestion(
            self.db,
            ingestion_id,
            state,
            reasons=report.drift,
            digest=digest,
            passages=report.passages,
            report=kept(report),
            audited=summary(report),
        )
        return report

    def _open_staging(self, plan: Plan, standing: Standing) -> Staging:
        to_read = sum(item.size_bytes for item in plan.judge)

        def estimate(passages: int) -> int:
            if self.read >= len(plan.judge) or not self.read_bytes:
                return passages
            return max(passages, round(passages * to_read / self.read_bytes))

        return Staging(
            store=self.library.store,
            embedder=self.library.embedder,
            index=self._index,
            stored=standing.stored,
            moved=self._moved_texts(plan),
            on_progress=self.on_progress,
            estimate=estimate,
            after_batch=self._check_stop,
        )

    def _apply(self, plan: Plan, drafts: list[Draft], *, is_whole: bool) -> None:
        """What is served first, what is taken away next: a copy comes in before its original goes."""
        store, total = self.library.store, len(drafts)
        self.before_writing()
        served = [draft for draft in drafts if draft.record.is_served]
        refused = [draft for draft in drafts if not draft.record.is_served]
        # Copies are noted after what puts them in doubt, or they would be judged once more for nothing.
        refused.sort(key=lambda draft: not draft.was_served)
        switch(self.db, store, served, self._tell_finished(0, total))
        remove(self.db, store, plan.removed)
        switch(self.db, store, refused, self._tell_finished(len(served), total))
        if is_whole:
            wanted = {passage_id for ids in list_passage_ids(self.db).values() for passage_id in ids}
            store.delete_passages(sorted(set(self.marks) - wanted))
            crash_point("ingest.after_leftovers")
        store.settle()

    def _tell_finished(self, before: int, total: int) -> Callable[[int], None]:
        return lambda done: self.on_progress(IngestProgress(Phase.FINISHING, before + done, total))

    def _judge(self, plan: Plan, drafts: list[Draft]) -> tuple[DriftFinding, ...]:
        after = {known.record.id: known.record for known in self.known.values()}
        before = list(after.values())
        after.update((label.record.id, label.record) for label in plan.labels)
        after.update((draft.record.id, draft.record) for draft in drafts)
        for known in plan.removed:
            del after[known.record.id]
        steps = [(each.passages_before, each.passages) for each in list_applied(self.db, _HISTORY)]
        lost = sum(len(known.passage_ids) for known in plan.removed)
        lost += sum(len(set(draft.old_ids).difference(draft.ids)) for draft in drafts)
        return judge_drift(
            summarize(before, self._index), summarize(after.values(), self._index), lost, steps
        )

    def _moved_texts(self, plan: Plan) -> dict[str, str]:
        """What the documents that went said, and under which ids it is stored."""
        gone = [known.record.id for known in plan.removed]
        passages = read_passages(self.db, gone) if gone else {}
        return {
            passage.embedded_text: passage.id
            for of_document in passages.values()
            for passage in of_document
            if passage.id in self.marks
        }

    def _usual_rate(self) -> float:
        for each in list_applied(self.db, _HISTORY):
            report = each.report or {}
            if report.get("embedded") and report.get("embedding_seconds"):
                return float(report["embedded"] / report["embedding_seconds"])
        return _USUAL_RATE

    def _check_stop(self) -> None:
        if self.stop.is_set():
            raise IngestionInterrupted("Interrupted; nothing has changed. Run again to go on.")

    def _report(
        self,
        outcome: IngestOutcome,
        plan: Plan,
        drafts: list[Draft],
        warnings: tuple[str, ...],
        drift: tuple[DriftFinding, ...],
        staging: Staging | None = None,
        ingestion_id: str | None = None,
    ) -> IngestReport:
        files = outcomes(plan, drafts, self.postponed)
        return IngestReport(
            outcome=outcome,
            ingestion_id=ingestion_id,
            files=files,
            statuses=dict(Counter(file.status for file in files if file.change is not Change.REMOVED)),
            changes=dict(Counter(file.change.value for file in files)),
            warnings=warnings,
            drift=tuple(finding.reason for finding in drift),
            passages=self.library.count(),
            embedded=self.rebuilt + (staging.embedded if staging else 0),
            to_embed=0,
            estimated_seconds=None,
            bytes=plan.size_bytes,
            seconds=round(time.monotonic() - self.started, 3),
            embedding_seconds=round(staging.seconds if staging else 0.0, 3),
        )
