"""What every passage store must do, run on the embedded engine, on qdrant-client's in-memory server and on a
server over HTTP."""

import math
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient, models

from knowledge.embedding import Embedder
from knowledge.search.access import AccessScope
from knowledge.search.edge_store import BESIDE, SERVED, EdgeStore
from knowledge.search.fusion import CANDIDATES
from knowledge.search.port import (
    NO_FILTERS,
    Filters,
    IndexDescription,
    PassageStore,
    Placement,
    SearchUnavailable,
    StoredPassage,
    StoreHit,
    StoreQuery,
)
from knowledge.search.server_store import COLLECTION, ServerStore, connect
from ledger.ids import derive_id
from tests.model_cache import packaged_embedder
from tests.stand_ins.faults import HttpStatus
from tests.stand_ins.qdrant import QdrantServer

DIMENSION = 384
FIRST = IndexDescription("model-1", dimension=DIMENSION)
SECOND = IndexDescription("model-2", "/models/other", dimension=DIMENSION)
ALL = AccessScope(frozenset({"everyone", "hr"}))
GROUPS = ["everyone", "hr", "finance", "it"]
# Set for a run against a real server as well.
LIVE_URL = os.environ.get("CREWDESK_TEST_QDRANT_URL")
ADAPTERS = ["edge", "server", "http", *(["live"] if LIVE_URL else [])]

# The in-memory server has no payload indexes and says so; the real one needs them.
pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")


@pytest.fixture(scope="module")
def server() -> Iterator[QdrantServer]:
    with QdrantServer() as running:
        yield running


@pytest.fixture(params=ADAPTERS)
def store(request: pytest.FixtureRequest, tmp_path: Path, server: QdrantServer) -> Iterator[PassageStore]:
    store = make_store(request.param, tmp_path, server)
    store.create(FIRST)
    yield store
    store.close()


def make_store(adapter: str, folder: Path, server: QdrantServer) -> PassageStore:
    if adapter == "edge":
        return EdgeStore(folder / "search")
    if adapter == "live":
        return ServerStore(QdrantClient(url=LIVE_URL), "crewdesk_contract_test")
    if adapter == "http":
        return connect(server.url, None)
    return ServerStore(QdrantClient(":memory:"))


def placed(
    document: str,
    groups: Sequence[str] = ("everyone",),
    collection: str = "company",
    *,
    owner: str | None = None,
    language: str | None = None,
    updated: date | None = None,
) -> Placement:
    mark = "|".join((collection, *groups))
    return Placement(derive_id(document), collection, tuple(groups), owner, language, updated, mark)


@cache
def direction(seed: int) -> list[float]:
    numbers = random.Random(seed)
    vector = [numbers.gauss(0, 1) for _ in range(DIMENSION)]
    length = math.sqrt(sum(x * x for x in vector))
    return [x / length for x in vector]


def stored(name: str, placement: Placement, text: str = "words", seed: int = 1) -> StoredPassage:
    return StoredPassage(derive_id(name), placement, direction(seed), text)


def search(
    store: PassageStore,
    text: str,
    access: AccessScope = ALL,
    filters: Filters = NO_FILTERS,
    *,
    seed: int = 1,
    limit: int = 100,
) -> list[StoreHit]:
    return store.search(StoreQuery(direction(seed), text, access, filters, limit))


def found(
    store: PassageStore, text: str, access: AccessScope = ALL, filters: Filters = NO_FILTERS
) -> list[str]:
    return [hit.passage_id for hit in search(store, text, access, filters)]


def test_a_written_passage_is_found_with_its_similarity(store: PassageStore) -> None:
    store.upsert([stored("a", placed("one"), seed=1), stored("b", placed("one"), "others", seed=2)])
    hits = {hit.passage_id: hit for hit in search(store, "words")}
    assert set(hits) == {derive_id("a"), derive_id("b")}
    assert hits[derive_id("a")].similarity == pytest.approx(1.0, abs=1e-5)
    between = sum(x * y for x, y in zip(direction(1), direction(2), strict=True))
    assert hits[derive_id("b")].similarity == pytest.approx(between, abs=1e-5)
    assert hits[derive_id("a")].rank_score > hits[derive_id("b")].rank_score
    assert store.count() == 2


def test_writing_again_replaces(store: PassageStore) -> None:
    store.upsert([stored("a", placed("one"), "a tent")])
    store.upsert([stored("a", placed("one", ["hr"]), "a boat", seed=2)])
    assert store.count() == 1
    assert search(store, "boat", seed=2)[0].similarity == pytest.approx(1.0, abs=1e-5)
    assert found(store, "boat", AccessScope(frozenset({"everyone"}))) == []


def test_the_limit_holds(store: PassageStore) -> None:
    store.upsert([stored(f"p{n}", placed("one"), seed=n) for n in range(8)])
    assert len(search(store, "words", limit=3)) == 3


def test_only_the_collection_asked_for(store: PassageStore) -> None:
    store.upsert([stored("a", placed("one")), stored("b", placed("two", collection="market"))])
    assert found(store, "words", filters=Filters("market")) == [derive_id("b")]
    assert found(store, "words", filters=Filters("nowhere")) == []
    assert len(found(store, "words")) == 2


def test_deleting_passages_and_documents(store: PassageStore) -> None:
    store.upsert([stored(name, placed("one")) for name in "abc"] + [stored("d", placed("two"))])
    store.delete_passages([derive_id("a"), derive_id("never there")])
    assert set(store.marks()) == {derive_id(name) for name in "bcd"}
    store.delete_document(derive_id("one"))
    store.delete_document(derive_id("never there"))
    store.delete_passages([])
    assert found(store, "words") == [derive_id("d")]


def test_other_rights_and_collection_hold_at_the_next_query(store: PassageStore) -> None:
    store.upsert([stored(name, placed("one")) for name in "ab"] + [stored("c", placed("two"))])
    store.place_document(placed("one", ["finance"], "books"))
    assert found(store, "words") == [derive_id("c")]
    finance = AccessScope(frozenset({"finance"}))
    assert set(found(store, "words", finance, Filters("books"))) == {derive_id("a"), derive_id("b")}
    assert dict(store.marks()) == {
        derive_id("a"): "books|finance",
        derive_id("b"): "books|finance",
        derive_id("c"): "company|everyone",
    }


def test_marks_tell_of_every_passage(store: PassageStore) -> None:
    passages = [stored(f"p{n}", placed(f"d{n % 7}"), seed=n % 5) for n in range(1_100)]
    store.upsert(passages)
    store.settle()
    assert set(store.marks()) == {passage.passage_id for passage in passages}


def test_making_an_index_leaves_nothing_of_the_one_before(store: PassageStore) -> None:
    store.upsert([stored("a", placed("one"))])
    assert store.index == FIRST
    store.create(SECOND)
    assert (store.index, store.count(), found(store, "words")) == (SECOND, 0, [])
    store.upsert([stored("b", placed("one"))])
    assert found(store, "words") == [derive_id("b")]


@pytest.mark.parametrize("adapter", ["edge", "server"])
def test_without_an_index_there_is_no_description_and_no_answer(
    adapter: str, tmp_path: Path, server: QdrantServer
) -> None:
    store = make_store(adapter, tmp_path, server)
    assert store.index is None
    with pytest.raises(SearchUnavailable):
        search(store, "words")
    store.close()


@pytest.mark.parametrize(
    "scope",
    [
        AccessScope(frozenset()),
        AccessScope(frozenset({"hr"}), (frozenset(),)),
        AccessScope(frozenset(), (frozenset({"everyone"}),)),
    ],
)
def test_a_scope_without_groups_sees_nothing(store: PassageStore, scope: AccessScope) -> None:
    store.upsert([stored("a", placed("one")), stored("b", placed("two", []))])
    assert found(store, "words", scope) == []


def test_better_matches_that_are_not_allowed_push_nothing_out(store: PassageStore) -> None:
    secrets = [stored(f"p{n}", placed("secret", ["finance"]), "tent tent") for n in range(CANDIDATES * 2)]
    store.upsert([*secrets, stored("mine", placed("mine"), "one tent among many other words", seed=2)])
    assert found(store, "tent") == [derive_id("mine")]


def test_a_document_for_nobody_is_found_by_nobody(store: PassageStore) -> None:
    store.upsert([stored("a", placed("one", []))])
    assert found(store, "words", AccessScope(frozenset(GROUPS))) == []


OWNERS = ["ana@shop.example", "ben@shop.example"]


def test_filters_narrow_what_rights_allow(store: PassageStore) -> None:
    spring, autumn = date(2026, 3, 1), date(2026, 9, 30)
    store.upsert(
        [
            stored("a", placed("one", owner=OWNERS[0], language="en", updated=spring)),
            stored("b", placed("two", owner=OWNERS[1], language="de", updated=autumn)),
            stored("c", placed("three", ["finance"], owner=OWNERS[0], language="en", updated=spring)),
            stored("d", placed("four")),
        ]
    )
    a, b = derive_id("a"), derive_id("b")
    assert found(store, "words", filters=Filters(owner=OWNERS[0])) == [a]
    assert found(store, "words", filters=Filters(language="de")) == [b]
    assert found(store, "words", filters=Filters(language="de", owner=OWNERS[0])) == []
    assert set(found(store, "words", filters=Filters(updated_from=spring, updated_to=autumn))) == {a, b}
    assert found(store, "words", filters=Filters(updated_from=date(2026, 3, 2))) == [b]
    assert found(store, "words", filters=Filters(updated_to=date(2026, 9, 29))) == [a]


def test_a_placement_without_owner_takes_the_old_one_away(store: PassageStore) -> None:
    dated = placed("one", owner=OWNERS[0], language="en", updated=date(2026, 3, 1))
    store.upsert([stored("a", dated)])
    store.place_document(placed("one"))
    assert found(store, "words", filters=Filters(owner=OWNERS[0])) == []
    assert found(store, "words", filters=Filters(language="en")) == []
    assert found(store, "words", filters=Filters(updated_from=date(2026, 1, 1))) == []
    assert found(store, "words") == [derive_id("a")]


def test_a_staged_passage_is_found_once_it_is_placed(store: PassageStore) -> None:
    staged = placed("one", [])
    store.upsert([stored("a", staged), stored("b", staged)])
    assert found(store, "words", AccessScope(frozenset(GROUPS))) == []
    store.place_passages([derive_id("a"), derive_id("never there")], placed("one"))
    store.place_passages([], placed("one"))
    assert found(store, "words") == [derive_id("a")]
    assert dict(store.marks()) == {derive_id("a"): "company|everyone", derive_id("b"): "company"}


def test_vectors_are_given_back(store: PassageStore) -> None:
    store.upsert([stored("a", placed("one"), seed=3)])
    vectors = store.vectors([derive_id("a"), derive_id("never there")])
    assert list(vectors) == [derive_id("a")]
    assert vectors[derive_id("a")].tolist() == pytest.approx(direction(3), abs=1e-6)
    assert store.vectors([]) == {}


def test_the_candidates_of_both_sides_are_found_and_scored_by_both(store: PassageStore) -> None:
    near = [stored(f"near{n}", placed("one"), "far from it", seed=1) for n in range(CANDIDATES)]
    store.upsert(near)
    store.upsert([stored(f"worded{n}", placed("one"), "a tent", seed=2) for n in range(CANDIDATES)])
    hits = search(store, "tent", limit=2 * CANDIDATES)
    assert len(hits) == 2 * CANDIDATES
    assert {hit.passage_id for hit in hits if hit.words == 0} == {passage.passage_id for passage in near}
    between = sum(x * y for x, y in zip(direction(1), direction(2), strict=True))
    for hit in hits:
        assert hit.similarity == pytest.approx(between if hit.words else 1.0, abs=1e-5)
    assert len(search(store, "tent", limit=CANDIDATES)) == CANDIDATES


def test_the_index_beside_is_searched_only_once_it_is_adopted(store: PassageStore) -> None:
    store.upsert([stored("old", placed("one"))])
    beside = store.begin_beside(SECOND)
    beside.upsert([stored("new", placed("one"))])
    assert (found(store, "words"), store.index) == ([derive_id("old")], FIRST)
    assert (found(beside, "words"), beside.index) == ([derive_id("new")], SECOND)
    store.adopt_beside()
    assert (found(store, "words"), store.index, store.count()) == ([derive_id("new")], SECOND, 1)
    with pytest.raises(SearchUnavailable, match="no other index"):
        store.adopt_beside()


def test_an_index_begun_twice_is_empty(store: PassageStore) -> None:
    store.upsert([stored("old", placed("one"))])
    store.begin_beside(SECOND).upsert([stored("half", placed("one"))])
    assert store.begin_beside(SECOND).count() == 0
    assert found(store, "words") == [derive_id("old")]
    store.adopt_beside()
    assert found(store, "words") == []


def test_questions_asked_while_an_index_is_adopted_are_answered(store: PassageStore) -> None:
    store.upsert([stored(f"p{n}", placed("one"), seed=n) for n in range(20)])
    stop = threading.Event()

    def ask() -> set[int]:
        sizes = {len(found(store, "words"))}
        while not stop.is_set():
            sizes.add(len(found(store, "words")))
        return sizes

    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask) for _ in range(2)]
        for _ in range(3):
            beside = store.begin_beside(SECOND)
            beside.upsert([stored(f"p{n}", placed("one"), seed=n) for n in range(20)])
            store.adopt_beside()
        stop.set()
        assert [question.result() for question in asked] == [{20}, {20}]


@pytest.mark.parametrize("adapter", ["edge", "http"])
def test_a_copy_brings_back_what_there_was(adapter: str, tmp_path: Path, server: QdrantServer) -> None:
    store = make_store(adapter, tmp_path, server)
    store.create(FIRST)
    store.upsert([stored("a", placed("one", owner=OWNERS[0])), stored("b", placed("two", ["finance"]))])
    store.settle()
    store.snapshot(tmp_path / "copy")
    store.create(SECOND)
    store.upsert([stored("c", placed("one"))])
    store.restore(tmp_path / "copy")
    assert (found(store, "words"), store.index, store.count()) == ([derive_id("a")], FIRST, 2)
    store.upsert([stored("d", placed("two"))])
    assert set(found(store, "words")) == {derive_id("a"), derive_id("d")}
    assert found(store, "words", filters=Filters(owner=OWNERS[0])) == [derive_id("a")]
    store.close()


@pytest.mark.parametrize("adapter", ["edge", "http"])
def test_a_folder_without_a_copy_changes_nothing(adapter: str, tmp_path: Path, server: QdrantServer) -> None:
    store = make_store(adapter, tmp_path, server)
    store.create(FIRST)
    store.upsert([stored("a", placed("one"))])
    with pytest.raises(SearchUnavailable, match="no whole copy"):
        store.restore(tmp_path / "nowhere")
    assert found(store, "words") == [derive_id("a")]
    store.close()


@pytest.mark.parametrize("adapter", ["edge", "http"])
def test_a_copy_that_cannot_be_read_changes_nothing(
    adapter: str, tmp_path: Path, server: QdrantServer
) -> None:
    store = make_store(adapter, tmp_path, server)
    store.create(FIRST)
    store.upsert([stored("a", placed("one"))])
    store.snapshot(tmp_path / "copy")
    for file in sorted((tmp_path / "copy").rglob("*")):
        if file.is_file() and file.name != "index.json":
            file.write_bytes(b"spoilt")
    with pytest.raises(SearchUnavailable):
        store.restore(tmp_path / "copy")
    assert (found(store, "words"), store.index) == ([derive_id("a")], FIRST)
    store.close()


_groups = st.frozensets(st.sampled_from(GROUPS), max_size=4)
_days = st.dates(date(2026, 1, 1), date(2026, 1, 6))


@st.composite
def _placements(draw: st.DrawFn, document: str) -> Placement:
    return placed(
        document,
        sorted(draw(_groups)),
        draw(st.sampled_from(["company", "market"])),
        owner=draw(st.none() | st.sampled_from(OWNERS)),
        language=draw(st.none() | st.sampled_from(["en", "de"])),
        updated=draw(st.none() | _days),
    )


_filters = st.builds(
    Filters,
    collection=st.none() | st.sampled_from(["company", "market"]),
    owner=st.none() | st.sampled_from(OWNERS),
    language=st.none() | st.sampled_from(["en", "de"]),
    updated_from=st.none() | _days,
    updated_to=st.none() | _days,
)


def _fits(placement: Placement, access: AccessScope, filters: Filters) -> bool:
    """The rules once more, in the plainest words."""
    groups = set(placement.allowed_groups)
    if not groups & access.groups or not all(groups & reader for reader in access.audience):
        return False
    day = placement.updated
    return (
        filters.collection in (None, placement.collection)
        and filters.owner in (None, placement.owner)
        and filters.language in (None, placement.language)
        and (filters.updated_from is None or (day is not None and day >= filters.updated_from))
        and (filters.updated_to is None or (day is not None and day <= filters.updated_to))
    )


# The store is filled anew in each example, so sharing the fixture between them is sound.
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_exactly_what_scope_and_filters_allow_is_found(store: PassageStore, data: st.DataObject) -> None:
    placements = {n: data.draw(_placements(f"d{n}")) for n in range(data.draw(st.integers(0, 8)))}
    store.delete_passages(list(store.marks()))
    store.upsert([stored(f"p{n}", placement, "words tent", seed=n) for n, placement in placements.items()])
    for n in data.draw(st.sets(st.sampled_from(sorted(placements)))) if placements else ():
        placements[n] = data.draw(_placements(f"d{n}"))
        if data.draw(st.booleans()):
            store.place_document(placements[n])
        else:
            store.place_passages([derive_id(f"p{n}")], placements[n])
    for _ in range(3):
        access = AccessScope(data.draw(_groups), tuple(data.draw(st.lists(_groups, max_size=3))))
        filters = data.draw(st.just(NO_FILTERS) | _filters)
        text = data.draw(st.sampled_from(["words", "tent", "nothing of it", ""]))
        allowed = {derive_id(f"p{n}") for n, each in placements.items() if _fits(each, access, filters)}
        hits = found(store, text, access, filters)
        assert len(hits) == len(set(hits))
        assert set(hits) == allowed


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    return packaged_embedder()


CORPUS = {
    "leave": "Annual leave: every employee has 28 days of paid holiday a year.",
    "vpn": "The remote access client shows RC-207 when the licence has run out.",
    "router": "The router shows RC-208 when its cable is loose.",
    "browser": "A browser that says ERR_SSL_PROTOCOL has the wrong time.",
    "zelte": "Zelte werden trocken und gefaltet an der Kasse zurückgegeben.",
    "till": "Hold the power button of the cash register for ten seconds to restart it.",
    "hotel": "A night in a hotel is paid up to 140 EUR.",
    "tent": "Tents are returned dry and folded.",
}


@pytest.fixture(scope="module")
def corpus(minilm: Embedder) -> list[StoredPassage]:
    vectors = minilm.embed_passages(list(CORPUS.values()), lambda _done: None).vectors
    return [
        StoredPassage(derive_id(name), placed(name), vector, text)
        for (name, text), vector in zip(CORPUS.items(), vectors, strict=True)
    ]


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("RC-207", "vpn"),
        ("rc207", "vpn"),
        ("what does the code RC 207 mean", "vpn"),
        ("RC-208", "router"),
        ("ERR_SSL_PROTOCOL", "browser"),
        ("time off work on full pay", "leave"),
        ("my checkout is frozen", "till"),
        ("wo geben Mitarbeiter die Zelte zurück", "zelte"),
    ],
)
def test_an_exact_word_and_another_wording_both_come_first(
    store: PassageStore, minilm: Embedder, corpus: list[StoredPassage], query: str, best: str
) -> None:
    store.upsert(corpus)
    hits = store.search(StoreQuery(minilm.embed_query(query), query, ALL, limit=5))
    assert hits[0].passage_id == derive_id(best)


def test_an_edge_store_keeps_its_passages(tmp_path: Path) -> None:
    first = EdgeStore(tmp_path)
    first.create(FIRST)
    first.upsert([stored("a", placed("one"))])
    first.close()
    first.close()
    again = EdgeStore(tmp_path)
    assert (again.index, found(again, "words")) == (FIRST, [derive_id("a")])
    again.close()


def test_threads_that_ask_first_open_an_edge_store_once(tmp_path: Path) -> None:
    first = EdgeStore(tmp_path)
    first.create(FIRST)
    first.upsert([stored("a", placed("one"))])
    first.close()
    store, together = EdgeStore(tmp_path), threading.Barrier(4)

    def ask() -> list[str]:
        together.wait(timeout=30)
        return found(store, "words")

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(ask) for _ in range(4)]
        assert [answer.result() for answer in answers] == [[derive_id("a")]] * 4
    store.close()


def test_a_second_opener_is_told_and_harms_nothing(tmp_path: Path) -> None:
    first, second = EdgeStore(tmp_path), EdgeStore(tmp_path)
    first.create(FIRST)
    first.upsert([stored("a", placed("one"))])
    with pytest.raises(SearchUnavailable, match="cannot be used"):
        second.count()
    assert found(first, "words") == [derive_id("a")]
    first.close()


@pytest.mark.parametrize("half_made", ["pointer", "shard"])
def test_a_half_made_edge_index_is_made_again(half_made: str, tmp_path: Path) -> None:
    (tmp_path / "shard-of-before").mkdir()
    if half_made == "pointer":
        (tmp_path / SERVED).write_text('{"name": "model-1"')
    store = EdgeStore(tmp_path)
    assert store.index is None
    store.create(FIRST)
    assert [path.name for path in tmp_path.glob("shard*")] != ["shard-of-before"]
    assert len(list(tmp_path.glob("shard*"))) == 1
    store.close()


def test_an_edge_index_beside_leaves_nothing_lying_about(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path)
    store.create(FIRST)
    store.begin_beside(SECOND).upsert([stored("a", placed("one"))])
    store.adopt_beside()
    assert not (tmp_path / BESIDE).exists()
    assert len(list(tmp_path.glob("shard*"))) == 1
    store.close()
    again = EdgeStore(tmp_path)
    assert (again.index, found(again, "words")) == (SECOND, [derive_id("a")])
    again.close()


ADOPTS = """
import sys
from pathlib import Path
from knowledge.search.edge_store import EdgeStore
from knowledge.search.port import IndexDescription
from ledger.crash_points import arm_crash_point
arm_crash_point(sys.argv[2])
store = EdgeStore(Path(sys.argv[1]))
store.begin_beside(IndexDescription("model-2", "/models/other", dimension=384))
store.adopt_beside()
"""


@pytest.mark.parametrize(
    ("moment", "served", "passages"),
    [("search.before_adoption", FIRST, 1), ("search.after_adoption", SECOND, 0)],
)
def test_who_dies_while_adopting_leaves_the_old_index_or_the_new(
    moment: str, served: IndexDescription, passages: int, tmp_path: Path
) -> None:
    store = EdgeStore(tmp_path)
    store.create(FIRST)
    store.upsert([stored("old", placed("one"))])
    store.close()
    died = subprocess.run([sys.executable, "-c", ADOPTS, str(tmp_path), moment], check=False, timeout=120)
    assert died.returncode == 137
    again = EdgeStore(tmp_path)
    assert (again.index, again.count()) == (served, passages)
    again.begin_beside(SECOND).upsert([stored("new", placed("one"))])
    again.adopt_beside()
    assert found(again, "words") == [derive_id("new")]
    assert len(list(tmp_path.glob("shard*"))) == 1
    again.close()


def test_the_served_name_is_an_alias_with_every_payload_index(server: QdrantServer) -> None:
    store = connect(server.url, None)
    store.create(FIRST)
    wanted = {"allowed_groups", "collection", "document_id", "owner", "language", "updated"}
    assert set(server.payload_indexes(COLLECTION)) == wanted
    client = QdrantClient(url=server.url, check_compatibility=False)
    assert [alias.alias_name for alias in client.get_aliases().aliases] == [COLLECTION]
    store.begin_beside(SECOND)
    store.begin_beside(SECOND)
    assert len(client.get_collections().collections) == 2
    store.adopt_beside()
    assert len(client.get_collections().collections) == 1
    client.close()
    store.close()


@pytest.mark.parametrize("way", ["create", "adopt"])
def test_a_plain_collection_of_the_first_version_is_replaced(way: str) -> None:
    client = QdrantClient(":memory:")
    client.create_collection(
        COLLECTION, {"dense": models.VectorParams(size=DIMENSION, distance=models.Distance.COSINE)}
    )
    client.update_collection(COLLECTION, metadata={"index_name": "model-0"})
    store = ServerStore(client)
    assert store.index is None
    if way == "create":
        store.create(FIRST)
    else:
        store.begin_beside(FIRST)
        store.adopt_beside()
    store.upsert([stored("a", placed("one"))])
    assert (store.index, found(store, "words")) == (FIRST, [derive_id("a")])
    store.close()


def test_a_server_that_fails_between_two_steps_serves_the_old_index(server: QdrantServer) -> None:
    store = connect(server.url, None)
    store.create(FIRST)
    store.upsert([stored("old", placed("one"))])
    for operation in ("create_index", "update_collection"):
        server.fail(HttpStatus(500), operation=operation)
        with pytest.raises(SearchUnavailable):
            store.begin_beside(SECOND)
    store.begin_beside(SECOND)
    server.fail(HttpStatus(500), operation="update_aliases")
    with pytest.raises(SearchUnavailable):
        store.adopt_beside()
    assert (store.index, found(store, "words")) == (FIRST, [derive_id("old")])
    store.close()


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    store = connect("http://127.0.0.1:9", None)
    with pytest.raises(SearchUnavailable, match=r"^The Qdrant server did not answer"):
        _ = store.index
    store.close()
