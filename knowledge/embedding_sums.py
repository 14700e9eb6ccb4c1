"""Adds up what the embedder made of a document's passages, so that the library as a whole can be described
without reading any vector again."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ledger.documents import EmbeddingSums


@dataclass(slots=True)
class RunningSums:
    """Of one document, for one index. The norm of a vector that comes from the store is not known."""

    # Takes the shape of the first vector that is added.
    vectors: NDArray[np.float64] = field(default_factory=lambda: np.zeros(()))
    norms: list[float] = field(default_factory=list)

    def add(self, vector: NDArray[np.float32], norm: float | None = None) -> None:
        self.vectors = self.vectors + vector
        if norm is not None:
            self.norms.append(norm)

    def final(self, index: str) -> EmbeddingSums:
        norms = np.array(self.norms)
        return EmbeddingSums(
            index=index,
            vector_sum=self.vectors.astype(np.float32).tobytes(),
            norm_count=len(self.norms),
            norm_sum=float(norms.sum()),
            norm_sq_sum=float((norms**2).sum()),
        )
