"""The embedder: torch's vectors without torch, the published weights or none, no network, no waiting."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from knowledge import model_files
from knowledge.embedding import DIMENSION, Embedder, Matrix, open_embedder
from knowledge.embedding.model_folder import read_packaged_model
from knowledge.library import Library
from knowledge.model_files import SHA256, WEIGHTS, ModelFilesMissing, installed_model_folder
from knowledge.search.edge_store import EdgeStore
from ledger.db import Database
from ledger.errors import ErrorKind
from tests.model_cache import MODELS
from tests.unit.knowledge.shop import STAFF, Shop

# Of every length, in no order, some beyond what the model reads.
TEXTS = [f"Passage {n}: " + "tents, boats and Größen " * (n * 7 % 60) for n in range(40)]

_WITHOUT_TORCH = """
import socket, sys
from pathlib import Path
tried = []
def refuse(*arguments, **_rest):
    tried.append(arguments)
    raise OSError("no network here")
socket.getaddrinfo = socket.socket.connect = socket.create_connection = refuse
from knowledge.embedding import open_embedder
embedder = open_embedder(Path(sys.argv[1]))
assert len(embedder.embed_query("hello")) == 384
assert embedder.embed_passages(["one", "two " * 300] * 40, lambda _done: None).vectors.shape == (80, 384)
assert embedder.word_pieces().count("hello") == 1
assert not tried, tried
print(*sorted({"torch", "transformers", "sentence_transformers"} & set(sys.modules)))
"""


@pytest.fixture(scope="module")
def by_torch() -> Matrix:
    """The texts' vectors as sentence-transformers makes them, before they get length one."""
    from knowledge.embedding.torch_encoder import load_unnormalised

    model = load_unnormalised(read_packaged_model())
    return np.asarray(model.encode(TEXTS, show_progress_bar=False))


@pytest.fixture
def model_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Links to the installed files, to be broken one at a time, in their place."""
    for name in SHA256:
        copy = tmp_path / "model" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.symlink_to(installed_model_folder() / name)
    monkeypatch.setattr(model_files, "installed_model_folder", lambda: tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def embedder(model_copy: Path) -> Embedder:  # noqa: ARG001  the copy stands in the model's place
    """Not loaded yet, of the copy."""
    return open_embedder(MODELS)


def test_vectors_and_norms_are_those_of_torch(minilm: Embedder, by_torch: Matrix) -> None:
    embedded = minilm.embed_passages(TEXTS, lambda _done: None)
    norms = np.linalg.norm(by_torch, axis=1)
    assert ((embedded.vectors * by_torch).sum(axis=1) / norms).min() >= 0.9999
    assert embedded.norms == pytest.approx(norms, rel=1e-3)
    assert embedded.norms.min() > 0
    assert np.linalg.norm(embedded.vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)


def test_a_vector_does_not_depend_on_its_batch(minilm: Embedder) -> None:
    done: list[int] = []
    vectors = minilm.embed_passages(TEXTS, done.append).vectors
    assert vectors.shape == (len(TEXTS), minilm.dimension) == (len(TEXTS), DIMENSION)
    assert len(done) > 1
    assert done == sorted(done)
    assert done[-1] == len(TEXTS)
    for text, vector in zip(TEXTS[::7], vectors[::7], strict=True):
        assert vector == pytest.approx(minilm.embed_query(text), abs=1e-5)


def test_no_texts_make_no_vectors(minilm: Embedder) -> None:
    assert minilm.embed_passages([], pytest.fail).vectors.shape == (0, DIMENSION)


def test_meaning_is_nearer_than_other_matter(minilm: Embedder) -> None:
    query, near, far = (
        minilm.embed_query(text) for text in ("paid time off", "vacation days", "the printer is out of paper")
    )
    assert sum(a * b for a, b in zip(query, near, strict=True)) > 0.2 + sum(
        a * b for a, b in zip(query, far, strict=True)
    )


def test_threads_at_once_get_the_vectors_each_would_get_alone(minilm: Embedder) -> None:
    alone = minilm.embed_passages(TEXTS, lambda _done: None).vectors
    asked = [minilm.embed_query(text) for text in TEXTS]
    with ThreadPoolExecutor(6) as pool:
        passages = [pool.submit(minilm.embed_passages, TEXTS, lambda _done: None) for _ in range(3)]
        queries = list(pool.map(minilm.embed_query, TEXTS))
    assert queries == asked
    for future in passages:
        assert np.array_equal(future.result().vectors, alone)


def test_a_query_is_answered_in_the_middle_of_an_ingestion(minilm: Embedder) -> None:
    answered: list[int] = []

    def ask(done: int) -> None:
        asking = threading.Thread(target=minilm.embed_query, args=("How long?",), daemon=True)
        asking.start()
        asking.join(60)
        assert not asking.is_alive(), "the query waits for the ingestion"
        answered.append(done)

    minilm.embed_passages(TEXTS, ask)
    assert answered[0] < len(TEXTS)


def test_neither_torch_nor_the_network_is_needed(minilm: Embedder) -> None:
    minilm.warm_up()
    command = [sys.executable, "-c", _WITHOUT_TORCH, str(MODELS)]
    done = subprocess.run(command, check=True, timeout=100, capture_output=True, text=True)
    assert done.stdout.split() == []


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A folder nobody can make."""
    (tmp_path / "file").write_text("in the way")
    return tmp_path / "file" / "models"


@pytest.fixture
def by_fallback(nowhere: Path) -> tuple[Embedder, list[str]]:
    with capture_logs() as events:
        fallback = open_embedder(nowhere)
        fallback.warm_up()
    return fallback, [f"{event['log_level']} {event['event']} {event['reason']}" for event in events]


def test_without_a_place_for_the_export_torch_does_the_same(
    by_fallback: tuple[Embedder, list[str]], minilm: Embedder
) -> None:
    fallback, [warning] = by_fallback
    assert warning.startswith("warning embedding_model_not_exported ")
    assert "Not a directory" in warning
    done: list[int] = []
    slow, fast = fallback.embed_passages(TEXTS, done.append), minilm.embed_passages(TEXTS, lambda _done: None)
    assert done == [32, 40]
    assert fallback.name == minilm.name
    assert (slow.vectors * fast.vectors).sum(axis=1).min() >= 0.9999
    assert slow.norms == pytest.approx(fast.norms, rel=1e-3)


@pytest.mark.parametrize("name", sorted(SHA256))
def test_a_missing_file_is_named_with_the_remedy(embedder: Embedder, model_copy: Path, name: str) -> None:
    (model_copy / name).unlink()
    with pytest.raises(ModelFilesMissing, match=r"is missing; run `make setup` to reinstall") as raised:
        embedder.warm_up()
    assert str(model_copy / name) in str(raised.value)
    assert raised.value.kind is ErrorKind.UNAVAILABLE


def test_changed_weights_are_not_loaded(embedder: Embedder, model_copy: Path) -> None:
    path = model_copy / WEIGHTS
    content = bytearray(path.read_bytes())
    content[50_000] ^= 1
    path.unlink()
    path.write_bytes(content)
    with pytest.raises(ModelFilesMissing, match=r"model\.safetensors is not the published one"):
        embedder.embed_query("hello")


def test_a_model_that_was_reinstalled_is_loaded(embedder: Embedder, model_copy: Path) -> None:
    path = model_copy / "config.json"
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(ModelFilesMissing):
        embedder.embed_query("hello")
    path.write_bytes(content)
    assert len(embedder.embed_query("hello")) == DIMENSION


def test_without_its_model_nothing_is_ingested(
    shop: Shop, sqlite_db: Database, tmp_path: Path, embedder: Embedder, model_copy: Path
) -> None:
    shop.write("a.md", "# A\n\nWords.\n")
    (model_copy / "tokenizer.json").unlink()
    library = Library(sqlite_db, EdgeStore(tmp_path / "search"), embedder)
    with pytest.raises(ModelFilesMissing):
        shop.ingest(sqlite_db, library)
    assert library.count() == 0
    assert not (tmp_path / "search").exists()
    assert library.search("words", STAFF).hits == ()
