"""BM25 as sparse vectors, made by the same code on the way in and for every store.

The term frequencies are weighted here; the store multiplies by the inverse document frequency. Words are cut
at whatever is no letter or digit, lower-cased, freed of accents and brought to their English stems; words of
another language only lose less of their endings.
"""

import re
from dataclasses import dataclass

from qdrant_edge import Bm25, Bm25Config, Language

SATURATION = 1.2
_LENGTH_WEIGHT = 0.75
# What passages come to in the words that count, measured on FAQ entries (32) and abstracts (64).
_AVERAGE_WORDS = 60.0

_COMPOUND = re.compile(r"[^\W_]+(?:[-_./][^\W_]+)+")


@dataclass(frozen=True, slots=True)
class WordWeights:
    indices: list[int]
    values: list[float]


class WordEmbedder:
    def __init__(self) -> None:
        self._bm25 = Bm25(
            Bm25Config(
                k=SATURATION,
                b=_LENGTH_WEIGHT,
                avg_len=_AVERAGE_WORDS,
                language="english",
                stopwords=Language.English,
                ascii_folding=True,
            )
        )

    def embed_passage(self, text: str) -> WordWeights:
        vector = self._bm25.embed_document(_with_compounds(text))
        return WordWeights(list(vector.indices), list(vector.values))

    def embed_query(self, text: str) -> WordWeights:
        """Each word once, all of the same weight."""
        vector = self._bm25.embed_query(_with_compounds(text))
        return WordWeights(list(vector.indices), list(vector.values))


def _with_compounds(text: str) -> str:
    """Codes and hyphenated words also in one piece: `RC-207` is found by `RC207` and before `RC-208`,
    `e-mail` by `email`. Figures are left alone, since 3.5 is not 35, and so are addresses."""
    joined = [word for match in _COMPOUND.finditer(text) if (word := _in_one_piece(match[0]))]
    return " ".join((text, *joined))


def _in_one_piece(compound: str) -> str | None:
    parts = re.split(r"[-_./]", compound)
    has_letter = any(character.isalpha() for character in compound)
    has_digit = any(character.isdigit() for character in compound)
    is_hyphenated = compound.count("-") == len(parts) - 1
    return "".join(parts) if has_letter and (has_digit or is_hyphenated) else None
