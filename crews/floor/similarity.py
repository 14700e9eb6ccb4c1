"""How alike a question and texts are, by the library's own embeddings."""

from collections.abc import Callable, Sequence

from knowledge.library import Library

Similarity = Callable[[str, Sequence[str]], list[float]]


def similarity_from(library: Callable[[], Library]) -> Similarity:
    """Cosines of a question to each text, in [-1, 1]; the library's vectors have length one."""

    def similarity(question: str, texts: Sequence[str]) -> list[float]:
        if not texts:
            return []
        embedder = library().embedder
        asked = embedder.embed_query(question)
        embedded = embedder.embed_passages(texts, lambda _done: None)
        return [sum(a * b for a, b in zip(asked, vector, strict=True)) for vector in embedded]

    return similarity
