"""BM25 as sparse vectors, made by the same code on the way in and for every store.

The term frequencies are weighted here; the store multiplies by the inverse document frequency.
"""

from dataclasses import dataclass

from qdrant_edge import Bm25, Bm25Config, Language

# What a passage of at most 256 word pieces comes to in the words that count.
_AVERAGE_WORDS = 80.0


@dataclass(frozen=True, slots=True)
class WordWeights:
    indices: list[int]
    values: list[float]


class WordEmbedder:
    def __init__(self) -> None:
        self._bm25 = Bm25(
            Bm25Config(
                avg_len=_AVERAGE_WORDS, language="english", stopwords=Language.English, ascii_folding=True
            )
        )

    def embed_passage(self, text: str) -> WordWeights:
        vector = self._bm25.embed_document(text)
        return WordWeights(list(vector.indices), list(vector.values))

    def embed_query(self, text: str) -> WordWeights:
        vector = self._bm25.embed_query(text)
        return WordWeights(list(vector.indices), list(vector.values))
