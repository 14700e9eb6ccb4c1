"""A copy of the whole library in a folder, and the way back.

The manifest names every file with its digest, and is written last: a folder without one is no snapshot. A
restore checks all of it before it touches anything.
"""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from knowledge.library import Library
from knowledge.search.port import WORDS_NAME, PassageStore
from ledger.db import Database
from ledger.errors import CrewdeskError, ErrorKind, InvalidInput
from ledger.library_rows import columns, replace_rows, write_rows

_MANIFEST = "manifest.json"
_INDEX = "index"


class SnapshotInvalid(CrewdeskError):
    """The folder holds no snapshot, a damaged one, or one this installation cannot serve."""

    code = "snapshot_invalid"
    kind: ClassVar[ErrorKind] = ErrorKind.USAGE


class Manifest(BaseModel):
    """`files` gives the SHA-256 of each file by its path in the folder; `store` is the kind of engine that
    wrote the index, and the only one that can read it."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    made_at: datetime
    store: str
    index: str
    model: str | None
    columns: dict[str, tuple[str, ...]]
    rows: dict[str, int]
    files: dict[str, str]


def write_snapshot(db: Database, store: PassageStore, folder: Path) -> Manifest:
    """Only with the turn to ingest held. Raises InvalidInput where the folder is not empty or there is no
    index."""
    index = store.index
    if index is None:
        raise InvalidInput("There is no index to take a snapshot of: run `crewdesk ingest` first.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInput(f"{folder} is not empty; a snapshot goes into a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    store.snapshot(folder / _INDEX)
    manifest = Manifest(
        made_at=db.clock.now(),
        store=type(store).__name__,
        index=index.name,
        model=index.model,
        columns=columns(),
        rows=write_rows(db, folder),
        files={path.relative_to(folder).as_posix(): _digest(path) for path in _files(folder)},
    )
    (folder / _MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return manifest


def restore_snapshot(db: Database, library: Library, folder: Path) -> Manifest:
    """Only with the turn to ingest held. Should it break off between index and rows, restoring again or
    ingesting mends it. Raises SnapshotInvalid before anything is touched."""
    manifest = _read_manifest(folder)
    _refuse_other(manifest, library, folder)
    _refuse_damaged(manifest, folder)
    library.store.restore(folder / _INDEX)
    replace_rows(db, folder)
    return manifest


def _read_manifest(folder: Path) -> Manifest:
    try:
        return Manifest.model_validate_json((folder / _MANIFEST).read_bytes())
    except OSError as error:
        raise SnapshotInvalid(f"There is no whole snapshot in {folder} ({error.strerror}).") from error
    except ValidationError as error:
        raise SnapshotInvalid(f"{folder / _MANIFEST} is not a manifest this version can read.") from error


def _refuse_other(manifest: Manifest, library: Library, folder: Path) -> None:
    """What this installation could read, but not serve."""
    engine = type(library.store).__name__
    if manifest.store != engine:
        raise SnapshotInvalid(
            f"The snapshot in {folder} was made by {manifest.store}, and the index here is kept by {engine}; "
            "only the same kind of engine can read it."
        )
    served = library.store.index
    is_same_model = manifest.model == (served.model if served else None)
    is_searchable = manifest.index == library.index_name or not is_same_model
    if not is_searchable or not manifest.index.endswith(f"+{WORDS_NAME}") or manifest.columns != columns():
        raise SnapshotInvalid(
            f"The snapshot in {folder} is of the index {manifest.index}, and this version searches with "
            f"{library.index_name}: restore it with the version of Crewdesk that made it."
        )
    if manifest.model is not None and not Path(manifest.model).is_dir():
        raise SnapshotInvalid(
            f"The snapshot in {folder} needs the embedding model in {manifest.model}, which is not there."
        )


def _refuse_damaged(manifest: Manifest, folder: Path) -> None:
    missing = {f"{table}.jsonl" for table in manifest.columns} - manifest.files.keys()
    found = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    damaged = missing | {
        name for name, digest in manifest.files.items() if name not in found or _digest(found[name]) != digest
    }
    if damaged:
        raise SnapshotInvalid(
            f"The snapshot in {folder} is damaged: {min(damaged)} is missing or not what was written."
        )
    if extra := found.keys() - manifest.files.keys():
        raise SnapshotInvalid(f"The snapshot in {folder} holds a file it was not made with: {min(extra)}.")


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / _MANIFEST]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
