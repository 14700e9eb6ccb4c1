"""Builds the library a process reads from, out of its settings."""

from pathlib import Path

from knowledge.embedding import open_embedder
from knowledge.library import Library
from knowledge.search.port import PassageStore
from ledger.db import Database
from ledger.settings import SearchSettings


def open_library(settings: SearchSettings, db: Database) -> Library:
    """The store is opened and the embedder loaded at first use."""
    models = settings.var / "models"
    return Library(
        db, _make_store(settings), open_embedder(models), lambda folder: open_embedder(models, Path(folder))
    )


def _make_store(settings: SearchSettings) -> PassageStore:
    # Each engine's library is imported only where it is used; qdrant_client alone costs 0.9 s.
    if settings.qdrant_url is None:
        from knowledge.search.edge_store import EdgeStore

        return EdgeStore(settings.var / "search")
    from knowledge.search.server_store import connect

    key = settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None
    return connect(settings.qdrant_url, key)
