"""Passages in Qdrant Edge: Qdrant's own engine inside this process, its files under `var/search/`.

One process only; the lock on `var/` sees to that. Each index is a shard folder of its own, and a pointer
file says which of them is served and what its vectors are of. The pointer is written last and replaced in one
step, so a half-made index has none and is made again.
"""

import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import qdrant_edge as edge
from numpy.typing import NDArray

from knowledge.search.copying import copy_index_folder
from knowledge.search.edge_pointer import Pointer, read_pointer, write_pointer
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
from knowledge.search.words import SATURATION, WordEmbedder
from ledger.crash_points import crash_point
from ledger.ids import new_id

SERVED = "index.json"
BESIDE = "beside.json"
_SHARDS = "shard*"
_SCROLL = 5_000
_UPSERT = 500

_Condition = edge.FieldCondition | edge.HasIdCondition


class EdgeStore:
    """Opens the shard at first use, so that making one costs nothing."""

    def __init__(self, folder: Path, pointer: str = SERVED) -> None:
        self._folder = folder
        self._pointer_file = folder / pointer
        self._shard: edge.EdgeShard | None = None
        self._beside: EdgeStore | None = None
        self._opening = threading.Lock()
        self._words = WordEmbedder()

    @property
    def index(self) -> IndexDescription | None:
        pointer = read_pointer(self._pointer_file)
        return pointer.index if pointer else None

    def create(self, index: IndexDescription) -> None:
        self.close()
        with self._translated():
            self._folder.mkdir(parents=True, exist_ok=True)
            self._pointer_file.unlink(missing_ok=True)
            (self._folder / BESIDE).unlink(missing_ok=True)
            self._drop_leftovers()
            shard_folder = f"shard-{new_id()}"
            shard = edge.EdgeShard.create(str(self._folder / shard_folder), _config(index.dimension))
            for field in KEYWORDS:
                shard.update(edge.UpdateOperation.create_field_index(field, edge.PayloadSchemaType.Keyword))
            for field in NUMBERS:
                shard.update(edge.UpdateOperation.create_field_index(field, edge.PayloadSchemaType.Integer))
            shard.flush()
            self._shard = shard
            write_pointer(self._pointer_file, Pointer(index, shard_folder))

    def upsert(self, passages: Sequence[StoredPassage]) -> None:
        for start in range(0, len(passages), _UPSERT):
            points = [self._point(passage) for passage in passages[start : start + _UPSERT]]
            with self._translated():
                self._open().update(edge.UpdateOperation.upsert_points(points))

    def place_passages(self, passage_ids: Sequence[str], placement: Placement) -> None:
        # By filter, since naming an id that is not there fails the whole operation.
        self._place(edge.HasIdCondition(set(passage_ids)), placement)

    def place_document(self, placement: Placement) -> None:
        self._place(_equals("document_id", placement.document_id), placement)

    def delete_passages(self, passage_ids: Sequence[str]) -> None:
        if not passage_ids:
            return
        with self._translated():
            self._open().update(edge.UpdateOperation.delete_points(list(passage_ids)))

    def delete_document(self, document_id: str) -> None:
        of_document = edge.Filter(must=[_equals("document_id", document_id)])
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

    def vectors(self, passage_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        if not passage_ids:
            return {}
        with self._translated():
            records = self._open().retrieve(list(passage_ids), with_payload=False, with_vector=["dense"])
        return {str(record.id): _dense_of(record) for record in records}

    def search(self, query: StoreQuery) -> list[StoreHit]:
        if query.access.sees_nothing:
            return []
        words = self._words.embed_query(query.text)
        visible = [_condition(demand) for demand in demands(query.access, query.filters)]
        by_meaning = edge.Query.Nearest(list(query.dense), using="dense")
        by_words = edge.Query.Nearest(edge.SparseVector(words.indices, words.values), using="words")
        depth = candidates_of_a_side(query.limit)
        with self._translated():
            shard = self._open()
            near, worded = (_scores(shard, side, visible, depth) for side in (by_meaning, by_words))
            # Each side's candidates get the other's score too: cheaper apart than in one prefetching query.
            similarities = near | _scores_of(shard, by_meaning, visible, worded.keys() - near.keys())
            word_scores = worded | _scores_of(shard, by_words, visible, near.keys() - worded.keys())
            passages = shard.info().points_count
        return fuse(
            similarities,
            word_scores,
            most_words_score(len(words.indices), passages, SATURATION),
            query.limit,
        )

    def count(self) -> int:
        with self._translated():
            return self._open().count(edge.CountRequest())

    def settle(self) -> None:
        with self._translated():
            self._open().optimize()
            self._open().flush()

    def begin_beside(self, index: IndexDescription) -> "EdgeStore":
        if self._beside is not None:
            self._beside.close()
        self._beside = EdgeStore(self._folder, BESIDE)
        self._beside.create(index)
        return self._beside

    def adopt_beside(self) -> None:
        beside, self._beside = self._beside, None
        if beside is None:
            raise SearchUnavailable("There is no other index to adopt; begin one first.")
        beside.settle()
        with self._translated(), self._opening:
            crash_point("search.before_adoption")
            (self._folder / BESIDE).replace(self._folder / SERVED)
            # Not closed: it closes with the last query that still reads it.
            self._shard, beside._shard = beside._shard, None
            crash_point("search.after_adoption")
            self._drop_leftovers()

    def snapshot(self, folder: Path) -> None:
        pointer = read_pointer(self._pointer_file)
        if pointer is None:
            raise SearchUnavailable("There is no search index to copy; run `crewdesk ingest` first.")
        with self._translated():
            self._open().flush()
            folder.mkdir(parents=True, exist_ok=True)
            copy_index_folder(self._folder / pointer.shard_folder, folder / pointer.shard_folder)
            write_pointer(folder / SERVED, pointer)

    def restore(self, folder: Path) -> None:
        kept = read_pointer(folder / SERVED)
        if kept is None:
            raise SearchUnavailable(f"{folder} holds no whole copy of a search index.")
        beside = EdgeStore(self._folder, BESIDE)
        with self._translated():
            self._folder.mkdir(parents=True, exist_ok=True)
            shard_folder = f"shard-{new_id()}"
            copy_index_folder(folder / kept.shard_folder, self._folder / shard_folder)
            write_pointer(self._folder / BESIDE, Pointer(kept.index, shard_folder))
        self._beside = beside
        self.adopt_beside()

    def close(self) -> None:
        if self._beside is not None:
            self._beside.close()
            self._beside = None
        if self._shard is not None:
            with self._translated():
                self._shard.close()
            self._shard = None
        self._drop_unfinished()

    def _open(self) -> edge.EdgeShard:
        # Two threads that both loaded it would find it locked by each other.
        with self._opening:
            if self._shard is None:
                pointer = read_pointer(self._pointer_file)
                if pointer is None:
                    raise FileNotFoundError("there is no index")
                self._shard = edge.EdgeShard.load(str(self._folder / pointer.shard_folder))
            return self._shard

    def _place(self, which: edge.HasIdCondition | edge.FieldCondition, placement: Placement) -> None:
        with self._translated():
            self._open().update(
                edge.UpdateOperation.set_payload_by_filter(edge.Filter(must=[which]), payload_of(placement))
            )

    def _drop_unfinished(self) -> None:
        """What an interrupted rebuild left would lie here until the next, as large as the index itself."""
        unfinished = self._folder / BESIDE
        if self._pointer_file == unfinished or self.index is None or not unfinished.exists():
            return
        with self._translated():
            unfinished.unlink()
            self._drop_leftovers()

    def _drop_leftovers(self) -> None:
        """Shards that no pointer names: of an index that was replaced, or of one that was never finished."""
        pointers = (read_pointer(self._folder / name) for name in (SERVED, BESIDE))
        named = {pointer.shard_folder for pointer in pointers if pointer}
        for folder in self._folder.glob(_SHARDS):
            if folder.name not in named:
                shutil.rmtree(folder, ignore_errors=True)

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
        vector: dict[str, edge.NamedVector] = {"dense": _floats(passage.dense), "words": sparse}
        return edge.Point(passage.passage_id, vector, payload_of(passage.placement))


def _scores(
    shard: edge.EdgeShard, side: edge.Query, conditions: Sequence[_Condition], limit: int
) -> dict[str, float]:
    """Of the best by one side alone, by passage id."""
    request = edge.QueryRequest(limit=limit, query=side, filter=edge.Filter(must=list(conditions)))
    return {str(point.id): point.score for point in shard.query(request)}


def _scores_of(
    shard: edge.EdgeShard, side: edge.Query, visible: Sequence[_Condition], passage_ids: set[str]
) -> dict[str, float]:
    if not passage_ids:
        return {}
    return _scores(shard, side, [*visible, edge.HasIdCondition({*passage_ids})], len(passage_ids))


def _config(dimension: int) -> edge.EdgeConfig:
    return edge.EdgeConfig(
        vectors={"dense": edge.EdgeVectorParams(dimension, edge.Distance.Cosine)},
        sparse_vectors={"words": edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
    )


def _condition(demand: Demand) -> edge.FieldCondition:
    if isinstance(demand, AnyOf):
        return edge.FieldCondition(demand.field, match=edge.MatchAny(demand.values))
    return edge.FieldCondition(demand.field, range=edge.RangeFloat(gte=demand.lowest, lte=demand.highest))


def _equals(field: str, value: str) -> edge.FieldCondition:
    return edge.FieldCondition(field, match=edge.MatchValue(value))


def _floats(vector: Sequence[float] | NDArray[np.float32]) -> list[float]:
    floats: list[float] = np.asarray(vector, np.float32).tolist()
    return floats


def _dense_of(record: edge.Record) -> NDArray[np.float32]:
    vectors = record.vector
    if not isinstance(vectors, dict):
        raise TypeError("the engine answered without the vector it was asked for")
    return np.asarray(vectors["dense"], np.float32)
