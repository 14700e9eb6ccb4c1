"""The library as its readers know it: search it, read a document, and learn nothing of what is not theirs
to see.

The store proposes; the ledger's rows decide. A hit without a row, or with one that scope or filters do not
allow, is dropped without a trace in the answer.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from knowledge.embedding import Embedder, Matrix, VectorMemory
from knowledge.loading.blocks import clean_text
from knowledge.repeats import Wording
from knowledge.search.access import AccessScope
from knowledge.search.port import (
    NO_FILTERS,
    WORDS_NAME,
    Filters,
    IndexDescription,
    IndexOutdated,
    PassageStore,
    SearchUnavailable,
    StoreHit,
    StoreQuery,
)
from ledger.db import Database
from ledger.documents import DocumentRecord, PassageRecord, count_passages, find_document, find_passages
from ledger.people import readers_of

_LONGEST_QUERY = 2_000
# Asked for beyond the limit, since an interrupted ingestion may leave hits in the store that no longer count.
_SPARE_HITS = 10
# In rank scores, which are cosines and a little more. What may not be shown is worth a word only where it is
# about as good as the best that is shown, and not where it is as far off as anything at all.
_ABOUT_AS_GOOD = 0.05
_WORTH_A_WORD = 0.35


@dataclass(frozen=True, slots=True)
class PassageHit:
    """`score` is the cosine of query and passage, `words` how much of the query's words the passage has,
    both 0 to 1; hits come in the order of the fused ranking of the two. Dates are ISO strings, `language` is
    ISO 639-1."""

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
    language: str | None
    words: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """`withheld` says that the principal alone would have found something as good as this or better, and no
    more than that."""

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


@dataclass(frozen=True, slots=True)
class _Confirmed:
    """A hit with the rows that allow it."""

    hit: StoreHit
    passage: PassageRecord
    document: DocumentRecord


class Library:
    """Safe to share between threads. Making one opens nothing: store and embedder come at first use.

    `packaged` is the embedder of an index that names no model; `open_model` opens the one in the folder an
    index names. Which index is served is looked up with every search, so that one made by another process is
    searched with its own embedder from the moment it is served.
    """

    def __init__(
        self,
        db: Database,
        store: PassageStore,
        packaged: Embedder,
        open_model: Callable[[str], Embedder] | None = None,
    ) -> None:
        self.store = store
        self._db = db
        self._packaged = packaged
        self._open_model = open_model
        self._opened: dict[str, Embedder] = {}
        self._opening = threading.Lock()
        self._memory = VectorMemory()

    @property
    def embedder(self) -> Embedder:
        """Of the served index; the packaged one where there is none. Raises SearchUnavailable,
        IndexOutdated."""
        index = self.store.index
        return self.embedder_of(index.model if index else None)

    @property
    def index_name(self) -> str:
        """What the served index must be called for this library to search it."""
        return self.describe_index(None if (index := self.store.index) is None else index.model).name

    def describe_index(self, model: str | None = None) -> IndexDescription:
        """What an index made now would be, with the packaged embedder or with the one in a folder."""
        embedder = self.embedder_of(model)
        return IndexDescription(f"{embedder.name}+{WORDS_NAME}", model, dimension=embedder.dimension)

    def embedder_of(self, model: str | None) -> Embedder:
        """The packaged one for None. Raises IndexOutdated where this process can open no other."""
        if model is None:
            return self._packaged
        if self._open_model is None:
            raise IndexOutdated(f"The search index was made with the model in {model}, which is not at hand.")
        with self._opening:
            if model not in self._opened:
                self._opened[model] = self._open_model(model)
            return self._opened[model]

    def search(
        self, text: str, access: AccessScope, *, filters: Filters = NO_FILTERS, limit: int = 5
    ) -> SearchResult:
        """Best first, each thing once. Raises ModelFilesMissing, SearchUnavailable, IndexOutdated."""
        words = clean_text(text)[:_LONGEST_QUERY]
        embedder = None if access.sees_nothing or not words or limit < 1 else self._searching_embedder()
        if embedder is None:
            return SearchResult()
        dense = embedder.embed_query(words)
        self._memory.remember(embedder.name, {words: np.asarray(dense, np.float32)})
        query = StoreQuery(dense, words, access, filters, limit + _SPARE_HITS)
        found = self._confirm(self.store.search(query), query)
        today = self._today()
        hits = tuple(_hit(each, today) for each in _without_repeats(found, today, limit))
        return SearchResult(hits, withheld=self._withholds(query, found))

    def vectors(self, texts: Sequence[str]) -> Matrix:
        """Of any texts, one row each, as the served index would have them; those asked for lately are
        remembered. Raises ModelFilesMissing, SearchUnavailable, IndexOutdated."""
        return self._memory.vectors(self.embedder, texts)

    def neighbours(
        self, passage_id: str, access: AccessScope, *, before: int = 1, after: int = 1
    ) -> tuple[DocumentPassage, ...]:
        """The passage amid those around it in its document, in reading order; nothing where there is no such
        passage or the scope does not allow it."""
        passage, document = find_passages(self._db, [passage_id]).get(passage_id, (None, None))
        if passage is None or document is None or not _may_see(document, access):
            return ()
        whole = find_document(self._db, document.id)
        span = range(passage.position - before, passage.position + after + 1)
        around = [p for p in whole.passages if p.position in span] if whole else []
        return tuple(DocumentPassage(p.heading_path, p.locator, p.text) for p in around)

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
        """Loads the embedder now instead of with the first question: the packaged one as long as the index
        cannot be looked at. Raises ModelFilesMissing, IndexOutdated."""
        try:
            embedder = self.embedder
        except SearchUnavailable:
            embedder = self._packaged
        embedder.warm_up()

    def close(self) -> None:
        self.store.close()

    def _searching_embedder(self) -> Embedder | None:
        """The one to search the served index with; None where nothing has been ingested yet. Raises
        IndexOutdated where it is of another embedder, or gone while there are documents."""
        index = self.store.index
        if index is None:
            if self.count():
                raise IndexOutdated("The search index is missing; run `crewdesk ingest` to make it anew.")
            return None
        ours = self.describe_index(index.model)
        if index.name != ours.name:
            raise IndexOutdated(
                f"The search index was made with {index.name}, but this installation searches with "
                f"{ours.name}; run `crewdesk ingest` to make it anew."
            )
        return self.embedder_of(index.model)

    def _confirm(self, found: Sequence[StoreHit], query: StoreQuery) -> list[_Confirmed]:
        """What the store found, as far as the rows allow it."""
        rows = find_passages(self._db, [hit.passage_id for hit in found])
        return [
            _Confirmed(hit, *rows[hit.passage_id])
            for hit in found
            if hit.passage_id in rows
            and _may_see(rows[hit.passage_id][1], query.access)
            and _matches(rows[hit.passage_id][1], query.filters)
        ]

    def _withholds(self, query: StoreQuery, shown: list[_Confirmed]) -> bool:
        if not query.access.is_narrowed:
            return False
        best_shown = max((each.hit.rank_score for each in shown), default=0.0)
        enough = max(_WORTH_A_WORD, best_shown - _ABOUT_AS_GOOD)
        alone = replace(query, access=query.access.without_audience)
        seen = {each.passage.id for each in shown}
        others = [
            hit for hit in self.store.search(alone) if hit.rank_score >= enough and hit.passage_id not in seen
        ]
        told = {each.passage.text for each in shown}
        return any(
            not _may_see(each.document, query.access) and each.passage.text not in told
            for each in self._confirm(others, alone)
        )

    def _today(self) -> date:
        return self._db.clock.now().date()


def _may_see(document: DocumentRecord, access: AccessScope) -> bool:
    return document.is_served and access.allows(readers_of(document.allowed_groups, document.classification))


def _matches(document: DocumentRecord, filters: Filters) -> bool:
    wished = (
        (filters.collection, document.collection),
        (filters.owner, document.owner),
        (filters.language, document.language),
    )
    if not all(wish in (None, value) for wish, value in wished):
        return False
    if filters.updated_from is None and filters.updated_to is None:
        return True
    earliest, latest = filters.updated_from or date.min, filters.updated_to or date.max
    return document.updated is not None and earliest <= document.updated <= latest


def _without_repeats(found: list[_Confirmed], today: date, limit: int) -> list[_Confirmed]:
    """Of passages that say the same, one in the place of the best: not a stale one if it can be helped, and
    the newest of those."""
    kept: list[tuple[_Confirmed, Wording]] = []
    for each in found:
        wording = Wording.of(each.passage.text)
        same = next((n for n, (_, known) in enumerate(kept) if known.says_the_same_as(wording)), None)
        if same is None:
            if len(kept) < limit:
                kept.append((each, wording))
        elif _freshness(each.document, today) > _freshness(kept[same][0].document, today):
            kept[same] = (each, wording)
    return [each for each, _ in kept]


def _freshness(document: DocumentRecord, today: date) -> tuple[bool, date]:
    return not document.is_stale(today), document.updated or date.min


def _hit(found: _Confirmed, today: date) -> PassageHit:
    hit, passage, document = found.hit, found.passage, found.document
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
        score=min(1.0, max(0.0, hit.similarity)),
        language=document.language,
        words=hit.words,
    )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
