"""Which models of a folder are taken, and what tells one from another."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from knowledge.embedding import open_embedder
from knowledge.embedding.model_folder import ModelUnsupported, read_model_folder
from knowledge.model_files import ModelFilesMissing
from tests.unit.knowledge.tiny_model import MOST_PIECES, draw_weights, make_tiny_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_tiny_model(tmp_path / "tiny", dimension=16)


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def test_what_an_embedder_says_of_itself_before_it_is_loaded(folder: Path, tmp_path: Path) -> None:
    embedder = open_embedder(tmp_path / "models", folder)
    assert embedder.name.startswith("tiny@")
    assert embedder.dimension == 16
    assert embedder.word_pieces().count("Tent 7") == 5
    assert read_model_folder(folder).most_pieces == MOST_PIECES
    assert not (tmp_path / "models").exists()


def test_the_same_model_has_the_same_name_wherever_it_lies(folder: Path, tmp_path: Path) -> None:
    again = make_tiny_model(tmp_path / "elsewhere" / "tiny", dimension=16)
    assert read_model_folder(again).name == read_model_folder(folder).name


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: draw_weights(folder, seed=2),
        lambda folder: edit(folder / "tokenizer.json", lambda it: {**it, "normalizer": None}),
        lambda folder: edit(folder / "1_Pooling" / "config.json", lambda it: {**it, "pooling_mode": "cls"}),
        lambda folder: edit(folder / "sentence_bert_config.json", lambda it: {**it, "max_seq_length": 100}),
    ],
    ids=["weights", "tokenizer", "pooling", "limit"],
)
def test_whatever_changes_the_vectors_changes_the_name(folder: Path, change: Callable[[Path], None]) -> None:
    before = read_model_folder(folder)
    change(folder)
    after = read_model_folder(folder)
    assert after.name != before.name
    assert after.key != before.key


def test_pooling_is_read_in_the_older_form_too(folder: Path) -> None:
    pooling = {
        "word_embedding_dimension": 16,
        "pooling_mode_cls_token": True,
        "pooling_mode_max_tokens": False,
    }
    edit(folder / "1_Pooling" / "config.json", lambda _it: pooling)
    assert read_model_folder(folder).dimension == 16


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        ("modules.json", lambda it: it[:1], "its modules are not"),
        (
            "modules.json",
            lambda it: [*it, {"type": "sentence_transformers.models.Dense"}],
            "its modules are not",
        ),
        (
            "modules.json",
            lambda it: [{**it[0], "type": "elsewhere.Transformer"}, it[1]],
            "its modules are not",
        ),
        ("modules.json", lambda it: {"modules": it}, "not what they should be"),
        ("1_Pooling/config.json", lambda _it: {"pooling_mode": "mean"}, "not what they should be"),
        (
            "1_Pooling/config.json",
            lambda it: {**it, "pooling_mode": "max"},
            "it pools by other than mean or cls",
        ),
        ("1_Pooling/config.json", lambda it: {**it, "pooling_mode": ["mean", "cls"]}, "it pools by other"),
    ],
)
def test_a_model_of_another_kind_is_refused_with_the_reason(
    folder: Path, file: str, change: Callable[[Any], Any], says: str
) -> None:
    edit(folder / file, change)
    with pytest.raises(ModelUnsupported, match=says) as raised:
        read_model_folder(folder)
    assert str(folder) in str(raised.value)


def test_a_model_that_wants_prompts_is_refused(folder: Path) -> None:
    path = folder / "config_sentence_transformers.json"
    path.write_text('{"prompts": {"query": "", "document": ""}, "default_prompt_name": null}')
    read_model_folder(folder)
    path.write_text('{"prompts": {"query": "query: ", "document": ""}}')
    with pytest.raises(ModelUnsupported, match="it wants a prompt"):
        read_model_folder(folder)


def test_a_file_that_is_no_json_is_named(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelUnsupported, match=r"config\.json cannot be read"):
        read_model_folder(folder)


@pytest.mark.parametrize(
    "file", ["modules.json", "config.json", "1_Pooling/config.json", "model.safetensors"]
)
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(ModelFilesMissing, match="is missing") as raised:
        open_embedder(folder / "models", folder).embed_query("hello")
    assert str(folder / file) in str(raised.value)
