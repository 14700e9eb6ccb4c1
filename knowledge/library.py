"""The library as its readers know it: search it, read a document, and learn nothing of what is not theirs
to see.

The store proposes; the ledger's rows decide. A hit without a row, or with one the scope does not allow, is
dropped without a trace in the answer.
"""

from dataclasses import dataclass
from datetime import date

from knowledge.embedding import Embedder
from knowledge.loading.blocks import clean_text
from knowledge.search.access import AccessScope
from knowledge.search.port import WORDS_NAME, IndexOutdated, PassageStore, StoreHit
from ledger.db import Database
from ledger.documents import DocumentRecord, PassageRecord, count_passages, find_document, find_passages

_LONGEST_QUERY = 2_000
# Asked for beyond the limit, since an interrupted ingestion may leave hits in the store that no longer count.
_SPARE_HITS = 10


@dataclass(frozen=True, slots=True)
class PassageHit:
    """`score` is the cosine of query and passage, 0 to 1; hits come in the order of the fused ranking,
    which may differ. Dates are ISO strings."""

    passage_id: str
    document_id: str
    path: str
    title: str
    heading_path: tuple[str, ...]
    locator: str
    text: str
    owner: str | None
    updated: str | None
    review_by: str | None
    collection: str
    classification: str
    stale: bool
    score: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """`withheld` says that the principal alone would have found more, and no more than that."""

    hits: tuple[PassageHit, ...] = ()
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class DocumentPassage:
    heading_path: tuple[str, ...]
    locator: str
    text: str


@dataclass(frozen=True, slots=True)
class DocumentText:
    document_id: str
    path: str
    title: str
    owner: str | None
    updated: str | None
    review_by: str | None
    collection: str
    classification: str
    stale: bool
    passages: tuple[DocumentPassage, ...]

    @property
    def text(self) -> str:
        """The whole text; a heading stands above the passages of its section."""
        parts: list[str] = []
        heading_path: tuple[str, ...] = ()
        for passage in self.passages:
            if passage.heading_path and passage.heading_path != heading_path:
                parts.append("# " + " > ".join(passage.heading_path))
            heading_path = passage.heading_path
            parts.append(passage.text)
        return "\n\n".join(parts)


class Library:
    """Safe to share between threads. Making one opens nothing: store and embedder come at first use."""

    def __init__(self, db: Database, store: PassageStore, embedder: Embedder) -> None:
        self.store = store
        self.embedder = embedder
        self._db = db

    @property
    def index_name(self) -> str:
        """What an index must be called for this library to search it."""
        return f"{self.embedder.name}+{WORDS_NAME}"

    def search(
        self, text: str, access: AccessScope, *, collection: str | None = None, limit: int = 5
    ) -> SearchResult:
        """Best first. Raises ModelFilesMissing, SearchUnavailable, IndexOutdated."""
        query = clean_text(text)[:_LONGEST_QUERY]
        if access.sees_nothing or not query or limit < 1 or not self._has_index():
            return SearchResult()
        dense = self.embedder.embed_query(query)
        found = self.store.search(dense, query, access, collection, limit + _SPARE_HITS)
        found.sort(key=lambda hit: (-hit.rank_score, -hit.similarity, hit.passage_id))
        return SearchResult(tuple(self._confirm(found, access, collection)[:limit]))

    def read_document(self, document_id: str, access: AccessScope) -> DocumentText | None:
        """None where there is no such document or the scope does not allow it; nobody can tell which."""
        found = find_document(self._db, document_id)
        if found is None or not _may_see(found.document, access):
            return None
        document = found.document
        return DocumentText(
            document_id=document.id,
            path=document.path,
            title=document.title,
            owner=document.owner,
            updated=_iso(document.updated),
            review_by=_iso(document.review_by),
            collection=document.collection,
            classification=document.classification,
            stale=document.is_stale(self._today()),
            passages=tuple(DocumentPassage(p.heading_path, p.locator, p.text) for p in found.passages),
        )

    def count(self) -> int:
        """How many passages are served."""
        return count_passages(self._db)

    def warm_up(self) -> None:
        """Loads the embedder now instead of with the first question. Raises ModelFilesMissing."""
        self.embedder.warm_up()

    def close(self) -> None:
        self.store.close()

    def _has_index(self) -> bool:
        """Raises IndexOutdated where it is of another embedder, or gone while there are documents."""
        name = self.store.index_name()
        if name is None and self.count():
            raise IndexOutdated("The search index is missing; run `crewdesk ingest` to make it anew.")
        if name is not None and name != self.index_name:
            raise IndexOutdated(
                f"The search index was made with {name}, but this installation searches with "
                f"{self.index_name}; run `crewdesk ingest` to make it anew."
            )
        return name is not None

    def _confirm(
        self, found: list[StoreHit], access: AccessScope, collection: str | None
    ) -> list[PassageHit]:
        rows = find_passages(self._db, [hit.passage_id for hit in found])
        today = self._today()
        hits = []
        for hit in found:
            passage, document = rows.get(hit.passage_id, (None, None))
            if passage is None or document is None or not _may_see(document, access):
                continue
            if collection in (None, document.collection):
                hits.append(_hit(passage, document, today, hit.similarity))
        return hits

    def _today(self) -> date:
        return self._db.clock.now().date()


def _may_see(document: DocumentRecord, access: AccessScope) -> bool:
    return document.is_served and access.allows(document.allowed_groups)


def _hit(passage: PassageRecord, document: DocumentRecord, today: date, similarity: float) -> PassageHit:
    return PassageHit(
        passage_id=passage.id,
        document_id=document.id,
        path=document.path,
        title=document.title,
        heading_path=passage.heading_path,
        locator=passage.locator,
        text=passage.text,
        owner=document.owner,
        updated=_iso(document.updated),
        review_by=_iso(document.review_by),
        collection=document.collection,
        classification=document.classification,
        stale=document.is_stale(today),
        score=min(1.0, max(0.0, similarity)),
    )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
