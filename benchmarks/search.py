"""How long a search takes over 20,000 passages: embedding the query, the engine with its filters, and holding
every hit against the ledger's rows; and what the passages take on disk and in memory."""

import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.footprint import bytes_on_disk, peak_resident_mb, resident_mb
from benchmarks.made_up_library import fill, read_vocabulary
from benchmarks.measurement import Bar, Measurement, below
from benchmarks.processes import LARKSPUR
from evals.ask import load_questions
from knowledge.bootstrap import open_library
from knowledge.library import Library
from knowledge.search.access import AccessScope
from knowledge.search.port import Filters, StoreQuery
from ledger.db import Database
from ledger.migrate import migrate
from ledger.settings import EmbeddedSettings

TITLE = "Hybrid search, 20,000 passages"
QUERIES = 200
WARM_UP = 10
# Somebody of IT asks where everybody listens: a passage must be open to both.
_ACCESS = AccessScope(groups=frozenset({"everyone", "it"}), audience=(frozenset({"everyone"}),))
# Of every group, so that the filter, which is always there, holds nothing back.
_ALL = AccessScope(groups=frozenset({"everyone", "it", "hr", "finance"}))
# A tenth of the passages.
_FILTERS = Filters(collection="market")


def measure(ground: Path) -> list[Measurement]:
    return measure_at(ground, 20_000, below(15.0))


def measure_at(ground: Path, passages: int, bar: Bar | None = None) -> list[Measurement]:
    """`bar` is for the whole search's median in milliseconds."""
    settings = EmbeddedSettings(workspace=LARKSPUR, var=ground / "search")
    settings.var.mkdir()
    (ground / "var" / "models").rename(settings.var / "models")
    db = Database(settings.ledger_url)
    migrate(db)
    library = open_library(settings, db)
    try:
        started = time.perf_counter()
        fill(db, library, read_vocabulary(LARKSPUR / "documents"), passages)
        filled_s = time.perf_counter() - started
        rows = _time_queries(library, bar)
    finally:
        library.close()
        db.close()
    size = bytes_on_disk([settings.var / "search", *settings.var.glob("crewdesk.db*")])
    return [
        *rows,
        Measurement(
            what="on disk, per passage", value=size / passages, unit="bytes", note="index and ledger's rows"
        ),
        Measurement(what="resident while searching", value=resident_mb(), unit="MB"),
        Measurement(what="peak resident", value=peak_resident_mb(), unit="MB", note="while it was filled"),
        Measurement(what="filling the library", value=filled_s, unit="s"),
    ]


def _parts(library: Library, queries: Sequence[str]) -> Mapping[str, Callable[[str], object]]:
    vectors = {query: library.embedder.embed_query(query) for query in set(queries)}
    return {
        "whole": lambda query: library.search(query, _ACCESS).hits,
        "unfiltered": lambda query: library.search(query, _ALL).hits,
        "collection": lambda query: library.search(query, _ACCESS, filters=_FILTERS).hits,
        "embedding": library.embedder.embed_query,
        "engine": lambda query: library.store.search(StoreQuery(vectors[query], query, _ACCESS, limit=15)),
    }


def _time_queries(library: Library, bar: Bar | None) -> list[Measurement]:
    queries = _queries()
    parts = _parts(library, queries)
    for query in queries[:WARM_UP]:
        for part in parts.values():
            part(query)
    # In turns, so that a busy moment of the machine falls on all alike.
    turns = [[_time_ms(part, query) for part in parts.values()] for query in queries]
    times = dict(zip(parts, zip(*turns, strict=True), strict=True))
    return [
        _p50("whole search, within the asker's rights", times["whole"], bar),
        _p95("whole search, within the asker's rights", times["whole"]),
        _p50("who may read everything", times["unfiltered"]),
        _p95("who may read everything", times["unfiltered"]),
        _p50("within the rights and one collection", times["collection"]),
        _p95("within the rights and one collection", times["collection"]),
        _p50("of it: embedding the query", times["embedding"]),
        _p50("of it: the engine", times["engine"]),
        _p95("the engine", times["engine"]),
    ]


def _queries() -> list[str]:
    asked = [item.question for item in load_questions(LARKSPUR)]
    return random.Random(1).choices(asked, k=QUERIES)


def _time_ms(work: Callable[[str], object], query: str) -> float:
    before = time.perf_counter()
    found = work(query)
    if not found:
        raise RuntimeError(f"Nothing was found for {query!r}.")
    return 1000 * (time.perf_counter() - before)


def _p50(what: str, times: Sequence[float], bar: Bar | None = None) -> Measurement:
    return Measurement(
        what=f"{what}, p50", value=statistics.median(times), unit="ms", bar=bar, note=f"{QUERIES} queries"
    )


def _p95(what: str, times: Sequence[float]) -> Measurement:
    return Measurement(what=f"{what}, p95", value=statistics.quantiles(times, n=20)[-1], unit="ms")
