"""Turns the files that have to be judged into drafts: parsed, judged, cut into passages - ahead of the
embedding, in a thread of its own."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from knowledge.document import FileParser, SourceDocument, read_source, title_of
from knowledge.draft import Draft, Known, make_passage_rows, make_record
from knowledge.ingest_plan import Plan, Standing, ToJudge
from knowledge.ingest_report import Change, FileOutcome
from knowledge.loading.blocks import LoadedFile
from knowledge.passages import make_passages
from knowledge.pii.port import PiiDetector
from knowledge.quality.gate import Gate, Verdict
from knowledge.word_pieces import WordPieces
from ledger.documents import DocumentRecord, PassageRecord
from ledger.errors import CrewdeskError

T = TypeVar("T")

# Enough small documents to keep the embedder in work; of large ones, texts that fit into memory.
_AHEAD = 64


@dataclass(frozen=True, slots=True)
class Intake:
    """Who parses and judges. The detector is opened only when there is something to judge: loading it takes
    seconds."""

    parser: FileParser
    open_detector: Callable[[], PiiDetector]


def open_intake() -> Intake:
    """Costs nothing yet. Whoever opens it closes its parser."""
    from knowledge.loading.parser import Parser
    from knowledge.pii.presidio import open_detector

    return Intake(Parser(), open_detector)


def prepare(
    plan: Plan, standing: Standing, intake: Intake, pieces: WordPieces
) -> Iterator[Draft | FileOutcome]:
    """In the plan's order; a FileOutcome stands for a file that has to wait for the next ingestion."""
    if not plan.judge:
        return
    gate = Gate(intake.open_detector(), plan.known_texts())
    for item in plan.judge:
        document = read_source(item.source, standing.groups)
        try:
            loaded = document.load(intake.parser)
        except (OSError, MemoryError, CrewdeskError) as error:
            # The machine's trouble, not the file's: no verdict on the file may come of it.
            yield _postponed(item, error)
            continue
        verdict = gate.inspect(document, loaded, standing.released(document))
        yield _draft(item, document, loaded, verdict, pieces, standing)


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, made in another thread while the caller works on those before."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="reading")
    try:
        coming = deque(pool.submit(next, items, None) for _ in range(_AHEAD))
        while (item := coming.popleft().result()) is not None:
            coming.append(pool.submit(next, items, None))
            yield item
    finally:
        pool.shutdown(cancel_futures=True)


def _draft(
    item: ToJudge,
    document: SourceDocument,
    loaded: LoadedFile,
    verdict: Verdict,
    pieces: WordPieces,
    standing: Standing,
) -> Draft:
    title = title_of(document, replace(loaded, blocks=verdict.blocks, title=verdict.title))
    passages = make_passage_rows(document, make_passages(title, verdict.blocks, pieces))
    record = make_record(document, verdict, title, item.judged_by, len(passages))
    return Draft(record, passages, item.old, _change(record, passages, item.old, standing))


def _change(
    record: DocumentRecord, passages: tuple[PassageRecord, ...], old: Known | None, standing: Standing
) -> Change:
    if old is None:
        return Change.ADDED
    if old.record.content_hash != record.content_hash:
        return Change.CHANGED
    if not standing.stored.issuperset(old.passage_ids):
        return Change.REINDEXED
    is_same_text = [passage.id for passage in passages] == list(old.passage_ids)
    if old.record.status != record.status or not is_same_text:
        return Change.JUDGED
    same = replace(record, sums=old.record.sums, judged_by=old.record.judged_by)
    return Change.UNCHANGED if same == old.record else Change.RELABELLED


def _postponed(item: ToJudge, error: Exception) -> FileOutcome:
    old = item.old.record if item.old else None
    return FileOutcome(
        path=item.source.name,
        status=old.status if old else "unread",
        reason=f"it could not be read this time ({error})",
        change=Change.POSTPONED,
        passages=old.passage_count if old else 0,
    )
