"""Turns text into vectors of length one, so that the product of two is their cosine.

The model is loaded at first use, from local files only and after their hashes were checked.
"""

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.model_files import MODEL_NAME, SHA256, WEIGHTS, check_model_files, installed_model_folder
from knowledge.word_pieces import ModelWordPieces, WordPieces

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vector = list[float]
Matrix = NDArray[np.float32]

DIMENSION = 384
_BATCH = 32
_MOST_THREADS = 2


@dataclass(frozen=True, slots=True)
class Embedded:
    """One row of length one per text; `norms` are the lengths the rows had before, by which text unlike
    all other is noticed."""

    vectors: Matrix
    norms: Matrix


class Embedder(Protocol):
    """`name` says which model this is, version included: vectors of different names must never be
    compared."""

    @property
    def name(self) -> str: ...

    def warm_up(self) -> None: ...

    def word_pieces(self) -> WordPieces: ...

    def embed_query(self, text: str) -> Vector: ...

    def embed_passages(self, texts: Sequence[str], on_done: Callable[[int], None]) -> Embedded:
        """In the order of the texts; `on_done` is told how many are done so far."""
        ...


class MiniLm:
    """all-MiniLM-L6-v2 through sentence-transformers. One instance serves all threads of a process."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._model: SentenceTransformer | None = None
        # The tokenizer is not safe to share: two threads at once make it raise "Already borrowed".
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return f"{MODEL_NAME}@{SHA256[WEIGHTS][:16]}"

    def warm_up(self) -> None:
        """Raises ModelFilesMissing."""
        with self._lock:
            self._load()

    def word_pieces(self) -> WordPieces:
        """Raises ModelFilesMissing."""
        folder = self._folder or installed_model_folder()
        check_model_files(folder)
        return ModelWordPieces(folder)

    def embed_query(self, text: str) -> Vector:
        """Raises ModelFilesMissing."""
        vector: Vector = self._encode([text])[0].tolist()
        return vector

    def embed_passages(self, texts: Sequence[str], on_done: Callable[[int], None]) -> Embedded:
        """Raises ModelFilesMissing."""
        # Texts of like length together: a batch is padded to its longest.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        vectors = np.zeros((len(texts), DIMENSION), np.float32)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            vectors[batch] = self._encode([texts[index] for index in batch])
            on_done(start + len(batch))
        return Embedded(vectors, np.ones(len(texts), np.float32))

    def _encode(self, texts: list[str]) -> Matrix:
        with self._lock:
            encoded: Matrix = self._load().encode(
                texts, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
            )
        return encoded

    def _load(self) -> "SentenceTransformer":
        if self._model is None:
            folder = self._folder or installed_model_folder()
            check_model_files(folder)
            # Imported here: together they cost 5 s and 500 MB, which who only submits runs need not pay.
            import torch
            from sentence_transformers import SentenceTransformer
            from transformers.utils.logging import disable_progress_bar

            disable_progress_bar()  # type: ignore[no-untyped-call]  # has no annotations
            torch.set_num_threads(min(_MOST_THREADS, os.cpu_count() or 1))
            self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        return self._model


def open_embedder(models: Path, folder: Path | None = None) -> Embedder:
    del models
    return MiniLm(folder)
