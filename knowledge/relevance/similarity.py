"""How alike questions and texts are, by the library's own embeddings."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.library import Library

Matrix = NDArray[np.float32]
# Cosines, in [-1, 1]: a row for each question, a column for each text.
Similarity = Callable[[Sequence[str], Sequence[str]], Matrix]


def similarity_from(library: Callable[[], Library]) -> Similarity:
    """Of texts the library has embedded lately it asks no model again."""

    def similarity(questions: Sequence[str], texts: Sequence[str]) -> Matrix:
        if not questions or not texts:
            return np.zeros((len(questions), len(texts)), np.float32)
        vectors = library().vectors
        cosines: Matrix = vectors(questions) @ vectors(texts).T
        return cosines

    return similarity
