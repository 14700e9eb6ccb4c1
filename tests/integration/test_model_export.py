"""A model's way to onnxruntime: exported once however many ask, checked against torch, and made anew when it
is not what was checked. Each export is a process that loads torch; a tiny model keeps the rest short."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from knowledge.embedding import Embedded, Embedder, open_embedder
from knowledge.embedding.model_folder import read_model_folder
from knowledge.embedding.torch_encoder import TorchEncoder
from tests.unit.knowledge.tiny_model import draw_weights, make_tiny_model

# On a busy machine one export takes a minute and a half.
pytestmark = pytest.mark.timeout(400)

TEXTS = ["The till is broken", "", "Who may READ this folder? " * 30, "VPN", "Größe: 12 €"]

_ASK = """
import sys
from pathlib import Path
from knowledge.embedding import open_embedder
sys.stdin.readline()
embedder = open_embedder(Path(sys.argv[1]), Path(sys.argv[2]))
print(embedder.embed_query("The till is broken"))
assert "torch" not in sys.modules
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def models(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the tiny model's export, as three processes at once left it."""
    models = tmp_path_factory.mktemp("var") / "models"
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", _ASK, str(models), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in asking:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [process.communicate(timeout=300)[0].splitlines() for process in asking]
    assert [process.returncode for process in asking] == [0, 0, 0]
    assert len({lines.pop() for lines in printed}) == 1, "they have different vectors"
    [logged] = [line for lines in printed for line in lines]
    assert "embedding_model_exported" in logged
    return models


def embed(embedder: Embedder) -> Embedded:
    return embedder.embed_passages(TEXTS, lambda _done: None)


def same_as_torch(embedded: Embedded, folder: Path) -> bool:
    rows = TorchEncoder(read_model_folder(folder)).encode(TEXTS, lambda _done: None)
    norms = np.linalg.norm(rows, axis=1)
    cosines = (embedded.vectors * rows).sum(axis=1) / norms
    return bool(cosines.min() >= 0.9999 and np.allclose(norms, embedded.norms, rtol=1e-3))


def only_export(models: Path) -> Path:
    [export] = models.glob("*/model.onnx")
    return export


def test_processes_at_once_export_once_and_leave_no_draft(models: Path, folder: Path) -> None:
    kept = only_export(models).parent
    assert kept.name.startswith("tiny-")
    assert sorted(path.name for path in kept.iterdir()) == ["export.json", "lock", "model.onnx"]
    assert json.loads((kept / "export.json").read_text())["likeness"] >= 0.9999
    assert same_as_torch(embed(open_embedder(models, folder)), folder)


def test_an_export_that_is_there_is_used_as_it_is(models: Path, folder: Path) -> None:
    before = only_export(models).stat()
    with capture_logs() as events:
        embed(open_embedder(models, folder))
    after = only_export(models).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert events == []


def test_a_damaged_export_is_made_anew(models: Path, folder: Path) -> None:
    wanted = embed(open_embedder(models, folder)).vectors
    content = bytearray(only_export(models).read_bytes())
    content[len(content) // 2] ^= 0x40
    only_export(models).write_bytes(content)
    assert np.array_equal(embed(open_embedder(models, folder)).vectors, wanted)
    assert only_export(models).read_bytes() != bytes(content)


def test_another_model_in_the_same_folder_is_exported_beside(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "tiny", dimension=16, pooling="cls")
    first = open_embedder(tmp_path / "models", folder)
    one = embed(first)
    assert one.vectors.shape == (len(TEXTS), 16)
    assert same_as_torch(one, folder)

    draw_weights(folder, seed=2)
    second = open_embedder(tmp_path / "models", folder)
    assert second.name != first.name
    other = embed(second)
    assert np.abs(other.vectors - one.vectors).max() > 0.1
    assert same_as_torch(other, folder)
    assert len(list((tmp_path / "models").glob("*/model.onnx"))) == 2


def test_an_export_that_does_not_do_the_same_is_refused_and_torch_works_on(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "tiny")
    # Only sentence-transformers knows this setting: `tokenizers` alone takes a capital for an unknown sign.
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["normalizer"]["lowercase"] = False
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 256, "do_lower_case": true}')

    with capture_logs() as events:
        embedded = embed(open_embedder(tmp_path / "models", folder))

    assert [(event["log_level"], event["event"]) for event in events] == [
        ("warning", "embedding_model_not_exported")
    ]
    assert "the export is not the same model" in events[0]["reason"]
    assert list((tmp_path / "models").glob("*/model.onnx")) == []
    assert same_as_torch(embedded, folder)
