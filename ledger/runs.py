"""Takes requests in.

`submit_run` is one transaction: the inbox row that makes a second submission harmless, the run, its steps
and the doorbells owed for the first of them. When it returns, nothing of the request can be lost. In a thread
that is being worked on, the run awaits its turn, or what its channel says of that.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator
from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.orm import Session

from ledger.advance import advance_run
from ledger.audit import append_audit
from ledger.cancel import RunEnded, cancel_run
from ledger.db import Database, now_in
from ledger.deliveries import DeliveryTarget, owe_delivery
from ledger.errors import InvalidInput
from ledger.ids import derive_id, new_id, span_id_for, trace_id_for
from ledger.inbox import Source, earlier_run, enter_request, name_run
from ledger.masking import mask_secrets
from ledger.people import Principal, Right, principal_by
from ledger.schema import RunRow, RunState, SpanRow, StepState
from ledger.step_plan import step_row
from ledger.thread_queue import (
    Thread,
    ThreadBusy,
    WhenBusy,
    add_to_last,
    is_busy,
    own_earlier,
    take_thread,
)
from ledger.workflow import WorkflowSpec
from ledger.workflows import current_workflow

MAX_QUESTION_CHARS = 8_000

LINED_UP = "I am still at an earlier question in this thread; yours comes right after it."
ADDED = "I have added this to the question that I was about to answer; one answer comes for both."
STOPPING = "I am stopping your earlier question in this thread, and answer this one instead."
BUSY = "I am still at an earlier question in this thread; please ask again once it is answered."

_SPANS = cast(Table, SpanRow.__table__)
_OPEN_ROOT = insert(_SPANS)
_SHOW_IN_ROOT = update(_SPANS).where(_SPANS.c.id == bindparam("span")).values(input=bindparam("question"))
_RUNS = cast(Table, RunRow.__table__)
_KEEP_MASKED = (
    update(_RUNS)
    .where(
        _RUNS.c.id == bindparam("run"),
        _RUNS.c.masked_question.is_(None),
        _RUNS.c.question == bindparam("asked"),
    )
    .values(masked_question=bindparam("masked"))
)


class RunRequest(BaseModel):
    """One request to one workflow, by one principal, for one audience.

    `audience_groups` is the clearance of whoever else will read the answer; None means the principal alone.
    `when_busy` says what happens if its thread is being worked on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workflow: str = "ask"
    principal: str
    question: str
    source: Source
    external_id: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    thread: Annotated[str, StringConstraints(max_length=255)] | None = None
    audience_groups: tuple[str, ...] | None = None
    deliver_to: DeliveryTarget | None = None
    when_busy: WhenBusy = WhenBusy.QUEUE

    @field_validator("audience_groups")
    @classmethod
    def _in_one_order(cls, groups: tuple[str, ...] | None) -> tuple[str, ...] | None:
        # Callers hold sets, whose order differs from process to process; an equal request must stay equal.
        return None if groups is None else tuple(sorted(set(groups)))

    @property
    def digest(self) -> str:
        # Not model_dump_json, which fails on half a surrogate pair.
        content = json.dumps(self.model_dump(exclude={"deliver_to", "when_busy"}))
        return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Submission:
    run_id: str
    created: bool


def submit_run(db: Database, request: RunRequest) -> Submission:
    """The run of this source and external id: a new one, the one an equal request made before, or the one
    whose question this became part of.

    Raises InvalidInput, UnknownPrincipal, NotPermitted, UnknownWorkflow, ExternalIdReused, ThreadBusy.
    """
    submission = _submit(db, request, checked_question(request.question))
    if request.when_busy is WhenBusy.INTERRUPT:
        _interrupt_for(db, submission.run_id, request.principal)
    return submission


def _submit(db: Database, request: RunRequest, question: str) -> Submission:
    with db.write() as session:
        principal = principal_by(session, email=request.principal)
        principal.require(Right.ASK)
        inbox_id = enter_request(session, request.source, request.external_id, request.digest)
        if inbox_id is None:
            earlier = earlier_run(session, request.source, request.external_id, request.digest)
            return Submission(earlier, created=False)
        spec = current_workflow(session, request.workflow)
        thread = _thread_of(request, principal)
        busy = thread is not None and _take(session, thread)
        if thread is not None and busy:
            added_to = _add_or_refuse(session, request, question, principal, thread, inbox_id)
            if added_to is not None:
                return Submission(added_to, created=False)
        run = create_run(session, request, question, principal, spec, awaits_turn=busy)
        name_run(session, inbox_id, run.id)
        if busy:
            stops = request.when_busy is WhenBusy.INTERRUPT and own_earlier(session, run)
            _tell_sender(session, inbox_id, request, STOPPING if stops else LINED_UP)
        detail = {"workflow": spec.name, "source": request.source, "external_id": request.external_id}
        append_audit(session, principal.email, "run.submitted", run.id, detail)
        return Submission(run.id, created=True)


def _thread_of(request: RunRequest, principal: Principal) -> Thread | None:
    if request.thread is None:
        return None
    return Thread(request.source, request.thread, principal.id if request.audience_groups is None else None)


def _take(session: Session, thread: Thread) -> bool:
    """Whether the thread is being worked on, which stays so until this transaction ends."""
    take_thread(session, thread)
    return is_busy(session, thread)


def _add_or_refuse(
    session: Session,
    request: RunRequest,
    question: str,
    principal: Principal,
    thread: Thread,
    inbox_id: str,
) -> str | None:
    """The run the question was added to; None if it is to be a run of its own. Raises ThreadBusy."""
    if request.when_busy is WhenBusy.REJECT:
        raise ThreadBusy(BUSY)
    if request.when_busy is not WhenBusy.MERGE:
        return None
    audience = None if request.audience_groups is None else list(request.audience_groups)
    run = add_to_last(
        session, thread, request.workflow, question, principal, audience, most_chars=MAX_QUESTION_CHARS
    )
    if run is None:
        return None
    name_run(session, inbox_id, run.id)
    _tell_sender(session, inbox_id, request, ADDED)
    detail = {"source": request.source, "external_id": request.external_id}
    append_audit(session, principal.email, "run.question_added", run.id, detail)
    return run.id


def _interrupt_for(db: Database, run_id: str, by: str) -> None:
    """Stops the asker's own earlier runs that this one comes after. Whoever dies before that leaves it in
    line, and it begins when they end."""
    with db.read() as session:
        earlier = own_earlier(session, session.get_one(RunRow, run_id))
    for earlier_id in earlier:
        with suppress(RunEnded):
            cancel_run(db, earlier_id, by)


def _tell_sender(session: Session, inbox_id: str, request: RunRequest, sentence: str) -> None:
    to = request.deliver_to
    if to is not None:
        owe_delivery(session, derive_id(inbox_id, "busy"), None, to.channel, to.place, sentence)


def checked_question(text: str) -> str:
    """The question without surrounding white space. Raises InvalidInput."""
    question = text.strip()
    if not question:
        raise InvalidInput('The question is empty; ask something like "How do I reset my password?".')
    if len(question) > MAX_QUESTION_CHARS:
        raise InvalidInput(
            f"The question has {len(question):,} characters and may have {MAX_QUESTION_CHARS:,}; "
            "shorten it, or put the long text into a document and ask about that."
        )
    if "\x00" in question or (not question.isascii() and _has_lone_surrogate(question)):
        raise InvalidInput(
            "The question contains characters that are not text; paste it again as plain text."
        )
    return question


def keep_masked_question(db: Database, run_id: str, question: str, masked: str) -> None:
    """Keeps the question as everybody but its asker sees it; the first to say so is right, unless something
    was added to the question since."""
    with db.record() as session:
        kept = {"run": run_id, "asked": question, "masked": masked}
        connection = session.connection()
        if connection.execute(_KEEP_MASKED, kept).rowcount:
            shown = {"span": span_id_for(run_id), "question": mask_secrets({"question": masked})}
            connection.execute(_SHOW_IN_ROOT, shown)


def create_run(
    session: Session,
    request: RunRequest,
    question: str,
    principal: Principal,
    spec: WorkflowSpec,
    *,
    replay: dict[str, Any] | None = None,
    awaits_turn: bool = False,
) -> RunRow:
    """Writes the run, its steps, its root span and the doorbells owed for the first of them, unless it awaits
    its turn."""
    now = now_in(session)
    run = RunRow(
        id=new_id(),
        workflow=spec.name,
        workflow_version=spec.version,
        principal_id=principal.id,
        audience_groups=None if request.audience_groups is None else list(request.audience_groups),
        source=request.source,
        thread=request.thread,
        replay=replay,
        question=question,
        deliver_to=request.deliver_to.model_dump(mode="json") if request.deliver_to else None,
        state=RunState.QUEUED,
        created_at=now,
        awaits_turn=awaits_turn,
    )
    session.add(run)
    session.flush()
    steps = [
        step_row(run.id, step.key, step, needs=step.needs, state=StepState.BLOCKED) for step in spec.steps
    ]
    session.add_all(steps)
    session.connection().execute(_OPEN_ROOT, _root_span(run, principal))
    if not awaits_turn:
        advance_run(session, run, steps)
    return run


def _root_span(run: RunRow, principal: Principal) -> dict[str, Any]:
    return {
        "id": span_id_for(run.id),
        "trace_id": trace_id_for(run.id),
        "run_id": run.id,
        "kind": "run",
        "name": run.workflow,
        "state": "open",
        "started_at": run.created_at,
        # The question comes later, masked, by `keep_masked_question`: nobody has looked at it yet.
        "input": None,
        "attributes": {"user_id": principal.email, "session_id": run.thread or run.id, "source": run.source},
    }


def _has_lone_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
