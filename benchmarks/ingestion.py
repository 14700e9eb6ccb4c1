"""What reading, cutting, indexing and recording cost beyond embedding: an ingestion against a bare
`SentenceTransformer.encode` of the very same passages, in turns."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.footprint import bytes_on_disk, peak_resident_mb
from benchmarks.made_up_documents import (
    PASSAGES_PER_DOCUMENT,
    make_workspace,
    read_sentences,
    write_documents,
)
from benchmarks.measurement import Measurement, at_least
from benchmarks.processes import LARKSPUR
from knowledge.bootstrap import open_library
from knowledge.embedding import Embedded, Embedder, Vector
from knowledge.ingest import ingest
from knowledge.library import Library
from knowledge.model_files import installed_model_folder
from knowledge.word_pieces import WordPieces
from ledger.db import Database
from ledger.migrate import migrate
from ledger.settings import EmbeddedSettings
from ledger.workspace import open_workspace

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TITLE = "Ingestion, against raw sentence-transformers"
TURNS = 3
DOCUMENTS_PER_TURN = 25
_THREADS = 2


def measure(ground: Path) -> list[Measurement]:
    settings = EmbeddedSettings(workspace=ground / "company", var=ground / "ingestion")
    settings.var.mkdir()
    (ground / "var" / "models").rename(settings.var / "models")
    make_workspace(settings.workspace)
    db = Database(settings.ledger_url)
    migrate(db)
    library = open_library(settings, db)
    try:
        race = _Race(db, library, settings.workspace, read_sentences(LARKSPUR / "documents"))
        # What is loaded once, and the memory of an ingestion, before torch comes into this process.
        race.ingest_more(DOCUMENTS_PER_TURN, seed=0)
        peak_mb = peak_resident_mb()
        model = _load_raw()
        turns = [race.run(model, seed) for seed in range(1, TURNS + 1)]
        passages = library.count()
    finally:
        library.close()
        db.close()
    size = bytes_on_disk([settings.var / "search", *settings.var.glob("crewdesk.db*")])
    return [*_speeds(turns), *_footprint(peak_mb, size / passages)]


@dataclass(frozen=True, slots=True)
class _Turn:
    passages: int
    ingested_s: float
    encoded_s: float


@dataclass(slots=True)
class _Race:
    db: Database
    library: Library
    folder: Path
    sentences: list[str]

    def ingest_more(self, documents: int, seed: int) -> tuple[list[str], float]:
        """The texts that were embedded, and the seconds for all of it."""
        write_documents(self.folder, self.sentences, documents, seed)
        workspace = open_workspace(self.folder)
        seen = _Seen(self.library.embedder)
        library = Library(self.db, self.library.store, seen)
        before = time.perf_counter()
        report = ingest(self.db, workspace, library, lambda _progress: None)
        seconds = time.perf_counter() - before
        if report.embedded != len(seen.texts) or report.embedded < documents * PASSAGES_PER_DOCUMENT:
            raise RuntimeError(f"Only {report.embedded} passages were ingested: {report.statuses}")
        return seen.texts, seconds

    def run(self, model: "SentenceTransformer", seed: int) -> _Turn:
        texts, ingested_s = self.ingest_more(DOCUMENTS_PER_TURN, seed)
        before = time.perf_counter()
        model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        return _Turn(len(texts), ingested_s, time.perf_counter() - before)


@dataclass(slots=True)
class _Seen:
    """An embedder that keeps the texts it was given."""

    real: Embedder
    texts: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.real.name

    @property
    def dimension(self) -> int:
        return self.real.dimension

    def warm_up(self) -> None:
        self.real.warm_up()

    def word_pieces(self) -> WordPieces:
        return self.real.word_pieces()

    def embed_query(self, text: str) -> Vector:
        return self.real.embed_query(text)

    def embed_passages(self, texts: Sequence[str], on_done: Callable[[int], None]) -> Embedded:
        self.texts.extend(texts)
        return self.real.embed_passages(texts, on_done)


def _load_raw() -> "SentenceTransformer":
    """As its own documentation says, with as many threads as this machine has cores for us."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(_THREADS)
    model = SentenceTransformer(str(installed_model_folder()), device="cpu", local_files_only=True)
    model.encode(["once, so that what is made at first use is there"], show_progress_bar=False)
    return model


def _speeds(turns: list[_Turn]) -> list[Measurement]:
    passages = sum(turn.passages for turn in turns)
    ingested_s, encoded_s = sum(turn.ingested_s for turn in turns), sum(turn.encoded_s for turn in turns)
    ratios = [turn.encoded_s / turn.ingested_s for turn in turns]
    return [
        Measurement(
            what="speed, ingestion / raw encode",
            value=encoded_s / ingested_s,
            unit="x",
            bar=at_least(0.8),
            note=f"{passages} passages in {len(turns)} turns, {min(ratios):.2f} to {max(ratios):.2f}",
        ),
        Measurement(what="ingestion", value=passages / ingested_s, unit="per s", note="passages"),
        Measurement(what="raw encode", value=passages / encoded_s, unit="per s", note="embedding only"),
    ]


def _footprint(peak_mb: float, passage_bytes: float) -> list[Measurement]:
    return [
        Measurement(what="peak resident of the ingestion", value=peak_mb, unit="MB"),
        Measurement(
            what="on disk, per passage", value=passage_bytes, unit="bytes", note="index and ledger's rows"
        ),
    ]
