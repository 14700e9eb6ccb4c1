"""Finds the workspace's document files and what their folders say about them.

Everything people wrote about access is read and checked here, before ingestion writes anything.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from knowledge.metadata import META_FILE, FolderMetadata, Metadata, check_whole, load_folder_metadata
from knowledge.pii.policy import workspace_policy
from ledger.errors import WorkspaceInvalid
from ledger.workspace import WORKSPACE_FILE, Workspace

LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class SourceFile:
    """`name` is the path from the workspace's folder, with slashes: what people know the document by.
    `has_valid_name` is false where the name is too long for a row or is not text."""

    path: Path
    name: str
    metadata: Metadata
    leads_outside: bool
    has_valid_name: bool


@dataclass(frozen=True, slots=True)
class SourceList:
    files: tuple[SourceFile, ...]
    warnings: tuple[str, ...]

    def within(self, only: str | None) -> tuple[SourceFile, ...]:
        """Those at or below this name."""
        return tuple(file for file in self.files if is_within(file.name, only))


def is_within(name: str, only: str | None) -> bool:
    return only is None or name == only or name.startswith(f"{only}/")


def find_sources(workspace: Workspace) -> SourceList:
    """All files of the document folders, in the order of their names; hidden ones and lock files of Office
    are no documents. Raises WorkspaceInvalid if any `_meta.yaml` does not hold or a folder cannot be
    read."""
    roots = workspace.document_folders
    common = Metadata(pii=workspace_policy(workspace))
    _refuse_nested(roots, workspace)
    files: list[SourceFile] = []
    warnings: list[str] = []
    for root in roots:
        for folder, names, metadata, inherited in _walk(root, common, frozenset(workspace.people.groups)):
            warnings.extend(_missing_entries(folder, metadata))
            for name in names:
                whole = metadata.files.get(name, Metadata()).over(inherited)
                check_whole(whole, f"{folder / META_FILE}: files.{name}")
                files.append(_source(folder / name, root, workspace, whole))
    return SourceList(tuple(sorted(files, key=lambda file: file.name)), tuple(warnings))


def _refuse_nested(roots: list[Path], workspace: Workspace) -> None:
    resolved = [root.resolve() for root in roots]
    for root in resolved:
        if any(root.is_relative_to(other) for other in resolved if other is not root):
            raise WorkspaceInvalid(
                f"{workspace.folder / WORKSPACE_FILE}: documents: {root} is listed twice or lies inside "
                "another folder of the list."
            )


def _walk(
    root: Path, common: Metadata, groups: frozenset[str]
) -> Iterator[tuple[Path, list[str], FolderMetadata, Metadata]]:
    """Each folder with the names of its documents, its own metadata and the defaults that hold in it."""
    defaults: dict[Path, Metadata] = {root.parent: common}
    for current, folders, names in os.walk(root, onerror=_refuse_unreadable):
        folder = Path(current)
        # A link to a folder is not followed; as a name it is reported like any file.
        links = [name for name in folders if (folder / name).is_symlink()]
        folders[:] = sorted(name for name in folders if _is_visible(name) and name not in links)
        metadata = load_folder_metadata(folder, groups)
        defaults[folder] = metadata.defaults.over(defaults[folder.parent])
        check_whole(defaults[folder], f"{folder / META_FILE}: defaults")
        yield folder, [name for name in [*names, *links] if _is_visible(name)], metadata, defaults[folder]


def _refuse_unreadable(error: OSError) -> None:
    # Passed over, all documents in it would count as deleted.
    raise WorkspaceInvalid(f"{error.filename}: this folder cannot be read ({error.strerror}).") from error


def _is_visible(name: str) -> bool:
    return not name.startswith((".", "~$")) and name != META_FILE


def _missing_entries(folder: Path, metadata: FolderMetadata) -> list[str]:
    return [
        f"{folder / META_FILE}: files.{name}: there is no such file in this folder."
        for name in metadata.files
        if not (folder / name).is_file()
    ]


def _source(path: Path, root: Path, workspace: Workspace, metadata: Metadata) -> SourceFile:
    name = Path(os.path.relpath(path, workspace.folder)).as_posix()
    # A name that is not UTF-8 comes with lone surrogates, which no database takes.
    printable = name.encode("utf-8", "replace").decode()
    return SourceFile(
        path=path,
        name=printable,
        metadata=metadata,
        # Not `Path.resolve`: it raises where a link leads back to itself.
        leads_outside=not Path(os.path.realpath(path)).is_relative_to(root.resolve()) or path.is_dir(),
        has_valid_name=printable == name and len(name) <= LONGEST_NAME,
    )
