"""The tables. Rows are read and written only by the modules of this package that are named after them."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy import false as sa_false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    ANSWERED = "answered"
    ABSTAINED = "abstained"
    ESCALATED = "escalated"
    CANCELLED = "cancelled"
    FAILED = "failed"


OPEN_RUN_STATES = (RunState.QUEUED, RunState.RUNNING, RunState.WAITING)


class StepState(StrEnum):
    """`spread`: it has become one step for each item of a list, and is done when they are. `waiting`: for a
    date or a person."""

    BLOCKED = "blocked"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    PARKED = "parked"
    SPREAD = "spread"
    WAITING = "waiting"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class DecisionState(StrEnum):
    """`wanted`: of a call whose step still runs; nobody is asked before it has ended."""

    WANTED = "wanted"
    OPEN = "open"
    DECIDED = "decided"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class EffectState(StrEnum):
    """`intent`: about to be carried out. `unknown`: nobody can tell whether it was."""

    INTENT = "intent"
    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python on both databases; SQLite alone would hand back naive values."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text with U+FFFD for what a document or a model may bring and no database can hold: NUL, which
    PostgreSQL refuses, and half a surrogate pair, which neither can encode."""
    return _UNSTORABLE.sub("\ufffd", text)


class StorableString(TypeDecorator[str]):
    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Any) -> str | None:
        return None if value is None else storable(value)


class StorableText(TypeDecorator[str]):
    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Any) -> str | None:
        return None if value is None else storable(value)


Id = StorableString(36)
Short = StorableString(80)
Label = StorableString(255)
# Without `none_as_null`, None would be kept as the JSON word null, which is not SQL's NULL.
Json = JSON(none_as_null=True)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        dict[str, Any]: Json,
        list[str]: Json,
        list[int]: Json,
        list[list[str]]: Json,
        list[dict[str, str]]: Json,
    }


class PrincipalRow(Base):
    __tablename__ = "principals"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(Label, unique=True)
    name: Mapped[str] = mapped_column(Label)
    slack_id: Mapped[str | None] = mapped_column(Short, unique=True)
    active: Mapped[bool] = mapped_column(default=True)


class PrincipalGroupRow(Base):
    __tablename__ = "principal_groups"
    principal_id: Mapped[str] = mapped_column(ForeignKey("principals.id"), primary_key=True)
    group_name: Mapped[str] = mapped_column(Short, primary_key=True)


class PrincipalRoleRow(Base):
    __tablename__ = "principal_roles"
    principal_id: Mapped[str] = mapped_column(ForeignKey("principals.id"), primary_key=True)
    role_name: Mapped[str] = mapped_column(Short, primary_key=True)


class ApiKeyRow(Base):
    __tablename__ = "api_keys"
    id: Mapped[str] = mapped_column(Short, primary_key=True)
    principal_id: Mapped[str] = mapped_column(ForeignKey("principals.id"))
    digest: Mapped[str] = mapped_column(Label)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class WorkflowRow(Base):
    __tablename__ = "workflows"
    name: Mapped[str] = mapped_column(Short, primary_key=True)
    version: Mapped[str] = mapped_column(Short, primary_key=True)
    spec: Mapped[dict[str, Any]]
    published_at: Mapped[datetime]
    current: Mapped[bool]


class InboxRow(Base):
    __tablename__ = "inbox"
    __table_args__ = (UniqueConstraint("source", "external_id"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    source: Mapped[str] = mapped_column(Short)
    external_id: Mapped[str] = mapped_column(Label)
    request_digest: Mapped[str] = mapped_column(Short)
    received_at: Mapped[datetime]
    run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id"))
    refusal: Mapped[str | None] = mapped_column(StorableText)


class RunRow(Base):
    """`awaits_turn` while others of its thread come first. `asked_with` are the groups whose rights it was
    worked on with. `understood` is what its question was taken for, where it is a follow-up."""

    __tablename__ = "runs"
    __table_args__ = (Index(None, "state", "created_at"), Index(None, "principal_id", "created_at"))
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workflow: Mapped[str] = mapped_column(Short)
    workflow_version: Mapped[str] = mapped_column(Short)
    principal_id: Mapped[str] = mapped_column(ForeignKey("principals.id"))
    audience_groups: Mapped[list[str] | None] = mapped_column(Json)
    source: Mapped[str] = mapped_column(Short)
    thread: Mapped[str | None] = mapped_column(Label, index=True)
    replay: Mapped[dict[str, Any] | None] = mapped_column(Json)
    question: Mapped[str] = mapped_column(StorableText)
    masked_question: Mapped[str | None] = mapped_column(StorableText)
    deliver_to: Mapped[dict[str, Any] | None] = mapped_column(Json)
    state: Mapped[str] = mapped_column(Short)
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    failure: Mapped[str | None] = mapped_column(StorableText)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    pins: Mapped[dict[str, Any] | None] = mapped_column(Json)
    awaits_turn: Mapped[bool] = mapped_column(server_default=sa_false())
    asked_with: Mapped[list[str] | None] = mapped_column(Json)
    understood: Mapped[dict[str, Any] | None] = mapped_column(Json)


class StepRow(Base):
    """`plan` is the step as its workflow declares it. `part_of` is the key of the step that was spread over
    a list, `item` its own of the list (`{"value": ...}`); `undoes` the key of the step whose effect it
    takes back. `forgiven` counts the attempts a retry rule gave back, `retried` how often each did."""

    __tablename__ = "steps"
    __table_args__ = (
        UniqueConstraint("run_id", "key"),
        Index(None, "state", "lease_until"),
        Index(None, "state", "due_at"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    key: Mapped[str] = mapped_column(Short)
    kind: Mapped[str] = mapped_column(Short)
    uses: Mapped[str] = mapped_column(Short)
    needs: Mapped[list[str]]
    deadline_s: Mapped[float]
    state: Mapped[str] = mapped_column(Short)
    attempt: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(Label)
    lease_until: Mapped[datetime | None]
    output: Mapped[dict[str, Any] | None] = mapped_column(Json)
    failure: Mapped[str | None] = mapped_column(StorableText)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    plan: Mapped[dict[str, Any] | None] = mapped_column(Json)
    due_at: Mapped[datetime | None]
    part_of: Mapped[str | None] = mapped_column(Short)
    position: Mapped[int] = mapped_column(server_default="0")
    item: Mapped[dict[str, Any] | None] = mapped_column(Json)
    undoes: Mapped[str | None] = mapped_column(Short)
    forgiven: Mapped[int] = mapped_column(server_default="0")
    retried: Mapped[dict[str, Any] | None] = mapped_column(Json)


class DecisionRow(Base):
    """What a person is asked before a run goes on. `by` says who may decide; the requester may only of a
    `call` of a model in their own run: its tool, masked arguments and the right it needs. `digest` is of what
    is decided upon, `detail` a text to read before. Whoever decides is in one group of each list of
    `readers`."""

    __tablename__ = "decisions"
    __table_args__ = (Index(None, "state", "expires_at"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), index=True)
    step_id: Mapped[str] = mapped_column(ForeignKey("steps.id"), index=True)
    question: Mapped[str] = mapped_column(StorableText)
    options: Mapped[list[str]]
    by: Mapped[str] = mapped_column(Label)
    state: Mapped[str] = mapped_column(Short)
    choice: Mapped[str | None] = mapped_column(Short)
    decided_by: Mapped[str | None] = mapped_column(Label)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    why: Mapped[str | None] = mapped_column(StorableText)
    detail: Mapped[str | None] = mapped_column(StorableText)
    digest: Mapped[str | None] = mapped_column(String(64))
    readers: Mapped[list[list[str]] | None]
    call: Mapped[dict[str, Any] | None]


class PinnedSpecRow(Base):
    """A crew's spec under the hash of its content, for the runs that began with it."""

    __tablename__ = "pinned_specs"
    version: Mapped[str] = mapped_column(Short, primary_key=True)
    name: Mapped[str] = mapped_column(Short)
    spec: Mapped[dict[str, Any]]
    kept_at: Mapped[datetime]


class DispatchRow(Base):
    """A doorbell that is owed for a step. `rung_at` empty: the relay has not rung yet."""

    __tablename__ = "dispatches"
    step_id: Mapped[str] = mapped_column(ForeignKey("steps.id"), primary_key=True)
    owed_at: Mapped[datetime]
    rung_at: Mapped[datetime | None] = mapped_column(index=True)
    rings: Mapped[int] = mapped_column(default=0)


class DeliveryRow(Base):
    """A message that is owed to somebody. Its id travels with the message, so that it can be found again."""

    __tablename__ = "deliveries"
    __table_args__ = (Index(None, "channel", "state", "due_at"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id"), index=True)
    decision_id: Mapped[str | None] = mapped_column(ForeignKey("decisions.id"), index=True)
    channel: Mapped[str] = mapped_column(Short)
    target: Mapped[dict[str, Any]]
    notice: Mapped[str | None] = mapped_column(StorableText)
    state: Mapped[str] = mapped_column(Short)
    attempts: Mapped[int] = mapped_column(default=0)
    misses: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    receipt: Mapped[dict[str, Any] | None] = mapped_column(Json)
    failure: Mapped[str | None] = mapped_column(StorableText)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class EvidenceRow(Base):
    __tablename__ = "evidence"
    __table_args__ = (UniqueConstraint("run_id", "label"), UniqueConstraint("step_id", "attempt", "digest"))
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    step_id: Mapped[str] = mapped_column(ForeignKey("steps.id"))
    attempt: Mapped[int]
    label: Mapped[str] = mapped_column(Short)
    kind: Mapped[str] = mapped_column(Short)
    source: Mapped[str] = mapped_column(StorableText)
    locator: Mapped[str] = mapped_column(StorableText)
    text: Mapped[str] = mapped_column(StorableText)
    as_of: Mapped[str | None] = mapped_column(Short)
    details: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(Short)
    created_at: Mapped[datetime]


class EffectRow(Base):
    """Something a tool does to the world, by its key and the digest of what was asked; `outcome` is what came
    of it, masked."""

    __tablename__ = "effects"
    __table_args__ = (Index(None, "state", "created_at"),)
    key: Mapped[str] = mapped_column(Id, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), index=True)
    step_key: Mapped[str] = mapped_column(Short)
    tool: Mapped[str] = mapped_column(Short)
    digest: Mapped[str] = mapped_column(String(64))
    fence: Mapped[int]
    state: Mapped[str] = mapped_column(Short)
    outcome: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class PiiTokenRow(Base):
    """A personal value of a run and the token that stands for it everywhere else in its record."""

    __tablename__ = "pii_tokens"
    __table_args__ = (UniqueConstraint("run_id", "kind", "digest"),)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    token: Mapped[str] = mapped_column(Short, primary_key=True)
    kind: Mapped[str] = mapped_column(Short)
    value: Mapped[str] = mapped_column(StorableText)
    digest: Mapped[str] = mapped_column(String(64))


class SpendingRow(Base):
    """What is reserved and used on one account: a run's, or a person's, group's or everybody's for a day."""

    __tablename__ = "spending"
    account: Mapped[str] = mapped_column(Label, primary_key=True)
    micro_usd: Mapped[int] = mapped_column(BigInteger)
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)


class SpanRow(Base):
    __tablename__ = "spans"
    __table_args__ = (
        Index(None, "run_id", "started_at"),
        Index("ix_spans_unshipped", "shipped_at", "ended_at"),
    )
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    trace_id: Mapped[str] = mapped_column(String(32))
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    step_id: Mapped[str | None] = mapped_column(ForeignKey("steps.id"))
    parent_id: Mapped[str | None] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(Short)
    name: Mapped[str] = mapped_column(Label)
    state: Mapped[str] = mapped_column(Short)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    input: Mapped[Any] = mapped_column(Json, nullable=True)
    output: Mapped[Any] = mapped_column(Json, nullable=True)
    attributes: Mapped[dict[str, Any]]
    shipped_at: Mapped[datetime | None]


class AuditRow(Base):
    """Every column is text or integer exactly as hashed, so that no changed byte can hide behind a
    conversion."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(Short)
    actor: Mapped[str] = mapped_column(Label)
    action: Mapped[str] = mapped_column(Short)
    subject: Mapped[str] = mapped_column(Label)
    detail: Mapped[str] = mapped_column(StorableText)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHeadRow(Base):
    """The one row that says where the chain ends; locking it puts writers in line and a cut tail in view."""

    __tablename__ = "audit_head"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


class ArtifactRow(Base):
    __tablename__ = "artifacts"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), index=True)
    name: Mapped[str] = mapped_column(Label)
    media_type: Mapped[str] = mapped_column(Short)
    size_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class DocumentRow(Base):
    """`declared_groups` are those its metadata names, `allowed_groups` those that may read it after its
    personal data was seen. The sums are of the passages' vectors and norms, for the index `embedded_with`."""

    __tablename__ = "documents"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    path: Mapped[str] = mapped_column(Label, unique=True)
    status: Mapped[str] = mapped_column(Short)
    reason: Mapped[str | None] = mapped_column(StorableText)
    content_hash: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(Label)
    owner: Mapped[str | None] = mapped_column(Label)
    collection: Mapped[str] = mapped_column(Short)
    classification: Mapped[str] = mapped_column(Short)
    allowed_groups: Mapped[list[str]]
    updated: Mapped[str | None] = mapped_column(Short)
    review_by: Mapped[str | None] = mapped_column(Short)
    size_bytes: Mapped[int]
    ingested_at: Mapped[datetime]
    declared_groups: Mapped[list[str] | None] = mapped_column(Json)
    judged_by: Mapped[str | None] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(Short)
    findings: Mapped[list[dict[str, str]]] = mapped_column(server_default="[]")
    text_hash: Mapped[str | None] = mapped_column(String(64))
    minhash: Mapped[bytes | None] = mapped_column(LargeBinary)
    passage_count: Mapped[int] = mapped_column(server_default="0")
    embedded_with: Mapped[str | None] = mapped_column(Label)
    vector_sum: Mapped[bytes | None] = mapped_column(LargeBinary)
    norm_count: Mapped[int] = mapped_column(server_default="0")
    norm_sum: Mapped[float] = mapped_column(Double, server_default="0")
    norm_sq_sum: Mapped[float] = mapped_column(Double, server_default="0")


class PassageRow(Base):
    """`prefix` and `text` together are what was embedded."""

    __tablename__ = "passages"
    __table_args__ = (UniqueConstraint("document_id", "position"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"))
    position: Mapped[int]
    heading_path: Mapped[list[str]]
    locator: Mapped[str] = mapped_column(StorableText)
    text: Mapped[str] = mapped_column(StorableText)
    prefix: Mapped[str] = mapped_column(StorableText, server_default="")


class IngestionRow(Base):
    """One run of `crewdesk ingest`, whatever became of it. `digest` says which changes it was about."""

    __tablename__ = "ingestions"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace: Mapped[str] = mapped_column(Short)
    state: Mapped[str] = mapped_column(Short)
    reasons: Mapped[list[str]]
    digest: Mapped[str | None] = mapped_column(String(64), index=True)
    passages_before: Mapped[int]
    passages: Mapped[int]
    report: Mapped[dict[str, Any] | None] = mapped_column(Json)
    started_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
    released_by: Mapped[str | None] = mapped_column(Label)


class ReleaseRow(Base):
    """A steward's word that a document may be served although the gate would keep it back. It holds for
    this content only."""

    __tablename__ = "releases"
    __table_args__ = (UniqueConstraint("document_id", "content_hash", "status"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    document_id: Mapped[str] = mapped_column(Id)
    path: Mapped[str] = mapped_column(Label)
    content_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(Short)
    released_by: Mapped[str] = mapped_column(Label)
    reason: Mapped[str | None] = mapped_column(StorableText)
    released_at: Mapped[datetime]


class ProductLoadRow(Base):
    """One attempt to load a data product. What was published is in `file`; `profile` is what later loads are
    compared with."""

    __tablename__ = "product_loads"
    __table_args__ = (Index(None, "product", "state", "loaded_at"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    product: Mapped[str] = mapped_column(Label)
    state: Mapped[str] = mapped_column(Short)
    reason: Mapped[str | None] = mapped_column(StorableText)
    schema_version: Mapped[int]
    columns: Mapped[list[dict[str, str]]]
    loaded_at: Mapped[datetime]
    as_of: Mapped[datetime | None]
    rows: Mapped[int]
    kept_back: Mapped[int]
    size_bytes: Mapped[int]
    file: Mapped[str | None] = mapped_column(Label)
    fingerprint: Mapped[str] = mapped_column(String(64))
    counts: Mapped[dict[str, Any]]
    profile: Mapped[dict[str, Any]]


class ProductCheckRow(Base):
    """What one check came to for one load, each time it was made; the newest counts."""

    __tablename__ = "product_checks"
    load_id: Mapped[str] = mapped_column(ForeignKey("product_loads.id"), primary_key=True)
    check: Mapped[str] = mapped_column(Label, primary_key=True)
    severity: Mapped[str] = mapped_column(Short)
    state: Mapped[str] = mapped_column(Short)
    sentence: Mapped[str] = mapped_column(StorableText)
    measured: Mapped[float | None] = mapped_column(Double)
    examples: Mapped[list[Any]] = mapped_column(Json)
    checked_at: Mapped[datetime] = mapped_column(primary_key=True)


class FiringRow(Base):
    """One due time of a schedule: done when it is finished, free again when its lease has run out."""

    __tablename__ = "firings"
    schedule: Mapped[str] = mapped_column(Label, primary_key=True)
    fire_at: Mapped[datetime] = mapped_column(primary_key=True)
    fence: Mapped[int]
    lease_until: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(StorableText)


class WatchRow(Base):
    """Somebody who got no figure because these data products were not fit, and waits until they are."""

    __tablename__ = "watches"
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    products: Mapped[list[str]]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None] = mapped_column(index=True)
    again_run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id"))


class IncidentRow(Base):
    """Look-alike tickets told of as one."""

    __tablename__ = "incidents"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(Label)
    category: Mapped[str] = mapped_column(Short)
    group_name: Mapped[str] = mapped_column(Short)
    state: Mapped[str] = mapped_column(Short)
    opened_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]


class TicketRow(Base):
    """`key` and `digest` make opening it an effect that happens once; `similar` are numbers of tickets. The
    requester was asked at `asked_at` whether it is solved."""

    __tablename__ = "tickets"
    __table_args__ = (
        Index(None, "requester_id", "created_at"),
        Index(None, "group_name", "state"),
        Index(None, "state", "resolved_at"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    key: Mapped[str] = mapped_column(Label, unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    requester_id: Mapped[str] = mapped_column(ForeignKey("principals.id"))
    title: Mapped[str] = mapped_column(Label)
    text: Mapped[str] = mapped_column(StorableText)
    category: Mapped[str] = mapped_column(Short)
    priority: Mapped[int]
    priority_reason: Mapped[str] = mapped_column(StorableText)
    group_name: Mapped[str] = mapped_column(Short)
    state: Mapped[str] = mapped_column(Short)
    run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id"), index=True)
    incident_id: Mapped[str | None] = mapped_column(ForeignKey("incidents.id"), index=True)
    similar: Mapped[list[int]]
    created_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]


class TicketEventRow(Base):
    """One line of a ticket's history; `state` is the ticket's after it."""

    __tablename__ = "ticket_events"
    __table_args__ = (UniqueConstraint("ticket_id", "position"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"))
    position: Mapped[int]
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Label)
    kind: Mapped[str] = mapped_column(Short)
    state: Mapped[str] = mapped_column(Short)
    text: Mapped[str | None] = mapped_column(StorableText)


class EscalationRow(Base):
    """A request handed over to whoever answers for it, with all they need to go on. `key` makes handing it
    over an effect that happens once; `due_at` is when it should be settled, `reminded_at` when they were told
    that it is not."""

    __tablename__ = "escalations"
    __table_args__ = (Index(None, "state", "due_at"), Index(None, "group_name", "state"))
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    key: Mapped[str] = mapped_column(Label, unique=True)
    requester_id: Mapped[str] = mapped_column(ForeignKey("principals.id"), index=True)
    run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id"))
    ticket_id: Mapped[str | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    task: Mapped[str] = mapped_column(StorableText)
    context: Mapped[str] = mapped_column(StorableText)
    error: Mapped[str | None] = mapped_column(StorableText)
    attempted: Mapped[list[str]]
    priority: Mapped[int]
    urgency: Mapped[str] = mapped_column(StorableText)
    expertise: Mapped[str] = mapped_column(Label)
    expected: Mapped[str] = mapped_column(StorableText)
    team: Mapped[str] = mapped_column(Label)
    contact: Mapped[str] = mapped_column(Label)
    group_name: Mapped[str] = mapped_column(Short)
    state: Mapped[str] = mapped_column(Short)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(Label)
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None] = mapped_column(Label)
    note: Mapped[str | None] = mapped_column(StorableText)
