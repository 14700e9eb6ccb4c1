"""Qdrant's operations as request bodies in, engine calls and results out.

Bodies are parsed by qdrant-client's own request models, so what the real server cannot read is refused.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from qdrant_client import QdrantClient
from qdrant_client.http import models

POINTS: TypeAdapter[Any] = TypeAdapter(models.PointInsertOperations)
SELECTOR: TypeAdapter[Any] = TypeAdapter(models.PointsSelector)


def real_name(engine: QdrantClient, name: str) -> str:
    targets = {alias.alias_name: alias.collection_name for alias in engine.get_aliases().aliases}
    return targets.get(name, name)


def create_collection(engine: QdrantClient, name: str, body: bytes) -> bool:
    asked = models.CreateCollection.model_validate_json(body)
    return engine.create_collection(
        name, vectors_config=asked.vectors or {}, sparse_vectors_config=asked.sparse_vectors
    )


def update_collection(engine: QdrantClient, name: str, body: bytes) -> bool:
    """Of what can be changed, the metadata: the rest means nothing to the engine in memory."""
    asked = models.UpdateCollection.model_validate_json(body)
    return engine.update_collection(name, metadata=asked.metadata)


def check_exists(engine: QdrantClient, name: str, _body: bytes) -> Mapping[str, bool]:
    return {"exists": engine.collection_exists(name)}


def update_aliases(engine: QdrantClient, _name: str, body: bytes) -> bool:
    actions = models.ChangeAliasesOperation.model_validate_json(body).actions
    return engine.update_collection_aliases(change_aliases_operations=actions)


def read_collection_aliases(
    engine: QdrantClient, name: str, _body: bytes
) -> models.CollectionsAliasesResponse:
    return engine.get_collection_aliases(name)


def upsert(engine: QdrantClient, name: str, body: bytes) -> models.UpdateResult:
    asked = POINTS.validate_json(body)
    engine.upsert(name, points=asked.points if isinstance(asked, models.PointsList) else asked.batch)
    return completed()


def retrieve(engine: QdrantClient, name: str, body: bytes) -> list[models.Record]:
    asked = models.PointRequest.model_validate_json(body)
    with_payload = True if asked.with_payload is None else asked.with_payload
    return engine.retrieve(
        name, ids=asked.ids, with_payload=with_payload, with_vectors=asked.with_vector or False
    )


def delete(engine: QdrantClient, name: str, body: bytes) -> models.UpdateResult:
    engine.delete(name, points_selector=SELECTOR.validate_json(body))
    return completed()


def set_payload(engine: QdrantClient, name: str, body: bytes) -> models.UpdateResult:
    asked = models.SetPayload.model_validate_json(body)
    engine.set_payload(name, payload=asked.payload, points=_chosen(asked), key=asked.key)
    return completed()


def overwrite_payload(engine: QdrantClient, name: str, body: bytes) -> models.UpdateResult:
    asked = models.SetPayload.model_validate_json(body)
    engine.overwrite_payload(name, payload=asked.payload, points=_chosen(asked))
    return completed()


def _chosen(asked: models.SetPayload) -> Any:
    if asked.points is None and asked.filter is None:
        raise ValueError("No filter or points specified")
    return asked.points if asked.points is not None else asked.filter


def scroll(engine: QdrantClient, name: str, body: bytes) -> models.ScrollResult:
    asked = models.ScrollRequest.model_validate_json(body)
    records, next_offset = engine.scroll(
        name,
        scroll_filter=asked.filter,
        limit=asked.limit or 10,
        order_by=asked.order_by,
        offset=asked.offset,
        with_payload=True if asked.with_payload is None else asked.with_payload,
        with_vectors=asked.with_vector or False,
    )
    return models.ScrollResult(points=records, next_page_offset=next_offset)


def count(engine: QdrantClient, name: str, body: bytes) -> models.CountResult:
    asked = models.CountRequest.model_validate_json(body)
    return engine.count(name, count_filter=asked.filter)


def query(engine: QdrantClient, name: str, body: bytes) -> models.QueryResponse:
    return _answer_query(engine, name, models.QueryRequest.model_validate_json(body))


def query_batch(engine: QdrantClient, name: str, body: bytes) -> list[models.QueryResponse]:
    searches = models.QueryRequestBatch.model_validate_json(body).searches
    return [_answer_query(engine, name, search) for search in searches]


def _answer_query(engine: QdrantClient, name: str, asked: models.QueryRequest) -> models.QueryResponse:
    return engine.query_points(
        name,
        query=asked.query,
        using=asked.using,
        prefetch=asked.prefetch,
        query_filter=asked.filter,
        search_params=asked.params,
        limit=10 if asked.limit is None else asked.limit,
        offset=asked.offset,
        with_payload=asked.with_payload or False,
        with_vectors=asked.with_vector or False,
        score_threshold=asked.score_threshold,
        lookup_from=asked.lookup_from,
    )


def completed() -> models.UpdateResult:
    return models.UpdateResult(operation_id=0, status=models.UpdateStatus.COMPLETED)
