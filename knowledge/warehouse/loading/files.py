"""The files of a product's source. None lies outside of the workspace, whatever links lead there."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from knowledge.warehouse.errors import SourceUnreadable
from knowledge.warehouse.loading.source import Origin
from knowledge.warehouse.spec import FileLocation


def find_files(location: FileLocation, workspace: Path) -> Origin:
    """Raises SourceUnreadable if there are none, or one lies outside."""
    folder = workspace.resolve()
    try:
        found = sorted(path for path in folder.glob(location.path) if path.is_file())
    except ValueError as error:
        raise SourceUnreadable(f"'{location.path}' is no pattern for files ({error}).") from error
    if not found:
        raise SourceUnreadable(f"There is no file {location.path} in the workspace {workspace}.")
    for path in found:
        if not path.resolve().is_relative_to(folder):
            raise SourceUnreadable(
                f"{path.relative_to(folder)} leads out of the workspace; put the file itself there."
            )
    digest = hashlib.sha256()
    for path in found:
        digest.update(_fingerprint(path, folder).encode())
    newest = max(path.stat().st_mtime for path in found)
    return Origin(
        files=tuple(path.resolve() for path in found),
        digest=digest.hexdigest(),
        as_of=datetime.fromtimestamp(newest, UTC),
    )


def name_in_workspace(path: Path, workspace: Path) -> str:
    return path.relative_to(workspace.resolve()).as_posix()


def _fingerprint(path: Path, folder: Path) -> str:
    stat = path.stat()
    try:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        name = path.relative_to(folder)
        raise SourceUnreadable(f"{name} cannot be read ({error.strerror}).") from error
    return f"{path.relative_to(folder)}\n{stat.st_size}\n{stat.st_mtime_ns}\n{content}\n"
