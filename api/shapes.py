"""What goes over the wire, beside the run itself (`ledger.reading.RunView`).

Renaming or removing a field here breaks other people's programs; adding one to an answer does not.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ledger.spans import Span

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


class RunWatch(BaseModel):
    """The question of `run_id` is asked again as soon as all `products` are fit to give a figure."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    products: tuple[str, ...]


class Health(BaseModel):
    model_config = ConfigDict(frozen=True)

    status: str
