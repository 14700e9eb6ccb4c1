"""What the commands print with `--json`, beside the run itself (`ledger.reading.RunView`), the library's
state (`ledger.library_health.LibraryHealth`) and the IngestReport.

Renaming or removing a field here breaks other people's programs; adding one does not.
"""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ledger.decision_views import Decision
from ledger.escalation_views import EscalationView
from ledger.reading import RunSummary, RunView
from ledger.run_diff import ReplayDiff
from ledger.spans import Span
from ledger.ticket_views import IncidentMention, TicketSummary


class RunList(BaseModel):
    """The newest first."""

    model_config = ConfigDict(frozen=True)

    runs: tuple[RunSummary, ...]


class TicketList(BaseModel):
    """The most pressing first, and then the newest."""

    model_config = ConfigDict(frozen=True)

    tickets: tuple[TicketSummary, ...]


class DecisionList(BaseModel):
    """The oldest first."""

    model_config = ConfigDict(frozen=True)

    decisions: tuple[Decision, ...]


class EscalationList(BaseModel):
    """The ones due first at the top."""

    model_config = ConfigDict(frozen=True)

    escalations: tuple[EscalationView, ...]


class IncidentList(BaseModel):
    """The newest first."""

    model_config = ConfigDict(frozen=True)

    incidents: tuple[IncidentMention, ...]


class IncidentUpdated(BaseModel):
    """`tickets` are those the update was written to."""

    model_config = ConfigDict(frozen=True)

    incident: IncidentMention
    tickets: tuple[int, ...]


class CrewLine(BaseModel):
    """`origin` is `shipped` or `workspace`."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    tools: tuple[str, ...]
    origin: str


class WorkflowLine(BaseModel):
    """`steps` by key, in the order they are declared in."""

    model_config = ConfigDict(frozen=True)

    name: str
    description: str
    steps: tuple[str, ...]
    origin: str


class ToolLine(BaseModel):
    """`effect` is `read`, `write` or `external`; without `groups` it is for everybody who has the `right`.
    `origin` is `shipped`, `workspace` or `installed`."""

    model_config = ConfigDict(frozen=True)

    name: str
    effect: str
    right: str
    groups: tuple[str, ...]
    origin: str


class CrewList(BaseModel):
    model_config = ConfigDict(frozen=True)

    crews: tuple[CrewLine, ...]
    workflows: tuple[WorkflowLine, ...]
    tools: tuple[ToolLine, ...] = ()


class EffectLine(BaseModel):
    """Something nobody can tell whether it was done."""

    model_config = ConfigDict(frozen=True)

    id: str
    run_id: str
    step: str
    tool: str
    created_at: datetime


class EffectList(BaseModel):
    """The oldest first."""

    model_config = ConfigDict(frozen=True)

    effects: tuple[EffectLine, ...]


class Trace(BaseModel):
    """Spans in the order they began; the one without a parent is the run itself."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    spans: tuple[Span, ...]


class AuditReport(BaseModel):
    """A whole chain. Keep `head` somewhere else: a later chain must still lead to it."""

    model_config = ConfigDict(frozen=True)

    rows: int
    head: str


class FoundPassage(BaseModel):
    """`score` is how close the passage's meaning is to the question's, `words` how much of the question's
    words it has, both 0 to 1."""

    model_config = ConfigDict(frozen=True)

    passage_id: str
    document_id: str
    path: str
    title: str
    section: str
    locator: str
    text: str
    owner: str | None
    updated: str | None
    review_by: str | None
    stale: bool
    collection: str
    classification: str
    score: float
    language: str | None
    words: float


class SearchReport(BaseModel):
    """The best first. `withheld` says that something as good was found which not everyone in the audience
    may read."""

    model_config = ConfigDict(frozen=True)

    text: str
    principal: str
    collection: str | None
    audience: tuple[str, ...]
    passages: tuple[FoundPassage, ...]
    withheld: bool


class DocumentFinding(BaseModel):
    """What was seen in a document before it was served. `kind` is `instruction`, `hidden_text`,
    `unseen_characters`, `zero_width`, `duplicate`, or `pii:` with a kind of personal data."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    kind: str
    detail: str


class HeldBack(BaseModel):
    """A document that is not served. `release` is the command that serves it all the same, where a person
    may decide so; None where there is nothing to serve."""

    model_config = ConfigDict(frozen=True)

    document_id: str
    path: str
    status: str
    reason: str | None
    findings: tuple[DocumentFinding, ...]
    since: datetime
    release: str | None


class Quarantine(BaseModel):
    """By path."""

    model_config = ConfigDict(frozen=True)

    documents: tuple[HeldBack, ...]


class PassageView(BaseModel):
    model_config = ConfigDict(frozen=True)

    passage_id: str
    position: int
    section: str
    locator: str
    text: str


class DocumentView(BaseModel):
    """`groups` may read it, as long as `status` is ok; the passages come in reading order."""

    model_config = ConfigDict(frozen=True)

    document_id: str
    path: str
    title: str
    status: str
    reason: str | None
    findings: tuple[DocumentFinding, ...]
    owner: str | None
    collection: str
    classification: str
    groups: tuple[str, ...]
    language: str | None
    updated: date | None
    review_by: date | None
    stale: bool
    size_bytes: int
    release: str | None
    passages: tuple[PassageView, ...]


class Checked(BaseModel):
    """One part of the installation. `remedy` says what to do about it unless it is ok."""

    model_config = ConfigDict(frozen=True)

    part: str
    status: Literal["ok", "warn", "broken"]
    found: str
    remedy: str | None = None


class DoctorReport(BaseModel):
    """`healthy` as long as nothing is broken."""

    model_config = ConfigDict(frozen=True)

    healthy: bool
    parts: tuple[Checked, ...]


class ReplayReport(BaseModel):
    """A run, what came of it when it was gone through again, and how the two differ."""

    model_config = ConfigDict(frozen=True)

    original: RunView
    replay: RunView
    diff: ReplayDiff


class AccountLine(BaseModel):
    """What one account used today; `limit_usd` is null where nothing limits it."""

    model_config = ConfigDict(frozen=True)

    whose: str
    cost_usd: float
    limit_usd: float | None
    input_tokens: int
    output_tokens: int


class SpendingReport(BaseModel):
    """`estimate_usd` is what the middle one of the latest runs cost; null before the first."""

    model_config = ConfigDict(frozen=True)

    accounts: tuple[AccountLine, ...]
    run_limit_usd: float | None
    estimate_usd: float | None
