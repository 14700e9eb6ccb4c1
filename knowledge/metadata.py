"""What is known about a document besides its text: title, owner, dates and - above all - who may read it.

Front matter wins over a folder's entry for the file, that over the folder's defaults, those over the parent
folder's, those over the built-in ones. What is malformed is refused, never skipped: a misspelt rule about
access must not open a document.
"""

import os
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from knowledge.pii.policy import PiiPolicy
from ledger.errors import WorkspaceInvalid
from ledger.people import EVERYONE, PUBLIC, Email, Name
from ledger.yaml_file import load_yaml

META_FILE = "_meta.yaml"
DEFAULT_COLLECTION = "company"


class Classification(StrEnum):
    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"


Title = Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True)]
LanguageCode = Annotated[
    str, StringConstraints(pattern=r"^[a-zA-Z]{2}$", to_lower=True, strip_whitespace=True)
]


class Metadata(BaseModel):
    """What somebody has said about a document; a field nobody gave is None. `groups: []` means nobody."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Title | None = None
    owner: Email | None = None
    collection: Name | None = None
    groups: tuple[Name, ...] | None = None
    classification: Classification | None = None
    updated: date | None = None
    review_by: date | None = None
    language: LanguageCode | None = None
    pii: PiiPolicy | None = None

    @field_validator("groups", mode="before")
    @classmethod
    def _refuse_empty(cls, groups: object) -> object:
        # Half-written, this key would otherwise open the document to whom its folder allows.
        if groups is None:
            raise ValueError("list the groups that may read it; [] means nobody")
        return groups

    @field_validator("language", mode="before")
    @classmethod
    def _read_norwegian(cls, language: object) -> object:
        # An unquoted `no` is False to YAML.
        return "no" if language is False else language

    def over(self, other: "Metadata") -> "Metadata":
        """These fields where given, else the other's; of `pii` each field for itself."""
        given = self._given()
        if self.pii and other.pii:
            given["pii"] = self.pii.over(other.pii)
        return other.model_copy(update=given)

    def _given(self) -> dict[str, Any]:
        # A key given without a value says nothing, as if it were not there.
        return {key: value for key in type(self).model_fields if (value := getattr(self, key)) is not None}


class FolderMetadata(BaseModel):
    """The shape of `_meta.yaml`; `files` are names in the same folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    defaults: Metadata = Metadata()
    files: dict[str, Metadata] = Field(default_factory=dict)

    @field_validator("defaults")
    @classmethod
    def _refuse_title(cls, defaults: Metadata) -> Metadata:
        if defaults.title:
            raise ValueError("a folder may not give one title to all its files")
        return defaults


@dataclass(frozen=True, slots=True)
class Resolved:
    """The metadata a document has in the end; `title` is None where it has to come from the text."""

    title: str | None
    owner: str | None
    collection: str
    groups: tuple[str, ...]
    classification: Classification
    updated: date | None
    review_by: date | None
    language: str | None = None
    pii: PiiPolicy = field(default_factory=PiiPolicy)


def load_folder_metadata(folder: Path, declared_groups: frozenset[str]) -> FolderMetadata:
    """Empty where the folder has no `_meta.yaml`. Raises WorkspaceInvalid naming file and key."""
    path = folder / META_FILE
    # A link that leads nowhere is a rule that cannot be read, not the lack of one.
    if not os.path.lexists(path):
        _refuse_misnamed(folder)
        return FolderMetadata()
    metadata = load_yaml(path, FolderMetadata)
    check_groups(metadata.defaults, declared_groups, f"{path}: defaults")
    for name, entry in metadata.files.items():
        check_groups(entry, declared_groups, f"{path}: files.{name}")
        # Left alone, it would most likely be a misspelt name whose file is open to the folder's groups.
        if entry.groups is not None and not (folder / name).is_file():
            raise WorkspaceInvalid(
                f"{path}: files.{name}.groups: there is no such file in this folder, so this rule protects "
                "nothing; correct the name or remove the entry."
            )
    return metadata


def _refuse_misnamed(folder: Path) -> None:
    for file in folder.iterdir():
        if file.name.lower() in {META_FILE, "_meta.yml"}:
            raise WorkspaceInvalid(
                f"{file}: rename this file to {META_FILE}; under this name its rules would not hold."
            )


def check_groups(metadata: Metadata, declared: frozenset[str], where: str) -> None:
    """Raises WorkspaceInvalid if a group is named that people.yaml does not declare."""
    for group in metadata.groups or ():
        if group == PUBLIC:
            raise WorkspaceInvalid(
                f"{where}.groups: '{PUBLIC}' is no group; write `classification: public` to open a document "
                "to everybody."
            )
        if group not in declared:
            raise WorkspaceInvalid(
                f"{where}.groups: the group '{group}' is not declared under groups in people.yaml."
            )
    if metadata.pii:
        metadata.pii.check(declared, where)


def check_whole(metadata: Metadata, where: str) -> None:
    """For metadata laid over all it inherits. Raises WorkspaceInvalid if personal data is kept for nobody."""
    if metadata.pii:
        metadata.pii.check_whole(where)


def resolve(metadata: Metadata) -> Resolved:
    """With the built-in defaults for what nobody said."""
    return Resolved(
        title=metadata.title,
        owner=metadata.owner,
        collection=metadata.collection or DEFAULT_COLLECTION,
        groups=(EVERYONE,) if metadata.groups is None else tuple(sorted(set(metadata.groups))),
        classification=metadata.classification or Classification.INTERNAL,
        updated=metadata.updated,
        review_by=metadata.review_by,
        language=metadata.language,
        pii=metadata.pii or PiiPolicy(),
    )
