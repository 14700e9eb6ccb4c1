"""How the library is doing: what is in it, how old it is, what nobody ever needed and what it could not
answer. It counts; whose question it was is not in it.

Renaming or removing a field here breaks other people's programs; adding one does not.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median_low

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select

from ledger.db import Database
from ledger.documents import DocumentRecord, list_documents
from ledger.ingestions import IngestionRecord, IngestionState, list_ingestions
from ledger.result import AbstainReason
from ledger.schema import EvidenceRow, PassageRow, RunRow, RunState

DUE_SOON_DAYS = 30
_OF_DOCUMENTS = ("passage", "document")
# Older abstentions than these say little about the library as it is now.
_LATEST_ABSTENTIONS = 10_000


class CollectionSize(BaseModel):
    """`documents` are those that are served."""

    model_config = ConfigDict(frozen=True)

    name: str
    documents: int
    passages: int


class Ages(BaseModel):
    """Of the documents that are served, by the date of their last update; `undated` have none. `stale` are
    past their review date, `due_soon` will be within 30 days."""

    model_config = ConfigDict(frozen=True)

    oldest: date | None
    median: date | None
    newest: date | None
    undated: int
    stale: int
    due_soon: int


class UnusedDocument(BaseModel):
    model_config = ConfigDict(frozen=True)

    path: str
    title: str
    updated: date | None


class Unused(BaseModel):
    """Documents that are served and never were evidence in any run; `oldest` are a few of them."""

    model_config = ConfigDict(frozen=True)

    count: int
    oldest: tuple[UnusedDocument, ...]


class UnansweredQuestion(BaseModel):
    """Asked in these words, give or take case, spaces and end marks; wording and reason are the latest."""

    model_config = ConfigDict(frozen=True)

    question: str
    count: int
    last_asked: datetime
    reason: str | None


class IngestionSummary(BaseModel):
    """`reasons` tell of drift, or of what ended it; `released_by` is who released a blocked one."""

    model_config = ConfigDict(frozen=True)

    id: str
    state: IngestionState
    started_at: datetime
    passages_before: int
    passages: int
    reasons: tuple[str, ...]
    released_by: str | None


class LibraryHealth(BaseModel):
    """`documents` by status; `languages` by ISO 639-1 code, or `unknown`, of those that are served. The
    questions come the most frequent first, the ingestions the newest first."""

    model_config = ConfigDict(frozen=True)

    documents: dict[str, int]
    passages: int
    collections: tuple[CollectionSize, ...]
    languages: dict[str, int]
    ages: Ages
    never_retrieved: Unused
    unanswered: tuple[UnansweredQuestion, ...]
    ingestions: tuple[IngestionSummary, ...]


def read_library_health(db: Database, limit: int = 5) -> LibraryHealth:
    """With at most `limit` unused documents, unanswered questions and ingestions."""
    documents = list_documents(db)
    served = [document for document in documents if document.is_served]
    passages = _count_passages(db)
    return LibraryHealth(
        documents=_counted(document.status for document in documents),
        passages=sum(passages.values()),
        collections=_collections(served, passages),
        languages=_counted(document.language or "unknown" for document in served),
        ages=_ages(served, db.clock.now().date()),
        never_retrieved=_unused(db, served, limit),
        unanswered=_unanswered(db)[:limit],
        ingestions=tuple(_summary(each) for each in list_ingestions(db, limit)),
    )


def _summary(record: IngestionRecord) -> IngestionSummary:
    return IngestionSummary(
        id=record.id,
        state=record.state,
        started_at=record.started_at,
        passages_before=record.passages_before,
        passages=record.passages,
        reasons=record.reasons,
        released_by=record.released_by,
    )


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))


def _count_passages(db: Database) -> dict[str, int]:
    query = select(PassageRow.document_id, func.count()).group_by(PassageRow.document_id)
    with db.read() as session:
        return dict(session.execute(query).all())


def _collections(served: Sequence[DocumentRecord], passages: dict[str, int]) -> tuple[CollectionSize, ...]:
    documents: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for document in served:
        documents[document.collection] += 1
        sizes[document.collection] += passages.get(document.id, 0)
    return tuple(
        CollectionSize(name=name, documents=documents[name], passages=sizes[name])
        for name in sorted(documents)
    )


def _ages(served: Sequence[DocumentRecord], today: date) -> Ages:
    dates = sorted(document.updated for document in served if document.updated)
    soon = today + timedelta(days=DUE_SOON_DAYS)
    return Ages(
        oldest=dates[0] if dates else None,
        median=median_low(dates) if dates else None,
        newest=dates[-1] if dates else None,
        undated=len(served) - len(dates),
        stale=sum(document.is_stale(today) for document in served),
        due_soon=sum(
            document.review_by is not None and today <= document.review_by <= soon for document in served
        ),
    )


def _unused(db: Database, served: Sequence[DocumentRecord], limit: int) -> Unused:
    query = select(EvidenceRow.source).where(EvidenceRow.kind.in_(_OF_DOCUMENTS)).distinct()
    with db.read() as session:
        used = set(session.scalars(query))
    unused = [document for document in served if document.path not in used]
    oldest = sorted(unused, key=lambda document: (document.updated or date.min, document.path))[:limit]
    shown = (UnusedDocument(path=one.path, title=one.title, updated=one.updated) for one in oldest)
    return Unused(count=len(unused), oldest=tuple(shown))


@dataclass(slots=True)
class _Asked:
    question: str
    last_asked: datetime
    reason: str | None
    count: int = 0


def _unanswered(db: Database) -> tuple[UnansweredQuestion, ...]:
    query = (
        select(RunRow.question, RunRow.created_at, RunRow.result)
        .where(RunRow.state == RunState.ABSTAINED)
        .order_by(RunRow.created_at.desc(), RunRow.id.desc())
        .limit(_LATEST_ABSTENTIONS)
    )
    asked: dict[str, _Asked] = {}
    with db.read() as session:
        for question, at, result in session.execute(query):
            reason = (result or {}).get("reason")
            if reason == AbstainReason.NOTHING_ASKED:
                continue
            asked.setdefault(_normalised(question), _Asked(question, at, reason)).count += 1
    ranked = sorted(asked.values(), key=lambda one: (one.count, one.last_asked), reverse=True)
    return tuple(
        UnansweredQuestion(
            question=one.question, count=one.count, last_asked=one.last_asked, reason=one.reason
        )
        for one in ranked
    )


def _normalised(question: str) -> str:
    return " ".join(question.casefold().split()).rstrip("?!. ")
