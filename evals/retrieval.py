"""`python -m evals.retrieval DIR [DIR ...]`: how well search finds what answers a question, on collections in
the BEIR layout.

Every corpus entry is one passage. It goes through the product's own store, embedder and fusion; beside it
stands plain sentence-transformers. Hybrid may not fall short of the better of its two sides, and ours of the
plain one, by more than the bars: the exit status is 1 if it does.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from evals.beir import Collection, load_collection
from knowledge.embedding import Embedder
from knowledge.model_files import installed_model_folder
from knowledge.search.access import AccessScope
from knowledge.search.edge_store import EdgeStore
from knowledge.search.fusion import CANDIDATES
from knowledge.search.port import IndexDescription, Placement, StoredPassage, StoreHit, StoreQuery
from ledger.errors import CrewdeskError
from ledger.ids import derive_id
from tests.model_cache import packaged_embedder

HYBRID_BAR = 0.005
PLAIN_BAR = 0.002
MEASURES = ("nDCG@10", "Recall@100")
_RESAMPLES = 1_000
_READER = AccessScope(frozenset({"everyone"}))

# A ranking: scores of passages by question, the best hundred.
Run = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Score:
    """A mean over the questions and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scores:
    """By way of searching and measure."""

    collection: str
    of: Mapping[str, Mapping[str, Score]]

    def faults(self) -> list[str]:
        """Which bars are missed, in words."""
        found = []
        for measure in MEASURES:
            words, dense, hybrid, plain = (
                self.of[way][measure].mean for way in ("words", "dense", "hybrid", "plain dense")
            )
            if hybrid < max(words, dense) - HYBRID_BAR:
                found.append(f"hybrid {measure} is {max(words, dense) - hybrid:.4f} below its better side")
            if dense < plain - PLAIN_BAR:
                found.append(f"dense {measure} is {plain - dense:.4f} below plain sentence-transformers")
        return found


def evaluate(collection: Collection, embedder: Embedder) -> Scores:
    runs = {**_search_all(collection, embedder), "plain dense": _plain_dense(collection)}
    return Scores(collection.name, {way: _score(collection, run) for way, run in runs.items()})


def _search_all(collection: Collection, embedder: Embedder) -> dict[str, Run]:
    """The three rankings of one search: what it scored by words, by meaning, and the order it gave."""
    runs: dict[str, Run] = {"words": {}, "dense": {}, "hybrid": {}}
    with tempfile.TemporaryDirectory() as folder:
        store = EdgeStore(Path(folder))
        store.create(IndexDescription(embedder.name, dimension=embedder.dimension))
        ids = {derive_id(key): key for key in collection.passages}
        store.upsert(list(_stored(collection, embedder)))
        store.settle()
        for question, text in collection.questions.items():
            query = StoreQuery(embedder.embed_query(text), text, _READER, limit=2 * CANDIDATES)
            hits = store.search(query)
            runs["words"][question] = _best(hits, [hit.words for hit in hits], ids)
            runs["dense"][question] = _best(hits, [hit.similarity for hit in hits], ids)
            runs["hybrid"][question] = _best(hits, [hit.rank_score for hit in hits], ids)
        store.close()
    return runs


def _stored(collection: Collection, embedder: Embedder) -> Iterator[StoredPassage]:
    placement = Placement(derive_id("document"), "company", ("everyone",), None, None, None, "")
    embedded = embedder.embed_passages(list(collection.passages.values()), lambda _done: None)
    for (key, text), vector in zip(collection.passages.items(), embedded.vectors, strict=True):
        yield StoredPassage(derive_id(key), placement, vector, text)


def _best(hits: Sequence[StoreHit], scores: list[float], ids: Mapping[str, str]) -> dict[str, float]:
    scored = sorted(zip(scores, hits, strict=True), key=lambda pair: (-pair[0], pair[1].passage_id))
    return {ids[hit.passage_id]: score for score, hit in scored[:CANDIDATES] if score > 0}


def _plain_dense(collection: Collection) -> Run:
    """Every question against every passage with sentence-transformers alone."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(installed_model_folder()), device="cpu", local_files_only=True)

    def encode(texts: list[str]) -> NDArray[np.float32]:
        encoded: NDArray[np.float32] = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        return encoded

    keys = list(collection.passages)
    similarities = encode(list(collection.questions.values())) @ encode(list(collection.passages.values())).T
    nearest = np.argsort(-similarities, axis=1, kind="stable")[:, :CANDIDATES]
    return {
        question: {keys[column]: float(row[column]) for column in columns}
        for question, row, columns in zip(collection.questions, similarities, nearest, strict=True)
    }


def _score(collection: Collection, run: Run) -> dict[str, Score]:
    import ir_measures
    from ir_measures import R, nDCG

    wanted = {str(nDCG @ 10): "nDCG@10", str(R @ 100): "Recall@100"}
    values: dict[str, dict[str, float]] = {
        measure: dict.fromkeys(collection.questions, 0.0) for measure in MEASURES
    }
    for metric in ir_measures.iter_calc([nDCG @ 10, R @ 100], collection.relevant, run):
        values[wanted[str(metric.measure)]][metric.query_id] = metric.value
    return {measure: bootstrap(list(values[measure].values())) for measure in MEASURES}


def bootstrap(values: Sequence[float]) -> Score:
    """The mean, and where 95 % of the means of as many values drawn from these with replacement lie."""
    given = np.asarray(values)
    drawn = np.random.default_rng(0).integers(len(given), size=(_RESAMPLES, len(given)))
    low, high = np.percentile(given[drawn].mean(axis=1), [2.5, 97.5])
    return Score(float(given.mean()), float(low), float(high))


def main(arguments: list[str]) -> int:
    if not arguments:
        print("Say which collections to measure: python -m evals.retrieval DIR [DIR ...]", file=sys.stderr)
        return 2
    try:
        collections = [load_collection(Path(folder)) for folder in arguments]
        embedder = packaged_embedder()
        faults = [fault for each in collections for fault in _report(evaluate(each, embedder))]
    except CrewdeskError as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if faults else 0


def _report(scores: Scores) -> list[str]:
    console = Console(width=110)
    table = Table("search", *MEASURES, title=scores.collection)
    for way, of_way in scores.of.items():
        cells = (f"{score.mean:.4f} ({score.low:.3f} to {score.high:.3f})" for score in of_way.values())
        table.add_row(way, *cells)
    console.print(table)
    faults = scores.faults()
    for fault in faults:
        console.print(f"MISSED: {fault}", style="bold red", highlight=False)
    if not faults:
        console.print(
            f"passed: hybrid is at most {HYBRID_BAR} below the better side, dense at most {PLAIN_BAR} below "
            "plain sentence-transformers",
            highlight=False,
        )
    return faults


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
