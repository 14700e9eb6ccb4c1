"""How alike questions and texts are, by the library's own embeddings."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.library import Library

Matrix = NDArray[np.float32]
# Cosines, in [-1, 1]: a row for each question, a column for each text.
Similarity = Callable[[Sequence[str], Sequence[str]], Matrix]


def similarity_from(library: Callable[[], Library], known: dict[str, Matrix]) -> Similarity:
    """`known` keeps the vectors of the texts, so that who asks of the same texts twice waits once."""

    def vectors(texts: Sequence[str]) -> Matrix:
        new = list(dict.fromkeys(text for text in texts if text not in known))
        if new:
            known.update(
                zip(new, library().embedder.embed_passages(new, lambda _done: None).vectors, strict=True)
            )
        return np.stack([known[text] for text in texts])

    def similarity(questions: Sequence[str], texts: Sequence[str]) -> Matrix:
        if not questions or not texts:
            return np.zeros((len(questions), len(texts)), np.float32)
        cosines: Matrix = vectors(questions) @ vectors(texts).T
        return cosines

    return similarity
