"""The systems people ask about, as the workspace's `systems.yaml` declares them.

What each is called, whose it is, who has access to it, and what tells how it fares.
"""

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from ledger.errors import WorkspaceInvalid
from ledger.people import Email, PeopleFile
from ledger.workspace import Workspace
from ledger.yaml_file import load_yaml

SYSTEMS = "systems.yaml"
# What a product of pipeline runs has to say of each run.
RUN_COLUMNS = ("pipeline", "scheduled", "status", "error")

_NOT_A_WORD = re.compile(r"[^\w]+")
Phrase = Annotated[str, StringConstraints(min_length=2, max_length=80, strip_whitespace=True)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Owner(_Strict):
    """`group` is the one of people.yaml that answers for the system, where there is one."""

    team: Phrase
    contact: str
    group: str | None = None


class Access(_Strict):
    """Anybody in one of `groups`, and each of `people`. `request` says how one gets it."""

    groups: tuple[str, ...] = ()
    people: tuple[Email, ...] = ()
    request: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class System(_Strict):
    """`pipelines` fill it, by their names in the product of pipeline runs; `status` is what its status page
    says, in words."""

    name: Phrase
    synonyms: tuple[Phrase, ...] = ()
    description: str
    owner: Owner
    access: Access
    pipelines: tuple[Phrase, ...] = ()
    status: str | None = None

    @cached_property
    def called(self) -> tuple[str, ...]:
        return tuple(plain(name) for name in (self.name, *self.synonyms))


class SystemsFile(_Strict):
    """The shape of `systems.yaml`. `pipeline_runs` is the data product that has the runs of all pipelines."""

    pipeline_runs: str | None = None
    systems: Annotated[tuple[System, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        called: dict[str, str] = {}
        for system in self.systems:
            for name in system.called:
                if called.setdefault(name, system.name) != system.name:
                    raise ValueError(f"'{name}' is what both {called[name]} and {system.name} are called")
            if system.pipelines and self.pipeline_runs is None:
                raise ValueError(f"{system.name} has pipelines, so pipeline_runs has to name their product")
        return self

    def find(self, text: str) -> tuple[System, ...]:
        """The systems a text names, the one with the longest name in it first. A name that stands within a
        longer one does not count."""
        rest, found = f" {plain(text)} ", dict[str, System]()
        names = [(name, system) for system in self.systems for name in system.called]
        for name, system in sorted(names, key=lambda pair: (-len(pair[0]), pair[0])):
            if f" {name} " in rest:
                found.setdefault(system.name, system)
                rest = rest.replace(f" {name} ", " | ")
        return tuple(found.values())


def load_systems(workspace: Workspace) -> SystemsFile | None:
    """None where the workspace declares none. Raises WorkspaceInvalid."""
    path = workspace.folder / SYSTEMS
    if not path.exists():
        return None
    file = load_yaml(path, SystemsFile)
    _check_people(path, file, workspace.people)
    return file


def plain(text: str) -> str:
    """Lower case, without punctuation, plurals as singulars: as names are compared."""
    return " ".join(_singular(word) for word in _NOT_A_WORD.split(text.lower()) if word)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _check_people(path: Path, file: SystemsFile, people: PeopleFile) -> None:
    known = {person.email for person in people.people}
    for system in file.systems:
        groups = (*system.access.groups, *((system.owner.group,) if system.owner.group else ()))
        for group in groups:
            if group not in people.groups:
                raise WorkspaceInvalid(f"{path}: {system.name}: '{group}' is not a group of people.yaml.")
        for email in system.access.people:
            if email not in known:
                raise WorkspaceInvalid(f"{path}: {system.name}: {email} is nobody in people.yaml.")
