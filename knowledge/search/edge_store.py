"""Passages in Qdrant Edge: Qdrant's own engine inside this process, its files under `var/search/`.

One process only; the lock on `var/` sees to that. Which embedder the vectors are of stands in a file beside
the shard, written last when an index is made: a half-made one has no name and is made again.
"""

import json
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as edge
from numpy.typing import NDArray

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

_INDEXED = ("allowed_groups", "collection", "document_id")
_SCROLL = 5_000
_UPSERT = 500


class EdgeStore:
    """Opens the shard at first use, so that making one costs nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shard: edge.EdgeShard | None = None
        self._opening = threading.Lock()
        self._words = WordEmbedder()

    @property
    def index(self) -> IndexDescription | None:
        try:
            kept = json.loads((self._folder / "index.json").read_text())
            return IndexDescription(str(kept["name"]), kept.get("model"))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def create(self, index: IndexDescription) -> None:
        self.reset(index.name)
        (self._folder / "index.json").write_text(json.dumps({"name": index.name, "model": index.model}))

    def place_passages(self, passage_ids: Sequence[str], placement: Placement) -> None:
        if not passage_ids:
            return
        with self._translated():
            self._open().update(edge.UpdateOperation.set_payload(list(passage_ids), _payload(placement)))

    def vectors(self, passage_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        if not passage_ids:
            return {}
        with self._translated():
            records = self._open().retrieve(list(passage_ids), with_payload=False, with_vector=["dense"])
        return {str(r.id): np.asarray(r.vector["dense"], np.float32) for r in records}  # type: ignore[index,call-overload]

    def begin_beside(self, index: IndexDescription) -> "EdgeStore":
        beside = EdgeStore(self._beside)
        shutil.rmtree(self._beside, ignore_errors=True)
        beside.create(index)
        self._half = beside
        return beside

    def adopt_beside(self) -> None:
        self._half.close()
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._beside.rename(self._folder)

    def snapshot(self, folder: Path) -> None:
        with self._translated():
            self._open().flush()
        shutil.copytree(self._folder, folder)

    def restore(self, folder: Path) -> None:
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(folder, self._folder)

    @property
    def _beside(self) -> Path:
        return self._folder.with_name(self._folder.name + ".beside")

    def index_name(self) -> str | None:
        try:
            name = json.loads((self._folder / "index.json").read_text())["name"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return str(name)

    def reset(self, index_name: str) -> None:
        self.close()
        with self._translated():
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / "index.json").unlink(missing_ok=True)
            shutil.rmtree(self._shard_folder, ignore_errors=True)
            shard = edge.EdgeShard.create(str(self._shard_folder), _config())
            for field in _INDEXED:
                shard.update(edge.UpdateOperation.create_field_index(field, edge.PayloadSchemaType.Keyword))
            shard.flush()
            self._shard = shard
            draft = self._folder / "index.json.new"
            draft.write_text(json.dumps({"name": index_name}))
            draft.replace(self._folder / "index.json")

    def upsert(self, passages: Sequence[StoredPassage]) -> None:
        for start in range(0, len(passages), _UPSERT):
            points = [self._point(passage) for passage in passages[start : start + _UPSERT]]
            with self._translated():
                self._open().update(edge.UpdateOperation.upsert_points(points))

    def place_document(self, placement: Placement) -> None:
        of_document = _filter(_field("document_id", edge.MatchValue(placement.document_id)))
        with self._translated():
            self._open().update(edge.UpdateOperation.set_payload_by_filter(of_document, _payload(placement)))

    def delete_passages(self, passage_ids: Sequence[str]) -> None:
        if not passage_ids:
            return
        with self._translated():
            self._open().update(edge.UpdateOperation.delete_points(list(passage_ids)))

    def delete_document(self, document_id: str) -> None:
        of_document = _filter(_field("document_id", edge.MatchValue(document_id)))
        with self._translated():
            self._open().update(edge.UpdateOperation.delete_points_by_filter(of_document))

    def marks(self) -> Mapping[str, str]:
        marks: dict[str, str] = {}
        offset: edge.PointId | None = None
        with self._translated():
            while True:
                request = edge.ScrollRequest(
                    offset=offset, limit=_SCROLL, with_payload=["mark"], with_vector=False
                )
                records, offset = self._open().scroll(request)
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
        by_meaning = edge.Query.Nearest(dense, using="dense")
        by_words = edge.Query.Nearest(edge.SparseVector(words.indices, words.values), using="words")
        request = edge.QueryRequest(
            limit=limit,
            prefetches=[
                edge.Prefetch(PREFETCH_LIMIT, query=by_meaning, filter=visible),
                edge.Prefetch(PREFETCH_LIMIT, query=by_words, filter=visible),
            ],
            query=edge.Fusion.Rrf(RRF_K),  # type: ignore[arg-type]  # the stub nests it in Fusion only by name
            filter=visible,
            with_vector=["dense"],
            with_payload=False,
        )
        with self._translated():
            points = self._open().query(request)
        return [StoreHit(str(point.id), point.score, cosine(dense, _dense_of(point))) for point in points]

    def count(self) -> int:
        with self._translated():
            return self._open().count(edge.CountRequest())

    def settle(self) -> None:
        with self._translated():
            self._open().optimize()
            self._open().flush()

    def close(self) -> None:
        if self._shard is not None:
            with self._translated():
                self._shard.close()
            self._shard = None

    @property
    def _shard_folder(self) -> Path:
        return self._folder / "shard"

    def _open(self) -> edge.EdgeShard:
        # Two threads that both loaded it would find it locked by each other.
        with self._opening:
            if self._shard is None:
                self._shard = edge.EdgeShard.load(str(self._shard_folder))
            return self._shard

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # the engine raises nothing narrower
            raise SearchUnavailable(
                f"The search index in {self._folder} cannot be used ({error}); if no other process holds it, "
                "delete that folder and run `crewdesk ingest`."
            ) from error

    def _point(self, passage: StoredPassage) -> edge.Point:
        words = self._words.embed_passage(passage.text)
        sparse = edge.SparseVector(words.indices, words.values)
        vector: dict[str, edge.NamedVector] = {"dense": [float(x) for x in passage.dense], "words": sparse}
        return edge.Point(passage.passage_id, vector, _payload(passage.placement))


def _config() -> edge.EdgeConfig:
    return edge.EdgeConfig(
        vectors={"dense": edge.EdgeVectorParams(DIMENSION, edge.Distance.Cosine)},
        sparse_vectors={"words": edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
    )


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


def _visible(access: AccessScope, collection: str | None) -> edge.Filter:
    conditions = [
        _field("allowed_groups", edge.MatchAny(sorted(groups))) for groups in access.required_matches
    ]
    if collection is not None:
        conditions.append(_field("collection", edge.MatchValue(collection)))
    return _filter(*conditions)


def _filter(*conditions: edge.FieldCondition) -> edge.Filter:
    # Only what must match: an empty filter and a must-not on a missing key let everything through.
    return edge.Filter(must=list(conditions))


def _field(key: str, match: edge.MatchAny | edge.MatchValue) -> edge.FieldCondition:
    return edge.FieldCondition(key, match=match)


def _dense_of(point: edge.ScoredPoint) -> list[float]:
    vectors = point.vector
    if not isinstance(vectors, dict):
        raise TypeError("the engine answered without the vector it was asked for")
    return vectors["dense"]  # type: ignore[return-value]  # a plain vector, by the shard's configuration
