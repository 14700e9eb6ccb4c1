"""The Qdrant stand-in, driven by qdrant-client as our server adapter does."""

import threading
from collections.abc import Iterator

import httpx
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from tests.stand_ins.faults import HttpStatus, LoseResponse, Slow
from tests.stand_ins.qdrant import QdrantServer

NAME = "passages"
STAFF = models.Filter(must=[models.FieldCondition(key="groups", match=models.MatchAny(any=["staff"]))])


@pytest.fixture
def server() -> Iterator[QdrantServer]:
    with QdrantServer() as running:
        yield running


@pytest.fixture
def client(server: QdrantServer) -> Iterator[QdrantClient]:
    connected = QdrantClient(url=server.url, prefer_grpc=False, check_compatibility=False, timeout=10)
    yield connected
    connected.close()


@pytest.fixture
def filled(client: QdrantClient) -> QdrantClient:
    client.create_collection(
        NAME,
        vectors_config={"dense": models.VectorParams(size=2, distance=models.Distance.COSINE)},
        sparse_vectors_config={"bm25": models.SparseVectorParams(modifier=models.Modifier.IDF)},
    )
    client.upsert(
        NAME, points=[point(1, [1, 0], 7, "staff"), point(2, [0, 1], 8, "staff"), point(3, [1, 0], 7, "hr")]
    )
    return client


def point(number: int, dense: list[float], term: int, group: str) -> models.PointStruct:
    sparse = models.SparseVector(indices=[term], values=[1.0])
    return models.PointStruct(
        id=number, vector={"dense": dense, "bm25": sparse}, payload={"groups": [group], "n": number}
    )


def hybrid(client: QdrantClient, only: models.Filter | None) -> list[models.ExtendedPointId]:
    found = client.query_points(
        NAME,
        prefetch=[
            models.Prefetch(query=[1.0, 0.1], using="dense", filter=only, limit=10),
            models.Prefetch(
                query=models.SparseVector(indices=[7], values=[1.0]), using="bm25", filter=only, limit=10
            ),
        ],
        query=models.FusionQuery(fusion=models.Fusion.RRF),
        limit=5,
    )
    return [hit.id for hit in found.points]


def test_a_collection_s_life(server: QdrantServer, filled: QdrantClient) -> None:
    assert filled.collection_exists(NAME)
    assert [collection.name for collection in filled.get_collections().collections] == [NAME]
    filled.create_payload_index(NAME, "groups", field_schema=models.PayloadSchemaType.KEYWORD)
    info = filled.get_collection(NAME)
    assert (info.points_count, info.payload_schema["groups"].data_type) == (
        3,
        models.PayloadSchemaType.KEYWORD,
    )
    sparse = info.config.params.sparse_vectors or {}
    assert sparse["bm25"].modifier == models.Modifier.IDF
    assert server.payload_indexes(NAME) == ("groups",)
    with pytest.raises(UnexpectedResponse, match="409"):
        filled.create_collection(
            NAME, vectors_config=models.VectorParams(size=2, distance=models.Distance.DOT)
        )
    filled.delete_collection(NAME)
    assert not filled.collection_exists(NAME)
    with pytest.raises(UnexpectedResponse, match="404"):
        filled.count(NAME)


def test_hybrid_search_fuses_and_filters_inside_the_query(filled: QdrantClient) -> None:
    assert set(hybrid(filled, None)[:2]) == {1, 3}
    assert hybrid(filled, STAFF) == [1, 2]
    nobody = models.Filter(must=[models.FieldCondition(key="groups", match=models.MatchAny(any=[]))])
    assert hybrid(filled, nobody) == []


def test_a_batch_of_queries_answers_each(filled: QdrantClient) -> None:
    requests = [
        models.QueryRequest(query=vector, using="dense", limit=1) for vector in ([1.0, 0.0], [0.0, 1.0])
    ]
    answers = filled.query_batch_points(NAME, requests=requests)
    assert [answer.points[0].id for answer in answers][1] == 2
    assert answers[1].points[0].score == pytest.approx(1.0)


def test_points_are_read_changed_and_deleted(filled: QdrantClient) -> None:
    filled.set_payload(NAME, payload={"stale": True}, points=[1])
    record = filled.retrieve(NAME, ids=[1], with_vectors=True)[0]
    assert record.payload == {"groups": ["staff"], "n": 1, "stale": True}
    assert isinstance(record.vector, dict)
    assert record.vector["dense"] == [1.0, 0.0]
    page, offset = filled.scroll(NAME, limit=2)
    rest, end = filled.scroll(NAME, limit=2, offset=offset)
    assert ([hit.id for hit in page], [hit.id for hit in rest], end) == ([1, 2], [3], None)
    filled.delete(NAME, points_selector=[2])
    filled.delete(NAME, points_selector=models.FilterSelector(filter=STAFF))
    assert filled.count(NAME).count == 1
    assert filled.count(NAME, count_filter=STAFF).count == 0


def test_an_alias_is_switched(filled: QdrantClient) -> None:
    create = models.CreateAlias(collection_name=NAME, alias_name="current")
    filled.update_collection_aliases([models.CreateAliasOperation(create_alias=create)])
    assert filled.count("current").count == 3
    filled.create_payload_index("current", "groups", field_schema=models.PayloadSchemaType.KEYWORD)
    assert list(filled.get_collection(NAME).payload_schema) == ["groups"]
    assert [alias.alias_name for alias in filled.get_aliases().aliases] == ["current"]


def test_a_bad_vector_and_a_bad_body_are_refused(server: QdrantServer, filled: QdrantClient) -> None:
    with pytest.raises(UnexpectedResponse, match="400"):
        filled.upsert(NAME, points=[point(4, [1, 0, 0], 1, "staff")])
    answer = httpx.post(f"{server.url}/collections/{NAME}/points/query", json={"filtre": {}})
    assert answer.status_code == 400
    assert "filtre" in answer.json()["status"]["error"]
    assert filled.count(NAME).count == 3


def test_faults_spoil_the_calls_they_are_ordered_for(server: QdrantServer, filled: QdrantClient) -> None:
    server.fail(HttpStatus(503, b"loading"), operation="query")
    with pytest.raises(UnexpectedResponse, match="503"):
        hybrid(filled, STAFF)
    assert hybrid(filled, STAFF) == [1, 2]
    server.fail(LoseResponse(), operation="upsert")
    with pytest.raises(ResponseHandlingException):
        filled.upsert(NAME, points=[point(4, [1, 0], 1, "staff")])
    assert filled.count(NAME).count == 4
    impatient = QdrantClient(url=server.url, check_compatibility=False, timeout=1)
    server.fail(Slow(1.5), operation="count")
    with pytest.raises(ResponseHandlingException, match="timed out"):
        impatient.count(NAME)
    impatient.close()
    assert server.calls.snapshot()[-1] == "count"
    with pytest.raises(ValueError, match="no operation 'qurey'"):
        server.fail(HttpStatus(503), operation="qurey")


def test_down_time_refuses_and_keeps_the_points(server: QdrantServer, filled: QdrantClient) -> None:
    with server.server.down(), pytest.raises(ResponseHandlingException, match="refused"):
        filled.count(NAME)
    assert filled.count(NAME).count == 3
    assert httpx.get(f"{server.url}/readyz").status_code == 200


def test_a_key_is_asked_for_when_one_is_set() -> None:
    with QdrantServer(api_key="key-1") as server:
        stranger = QdrantClient(url=server.url, check_compatibility=False)
        with pytest.raises(UnexpectedResponse, match="401"):
            stranger.get_collections()
        answer = httpx.get(f"{server.url}/collections", headers={"api-key": "key-1"})
        assert answer.json()["result"] == {"collections": []}
        stranger.close()


def test_several_clients_write_at_once(server: QdrantServer, filled: QdrantClient) -> None:
    def write(first: int) -> None:
        writer = QdrantClient(url=server.url, check_compatibility=False)
        for number in range(first, first + 10):
            writer.upsert(NAME, points=[point(number, [1, 0], 7, "staff")])
        writer.close()

    writers = [threading.Thread(target=write, args=(first,)) for first in (100, 200, 300)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)
    assert filled.count(NAME).count == 33
