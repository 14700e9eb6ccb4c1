"""Ingestions that can be killed: `python -m tests.faults.ingesting` forks one for each line of JSON on stdin.

The ingestion itself is the real one over a real Qdrant Edge shard and a real SQLite file, with an embedder
that makes vectors out of hashes.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sqlalchemy.orm import configure_mappers

import knowledge.ingest_apply
import knowledge.ingest_stage
from knowledge.ingest import ingest
from knowledge.library import Library
from knowledge.quality.language import FEWEST_WORDS, identify_language
from knowledge.search.edge_store import EdgeStore
from knowledge.search.port import Placement, StoredPassage
from ledger.crash_points import arm_crash_point
from ledger.db import Database
from ledger.workspace import open_workspace
from tests.faults.forking import Forks
from tests.stand_ins.ingestion import HashEmbedder, make_intake


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


def _ignore(_written: int) -> None: ...


def _play(forks: Forks, request: dict[str, str]) -> dict[str, int]:
    """Forks an ingestion; kills it `delay_ms` after its tick number `kill_at`, if it comes to that."""
    reads, writes = os.pipe()
    child = forks.start(partial(_in_child, request, writes))
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
    # Each ingestion would load its model anew, which takes longer than all the rest of it.
    identify_language(["one word of many and " * FEWEST_WORDS])
    configure_mappers()
    forks = Forks()
    for line in sys.stdin:
        print(json.dumps(_play(forks, json.loads(line))), flush=True)
