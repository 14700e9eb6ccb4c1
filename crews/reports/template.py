"""Templates of reports: ordered sections, and what fills each of them. Strict YAML, so that a misspelt key
stops the start and not a report."""

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crews.reports.document import Format
from crews.reports.errors import UnknownTemplate
from crews.reports.text import Line, Note
from ledger.errors import WorkspaceInvalid
from ledger.yaml_file import load_yaml

_SHIPPED = Path(__file__).parent / "templates"

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Fill(StrEnum):
    """What a part of a section is filled with."""

    TILES = "tiles"
    FINDINGS = "findings"
    TABLES = "tables"
    CHARTS = "charts"
    QUOTES = "quotes"
    NARRATIVE = "narrative"


class PartSpec(BaseModel):
    """`metrics` (`model.metric`) takes only what stands on one of these; `at_most` the first so many."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fill: Fill
    metrics: tuple[str, ...] = ()
    at_most: int | None = Field(default=None, ge=1)


class SectionSpec(BaseModel):
    """A required one that nothing fills stops the report; another is left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Key
    heading: Line
    parts: tuple[PartSpec, ...] = Field(min_length=1)
    required: bool = False

    def takes(self, fill: Fill) -> bool:
        return any(part.fill is fill for part in self.parts)


class FigureKind(StrEnum):
    """`totals`: the key figures of the period; `breakdown`: the leading ones by a dimension; `course`: these
    month by month."""

    TOTALS = "totals"
    BREAKDOWN = "breakdown"
    COURSE = "course"


class FiguresSpec(BaseModel):
    """Which figures a report asks for: so many metrics in all for totals, so many queries for the others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FigureKind
    at_most: int = Field(ge=1, le=12)


class MarketSpec(BaseModel):
    """Something to look for in what others publish, for the section of that key; `{year}` is that of the
    report. Where the request names a topic, `on_topic` is asked instead, with `{topic}` in it, if it is
    given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: Line
    on_topic: Line | None = None
    section: Key


class ReportTemplate(BaseModel):
    """`asked_as` are the words somebody asks for it with, besides its title; `against` is the period its
    figures are compared with where the request names none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Key
    title: Line
    description: Note
    asked_as: tuple[Line, ...] = ()
    against: Literal["the period before", "the year before"] = "the period before"
    figures: tuple[FiguresSpec, ...] = ()
    market: Annotated[tuple[MarketSpec, ...], Field(max_length=4)] = ()
    formats: tuple[Format, ...] = Field(min_length=1)
    sections: tuple[SectionSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        doubled = [
            key for key, count in Counter(section.key for section in self.sections).items() if count > 1
        ]
        if doubled:
            raise ValueError(f"two sections have the key '{doubled[0]}'")
        with_quotes = {section.key for section in self.sections if section.takes(Fill.QUOTES)}
        for asked in self.market:
            if asked.section not in with_quotes:
                raise ValueError(f"market: the section '{asked.section}' takes no quotes, or there is none")
        if len(set(self.formats)) < len(self.formats):
            raise ValueError("a format is given twice")
        return self

    def metrics(self) -> tuple[str, ...]:
        """All it asks for by name, in its order."""
        wanted = [name for section in self.sections for part in section.parts for name in part.metrics]
        return tuple(dict.fromkeys(wanted))


def load_template(path: Path) -> ReportTemplate:
    """Raises WorkspaceInvalid naming file, line and key. The file is called as the template is."""
    template = load_yaml(path, ReportTemplate)
    if template.name != path.stem:
        raise WorkspaceInvalid(f"{path}: name: this is '{template.name}'; the file is called '{path.stem}'.")
    return template


def load_templates(*folders: Path) -> dict[str, ReportTemplate]:
    """The shipped templates, and those of more folders, which may replace them. Raises WorkspaceInvalid."""
    paths = [path for folder in (_SHIPPED, *folders) for path in sorted(folder.glob("*.yaml"))]
    return {template.name: template for template in map(load_template, paths)}


def find_template(templates: dict[str, ReportTemplate], name: str) -> ReportTemplate:
    """Raises UnknownTemplate, naming those there are."""
    if name not in templates:
        raise UnknownTemplate(
            f"There is no report template '{name}'; there are {', '.join(sorted(templates))}."
        )
    return templates[name]
