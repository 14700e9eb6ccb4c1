"""The embedder: the published weights or none, no network, the same vectors in whatever batch."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge.embedding import DIMENSION, MiniLm
from knowledge.library import Library
from knowledge.model_files import SHA256, WEIGHTS, ModelFilesMissing, installed_model_folder
from knowledge.search.edge_store import EdgeStore
from ledger.db import Database
from ledger.errors import ErrorKind
from tests.unit.knowledge.shop import STAFF, Shop

_OFFLINE = """
import socket
tried = []
def refuse(*arguments, **_rest):
    tried.append(arguments)
    raise OSError("no network here")
socket.getaddrinfo = socket.socket.connect = socket.create_connection = refuse
from knowledge.embedding import MiniLm
assert len(MiniLm().embed_query("hello")) == 384
assert not tried, tried
"""


@pytest.fixture
def model_copy(tmp_path: Path) -> Path:
    """Links to the installed files, to be broken one at a time."""
    for name in SHA256:
        copy = tmp_path / "model" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.symlink_to(installed_model_folder() / name)
    return tmp_path / "model"


def test_vectors_have_length_one_and_do_not_depend_on_their_batch(minilm: MiniLm) -> None:
    texts = [f"Passage {n} about " + "tents and boats " * (n % 9) for n in range(40)]
    done: list[int] = []
    vectors = minilm.embed_passages(texts, done.append).vectors.tolist()
    assert done == [32, 40]
    for text, vector in zip(texts[::7], vectors[::7], strict=True):
        assert len(vector) == DIMENSION
        assert sum(x * x for x in vector) == pytest.approx(1, abs=1e-4)
        assert vector == pytest.approx(minilm.embed_query(text), abs=1e-4)


def test_meaning_is_nearer_than_other_matter(minilm: MiniLm) -> None:
    query, near, far = (
        minilm.embed_query(text) for text in ("paid time off", "vacation days", "the printer is out of paper")
    )
    assert sum(a * b for a, b in zip(query, near, strict=True)) > 0.2 + sum(
        a * b for a, b in zip(query, far, strict=True)
    )


def test_no_connection_is_tried() -> None:
    subprocess.run([sys.executable, "-c", _OFFLINE], check=True, timeout=100)


@pytest.mark.parametrize("name", sorted(SHA256))
def test_a_missing_file_is_named_with_the_remedy(model_copy: Path, name: str) -> None:
    (model_copy / name).unlink()
    with pytest.raises(ModelFilesMissing, match=r"is missing; run `make setup` to reinstall") as raised:
        MiniLm(model_copy).warm_up()
    assert str(model_copy / name) in str(raised.value)
    assert raised.value.kind is ErrorKind.UNAVAILABLE


def test_changed_weights_are_not_loaded(model_copy: Path) -> None:
    path = model_copy / WEIGHTS
    content = bytearray(path.read_bytes())
    content[50_000] ^= 1
    path.unlink()
    path.write_bytes(content)
    with pytest.raises(ModelFilesMissing, match=r"model\.safetensors is not the published one"):
        MiniLm(model_copy).embed_query("hello")


def test_a_model_that_was_reinstalled_is_loaded(model_copy: Path) -> None:
    embedder = MiniLm(model_copy)
    path = model_copy / "config.json"
    path.unlink()
    with pytest.raises(ModelFilesMissing):
        embedder.embed_query("hello")
    shutil.copy(installed_model_folder() / "config.json", path)
    assert len(embedder.embed_query("hello")) == DIMENSION


def test_without_its_model_nothing_is_ingested(
    shop: Shop, sqlite_db: Database, tmp_path: Path, model_copy: Path
) -> None:
    shop.write("a.md", "# A\n\nWords.\n")
    (model_copy / "tokenizer.json").unlink()
    library = Library(sqlite_db, EdgeStore(tmp_path / "search"), MiniLm(model_copy))
    with pytest.raises(ModelFilesMissing):
        shop.ingest(sqlite_db, library)
    assert library.count() == 0
    assert not (tmp_path / "search").exists()
    assert library.search("words", STAFF).hits == ()
