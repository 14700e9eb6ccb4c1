"""What the library asks of a vector engine, and the errors that may come of it.

A store is never the source of truth: it may be rebuilt from the documents at any time, and what it finds is
held against the ledger's rows before anybody sees it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from knowledge.search.access import AccessScope
from ledger.errors import CrewdeskError, ErrorKind

# Part of an index's name, changed with the rules in `words`: other rules make other vectors.
WORDS_NAME = "bm25-en-2"


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
class IndexDescription:
    """`name` says which embedder and word rules the vectors are of. `model` is the folder of an embedding
    model other than the packaged one; `dimension` how many numbers its vectors have."""

    name: str
    model: str | None = None
    dimension: int = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Placement:
    """What the store's filters go by. `mark` is a digest of it, by which a passage filed under other rights
    is recognised. A staged passage is one with no allowed groups: by the filter that holds rights, no query
    finds it."""

    document_id: str
    collection: str
    allowed_groups: tuple[str, ...]
    owner: str | None
    language: str | None
    updated: date | None
    mark: str


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """`text` is what the words are taken from; the store keeps only vectors and the placement."""

    passage_id: str
    placement: Placement
    dense: Sequence[float] | NDArray[np.float32]
    text: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What to look among, besides what the scope allows; all of it must hold. The days are inclusive, and a
    document without a date is in no span of days."""

    collection: str | None = None
    owner: str | None = None
    language: str | None = None
    updated_from: date | None = None
    updated_to: date | None = None


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class StoreQuery:
    """`dense` and `text` are the same question, as a vector and in words. A limit of more than the hundred
    candidates of a side (see `fusion`) is met as far as the two sides differ."""

    dense: Sequence[float]
    text: str
    access: AccessScope
    filters: Filters = NO_FILTERS
    limit: int = 10


@dataclass(frozen=True, slots=True)
class StoreHit:
    """`similarity` is the cosine of the query's and the passage's dense vectors, `words` how much of the
    query's words the passage has, 0 to 1 (see `fusion`); `rank_score` is what the order goes by."""

    passage_id: str
    rank_score: float
    similarity: float
    words: float


class PassageStore(Protocol):
    """All methods raise SearchUnavailable. Writes are seen by the next query."""

    @property
    def index(self) -> IndexDescription | None:
        """The served index; None where there is none."""
        ...

    def create(self, index: IndexDescription) -> None:
        """Drops whatever there is and makes an empty index."""
        ...

    def upsert(self, passages: Sequence[StoredPassage]) -> None: ...

    def place_passages(self, passage_ids: Sequence[str], placement: Placement) -> None:
        """Files those of the passages that are there under the placement, vectors untouched."""
        ...

    def place_document(self, placement: Placement) -> None:
        """Files all passages of the document under the placement, vectors untouched."""
        ...

    def delete_passages(self, passage_ids: Sequence[str]) -> None: ...

    def delete_document(self, document_id: str) -> None: ...

    def marks(self) -> Mapping[str, str]:
        """The mark of every stored passage by its id."""
        ...

    def vectors(self, passage_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The dense vectors, of length one, of those of the passages that are there."""
        ...

    def search(self, query: StoreQuery) -> list[StoreHit]:
        """Best first by `fusion`; only what scope and filters allow."""
        ...

    def count(self) -> int: ...

    def settle(self) -> None:
        """After a batch of writes: makes them durable and searching fast again."""
        ...

    def begin_beside(self, index: IndexDescription) -> Self:
        """An empty index beside the served one, to be filled through the store returned; a half-made one is
        dropped."""
        ...

    def adopt_beside(self) -> None:
        """Serves the index begun beside instead, in one step: whoever dies meanwhile leaves the old one
        served or the new one. The old one goes."""
        ...

    def snapshot(self, folder: Path) -> None:
        """Copies the served index into the folder, made if need be. What is written meanwhile may be
        missing."""
        ...

    def restore(self, folder: Path) -> None:
        """Serves the index that `snapshot` copied there, adopted like one begun beside."""
        ...

    def close(self) -> None: ...
