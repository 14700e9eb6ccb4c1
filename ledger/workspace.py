"""The workspace: the folder in which a company says who its people are and where its documents lie."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from ledger.budgets import Budgets
from ledger.errors import WorkspaceInvalid
from ledger.people import EVERYONE, PeopleFile, load_people
from ledger.thread_queue import WhenBusy
from ledger.yaml_file import load_yaml

WORKSPACE_FILE = "workspace.yaml"
# The folder of data products and metrics; a workspace need not have one.
CATALOG = "catalog"


Domain = Annotated[str, StringConstraints(pattern=r"^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}$")]


class WebFile(BaseModel):
    """Pages of these domains and those below them may be read without a search having found them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed_domains: tuple[Domain, ...] = ()


class Channel(BaseModel):
    """A Slack channel: the groups whose documents may be quoted there, and what becomes of a message in a
    thread that is being worked on. A list is its groups alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: tuple[str, ...] = (EVERYONE,)
    when_busy: WhenBusy = WhenBusy.QUEUE

    @model_validator(mode="before")
    @classmethod
    def _read_groups(cls, given: Any) -> Any:
        return {"groups": given} if isinstance(given, list | tuple) else given


class WorkspaceFile(BaseModel):
    """The shape of `workspace.yaml`. A Slack channel that is not named under `channels` may only see what
    everyone may see. `pii` says what is done about personal data in documents; `knowledge` gives it its shape
    and checks it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    description: str = ""
    documents: tuple[str, ...] = ("documents",)
    channels: dict[str, Channel] = Field(default_factory=dict)
    pii: dict[str, Any] = Field(default_factory=dict)
    budgets: Budgets = Budgets()
    web: WebFile = WebFile()


@dataclass(frozen=True, slots=True)
class Workspace:
    folder: Path
    file: WorkspaceFile
    people: PeopleFile

    @property
    def document_folders(self) -> list[Path]:
        return [self.folder / name for name in self.file.documents]

    def channel_clearance(self, channel: str) -> tuple[str, ...]:
        return self.file.channels.get(channel, Channel()).groups

    def when_busy(self, channel: str) -> WhenBusy:
        return self.file.channels.get(channel, Channel()).when_busy


def open_workspace(folder: Path) -> Workspace:
    """Raises WorkspaceInvalid naming the file, line and key."""
    if not folder.is_dir():
        raise WorkspaceInvalid(
            f"{folder}: there is no workspace folder here; make one with `crewdesk init {folder}` "
            "or set CREWDESK_WORKSPACE."
        )
    if not (folder / WORKSPACE_FILE).exists():
        raise WorkspaceInvalid(
            f"{folder}: this folder has no workspace.yaml; make a workspace with `crewdesk init DIR` or set "
            "CREWDESK_WORKSPACE to one."
        )
    workspace = Workspace(
        folder=folder,
        file=load_yaml(folder / WORKSPACE_FILE, WorkspaceFile),
        people=load_people(folder / "people.yaml"),
    )
    for documents in workspace.document_folders:
        if not documents.is_dir():
            raise WorkspaceInvalid(f"{folder / 'workspace.yaml'}: documents: there is no folder {documents}.")
    unknown = sorted(workspace.file.budgets.groups_per_day.keys() - workspace.people.groups.keys())
    if unknown:
        raise WorkspaceInvalid(
            f"{folder / 'workspace.yaml'}: budgets.groups_per_day: people.yaml has no group '{unknown[0]}'."
        )
    return workspace


def declared_budgets(folder: Path) -> Budgets:
    """Those of the workspace in this folder; none where there is no workspace. Raises WorkspaceInvalid."""
    path = folder / WORKSPACE_FILE
    return load_yaml(path, WorkspaceFile).budgets if path.exists() else Budgets()


def declared_web(folder: Path) -> WebFile:
    """Nothing more is allowed where there is no workspace. Raises WorkspaceInvalid."""
    path = folder / WORKSPACE_FILE
    return load_yaml(path, WorkspaceFile).web if path.exists() else WebFile()
