"""What every passage store must do, run on the embedded engine and on qdrant-client's in-memory server."""

import math
import os
import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient

from knowledge.embedding import DIMENSION, MiniLm
from knowledge.search.access import AccessScope
from knowledge.search.edge_store import EdgeStore
from knowledge.search.port import PREFETCH_LIMIT, PassageStore, Placement, SearchUnavailable, StoredPassage
from knowledge.search.server_store import ServerStore, connect
from ledger.ids import derive_id

ALL = AccessScope(frozenset({"everyone", "hr"}))
GROUPS = ["everyone", "hr", "finance", "it"]
# Set for a run against a real server as well.
LIVE_URL = os.environ.get("CREWDESK_TEST_QDRANT_URL")
ADAPTERS = ["edge", "server", "live"] if LIVE_URL else ["edge", "server"]

# The in-memory server has no payload indexes and says so; the real one needs them.
pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")


@pytest.fixture(params=ADAPTERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PassageStore]:
    store = make_store(request.param, tmp_path)
    store.reset("model-1")
    yield store
    store.close()


def make_store(adapter: str, folder: Path) -> PassageStore:
    if adapter == "edge":
        return EdgeStore(folder / "search")
    if adapter == "live":
        return ServerStore(QdrantClient(url=LIVE_URL), "crewdesk_contract_test")
    return ServerStore(QdrantClient(":memory:"))


def placed(document: str, groups: Sequence[str] = ("everyone",), collection: str = "company") -> Placement:
    mark = "|".join((collection, *groups))
    return Placement(derive_id(document), collection, tuple(groups), None, None, None, mark)


def direction(seed: int) -> list[float]:
    numbers = random.Random(seed)
    vector = [numbers.gauss(0, 1) for _ in range(DIMENSION)]
    length = math.sqrt(sum(x * x for x in vector))
    return [x / length for x in vector]


def stored(name: str, placement: Placement, text: str = "words", seed: int = 1) -> StoredPassage:
    return StoredPassage(derive_id(name), placement, direction(seed), text)


def found(
    store: PassageStore, text: str, access: AccessScope = ALL, collection: str | None = None
) -> list[str]:
    return [hit.passage_id for hit in store.search(direction(1), text, access, collection, 100)]


def test_a_written_passage_is_found_with_its_similarity(store: PassageStore) -> None:
    store.upsert([stored("a", placed("one"), seed=1), stored("b", placed("one"), "others", seed=2)])
    hits = {hit.passage_id: hit for hit in store.search(direction(1), "words", ALL, None, 10)}
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
    assert store.search(direction(2), "boat", ALL, None, 5)[0].similarity == pytest.approx(1.0, abs=1e-5)
    assert found(store, "boat", AccessScope(frozenset({"everyone"}))) == []


def test_the_limit_holds(store: PassageStore) -> None:
    store.upsert([stored(f"p{n}", placed("one"), seed=n) for n in range(8)])
    assert len(store.search(direction(1), "words", ALL, None, 3)) == 3


def test_only_the_collection_asked_for(store: PassageStore) -> None:
    store.upsert([stored("a", placed("one")), stored("b", placed("two", collection="market"))])
    assert found(store, "words", collection="market") == [derive_id("b")]
    assert found(store, "words", collection="nowhere") == []
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
    assert set(found(store, "words", finance, "books")) == {derive_id("a"), derive_id("b")}
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


def test_a_reset_leaves_nothing_but_the_new_name(store: PassageStore) -> None:
    store.upsert([stored("a", placed("one"))])
    assert store.index_name() == "model-1"
    store.reset("model-2")
    assert (store.index_name(), store.count(), found(store, "words")) == ("model-2", 0, [])
    store.upsert([stored("b", placed("one"))])
    assert found(store, "words") == [derive_id("b")]


@pytest.mark.parametrize("adapter", ["edge", "server"])
def test_without_an_index_there_is_no_name_and_no_answer(adapter: str, tmp_path: Path) -> None:
    store = make_store(adapter, tmp_path)
    assert store.index_name() is None
    with pytest.raises(SearchUnavailable):
        store.search(direction(1), "words", ALL, None, 5)
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
    secrets = [stored(f"p{n}", placed("secret", ["finance"]), "tent tent") for n in range(PREFETCH_LIMIT * 2)]
    store.upsert([*secrets, stored("mine", placed("mine"), "one tent among many other words", seed=2)])
    assert found(store, "tent") == [derive_id("mine")]


def test_a_document_for_nobody_is_found_by_nobody(store: PassageStore) -> None:
    store.upsert([stored("a", placed("one", []))])
    assert found(store, "words", AccessScope(frozenset(GROUPS))) == []


_groups = st.frozensets(st.sampled_from(GROUPS), max_size=4)


# The store is filled anew in each example, so sharing the fixture between them is sound.
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    documents=st.lists(_groups, max_size=8),
    changed=st.dictionaries(st.integers(0, 7), _groups, max_size=3),
    groups=_groups,
    audience=st.none() | _groups,
    text=st.sampled_from(["words", "tent", "nothing of it", ""]),
)
def test_exactly_what_the_scope_allows_is_found(
    store: PassageStore,
    documents: list[frozenset[str]],
    changed: dict[int, frozenset[str]],
    groups: frozenset[str],
    audience: frozenset[str] | None,
    text: str,
) -> None:
    rights = dict(enumerate(documents))
    store.delete_passages(list(store.marks()))
    store.upsert(
        [
            stored(f"p{n}", placed(f"d{n}", sorted(allowed)), "words tent", seed=n)
            for n, allowed in rights.items()
        ]
    )
    for n in changed.keys() & rights.keys():
        rights[n] = changed[n]
        store.place_document(placed(f"d{n}", sorted(rights[n])))
    allowed = {
        derive_id(f"p{n}")
        for n, of_document in rights.items()
        if groups & of_document and (audience is None or audience & of_document)
    }
    assert set(found(store, text, AccessScope(groups, () if audience is None else (audience,)))) == allowed


@pytest.fixture(scope="module")
def minilm() -> MiniLm:
    return MiniLm()


CORPUS = {
    "leave": "Annual leave: every employee has 28 days of paid holiday a year.",
    "vpn": "The remote access client shows RC-207 when the licence has run out.",
    "till": "Hold the power button of the cash register for ten seconds to restart it.",
    "hotel": "A night in a hotel is paid up to 140 EUR.",
    "tent": "Tents are returned dry and folded.",
}


@pytest.mark.parametrize(
    ("query", "best"),
    [("RC-207", "vpn"), ("time off work on full pay", "leave"), ("my checkout is frozen", "till")],
)
def test_an_exact_word_and_another_wording_both_come_first(
    store: PassageStore, minilm: MiniLm, query: str, best: str
) -> None:
    vectors = minilm.embed_passages(list(CORPUS.values()), lambda _done: None).vectors.tolist()
    store.upsert(
        [
            StoredPassage(derive_id(name), placed(name), vector, text)
            for (name, text), vector in zip(CORPUS.items(), vectors, strict=True)
        ]
    )
    hits = store.search(minilm.embed_query(query), query, ALL, None, 5)
    assert hits[0].passage_id == derive_id(best)


def test_an_edge_store_keeps_its_passages(tmp_path: Path) -> None:
    first = EdgeStore(tmp_path)
    first.reset("model-1")
    first.upsert([stored("a", placed("one"))])
    first.close()
    first.close()
    again = EdgeStore(tmp_path)
    assert (again.index_name(), found(again, "words")) == ("model-1", [derive_id("a")])
    again.close()


def test_threads_that_ask_first_open_an_edge_store_once(tmp_path: Path) -> None:
    first = EdgeStore(tmp_path)
    first.reset("model-1")
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
    first.reset("model-1")
    first.upsert([stored("a", placed("one"))])
    with pytest.raises(SearchUnavailable, match="cannot be used"):
        second.count()
    assert found(first, "words") == [derive_id("a")]
    first.close()


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    store = connect("http://127.0.0.1:9", None)
    with pytest.raises(SearchUnavailable, match=r"^The Qdrant server did not answer"):
        store.index_name()
    store.close()
