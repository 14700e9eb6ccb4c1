"""A library of any size within seconds: passages of words drawn from the sample workspace's documents, filed
under seeded random vectors.

A random vector is as far from a query as a passage can be, so nothing about it helps the engine.
"""

import itertools
import random
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np

from knowledge.draft import place
from knowledge.library import Library
from knowledge.search.port import StoredPassage
from ledger.db import Database
from ledger.documents import DocumentRecord, DocumentWithPassages, PassageRecord, put_documents
from ledger.ids import derive_id

PASSAGES_PER_DOCUMENT = 40
_DOCUMENTS_PER_BATCH = 50
_GROUPS = (("everyone",), ("everyone",), ("everyone", "it"), ("hr",), ("finance",))


def read_vocabulary(documents: Path) -> list[str]:
    """All words in reading order: drawing from them gives each word its natural frequency."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(documents.rglob("*.md")))
    return [word for text in texts for word in re.findall(r"[A-Za-z][A-Za-z'-]+", text)]


def fill(db: Database, library: Library, vocabulary: list[str], passages: int, seed: int = 20) -> None:
    """Through the store's port and the ledger's rows, as an ingestion does it."""
    draw, vectors = random.Random(seed), np.random.default_rng(seed)
    index = library.describe_index()
    library.store.create(index)
    entries = _entries(draw, vocabulary, passages // PASSAGES_PER_DOCUMENT)
    while batch := list(itertools.islice(entries, _DOCUMENTS_PER_BATCH)):
        library.store.upsert([point for entry in batch for point in _points(entry, vectors, index.dimension)])
        put_documents(db, batch)
    library.store.settle()


def _entries(draw: random.Random, vocabulary: list[str], documents: int) -> Iterator[DocumentWithPassages]:
    for number in range(documents):
        path = f"documents/made-up/{number:04}.md"
        record = DocumentRecord(
            id=derive_id(path),
            path=path,
            status="ok",
            reason=None,
            content_hash=derive_id(path, "content"),
            title=" ".join(draw.choices(vocabulary, k=4)),
            owner=None,
            collection="market" if number % 10 == 0 else "company",
            classification="internal",
            allowed_groups=_GROUPS[number % len(_GROUPS)],
            updated=date(2026, 1, 1),
            language="en",
            review_by=None,
            size_bytes=1,
        )
        texts = [
            " ".join(draw.choices(vocabulary, k=draw.randint(60, 120))) for _ in range(PASSAGES_PER_DOCUMENT)
        ]
        rows = (
            PassageRecord(derive_id(path, str(position)), record.id, position, (record.title,), "", text)
            for position, text in enumerate(texts)
        )
        yield DocumentWithPassages(record, tuple(rows))


def _points(entry: DocumentWithPassages, draw: np.random.Generator, dimension: int) -> list[StoredPassage]:
    dense = draw.standard_normal((len(entry.passages), dimension))
    dense /= np.linalg.norm(dense, axis=1, keepdims=True)
    placement = place(entry.document)
    return [
        StoredPassage(passage.id, placement, vector, passage.text)
        for passage, vector in zip(entry.passages, dense.tolist(), strict=True)
    ]
