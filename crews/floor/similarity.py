"""How alike a question and texts are, by the library's own embeddings."""

from collections.abc import Callable, Sequence

import numpy as np

from knowledge.library import Library

Similarity = Callable[[str, Sequence[str]], list[float]]


def similarity_from(library: Callable[[], Library]) -> Similarity:
    """Cosines of a question to each text, in [-1, 1]; the library's vectors have length one."""

    def similarity(question: str, texts: Sequence[str]) -> list[float]:
        if not texts:
            return []
        embedder = library().embedder
        asked = np.asarray(embedder.embed_query(question), np.float32)
        cosines: list[float] = (embedder.embed_passages(texts, lambda _done: None).vectors @ asked).tolist()
        return cosines

    return similarity
