"""The real embedder, loaded once for all tests, and a library over a real Qdrant Edge shard."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.embedding import Embedder
from knowledge.library import Library
from knowledge.model_files import installed_model_folder
from knowledge.search.edge_store import EdgeStore
from knowledge.word_pieces import ModelWordPieces
from ledger.db import Database
from tests.model_cache import packaged_embedder
from tests.unit.knowledge.shop import Shop


@pytest.fixture(scope="session")
def minilm() -> Embedder:
    return packaged_embedder()


@pytest.fixture(scope="session")
def pieces() -> ModelWordPieces:
    return ModelWordPieces(installed_model_folder())


@pytest.fixture
def library(sqlite_db: Database, tmp_path: Path, minilm: Embedder) -> Iterator[Library]:
    library = Library(sqlite_db, EdgeStore(tmp_path / "search"), minilm)
    yield library
    library.close()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")
