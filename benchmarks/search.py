"""How long a search takes over 20,000 passages: embedding the query, the engine with its access filter, and
holding every hit against the ledger's rows."""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.made_up_library import fill, read_vocabulary
from benchmarks.measurement import Measurement, below
from benchmarks.processes import LARKSPUR
from evals.ask import load_questions
from knowledge.bootstrap import open_library
from knowledge.library import Library
from knowledge.search.access import AccessScope
from knowledge.search.port import StoreQuery
from ledger.db import Database
from ledger.migrate import migrate
from ledger.settings import EmbeddedSettings

TITLE = "Hybrid search, 20,000 passages, filter on"
PASSAGES = 20_000
QUERIES = 200
WARM_UP = 10
# Somebody of IT asks where everybody listens: a passage must be open to both.
_ACCESS = AccessScope(groups=frozenset({"everyone", "it"}), audience=(frozenset({"everyone"}),))


def measure(ground: Path) -> list[Measurement]:
    settings = EmbeddedSettings(workspace=LARKSPUR, var=ground / "search")
    db = Database(settings.ledger_url)
    migrate(db)
    library = open_library(settings, db)
    try:
        started = time.perf_counter()
        fill(db, library, read_vocabulary(LARKSPUR / "documents"), PASSAGES)
        filled_s = time.perf_counter() - started
        return [*_time_queries(library), Measurement(what="filling the library", value=filled_s, unit="s")]
    finally:
        library.close()
        db.close()


def _time_queries(library: Library) -> list[Measurement]:
    queries = _queries()
    vectors = {query: library.embedder.embed_query(query) for query in set(queries)}

    def search(query: str) -> None:
        if not library.search(query, _ACCESS).hits:
            raise RuntimeError(f"Nothing was found for {query!r}.")

    # In turns, so that a busy moment of the machine falls on all three alike.
    parts: tuple[Callable[[str], object], ...] = (
        search,
        library.embedder.embed_query,
        lambda query: library.store.search(StoreQuery(vectors[query], query, _ACCESS, limit=15)),
    )
    for query in queries[:WARM_UP]:
        search(query)
    whole, embedding, engine = zip(
        *([_time_ms(part, query) for part in parts] for query in queries), strict=True
    )
    return [
        Measurement(
            what="whole search, p50",
            value=statistics.median(whole),
            unit="ms",
            bar=below(15.0),
            note=f"{QUERIES} queries, embedding included",
        ),
        Measurement(what="whole search, p95", value=_p95(whole), unit="ms"),
        Measurement(what="of it: embedding the query, p50", value=statistics.median(embedding), unit="ms"),
        Measurement(what="of it: the engine, p50", value=statistics.median(engine), unit="ms"),
        Measurement(what="the engine, p95", value=_p95(engine), unit="ms"),
    ]


def _queries() -> list[str]:
    asked = [item.question for item in load_questions(LARKSPUR)]
    return random.Random(1).choices(asked, k=QUERIES)


def _time_ms(work: Callable[[str], object], query: str) -> float:
    before = time.perf_counter()
    work(query)
    return 1000 * (time.perf_counter() - before)


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
