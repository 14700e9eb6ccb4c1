"""The document model of a report: what it says, in which order, and what each part of it stands on.

A report that cites something its appendix does not hold cannot be made.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from crews.reports.numbers import show
from crews.reports.sources import Source, SourceId
from crews.reports.tables import Chart, Table, check_column, type_rows
from crews.reports.text import Line, Note, Prose
from knowledge.warehouse.result import ResultColumn, Value


class Format(StrEnum):
    PDF = "pdf"
    DOCX = "docx"
    PPTX = "pptx"
    XLSX = "xlsx"
    MARKDOWN = "md"


class Sentence(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Prose
    cites: tuple[SourceId, ...] = ()


class Paragraph(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["paragraph"] = "paragraph"
    sentences: tuple[Sentence, ...] = Field(min_length=1)


class Bullets(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["bullets"] = "bullets"
    items: tuple[Sentence, ...] = Field(min_length=1)


class Tone(StrEnum):
    FINDING = "finding"
    WARNING = "warning"
    CAVEAT = "caveat"


class Callout(BaseModel):
    """A box that stands out: a title, sentences below it, and notes in small print, such as the method."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["callout"] = "callout"
    tone: Tone
    title: Line
    sentences: tuple[Sentence, ...] = Field(min_length=1)
    notes: tuple[Note, ...] = ()


class Tile(BaseModel):
    """A key figure. `change` is in `change_column`'s unit, over `compared_with`; `good` says which way is
    welcome."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Line
    column: ResultColumn
    value: Value
    change: Decimal | None = None
    change_column: ResultColumn | None = None
    compared_with: Note = ""
    good: Literal["up", "down"] | None = None
    cites: tuple[SourceId, ...] = ()

    @field_validator("column", "change_column")
    @classmethod
    def _check_column(cls, column: ResultColumn | None) -> ResultColumn | None:
        return column and check_column(column)

    @field_validator("value")
    @classmethod
    def _check_value(cls, value: Value, info: ValidationInfo) -> Value:
        column = info.data.get("column")
        return type_rows((column,), ((value,),))[0][0] if column else value

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.change is None) != (self.change_column is None):
            raise ValueError("a change needs `change` and `change_column`")
        return self

    @property
    def direction(self) -> Literal["up", "down", "flat"] | None:
        if self.change is None or self.change_column is None:
            return None
        if not re.search("[1-9]", show(self.change, self.change_column)):
            # What is rounded away is no change to whoever reads it.
            return "flat"
        return "up" if self.change > 0 else "down" if self.change < 0 else "flat"

    @property
    def is_welcome(self) -> bool | None:
        """None where nobody has said which way is."""
        if self.good is None or self.direction in (None, "flat"):
            return None
        return self.direction == self.good


class Tiles(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["tiles"] = "tiles"
    tiles: tuple[Tile, ...] = Field(min_length=1, max_length=12)


class Quote(BaseModel):
    """Words of a source, exactly."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["quote"] = "quote"
    text: Prose
    cites: tuple[SourceId, ...] = Field(min_length=1)


Block = Annotated[Paragraph | Bullets | Callout | Tiles | Quote | Table | Chart, Field(discriminator="kind")]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    heading: Line
    level: int = Field(default=1, ge=1, le=3)
    blocks: tuple[Block, ...] = ()


class Report(BaseModel):
    """`as_of` is the age of the oldest data in it; `author` the specialist; `formats` those it is issued in.
    Its sources are numbered from 1 in their order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Line
    subtitle: Note = ""
    prepared_for: Line
    author: Line
    as_of: datetime | None = None
    run_id: Line
    generated_at: AwareDatetime
    sections: tuple[Section, ...] = Field(min_length=1)
    sources: tuple[Source, ...] = ()
    formats: tuple[Format, ...] = Field(default=tuple(Format), min_length=1)

    @model_validator(mode="after")
    def _check_citations(self) -> Self:
        ids = [source.id for source in self.sources]
        for source in ids:
            if ids.count(source) > 1:
                raise ValueError(f"the appendix has two sources with the id {source}")
        known = set(ids)
        for section in self.sections:
            for block in section.blocks:
                strange = sorted(set(cites_of(block)) - known)
                if strange:
                    raise ValueError(
                        f"a {block.kind} in '{section.heading}' cites {strange[0]}, which is not in the "
                        f"appendix; add it to `sources` or leave the citation out"
                    )
        return self

    def numbers(self) -> dict[str, int]:
        return {source.id: number for number, source in enumerate(self.sources, start=1)}

    def blocks(self) -> Iterator[Block]:
        for section in self.sections:
            yield from section.blocks

    def tables(self) -> list[Table]:
        """In their order, which is how they are numbered."""
        return [block for block in self.blocks() if isinstance(block, Table)]

    def charts(self) -> list[Chart]:
        return [block for block in self.blocks() if isinstance(block, Chart)]


def cites_of(block: Block) -> tuple[str, ...]:
    """All that a block cites, in its order; some more than once."""
    if isinstance(block, Paragraph | Callout):
        return tuple(source for sentence in block.sentences for source in sentence.cites)
    if isinstance(block, Bullets):
        return tuple(source for sentence in block.items for source in sentence.cites)
    if isinstance(block, Tiles):
        return tuple(source for tile in block.tiles for source in tile.cites)
    return block.cites
