"""A model in a folder as sentence-transformers writes it: what of it Crewdesk can run, and which it is.

Only models whose vector is the mean of the word pieces' vectors or the first one's are taken, since for those
the small check after the export says that onnxruntime does the same as torch.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, ClassVar

from knowledge import model_files
from knowledge.embedding.port import DIMENSION
from knowledge.model_files import (
    MODEL_NAME,
    SHA256,
    WEIGHTS,
    ModelFilesMissing,
    check_model_files,
    file_sha256,
)
from ledger.errors import CrewdeskError, ErrorKind

PACKAGED_NAME = f"{MODEL_NAME}@{SHA256[WEIGHTS][:16]}"
_MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
_POOLING_MODES = ("mean", "cls")
_OLD_MODES = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}


class ModelUnsupported(CrewdeskError):
    """The folder holds no model, or one of a kind Crewdesk cannot run."""

    code = "model_unsupported"
    kind: ClassVar[ErrorKind] = ErrorKind.USAGE


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """`key` is a digest of all files the vectors depend on; `most_pieces` counts the two marks too."""

    path: Path
    title: str
    name: str
    key: str
    dimension: int
    most_pieces: int


def read_packaged_model() -> ModelFolder:
    """The model that is installed with Crewdesk. Raises ModelFilesMissing unless it is the published one."""
    folder = model_files.installed_model_folder()
    check_model_files(folder)
    key = _digest([f"{name} {sha256}" for name, sha256 in sorted(SHA256.items())])
    most_pieces = int(_read(folder, "sentence_bert_config.json")["max_seq_length"])
    return ModelFolder(folder, MODEL_NAME, PACKAGED_NAME, key, DIMENSION, most_pieces)


def read_model_folder(folder: Path) -> ModelFolder:
    """Raises ModelFilesMissing naming the file, ModelUnsupported saying what is not."""
    try:
        return _read_model(folder.resolve())
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unsupported(folder, f"its settings are not what they should be ({error!r})") from error


def _read_model(folder: Path) -> ModelFolder:
    modules = _read(folder, "modules.json")
    if [_kind(module) for module in modules] not in _MODULES:
        raise _unsupported(folder, "its modules are not Transformer, Pooling and perhaps Normalize")
    pooling_file = str(PurePath(modules[1]["path"]) / "config.json")
    pooling, config = _read(folder, pooling_file), _read(folder, "config.json")
    if _pooling_modes(pooling) not in [[mode] for mode in _POOLING_MODES]:
        raise _unsupported(folder, f"it pools by other than {' or '.join(_POOLING_MODES)}")
    settings = _read(folder, "config_sentence_transformers.json", {})
    if settings.get("default_prompt_name") or any((settings.get("prompts") or {}).values()):
        raise _unsupported(folder, "it wants a prompt before each text")
    names = ["modules.json", "config.json", pooling_file, WEIGHTS, "tokenizer.json"]
    key = _digest(
        [f"{name} {_hash(folder / name)}" for name in names] + [str(most := _limit(folder, config))]
    )
    return ModelFolder(
        path=folder,
        title=folder.name,
        name=f"{folder.name}@{key[:16]}",
        key=key,
        dimension=int(pooling.get("embedding_dimension") or pooling["word_embedding_dimension"]),
        most_pieces=most,
    )


def _kind(module: dict[str, Any]) -> str:
    package, *_, kind = module["type"].split(".")
    # Whatever lies between: sentence-transformers moved the classes between its packages.
    return str(kind) if package == "sentence_transformers" else str(module["type"])


def _pooling_modes(pooling: dict[str, Any]) -> list[str]:
    modes = pooling.get("pooling_mode")
    if modes is None:
        chosen = [key for key, is_on in pooling.items() if key.startswith("pooling_mode_") and is_on is True]
        return [_OLD_MODES.get(key, key) for key in chosen]
    return [modes] if isinstance(modes, str) else list(modes)


def _limit(folder: Path, config: dict[str, Any]) -> int:
    """As sentence-transformers has it: its own setting first, else what tokenizer and weights allow."""
    own = _read(folder, "sentence_bert_config.json", {}).get("max_seq_length")
    allowed = config.get("max_position_embeddings", 512)
    tokenizer = _read(folder, "tokenizer_config.json", {}).get("model_max_length", allowed)
    return int(own or min(tokenizer, allowed))


def _read(folder: Path, name: str, default: Any = None) -> Any:
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        if default is not None:
            return default
        raise ModelFilesMissing(f"The embedding model's file {folder / name} is missing.") from None
    except (OSError, ValueError) as error:
        raise _unsupported(folder, f"{name} cannot be read ({error})") from None


def _hash(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError:
        raise ModelFilesMissing(f"The embedding model's file {path} is missing.") from None


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _unsupported(folder: Path, why: str) -> ModelUnsupported:
    return ModelUnsupported(
        f"The embedding model in {folder} cannot be used: {why}. Use one that sentence-transformers saved, "
        "of a transformer with mean or first-token pooling."
    )
