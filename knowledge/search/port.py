"""What the library asks of a vector engine, and the errors that may come of it.

A store is never the source of truth: it may be rebuilt from the documents at any time, and what it finds is
held against the ledger's rows before anybody sees it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.search.access import AccessScope
from ledger.errors import CrewdeskError, ErrorKind

# Part of an index's name, changed with the rules in `words`: other rules make other vectors.
WORDS_NAME = "bm25-en-1"
RRF_K = 60
PREFETCH_LIMIT = 100


class SearchUnavailable(CrewdeskError):
    """The store cannot be opened or reached."""

    code = "search_unavailable"
    kind: ClassVar[ErrorKind] = ErrorKind.UNAVAILABLE
    worth_retrying = True


class IndexOutdated(CrewdeskError):
    """The index holds vectors of another embedding model than this process would search with."""

    code = "index_outdated"
    kind: ClassVar[ErrorKind] = ErrorKind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Placement:
    """What the store's filters go by. `mark` is a digest of it, by which a passage filed under other rights
    is recognised."""

    document_id: str
    collection: str
    allowed_groups: tuple[str, ...]
    owner: str | None
    language: str | None
    updated: date | None
    mark: str


@dataclass(frozen=True, slots=True)
class IndexDescription:
    name: str
    model: str | None = None


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """`text` is what the words are taken from; the store keeps only vectors and the placement."""

    passage_id: str
    placement: Placement
    dense: Sequence[float] | NDArray[np.float32]
    text: str


@dataclass(frozen=True, slots=True)
class StoreHit:
    """`similarity` is the cosine of the query's and the passage's dense vectors."""

    passage_id: str
    rank_score: float
    similarity: float


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Of two vectors of length one."""
    return sum(a * b for a, b in zip(one, other, strict=True))


class PassageStore(Protocol):
    """All methods raise SearchUnavailable. Writes are seen by the next query."""

    @property
    def index(self) -> IndexDescription | None: ...

    def create(self, index: IndexDescription) -> None: ...

    def place_passages(self, passage_ids: Sequence[str], placement: Placement) -> None: ...

    def vectors(self, passage_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The dense vectors of those that are there."""
        ...

    def begin_beside(self, index: IndexDescription) -> "PassageStore": ...

    def adopt_beside(self) -> None: ...

    def snapshot(self, folder: Path) -> None: ...

    def restore(self, folder: Path) -> None: ...

    def index_name(self) -> str | None:
        """Which embedder and word rules the index was made with; None where there is no index."""
        ...

    def reset(self, index_name: str) -> None:
        """Drops whatever there is and makes an empty index."""
        ...

    def upsert(self, passages: Sequence[StoredPassage]) -> None: ...

    def place_document(self, placement: Placement) -> None:
        """Files all passages of the document under other rights or another collection."""
        ...

    def delete_passages(self, passage_ids: Sequence[str]) -> None: ...

    def delete_document(self, document_id: str) -> None: ...

    def marks(self) -> Mapping[str, str]:
        """The mark of every stored passage by its id."""
        ...

    def search(
        self, dense: list[float], text: str, access: AccessScope, collection: str | None, limit: int
    ) -> list[StoreHit]:
        """Dense and BM25 fused by reciprocal rank, best first; only what the scope allows."""
        ...

    def count(self) -> int: ...

    def settle(self) -> None:
        """After a batch of writes: makes them durable and searching fast again."""
        ...

    def close(self) -> None: ...
