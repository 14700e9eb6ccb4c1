"""What a workspace says of its requests: `triage/categories.yaml` and the labelled `triage/examples.csv`.

Checked against people.yaml and against each other, so that no request can land with a group nobody is in.
"""

import csv
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from crews.triage.due_time import BusinessHours
from knowledge.classifier.labels import OUT_OF_SCOPE, Example
from ledger.errors import WorkspaceInvalid
from ledger.people import EVERYONE
from ledger.workspace import Workspace
from ledger.yaml_file import load_yaml

FOLDER = "triage"
CATEGORIES = "categories.yaml"
EXAMPLES = "examples.csv"
_COLUMNS = ["text", "category"]

Phrase = Annotated[str, StringConstraints(min_length=2, max_length=80, strip_whitespace=True)]


class Level(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


Matrix = dict[Level, dict[Level, Annotated[int, Field(ge=1, le=4)]]]

SettleWithin = dict[Annotated[int, Field(ge=1, le=4)], Annotated[float, Field(gt=0, le=1_000)]]
# By priority, in hours.
DEFAULT_SETTLE_WITHIN: SettleWithin = {1: 2, 2: 4, 3: 24, 4: 72}

# By impact and then urgency; 1 is the most pressing.
DEFAULT_MATRIX: Matrix = {
    Level.HIGH: {Level.HIGH: 1, Level.MEDIUM: 2, Level.LOW: 3},
    Level.MEDIUM: {Level.HIGH: 2, Level.MEDIUM: 3, Level.LOW: 4},
    Level.LOW: {Level.HIGH: 3, Level.MEDIUM: 3, Level.LOW: 4},
}


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Category(_Strict):
    """`group` handles its requests. `impact` and `urgency` are what a request of it has unless its words say
    otherwise. `takes_losses`: whatever device is lost or stolen belongs here."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
    title: Annotated[str, StringConstraints(min_length=1, max_length=75)]
    description: str
    group: str
    impact: Level = Level.LOW
    urgency: Level = Level.MEDIUM
    takes_losses: bool = False

    @field_validator("name")
    @classmethod
    def _is_free(cls, name: str) -> str:
        if name == OUT_OF_SCOPE:
            raise ValueError(f"'{OUT_OF_SCOPE}' labels examples of no category, and cannot be one")
        return name


class Cues(_Strict):
    """Phrases of the company's own that raise a request to a level, beside those every desk knows."""

    impact: dict[Level, tuple[Phrase, ...]] = Field(default_factory=dict)
    urgency: dict[Level, tuple[Phrase, ...]] = Field(default_factory=dict)


class CategoriesFile(_Strict):
    """The shape of `categories.yaml`. A request whose likeliest category is less probable than `sure_from` is
    decided by a person: `decider`, or the group of that category. `settle_within_h` says by priority how many
    hours those have whom a request was handed over to. The requester of a resolved ticket is asked after
    `follow_up_after_h` hours whether it is solved, and has as long to answer. Hours are counted within
    `business_hours` where given."""

    sure_from: Annotated[float, Field(gt=0, lt=1)] = 0.6
    decider: Annotated[str, StringConstraints(pattern=r"^(role|group|person):\S{1,120}$")] | None = None
    settle_within_h: SettleWithin = Field(default_factory=lambda: DEFAULT_SETTLE_WITHIN)
    follow_up_after_h: Annotated[float, Field(gt=0, le=1_000)] = 10.0
    business_hours: BusinessHours | None = None
    priorities: Matrix = Field(default_factory=lambda: DEFAULT_MATRIX)
    cues: Cues = Cues()
    categories: Annotated[tuple[Category, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [category.name for category in self.categories]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the category '{name}' is declared twice")
        if sum(category.takes_losses for category in self.categories) > 1:
            raise ValueError("more than one category has takes_losses")
        if set(self.settle_within_h) != set(DEFAULT_SETTLE_WITHIN):
            raise ValueError("settle_within_h needs hours for the priorities 1, 2, 3 and 4")
        for impact in Level:
            if set(self.priorities.get(impact, {})) != set(Level):
                raise ValueError(f"priorities.{impact} needs a priority for low, medium and high urgency")
        return self


@dataclass(frozen=True, slots=True)
class TriageSpec:
    """`examples` are labelled with a category's name or as out of scope."""

    file: CategoriesFile
    examples: tuple[Example, ...]

    def category(self, name: str) -> Category:
        return next(category for category in self.file.categories if category.name == name)


def load_triage(workspace: Workspace) -> TriageSpec | None:
    """None where the workspace declares no triage. Raises WorkspaceInvalid."""
    folder = workspace.folder / FOLDER
    if not folder.is_dir():
        return None
    file = load_yaml(folder / CATEGORIES, CategoriesFile)
    kind, _, name = (file.decider or "").partition(":")
    if kind == "group" and name not in workspace.people.groups:
        raise WorkspaceInvalid(f"{folder / CATEGORIES}: decider: '{name}' is not a group of people.yaml.")
    for category in file.categories:
        if category.group not in workspace.people.groups or category.group == EVERYONE:
            raise WorkspaceInvalid(
                f"{folder / CATEGORIES}: {category.name}: group: '{category.group}' is not a group of "
                "people.yaml that could handle requests; name one of those declared there, but "
                f"'{EVERYONE}'."
            )
    names = {category.name for category in file.categories}
    examples = _read_examples(folder / EXAMPLES, names)
    for name in sorted(names):
        if sum(example.label == name for example in examples) < 2:
            raise WorkspaceInvalid(f"{folder / EXAMPLES}: the category '{name}' needs two examples or more.")
    return TriageSpec(file, tuple(examples))


def _read_examples(path: Path, categories: set[str]) -> list[Example]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise WorkspaceInvalid(f"{path}: there is no such file; triage learns from its examples.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise WorkspaceInvalid(f"{path}: it cannot be read as UTF-8 text.") from error
    reader = csv.DictReader(text.splitlines(keepends=True))
    if reader.fieldnames != _COLUMNS:
        raise WorkspaceInvalid(f"{path}:1: the first line has to be: {','.join(_COLUMNS)}.")
    labels: dict[str, str] = {}
    for row in reader:
        where = f"{path}:{reader.line_num}"
        example, label = " ".join((row["text"] or "").split()), (row["category"] or "").strip()
        if not example or None in row:
            raise WorkspaceInvalid(f"{where}: a line is a text and its category; quote a text with commas.")
        if label not in categories | {OUT_OF_SCOPE}:
            raise WorkspaceInvalid(
                f"{where}: category: '{label}' is not in {CATEGORIES}; what belongs nowhere is "
                f"'{OUT_OF_SCOPE}'."
            )
        if labels.setdefault(example, label) != label:
            raise WorkspaceInvalid(f"{where}: this text was given the category '{labels[example]}' before.")
    return [Example(example, label) for example, label in labels.items()]
