"""What a report is made of before a template puts it in order."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from crews.reports.document import Quote, Sentence, Tile, Tone
from crews.reports.sources import Source
from crews.reports.tables import Chart, Table
from crews.reports.text import Line, Note, Prose


class ReportHead(BaseModel):
    """`author` is the specialist who answers for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Line
    subtitle: Note = ""
    prepared_for: Line
    author: Line
    run_id: Line
    generated_at: AwareDatetime


class NarrativeClaim(BaseModel):
    """One written sentence with its evidence; `section` is the key of the template's section it was written
    for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Prose
    cites: tuple[str, ...] = Field(min_length=1)
    section: str | None = None

    def sentence(self) -> Sentence:
        return Sentence(text=self.text, cites=self.cites)


class ComputedFinding(BaseModel):
    """What was reckoned, the most important sentence first; `notes` tell the method and its limits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Line
    sentences: tuple[Sentence, ...] = Field(min_length=1)
    notes: tuple[Note, ...] = ()
    tone: Tone = Tone.FINDING


class Material(BaseModel):
    """All in the order of importance; `sources` may hold more than is cited in the end. `homes` says by
    source for which section its quotes were looked for; those of others go where there is room first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    head: ReportHead
    tiles: tuple[Tile, ...] = ()
    findings: tuple[ComputedFinding, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    quotes: tuple[Quote, ...] = ()
    homes: dict[str, str] = {}
    narrative: tuple[NarrativeClaim, ...] = ()
    caveats: tuple[Sentence, ...] = ()
    sources: tuple[Source, ...] = ()
