"""Files a run made: a row that says what they are, and their bytes under `var/artifacts/` by content hash,
with the ending of their name so that programs know what to do with them."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sqlalchemy import Table, bindparam, delete, select
from sqlalchemy.orm import Session

from ledger.db import Database, now_in
from ledger.errors import NotFound
from ledger.ids import new_id
from ledger.schema import ArtifactRow

# The store's folder in `var/`.
ARTIFACTS = "artifacts"

_TABLE = cast(Table, ArtifactRow.__table__)
_OF_RUN = select(_TABLE).where(_TABLE.c.run_id == bindparam("run")).order_by(_TABLE.c.id)


@dataclass(frozen=True, slots=True)
class Artifact:
    id: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str


def file_of(sha256: str, name: str) -> str:
    """Where the bytes lie in the store's folder."""
    return f"{sha256[:2]}/{sha256}{Path(name).suffix}"


def read_kept(folder: Path, name: str, sha256: str) -> bytes:
    """A file of a run out of the store's folder. Raises NotFound if its bytes are gone or no longer what they
    were."""
    try:
        content = (folder / file_of(sha256, name)).read_bytes()
    except FileNotFoundError:
        content = b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise NotFound(f"The file '{name}' is missing or was changed since the run made it.")
    return content


def artifacts_in(session: Session, run_id: str) -> list[Artifact]:
    """For a reader that has a transaction already."""
    rows = session.connection().execute(_OF_RUN, {"run": run_id})
    return [Artifact(row.id, row.name, row.media_type, row.size_bytes, row.sha256) for row in rows]


class ArtifactStore:
    """Equal bytes are kept once; a reader never sees a half-written file."""

    def __init__(self, db: Database, folder: Path) -> None:
        self._db = db
        self._folder = folder

    def save(self, run_id: str, name: str, media_type: str, content: bytes) -> Artifact:
        """The same file of the same run again is the one it already has."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._write(self.path_of(sha256, name), content)
        artifact = Artifact(new_id(), name, media_type, len(content), sha256)
        with self._db.write() as session:
            for known in artifacts_in(session, run_id):
                if (known.name, known.sha256) == (name, sha256):
                    return known
            session.add(
                ArtifactRow(
                    id=artifact.id,
                    run_id=run_id,
                    name=name,
                    media_type=media_type,
                    size_bytes=len(content),
                    sha256=sha256,
                    created_at=now_in(session),
                )
            )
        return artifact

    def list(self, run_id: str) -> list[Artifact]:
        with self._db.read() as session:
            return artifacts_in(session, run_id)

    def forget(self, run_id: str) -> None:
        """The run has no files any more. Their bytes stay: another run may have made the same."""
        with self._db.write() as session:
            session.execute(delete(ArtifactRow).where(ArtifactRow.run_id == run_id))

    def read(self, artifact: Artifact) -> bytes:
        """Raises NotFound if the bytes are gone or no longer what they were."""
        return read_kept(self._folder, artifact.name, artifact.sha256)

    def path_of(self, sha256: str, name: str) -> Path:
        """Where the bytes are, or would be."""
        return self._folder / file_of(sha256, name)

    def _write(self, path: Path, content: bytes) -> None:
        # A damaged file is written anew, not trusted for its name.
        if path.exists() and path.read_bytes() == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
