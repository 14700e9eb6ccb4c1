"""Passages on a Qdrant server, which many processes may share."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from knowledge.embedding import DIMENSION
from knowledge.search.access import AccessScope
from knowledge.search.port import (
    PREFETCH_LIMIT,
    RRF_K,
    IndexDescription,
    Placement,
    SearchUnavailable,
    StoredPassage,
    StoreHit,
    cosine,
)
from knowledge.search.words import WordEmbedder

COLLECTION = "crewdesk_passages"
_INDEXED = ("allowed_groups", "collection", "document_id")
_SCROLL = 1_000
_UPSERT = 200
_TIMEOUT_S = 10


def connect(url: str, api_key: str | None) -> "ServerStore":
    """Sends nothing yet."""
    return ServerStore(QdrantClient(url=url, api_key=api_key, timeout=_TIMEOUT_S, check_compatibility=False))


class ServerStore:
    def __init__(self, client: QdrantClient, collection: str = COLLECTION) -> None:
        self._client = client
        self._collection = collection
        self._words = WordEmbedder()

    @property
    def index(self) -> IndexDescription | None:
        name = self.index_name()
        return IndexDescription(name) if name else None

    def create(self, index: IndexDescription) -> None:
        self.reset(index.name)

    def place_passages(self, passage_ids: Sequence[str], placement: Placement) -> None:
        if not passage_ids:
            return
        with _translated():
            self._client.set_payload(
                self._collection, payload=_payload(placement), points=list(passage_ids), wait=True
            )

    def vectors(self, passage_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        if not passage_ids:
            return {}
        with _translated():
            records = self._client.retrieve(
                self._collection, list(passage_ids), with_payload=False, with_vectors=["dense"]
            )
        return {str(r.id): np.asarray(r.vector["dense"], np.float32) for r in records}  # type: ignore[index,call-overload]

    def begin_beside(self, index: IndexDescription) -> "ServerStore":
        raise NotImplementedError

    def adopt_beside(self) -> None:
        raise NotImplementedError

    def snapshot(self, folder: Path) -> None:
        raise NotImplementedError

    def restore(self, folder: Path) -> None:
        raise NotImplementedError

    def index_name(self) -> str | None:
        # One request instead of asking first, since every search begins with it.
        try:
            with _translated():
                metadata = self._client.get_collection(self._collection).config.metadata
        except SearchUnavailable as error:
            if _is_missing(error.__cause__):
                return None
            raise
        name = (metadata or {}).get("index_name")
        return str(name) if name else None

    def reset(self, index_name: str) -> None:
        with _translated():
            if self._client.collection_exists(self._collection):
                self._client.delete_collection(self._collection)
            self._client.create_collection(
                self._collection,
                vectors_config={
                    "dense": models.VectorParams(size=DIMENSION, distance=models.Distance.COSINE)
                },
                sparse_vectors_config={"words": models.SparseVectorParams(modifier=models.Modifier.IDF)},
            )
            # Before any point: an index made later would not cover the graph built without it.
            for field in _INDEXED:
                self._client.create_payload_index(
                    self._collection, field, field_schema=models.PayloadSchemaType.KEYWORD, wait=True
                )
            # The name comes last, so that a half-made index has none and is made again.
            self._client.update_collection(self._collection, metadata={"index_name": index_name})

    def upsert(self, passages: Sequence[StoredPassage]) -> None:
        with _translated():
            for start in range(0, len(passages), _UPSERT):
                points = [self._point(passage) for passage in passages[start : start + _UPSERT]]
                self._client.upsert(self._collection, points=points, wait=True)

    def place_document(self, placement: Placement) -> None:
        with _translated():
            self._client.set_payload(
                self._collection,
                payload=_payload(placement),
                points=_filter(_equals("document_id", placement.document_id)),
                wait=True,
            )

    def delete_passages(self, passage_ids: Sequence[str]) -> None:
        if not passage_ids:
            return
        with _translated():
            selector = models.PointIdsList(points=list(passage_ids))
            self._client.delete(self._collection, points_selector=selector, wait=True)

    def delete_document(self, document_id: str) -> None:
        with _translated():
            selector = models.FilterSelector(filter=_filter(_equals("document_id", document_id)))
            self._client.delete(self._collection, points_selector=selector, wait=True)

    def marks(self) -> Mapping[str, str]:
        marks: dict[str, str] = {}
        offset: Any = None
        with _translated():
            while True:
                records, offset = self._client.scroll(
                    self._collection, limit=_SCROLL, offset=offset, with_payload=["mark"], with_vectors=False
                )
                marks.update({str(record.id): (record.payload or {}).get("mark", "") for record in records})
                if offset is None:
                    return marks

    def search(
        self, dense: list[float], text: str, access: AccessScope, collection: str | None, limit: int
    ) -> list[StoreHit]:
        if access.sees_nothing:
            return []
        visible = _visible(access, collection)
        words = self._words.embed_query(text)
        sparse = models.SparseVector(indices=words.indices, values=words.values)
        with _translated():
            response = self._client.query_points(
                self._collection,
                prefetch=[
                    models.Prefetch(query=dense, using="dense", filter=visible, limit=PREFETCH_LIMIT),
                    models.Prefetch(query=sparse, using="words", filter=visible, limit=PREFETCH_LIMIT),
                ],
                query=models.RrfQuery(rrf=models.Rrf(k=RRF_K)),
                query_filter=visible,
                limit=limit,
                with_payload=False,
                with_vectors=["dense"],
            )
        return [
            StoreHit(str(point.id), point.score, cosine(dense, _dense_of(point))) for point in response.points
        ]

    def count(self) -> int:
        with _translated():
            return self._client.count(self._collection, exact=True).count

    def settle(self) -> None:
        """The server optimizes by itself, and each write has waited until it was durable."""

    def close(self) -> None:
        self._client.close()

    def _point(self, passage: StoredPassage) -> models.PointStruct:
        words = self._words.embed_passage(passage.text)
        sparse = models.SparseVector(indices=words.indices, values=words.values)
        return models.PointStruct(
            id=passage.passage_id,
            vector={"dense": [float(x) for x in passage.dense], "words": sparse},
            payload=_payload(passage.placement),
        )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    # The in-memory client of the tests says ValueError where a server answers 404.
    except (ApiException, QdrantException, httpx.HTTPError, ValueError) as error:
        raise SearchUnavailable(f"The Qdrant server did not answer as expected ({error}).") from error


def _is_missing(error: BaseException | None) -> bool:
    is_404 = isinstance(error, UnexpectedResponse) and error.status_code == 404
    return is_404 or isinstance(error, ValueError)


def _payload(placement: Placement) -> dict[str, Any]:
    return {
        "document_id": placement.document_id,
        "collection": placement.collection,
        "allowed_groups": list(placement.allowed_groups),
        "owner": placement.owner,
        "language": placement.language,
        "updated": placement.updated.isoformat() if placement.updated else None,
        "mark": placement.mark,
    }


def _visible(access: AccessScope, collection: str | None) -> models.Filter:
    conditions = [
        models.FieldCondition(key="allowed_groups", match=models.MatchAny(any=sorted(groups)))
        for groups in access.required_matches
    ]
    if collection is not None:
        conditions.append(_equals("collection", collection))
    return _filter(*conditions)


def _filter(*conditions: models.FieldCondition) -> models.Filter:
    # Only what must match: an empty filter and a must-not on a missing key let everything through.
    return models.Filter(must=list(conditions))


def _equals(key: str, value: str) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


def _dense_of(point: models.ScoredPoint) -> list[float]:
    vectors = point.vector
    if not isinstance(vectors, dict):
        raise SearchUnavailable("The Qdrant server answered without the vector it was asked for.")
    return vectors["dense"]  # type: ignore[return-value]  # a plain vector, by the collection's configuration
