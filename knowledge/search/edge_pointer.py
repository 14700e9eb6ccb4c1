"""The file that says which shard folder is served and what its vectors are of; replaced in one step."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from knowledge.search.port import IndexDescription


@dataclass(frozen=True, slots=True)
class Pointer:
    """`shard_folder` is a name beside the pointer's own file."""

    index: IndexDescription
    shard_folder: str


def read_pointer(file: Path) -> Pointer | None:
    """None where there is none, or none of this kind."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        model = kept["model"]
        index = IndexDescription(
            str(kept["name"]), None if model is None else str(model), dimension=int(kept["dimension"])
        )
        return Pointer(index, Path(kept["shard"]).name)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_pointer(file: Path, pointer: Pointer) -> None:
    index = pointer.index
    kept = {
        "name": index.name,
        "model": index.model,
        "dimension": index.dimension,
        "shard": pointer.shard_folder,
    }
    draft = file.with_name(f"{file.name}.new")
    with draft.open("w", encoding="utf-8") as written:
        json.dump(kept, written)
        written.flush()
        os.fsync(written.fileno())
    draft.replace(file)
