"""What the library asks of an embedding model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.word_pieces import WordPieces

Vector = list[float]
Matrix = NDArray[np.float32]

# Of the packaged model.
DIMENSION = 384


@dataclass(frozen=True, slots=True)
class Embedded:
    """One row of length one per text; `norms` are the lengths the rows had before, by which text unlike
    all other is noticed."""

    vectors: Matrix
    norms: Matrix


class Embedder(Protocol):
    """`name` says which model this is, version included: vectors of different names must never be
    compared. Safe to share between threads. All methods raise ModelFilesMissing and ModelUnsupported."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def warm_up(self) -> None: ...

    def word_pieces(self) -> WordPieces: ...

    def embed_query(self, text: str) -> Vector: ...

    def embed_passages(self, texts: Sequence[str], on_done: Callable[[int], None]) -> Embedded:
        """In the order of the texts; `on_done` is told, in the caller's thread, how many are done so far."""
        ...
