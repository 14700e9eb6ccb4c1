"""A sentence-transformers model of a few kilobytes with weights drawn at random: another model than the
packaged one, made in milliseconds and without torch."""

import json
import string
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MOST_PIECES = 256
_LAYERS, _HEADS = 2, 4
_MODULES = ("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")


def make_tiny_model(folder: Path, seed: int = 1, dimension: int = 32, pooling: str = "mean") -> Path:
    """The folder. `dimension` is a multiple of 4; other seeds make other models of the same shape."""
    (folder / "1_Pooling").mkdir(parents=True)
    tokenizer = _tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    shape = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "hidden_size": dimension,
        "intermediate_size": 2 * dimension,
        "num_hidden_layers": _LAYERS,
        "num_attention_heads": _HEADS,
        "vocab_size": tokenizer.get_vocab_size(),
        "max_position_embeddings": 2 * MOST_PIECES,
        "type_vocab_size": 2,
        "pad_token_id": 0,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
    }
    pooled = {"word_embedding_dimension": dimension, "pooling_mode": pooling}
    kinds = [
        {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for index, (path, kind) in enumerate(_MODULES)
    ]
    special = dict(
        zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), MARKS, strict=True)
    )
    for name, content in {
        "config.json": shape,
        "modules.json": kinds,
        "1_Pooling/config.json": pooled,
        "sentence_bert_config.json": {"max_seq_length": MOST_PIECES, "do_lower_case": False},
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "model_max_length": 512, **special},
    }.items():
        (folder / name).write_text(json.dumps(content))
    draw_weights(folder, seed)
    return folder


def draw_weights(folder: Path, seed: int) -> None:
    """Anew, for a model that is there."""
    shape = json.loads((folder / "config.json").read_text())
    draw = np.random.default_rng(seed)
    weights = {}
    for name, size in _parameters(shape["hidden_size"], shape["intermediate_size"], shape["vocab_size"]):
        is_scale = name.endswith("LayerNorm.weight")
        weights[name] = _matrix(draw, size, 1.0 if is_scale else 0.0)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def _matrix(draw: np.random.Generator, size: tuple[int, ...], mean: float) -> NDArray[np.float32]:
    return (mean + 0.2 * draw.standard_normal(size)).astype(np.float32)


def _parameters(hidden: int, inner: int, words: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "embeddings.word_embeddings.weight", (words, hidden)
    yield "embeddings.position_embeddings.weight", (2 * MOST_PIECES, hidden)
    yield "embeddings.token_type_embeddings.weight", (2, hidden)
    yield from _linear("embeddings.LayerNorm", (hidden,))
    for number in range(_LAYERS):
        layer = f"encoder.layer.{number}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            yield from _linear(f"{layer}.attention.{part}", (hidden, hidden))
        yield from _linear(f"{layer}.attention.output.LayerNorm", (hidden,))
        yield from _linear(f"{layer}.intermediate.dense", (inner, hidden))
        yield from _linear(f"{layer}.output.dense", (hidden, inner))
        yield from _linear(f"{layer}.output.LayerNorm", (hidden,))
    yield from _linear("pooler.dense", (hidden, hidden))


def _linear(name: str, size: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", size
    yield f"{name}.bias", size[:1]


def _tokenizer() -> Tokenizer:
    """Letters, digits and punctuation are its pieces; it knows no whole words."""
    signs = string.ascii_lowercase + string.digits + string.punctuation
    pieces = [*MARKS, *signs, *(f"##{sign}" for sign in signs)]
    places = {piece: place for place, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(places, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    around = [(mark, places[mark]) for mark in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=around)
    return tokenizer
