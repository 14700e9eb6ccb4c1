"""Runs a model in torch: what the export is checked against, and the way where there is no export.

Needs 5 s and 500 MB to load.
"""

import os
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from knowledge.embedding.model_folder import ModelFolder
from knowledge.embedding.port import Matrix

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 32
_MOST_THREADS = 2


class TorchEncoder:
    """Safe to share between threads, which take turns: its tokenizer raises "Already borrowed" otherwise."""

    def __init__(self, model: ModelFolder) -> None:
        import torch

        torch.set_num_threads(min(_MOST_THREADS, os.cpu_count() or 1))
        self._model = load_unnormalised(model)
        self._dimension = model.dimension
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str], on_done: Callable[[int], None]) -> Matrix:
        """Before normalisation, in the order of the texts."""
        # Texts of like length together: a batch is padded to its longest.
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        rows = np.empty((len(texts), self._dimension), np.float32)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            with self._lock:
                rows[batch] = self._model.encode(
                    [texts[place] for place in batch], batch_size=_BATCH, show_progress_bar=False
                )
            on_done(start + len(batch))
        return rows


def load_unnormalised(model: ModelFolder) -> "SentenceTransformer":
    """The model without its last step, by which all vectors have length one."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # has no annotations
    loaded = SentenceTransformer(
        str(model.path),
        device="cpu",
        local_files_only=True,
        # The plain form of attention: the one onnxruntime knows how to make fast.
        model_kwargs={"attn_implementation": "eager"},
    )
    loaded.max_seq_length = model.most_pieces
    del loaded[2:]
    return loaded
