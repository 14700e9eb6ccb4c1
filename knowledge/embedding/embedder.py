"""The embedder of a process: one model, loaded at first use, from local files only and after their hashes
were checked.
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from knowledge.embedding.export_cache import exported_model
from knowledge.embedding.model_folder import (
    PACKAGED_NAME,
    ModelFolder,
    read_model_folder,
    read_packaged_model,
)
from knowledge.embedding.port import DIMENSION, Embedded, Embedder, Matrix, Vector
from knowledge.word_pieces import ModelWordPieces, WordPieces


class _Encoder(Protocol):
    def encode(self, texts: Sequence[str], on_done: Callable[[int], None]) -> Matrix: ...


def open_embedder(models: Path, folder: Path | None = None) -> Embedder:
    """Of the model in `folder`, by default the packaged all-MiniLM-L6-v2; `models` is where exports are kept.
    Opening one reads nothing."""
    return _ModelEmbedder(models, folder)


class _ModelEmbedder:
    def __init__(self, models: Path, folder: Path | None) -> None:
        self._models = models
        self._folder = folder
        self._known: ModelFolder | None = None
        self._encoder: _Encoder | None = None
        self._loading = threading.Lock()

    @property
    def name(self) -> str:
        # The packaged model's is known before its files are read, so that an index can be told from another's
        # where they are missing.
        return PACKAGED_NAME if self._folder is None else self._model().name

    @property
    def dimension(self) -> int:
        return DIMENSION if self._folder is None else self._model().dimension

    def warm_up(self) -> None:
        self._load()

    def word_pieces(self) -> WordPieces:
        return ModelWordPieces(self._model().path)

    def embed_query(self, text: str) -> Vector:
        vector: Vector = self.embed_passages([text], lambda _done: None).vectors[0].tolist()
        return vector

    def embed_passages(self, texts: Sequence[str], on_done: Callable[[int], None]) -> Embedded:
        rows = self._load().encode(texts, on_done)
        norms = np.linalg.norm(rows, axis=1)
        return Embedded(rows / np.maximum(norms, np.finfo(np.float32).tiny)[:, None], norms)

    def _load(self) -> _Encoder:
        # Only the first use waits here; encoding itself holds no lock.
        if self._encoder is None:
            with self._loading:
                if self._encoder is None:
                    self._encoder = self._make_encoder(self._model())
        return self._encoder

    def _make_encoder(self, model: ModelFolder) -> _Encoder:
        exported = exported_model(self._models, model)
        if exported is None:
            from knowledge.embedding.torch_encoder import TorchEncoder

            return TorchEncoder(model)
        from knowledge.embedding.onnx_encoder import OnnxEncoder

        return OnnxEncoder(exported, model)

    def _model(self) -> ModelFolder:
        if self._known is None:
            self._known = read_packaged_model() if self._folder is None else read_model_folder(self._folder)
        return self._known
