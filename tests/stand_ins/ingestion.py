"""What makes an ingestion quick enough to be run hundreds of times: vectors made of hashes, parsing in the
same process, no search for personal data. Store, database and everything else stay real."""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from knowledge.embedding import DIMENSION, Embedded, Matrix, Vector
from knowledge.ingest_prepare import Intake
from knowledge.loading.blocks import LoadedFile
from knowledge.loading.load import load_file
from knowledge.pii.port import PiiSpan
from knowledge.word_pieces import WordPieces


class Words:
    """Every word is a piece."""

    def count_each(self, texts: Sequence[str]) -> list[int]:
        return [self.count(text) for text in texts]

    def count(self, text: str) -> int:
        return len(text.split())

    def fit(self, text: str, limit: int) -> int:
        return len(text) if self.count(text) <= limit else len(" ".join(text.split(" ")[:limit]))


class HashEmbedder:
    """Vectors that depend on nothing but the text, with enough in common (`subject`) to be of one library.
    Remembers which texts it embedded."""

    dimension = DIMENSION

    def __init__(self, name: str = "hashes") -> None:
        self.name = name
        self.subject = 0
        self.embedded: list[str] = []

    def warm_up(self) -> None: ...

    def word_pieces(self) -> WordPieces:
        return Words()

    def embed_query(self, text: str) -> Vector:
        return [float(x) for x in self._vector(text)]

    def embed_passages(self, texts: Sequence[str], on_done: Callable[[int], None]) -> Embedded:
        self.embedded += texts
        on_done(len(texts))
        return Embedded(np.stack([self._vector(text) for text in texts]), np.ones(len(texts), np.float32))

    def _vector(self, text: str) -> Matrix:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        vector = np.random.default_rng(seed).standard_normal(DIMENSION) / np.sqrt(DIMENSION)
        vector[self.subject] += 1
        return (vector / np.linalg.norm(vector)).astype(np.float32)


class Inline:
    """Parses in this process, and remembers what; finds no personal data."""

    def __init__(self) -> None:
        self.parsed: list[str] = []

    def parse(self, name: str, content: bytes) -> LoadedFile:
        self.parsed.append(name)
        return load_file(name, content)

    def close(self) -> None: ...

    def find(self, text: str) -> list[PiiSpan]:
        return []


def make_intake() -> Intake:
    return Intake(Inline(), Inline)
