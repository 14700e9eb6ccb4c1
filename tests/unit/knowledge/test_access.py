"""Nobody finds or reads through the library what is not allowed them, whatever the documents, rights, readers
and questions are, on either engine."""

import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient

from knowledge.draft import place
from knowledge.embedding import Embedded, Vector
from knowledge.library import Library
from knowledge.search.access import AccessScope
from knowledge.search.edge_store import EdgeStore
from knowledge.search.port import Filters, IndexDescription, IndexOutdated, StoredPassage
from knowledge.search.server_store import ServerStore
from knowledge.word_pieces import WordPieces
from ledger.db import Database
from ledger.documents import (
    DocumentRecord,
    DocumentWithPassages,
    PassageRecord,
    delete_documents,
    list_documents,
    put_documents,
    update_documents,
)
from ledger.ids import derive_id

DIMENSION = 8
GROUPS = ["everyone", "hr", "finance"]
WORDS = ["tent", "pay", "key", "boat"]
OWNERS = ["ana@shop.example", "ben@shop.example"]

# The in-memory server has no payload indexes and says so.
pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")


class CountingEmbedder:
    """A vector for each text, the same each time, pointing anywhere."""

    def __init__(self, name: str = "random-1", dimension: int = DIMENSION) -> None:
        self.name = name
        self.dimension = dimension
        self.passages = 0

    def warm_up(self) -> None: ...

    def word_pieces(self) -> WordPieces:
        raise NotImplementedError

    def embed_query(self, text: str) -> Vector:
        draw = random.Random(zlib.crc32(text.encode()))
        vector = np.array([draw.gauss(0, 1) for _ in range(self.dimension)])
        unit: Vector = (vector / np.linalg.norm(vector)).tolist()
        return unit

    def embed_passages(self, texts: Sequence[str], on_done: Callable[[int], None]) -> Embedded:
        self.passages += len(texts)
        vectors = np.array([self.embed_query(text) for text in texts], np.float32)
        return Embedded(vectors, np.ones(len(texts), np.float32))


@pytest.fixture(params=["edge", "server"])
def stocked(request: pytest.FixtureRequest, sqlite_db: Database, tmp_path: Path) -> Iterator[Library]:
    """An empty library with an index, to be filled by `fill`."""
    edge = request.param == "edge"
    store = EdgeStore(tmp_path / "search") if edge else ServerStore(QdrantClient(":memory:"))
    library = Library(sqlite_db, store, CountingEmbedder())
    store.create(library.describe_index())
    yield library
    library.close()


def record(number: int, groups: frozenset[str], *, classification: str = "internal") -> DocumentRecord:
    path = f"documents/{number}.md"
    return DocumentRecord(
        id=derive_id(path),
        path=path,
        status="ok",
        reason=None,
        content_hash="0" * 64,
        title=path,
        owner=OWNERS[number % 2],
        collection="company",
        classification=classification,
        allowed_groups=tuple(sorted(groups)),
        updated=None,
        review_by=None,
        size_bytes=1,
        language="en",
    )


def fill(db: Database, library: Library, documents: Sequence[tuple[DocumentRecord, str]]) -> None:
    """One passage each, in rows and store."""
    delete_documents(db, [document.id for document in list_documents(db)])
    library.store.delete_passages(list(library.store.marks()))
    texts = [text for _, text in documents]
    vectors = library.embedder.embed_passages(texts, lambda _done: None).vectors if texts else ()
    put_documents(
        db,
        [
            DocumentWithPassages(each, (PassageRecord(derive_id(each.id), each.id, 0, (), "", text),))
            for each, text in documents
        ],
    )
    library.store.upsert(
        [
            StoredPassage(derive_id(each.id), place(each), vector, text)
            for (each, text), vector in zip(documents, vectors, strict=True)
        ]
    )


_groups = st.frozensets(st.sampled_from(GROUPS), max_size=3)
_texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
_readers = st.lists(_groups | st.just(frozenset({"public"})), max_size=3).map(tuple)
_classes = st.sampled_from(["public", "internal", "confidential"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nobody_finds_or_reads_what_is_not_allowed(
    stocked: Library, sqlite_db: Database, data: st.DataObject
) -> None:
    documents = [
        (record(n, data.draw(_groups), classification=data.draw(_classes)), f"{data.draw(_texts)} {n}")
        for n in range(data.draw(st.integers(1, 7)))
    ]
    fill(sqlite_db, stocked, documents)
    current = {each.id: each for each, _ in documents}
    for each in data.draw(st.lists(st.sampled_from([d for d, _ in documents]), max_size=3)):
        changed = replace(current[each.id], allowed_groups=tuple(sorted(data.draw(_groups))))
        # The rows alone, the store alone, or both: whichever is narrower holds.
        moves = data.draw(st.sampled_from(["rows", "store", "both"]))
        if moves != "store":
            update_documents(sqlite_db, [changed])
            current[each.id] = changed
        if moves != "rows":
            stocked.store.place_document(place(changed))
    owner = data.draw(st.none() | st.sampled_from(OWNERS))
    access = AccessScope(data.draw(_groups), data.draw(_readers))
    result = stocked.search(data.draw(_texts), access, filters=Filters(owner=owner), limit=20)
    for hit in result.hits:
        assert_allowed(current[hit.document_id], access)
        assert owner in (None, hit.owner)
    for each in current.values():
        if stocked.read_document(each.id, access) or stocked.neighbours(derive_id(each.id), access):
            assert_allowed(each, access)
    if result.withheld:
        alone = stocked.search("tent", access.without_audience, limit=20).hits
        assert {hit.document_id for hit in alone} - {hit.document_id for hit in result.hits}


def assert_allowed(document: DocumentRecord, access: AccessScope) -> None:
    """The rule once more, in the plainest words."""
    groups = set(document.allowed_groups)
    if "everyone" in groups and document.classification == "public":
        groups.add("public")
    for reader in (access.groups, *access.audience):
        assert groups & reader


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=_groups, after=_groups, access=st.builds(AccessScope, _groups, _readers))
def test_other_rights_hold_at_the_next_question_and_cost_no_embedding(
    stocked: Library, sqlite_db: Database, before: frozenset[str], after: frozenset[str], access: AccessScope
) -> None:
    embedder = stocked.embedder
    assert isinstance(embedder, CountingEmbedder)
    old, new = record(0, before), record(0, after)
    fill(sqlite_db, stocked, [(old, "tent")])
    embedded = embedder.passages
    update_documents(sqlite_db, [new])
    stocked.store.place_document(place(new))
    found = {hit.document_id for hit in stocked.search("tent", access).hits}
    assert found == ({new.id} if access.allows(after) else set())
    assert embedder.passages == embedded


def test_an_index_of_another_model_is_searched_with_its_own_embedder(
    sqlite_db: Database, tmp_path: Path
) -> None:
    opened: list[str] = []

    def open_model(folder: str) -> CountingEmbedder:
        opened.append(folder)
        return CountingEmbedder("random-2", dimension=5)

    library = Library(sqlite_db, EdgeStore(tmp_path / "search"), CountingEmbedder(), open_model)
    library.store.create(library.describe_index())
    text, everyone = "a tent", AccessScope(frozenset({"everyone"}))
    document = record(0, frozenset({"everyone"}))
    fill(sqlite_db, library, [(document, text)])
    assert library.search("a tent", everyone).hits[0].score == pytest.approx(1.0, abs=1e-5)
    assert opened == []

    # Somebody makes an index of another model, and this library is not told.
    beside = library.store.begin_beside(library.describe_index("/models/five"))
    vector = open_model("/models/five").embed_query(text)
    beside.upsert([StoredPassage(derive_id(document.id), place(document), vector, text)])
    library.store.adopt_beside()
    opened.clear()
    for _ in range(2):
        assert library.search("a tent", everyone).hits[0].score == pytest.approx(1.0, abs=1e-5)
    assert library.index_name.startswith("random-2+")
    assert opened == []
    library.close()

    without = Library(sqlite_db, EdgeStore(tmp_path / "search"), CountingEmbedder())
    with pytest.raises(IndexOutdated, match="/models/five"):
        without.search("a tent", everyone)
    assert isinstance(without.store.index, IndexDescription)
    without.close()
