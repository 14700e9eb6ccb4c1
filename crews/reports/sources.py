"""What a report stands on, as its appendix lists it: queries, with all a reader needs to trust a figure or
not, and quoted passages."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from crews.reports.text import Code, Line, Note, Prose
from knowledge.warehouse.result import Verdict

_APART = re.compile(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|\s+")

SourceId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]


class MetricNote(BaseModel):
    """`name` is `model.metric`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Line
    version: int = Field(ge=1)
    label: Line
    definition: Note = ""
    owner: Note = ""


class QuerySource(BaseModel):
    """A governed query. Its id is that of the evidence; `as_of` is the age of its oldest product, `lineage`
    what it comes from, nearest first; `notes` are what else a reader has to know of its rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["query"] = "query"
    id: SourceId
    title: Line
    products: tuple[Line, ...]
    metrics: tuple[MetricNote, ...] = ()
    owner: Note = ""
    sql: Code
    as_of: datetime | None = None
    quality: Verdict = Verdict.PASS
    quality_notes: tuple[Note, ...] = ()
    lineage: tuple[Line, ...] = ()
    filters: tuple[Note, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def sql_in_a_row(self) -> str:
        """For pages, which a query as it was made would fill: its words apart by one space, quoted ones as
        they are."""
        return _APART.sub(lambda found: found[1] or " ", self.sql).strip()


class QuoteSource(BaseModel):
    """A passage of a document; `updated` is an ISO date."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["quote"] = "quote"
    id: SourceId
    title: Line
    path: Note = ""
    locator: Note = ""
    owner: Note = ""
    updated: Note = ""
    is_stale: bool = False
    text: Prose


Source = Annotated[QuerySource | QuoteSource, Field(discriminator="kind")]
