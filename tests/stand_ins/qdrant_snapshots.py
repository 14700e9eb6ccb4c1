"""Snapshots of the Qdrant stand-in: a collection's shape and points as one file, the latest per collection.

As on the real server a snapshot goes with its collection, and restoring one makes the collection.
"""

import json
from typing import Any

from pydantic_core import to_jsonable_python
from qdrant_client import QdrantClient
from qdrant_client.http import models
from starlette.responses import Response

from tests.stand_ins.qdrant_operations import real_name


class Snapshots:
    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def create(self, engine: QdrantClient, name: str, _body: bytes) -> models.SnapshotDescription:
        parameters = engine.get_collection(name).config.params
        points, _ = engine.scroll(name, limit=1_000_000, with_payload=True, with_vectors=True)
        kept = {"params": parameters, "points": [models.PointStruct(**_point(point)) for point in points]}
        content = json.dumps(to_jsonable_python(kept, fallback=lambda value: value.tolist())).encode()
        self._kept[real_name(engine, name)] = content
        return models.SnapshotDescription(name=f"{name}.snapshot", size=len(content))

    def fetch(self, engine: QdrantClient, name: str, _body: bytes) -> Response:
        content = self._kept.get(real_name(engine, name))
        if content is None:
            return Response(status_code=404)
        return Response(content, media_type="application/octet-stream")

    def delete(self, engine: QdrantClient, name: str, _body: bytes) -> bool:
        return self._kept.pop(real_name(engine, name), None) is not None

    def forget(self, collection: str) -> None:
        self._kept.pop(collection, None)

    def restore(self, engine: QdrantClient, name: str, body: bytes) -> bool:
        kept = json.loads(_sent_file(body))
        parameters = models.CollectionParams.model_validate(kept["params"])
        if engine.collection_exists(name):
            engine.delete_collection(name)
        engine.create_collection(
            name,
            vectors_config=parameters.vectors or {},
            sparse_vectors_config=parameters.sparse_vectors,
        )
        points = [models.PointStruct.model_validate(point) for point in kept["points"]]
        if points:
            engine.upsert(name, points=points)
        return True


def _point(record: models.Record) -> dict[str, Any]:
    return {"id": record.id, "payload": record.payload, "vector": record.vector}


def _sent_file(body: bytes) -> bytes:
    """The one part of a multipart body."""
    boundary, rest = body.split(b"\r\n", 1)
    return rest.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n" + boundary, 1)[0]
