"""Passages on a Qdrant server, which many processes may share.

The served name is an alias of a collection made for one index, so that another index can take its place in
one step. A plain collection of that name, as the first version made, has no description and is replaced.
"""

import json
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

from knowledge.search.fusion import candidates_of_a_side, fuse, most_words_score
from knowledge.search.payload import KEYWORDS, NUMBERS, AnyOf, Demand, demands, payload_of
from knowledge.search.port import (
    IndexDescription,
    Placement,
    SearchUnavailable,
    StoredPassage,
    StoreHit,
    StoreQuery,
)
from knowledge.search.server_snapshots import ServerAddress
from knowledge.search.words import SATURATION, WordEmbedder
from ledger.ids import new_id

COLLECTION = "crewdesk_passages"
SNAPSHOT = "passages.snapshot"
DESCRIPTION = "index.json"
_SCROLL = 1_000
_UPSERT = 200
_TIMEOUT_S = 10


def connect(url: str, api_key: str | None) -> "ServerStore":
    """Sends nothing yet."""
    client = QdrantClient(url=url, api_key=api_key, timeout=_TIMEOUT_S, check_compatibility=False)
    return ServerStore(client, address=ServerAddress(url, api_key))


class ServerStore:
    """`name` is an alias, or a collection begun beside it. Without an address, as in memory, there are no
    snapshots."""

    def __init__(
        self, client: QdrantClient, name: str = COLLECTION, address: ServerAddress | None = None
    ) -> None:
        self._client = client
        self._name = name
        self._address = address
        self._beside: ServerStore | None = None
        self._words = WordEmbedder()

    @property
    def index(self) -> IndexDescription | None:
        # One request instead of asking first, since every search begins with it.
        try:
            with _translated():
                metadata = self._client.get_collection(self._name).config.metadata
        except SearchUnavailable as error:
            if _is_missing(error.__cause__):
                return None
            raise
        return _description(metadata or {})

    def create(self, index: IndexDescription) -> None:
        with _translated():
            self._drop(self._served())
            self._drop_leftovers()
            collection = self._create_collection(index)
            self._switch_alias(collection)

    def upsert(self, passages: Sequence[StoredPassage]) -> None:
        with _translated():
            for start in range(0, len(passages), _UPSERT):
                points = [self._point(passage) for passage in passages[start : start + _UPSERT]]
                self._client.upsert(self._name, points=points, wait=True)

    def place_passages(self, passage_ids: Sequence[str], placement: Placement) -> None:
        # By filter, since naming an id that is not there fails the whole operation.
        if passage_ids:
            self._place(models.HasIdCondition(has_id=list(passage_ids)), placement)

    def place_document(self, placement: Placement) -> None:
        self._place(_equals("document_id", placement.document_id), placement)

    def delete_passages(self, passage_ids: Sequence[str]) -> None:
        if not passage_ids:
            return
        with _translated():
            selector = models.PointIdsList(points=list(passage_ids))
            self._client.delete(self._name, points_selector=selector, wait=True)

    def delete_document(self, document_id: str) -> None:
        of_document = models.Filter(must=[_equals("document_id", document_id)])
        with _translated():
            selector = models.FilterSelector(filter=of_document)
            self._client.delete(self._name, points_selector=selector, wait=True)

    def marks(self) -> Mapping[str, str]:
        marks: dict[str, str] = {}
        offset: Any = None
        with _translated():
            while True:
                records, offset = self._client.scroll(
                    self._name, limit=_SCROLL, offset=offset, with_payload=["mark"], with_vectors=False
                )
                marks.update({str(record.id): (record.payload or {}).get("mark", "") for record in records})
                if offset is None:
                    return marks

    def vectors(self, passage_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        if not passage_ids:
            return {}
        with _translated():
            records = self._client.retrieve(
                self._name, list(passage_ids), with_payload=False, with_vectors=["dense"]
            )
        return {str(record.id): _dense_of(record) for record in records}

    def search(self, query: StoreQuery) -> list[StoreHit]:
        if query.access.sees_nothing:
            return []
        words = self._words.embed_query(query.text)
        visible = models.Filter(must=[_condition(demand) for demand in demands(query.access, query.filters)])
        depth = candidates_of_a_side(query.limit)
        dense = list(query.dense)
        sparse = models.SparseVector(indices=words.indices, values=words.values)
        candidates = [
            models.Prefetch(query=dense, using="dense", filter=visible, limit=depth),
            models.Prefetch(query=sparse, using="words", filter=visible, limit=depth),
        ]

        def scored_by(side: list[float] | models.SparseVector, using: str) -> models.QueryRequest:
            return models.QueryRequest(
                prefetch=candidates, query=side, using=using, filter=visible, limit=2 * depth
            )

        with _translated():
            # The candidates of both sides, scored by each.
            similarities, word_scores = self._client.query_batch_points(
                self._name, [scored_by(dense, "dense"), scored_by(sparse, "words")]
            )
            passages = self._client.count(self._name, exact=False).count
        return fuse(
            {str(point.id): point.score for point in similarities.points},
            {str(point.id): point.score for point in word_scores.points},
            most_words_score(len(words.indices), passages, SATURATION),
            query.limit,
        )

    def count(self) -> int:
        with _translated():
            return self._client.count(self._name, exact=True).count

    def settle(self) -> None:
        """The server optimizes by itself, and each write has waited until it was durable."""

    def begin_beside(self, index: IndexDescription) -> "ServerStore":
        with _translated():
            self._drop_leftovers()
            self._beside = ServerStore(self._client, self._create_collection(index))
        return self._beside

    def adopt_beside(self) -> None:
        beside, self._beside = self._beside, None
        if beside is None:
            raise SearchUnavailable("There is no other index to adopt; begin one first.")
        with _translated():
            self._switch_alias(beside._name)
            self._drop_leftovers()

    def snapshot(self, folder: Path) -> None:
        address, index = self._reachable(), self.index
        with _translated():
            collection = self._served()
            if index is None or collection is None:
                raise SearchUnavailable("There is no search index to copy; run `crewdesk ingest` first.")
            made = self._client.create_snapshot(collection, wait=True)
            if made is None:
                raise SearchUnavailable("The Qdrant server made no snapshot.")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / DESCRIPTION).write_text(json.dumps(_metadata(index)), encoding="utf-8")
            address.fetch_snapshot(collection, made.name, folder / SNAPSHOT)
            self._client.delete_snapshot(collection, made.name, wait=True)

    def restore(self, folder: Path) -> None:
        address, kept = self._reachable(), _read_description(folder)
        if kept is None or not (folder / SNAPSHOT).is_file():
            raise SearchUnavailable(f"{folder} holds no whole copy of a search index.")
        with _translated():
            self._drop_leftovers()
            collection = f"{self._name}_{new_id()}"
            address.send_snapshot(collection, folder / SNAPSHOT)
            self._client.update_collection(collection, metadata=_metadata(kept))
        self._beside = ServerStore(self._client, collection)
        self.adopt_beside()

    def close(self) -> None:
        self._client.close()

    def _reachable(self) -> ServerAddress:
        if self._address is None:
            raise SearchUnavailable("This Qdrant has no address to fetch a copy from.")
        return self._address

    def _served(self) -> str | None:
        """The collection behind the served name."""
        for alias in self._client.get_aliases().aliases:
            if alias.alias_name == self._name:
                return alias.collection_name
        return self._name if self._client.collection_exists(self._name) else None

    def _switch_alias(self, collection: str) -> None:
        served = self._served()
        # An alias cannot have the name of a collection. Nothing is lost: what the first version made is not
        # searched any more, since its words follow other rules.
        if served == self._name:
            self._drop(served)
        create = models.CreateAlias(collection_name=collection, alias_name=self._name)
        actions: list[models.AliasOperations] = [models.CreateAliasOperation(create_alias=create)]
        if served not in (None, self._name):
            delete = models.DeleteAlias(alias_name=self._name)
            actions.insert(0, models.DeleteAliasOperation(delete_alias=delete))
        self._client.update_collection_aliases(actions)

    def _drop(self, collection: str | None) -> None:
        if collection is not None:
            self._client.delete_collection(collection)

    def _drop_leftovers(self) -> None:
        """Collections of an index that was replaced, or of one that was never finished."""
        served = self._served()
        for collection in self._client.get_collections().collections:
            if collection.name.startswith(f"{self._name}_") and collection.name != served:
                self._drop(collection.name)

    def _create_collection(self, index: IndexDescription) -> str:
        name = f"{self._name}_{new_id()}"
        self._client.create_collection(
            name,
            vectors_config={
                "dense": models.VectorParams(size=index.dimension, distance=models.Distance.COSINE)
            },
            sparse_vectors_config={"words": models.SparseVectorParams(modifier=models.Modifier.IDF)},
        )
        # Before any point: an index made later would not cover the graph built without it.
        for field in KEYWORDS:
            self._client.create_payload_index(name, field, models.PayloadSchemaType.KEYWORD, wait=True)
        for field in NUMBERS:
            self._client.create_payload_index(name, field, models.PayloadSchemaType.INTEGER, wait=True)
        # The description comes last, so that a half-made index has none and is made again.
        self._client.update_collection(name, metadata=_metadata(index))
        return name

    def _place(self, which: models.HasIdCondition | models.FieldCondition, placement: Placement) -> None:
        with _translated():
            self._client.set_payload(
                self._name, payload=payload_of(placement), points=models.Filter(must=[which]), wait=True
            )

    def _point(self, passage: StoredPassage) -> models.PointStruct:
        words = self._words.embed_passage(passage.text)
        sparse = models.SparseVector(indices=words.indices, values=words.values)
        dense: list[float] = np.asarray(passage.dense, np.float32).tolist()
        return models.PointStruct(
            id=passage.passage_id,
            vector={"dense": dense, "words": sparse},
            payload=payload_of(passage.placement),
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


def _metadata(index: IndexDescription) -> dict[str, Any]:
    return {"index_name": index.name, "model": index.model, "dimension": index.dimension}


def _read_description(folder: Path) -> IndexDescription | None:
    try:
        return _description(json.loads((folder / DESCRIPTION).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _description(metadata: Mapping[str, Any]) -> IndexDescription | None:
    try:
        name, model, dimension = metadata["index_name"], metadata["model"], metadata["dimension"]
    except KeyError:
        return None
    return IndexDescription(str(name), None if model is None else str(model), dimension=int(dimension))


def _condition(demand: Demand) -> models.FieldCondition:
    if isinstance(demand, AnyOf):
        return models.FieldCondition(key=demand.field, match=models.MatchAny(any=demand.values))
    return models.FieldCondition(key=demand.field, range=models.Range(gte=demand.lowest, lte=demand.highest))


def _equals(key: str, value: str) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


def _dense_of(record: models.Record) -> NDArray[np.float32]:
    vectors = record.vector
    if not isinstance(vectors, dict):
        raise SearchUnavailable("The Qdrant server answered without the vector it was asked for.")
    return np.asarray(vectors["dense"], np.float32)
