"""What goes over the wire, beside the run itself (`ledger.reading.RunView`).

Renaming or removing a field here breaks other people's programs; adding one to an answer does not.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ledger.decision_views import Decision
from ledger.escalation_views import EscalationView
from ledger.reading import ArtifactView
from ledger.spans import Span
from ledger.ticket_views import IncidentMention

# No control characters: they have no meaning in a name, and PostgreSQL refuses NUL.
Thread = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
IdempotencyKey = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
WorkflowName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class NewRun(BaseModel):
    """A request to a workflow. `thread` names a conversation of the caller's: its runs are worked on one
    after another, and a question may go on from those before it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"question": "How do I set up the VPN?"}]},
    )

    workflow: WorkflowName = "ask"
    question: str = Field(description="Up to 8,000 characters.")
    thread: Thread | None = None


class RunLinks(BaseModel):
    model_config = ConfigDict(frozen=True)

    run: str
    spans: str
    files: str


class RunAccepted(BaseModel):
    model_config = ConfigDict(frozen=True)

    run_id: str
    state: str
    links: RunLinks


class RunSpans(BaseModel):
    """In the order they began. A span without a parent is the run; one without an end is open."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    spans: tuple[Span, ...]


class RunFiles(BaseModel):
    """Those to hand out: of a report what was approved. `name` is the last part of a file's address."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    files: tuple[ArtifactView, ...]


class RunWatch(BaseModel):
    """The question of `run_id` is asked again as soon as all `products` are fit to give a figure."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    products: tuple[str, ...]


class DecisionList(BaseModel):
    """The oldest first."""

    model_config = ConfigDict(frozen=True)

    decisions: tuple[Decision, ...]


class NewChoice(BaseModel):
    """One of the decision's options."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"choice": "yes"}]}
    )

    choice: Annotated[str, StringConstraints(min_length=1, max_length=80)]


class ReopenTicket(BaseModel):
    """`note` says what is still wrong."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"note": "It happens again."}]}
    )

    note: Annotated[str, StringConstraints(min_length=1, max_length=8_000)] | None = None


class Escalations(BaseModel):
    model_config = ConfigDict(frozen=True)

    escalations: tuple[EscalationView, ...]


class SettledNote(BaseModel):
    """`note` says what was done, for whoever asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    note: str


class Incidents(BaseModel):
    model_config = ConfigDict(frozen=True)

    incidents: tuple[IncidentMention, ...]


class IncidentNote(BaseModel):
    """`resolves`: it is over, and its tickets with it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    resolves: bool = False


class IncidentUpdated(BaseModel):
    """`tickets` are those the update was written to."""

    model_config = ConfigDict(frozen=True)

    incident: IncidentMention
    tickets: tuple[int, ...]


class Health(BaseModel):
    model_config = ConfigDict(frozen=True)

    status: str
