"""Ingestions that can be killed: `python -m tests.faults.ingesting` forks one for each line of JSON on stdin.

Everything is imported once, so that a trial costs milliseconds; the ingestion itself is the real one over a
real Qdrant Edge shard and a real SQLite file, with an embedder that makes vectors out of hashes.
"""

import hashlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

import knowledge.ingest_apply
import knowledge.ingest_stage
from knowledge.embedding import DIMENSION, Embedded, Matrix, Vector
from knowledge.ingest import ingest
from knowledge.ingest_prepare import Intake
from knowledge.library import Library
from knowledge.loading.blocks import LoadedFile
from knowledge.loading.load import load_file
from knowledge.pii.policy import PiiPolicy
from knowledge.pii.port import PiiSpan
from knowledge.search.edge_store import EdgeStore
from knowledge.search.port import Placement, StoredPassage
from knowledge.word_pieces import WordPieces
from ledger.crash_points import arm_crash_point
from ledger.db import Database
from ledger.workspace import open_workspace


class Words:
    """Every word is a piece."""

    def count(self, text: str) -> int:
        return len(text.split())

    def fit(self, text: str, limit: int) -> int:
        return len(text) if self.count(text) <= limit else len(" ".join(text.split(" ")[:limit]))


class HashEmbedder:
    """Vectors that depend on nothing but the text, with enough in common to be of one library."""

    name = "hashes"
    dimension = DIMENSION

    def warm_up(self) -> None: ...

    def word_pieces(self) -> WordPieces:
        return Words()

    def embed_query(self, text: str) -> Vector:
        return [float(x) for x in self._vector(text)]

    def embed_passages(self, texts: Sequence[str], on_done: Callable[[int], None]) -> Embedded:
        on_done(len(texts))
        return Embedded(np.stack([self._vector(text) for text in texts]), np.ones(len(texts), np.float32))

    def _vector(self, text: str) -> Matrix:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        vector = np.random.default_rng(seed).standard_normal(DIMENSION) / np.sqrt(DIMENSION)
        vector[0] += 1
        return (vector / np.linalg.norm(vector)).astype(np.float32)


class Inline:
    """Parses in this process, and finds no personal data."""

    def parse(self, name: str, content: bytes) -> LoadedFile:
        return load_file(name, content)

    def close(self) -> None: ...

    def find(self, text: str) -> list[PiiSpan]:
        return []


class TickingStore(EdgeStore):
    """Tells of each write before and after it."""

    def __init__(self, folder: Path, tick: Callable[[], None]) -> None:
        super().__init__(folder)
        self._tick = tick

    def upsert(self, passages: Sequence[StoredPassage]) -> None:
        self._tick()
        super().upsert(passages)
        self._tick()

    def place_passages(self, passage_ids: Sequence[str], placement: Placement) -> None:
        self._tick()
        super().place_passages(passage_ids, placement)
        self._tick()

    def delete_passages(self, passage_ids: Sequence[str]) -> None:
        self._tick()
        super().delete_passages(passage_ids)
        self._tick()

    def delete_document(self, document_id: str) -> None:
        self._tick()
        super().delete_document(document_id)
        self._tick()


def make_intake() -> Intake:
    return Intake(Inline(), PiiPolicy(), Inline)


def open_library(var: Path, tick: Callable[[], None] = lambda: None) -> tuple[Database, Library]:
    db = Database(f"sqlite:///{var / 'ledger.db'}")
    return db, Library(db, TickingStore(var / "search", tick), HashEmbedder())


def run_ingestion(workspace: Path, var: Path, tick: Callable[[], None] = lambda: None) -> str:
    """Returns what became of the batch. Batches are small, so that one ingestion has many."""
    knowledge.ingest_stage.BATCH_PASSAGES = 7
    knowledge.ingest_apply._BATCH_DOCUMENTS = 3
    db, library = open_library(var, tick)
    try:
        report = ingest(db, open_workspace(workspace), library, lambda _: tick(), intake=make_intake())
    finally:
        library.close()
        db.close()
    return report.outcome.value


def _in_child(request: dict[str, str], ticks: int) -> None:
    arm_crash_point(request["crash_at"] or None)
    run_ingestion(Path(request["workspace"]), Path(request["var"]), lambda: _ignore(os.write(ticks, b".")))
    os._exit(0)


def _ignore(_written: int) -> None: ...


def _play(request: dict[str, str]) -> dict[str, int]:
    """Forks an ingestion; kills it `delay_ms` after its tick number `kill_at`, if it comes to that."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _in_child(request, writes)
        finally:
            os._exit(1)
    os.close(writes)
    kill_at, seen = int(request["kill_at"]), 0
    while os.read(reads, 1):
        seen += 1
        if seen == kill_at:
            threading.Event().wait(float(request["delay_ms"]) / 1000)
            os.kill(child, signal.SIGKILL)
    os.close(reads)
    _, status = os.waitpid(child, 0)
    return {"ticks": seen, "status": os.waitstatus_to_exitcode(status)}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(_play(json.loads(line))), flush=True)
