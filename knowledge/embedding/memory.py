"""Vectors of the texts that were embedded lately: whoever judges what a search found asks about the same
passages again and again."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from knowledge.embedding.port import Embedder, Matrix

_MOST_TEXTS = 8_192


class VectorMemory:
    """Forgets those not asked for the longest once it holds `most`. Safe to share between threads."""

    def __init__(self, most: int = _MOST_TEXTS) -> None:
        self._most = most
        self._known: OrderedDict[tuple[str, str], Matrix] = OrderedDict()
        self._lock = threading.Lock()

    def vectors(self, embedder: Embedder, texts: Sequence[str]) -> Matrix:
        """One row per text, in their order. Raises ModelFilesMissing, ModelUnsupported."""
        rows = self._recall(embedder.name, texts)
        new = [text for text in dict.fromkeys(texts) if text not in rows]
        if new:
            embedded = embedder.embed_passages(new, lambda _done: None).vectors
            found = dict(zip(new, embedded, strict=True))
            rows |= found
            self.remember(embedder.name, found)
        if not texts:
            return np.zeros((0, embedder.dimension), np.float32)
        return np.stack([rows[text] for text in texts])

    def _recall(self, model: str, texts: Sequence[str]) -> dict[str, Matrix]:
        with self._lock:
            known = {text: self._known[model, text] for text in texts if (model, text) in self._known}
            for text in known:
                self._known.move_to_end((model, text))
            return known

    def remember(self, model: str, rows: dict[str, Matrix]) -> None:
        with self._lock:
            for text, row in rows.items():
                # A copy: a row of the whole batch would keep all of it.
                self._known[model, text] = row.copy()
            while len(self._known) > self._most:
                self._known.popitem(last=False)
