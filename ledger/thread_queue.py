"""One run of a thread at a time: who is at work, who is next, and what becomes of a further message.

A thread is one source's and one audience's: a private one is one person's, so that two people who name theirs
alike never meet. A run that waits for a person or a date lets the next begin. Whoever changes a thread's line
takes its turn first, after the lock of the run they end and before any of another; nobody waits for a lock of
another's run while they have it, or two could wait for each other.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from ledger.db import take_turns
from ledger.dispatch import owe_dispatch
from ledger.errors import CrewdeskError, ErrorKind, UnknownPrincipal
from ledger.people import Principal, principal_by
from ledger.schema import OPEN_RUN_STATES, RunRow, RunState, StepRow, StepState, storable
from ledger.workflow import StepKind

# It chooses who answers and has no tools, so that beginning anew undoes nothing.
_ROUTER = "router"


class WhenBusy(StrEnum):
    """What becomes of a message in a thread that is being worked on: it comes next, becomes part of a
    question that nobody has begun to answer, stops its asker's earlier one, or is refused."""

    QUEUE = "queue"
    MERGE = "merge"
    INTERRUPT = "interrupt"
    REJECT = "reject"


class ThreadBusy(CrewdeskError):
    code = "thread_busy"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class Thread:
    """`owner` is set where nobody else reads it."""

    source: str
    name: str
    owner: str | None

    def runs(self) -> tuple[ColumnElement[bool], ...]:
        private = RunRow.audience_groups.is_(None)
        whose = (private, RunRow.principal_id == self.owner) if self.owner else (~private,)
        return (RunRow.source == self.source, RunRow.thread == self.name, *whose)


def thread_of(run: RunRow) -> Thread | None:
    if run.thread is None:
        return None
    return Thread(run.source, run.thread, run.principal_id if run.audience_groups is None else None)


def take_thread(session: Session, thread: Thread) -> None:
    """Until this transaction ends, the thread's line is this one's to change."""
    take_turns(session, f"thread {thread.source} {storable(thread.name)} {thread.owner or ''}")


def hold_thread(session: Session, run: RunRow) -> None:
    """The same for the thread of a run that may end, before anything is written to the audit chain."""
    thread = thread_of(run)
    if thread is not None:
        take_thread(session, thread)


def is_busy(session: Session, thread: Thread) -> bool:
    """Whether somebody is at work on the thread, or may be now."""
    at_work = (RunRow.state.in_((RunState.QUEUED, RunState.RUNNING)), RunRow.awaits_turn.is_(False))
    return session.scalar(select(RunRow.id).where(*thread.runs(), *at_work).limit(1)) is not None


def next_in_line(session: Session, thread: Thread) -> RunRow | None:
    """The run whose turn it is now, if nobody is at work. The caller has taken the thread."""
    if is_busy(session, thread):
        return None
    waiting = (RunRow.awaits_turn.is_(True), RunRow.state.in_(OPEN_RUN_STATES))
    oldest = select(RunRow).where(*thread.runs(), *waiting).order_by(RunRow.created_at, RunRow.id).limit(1)
    return session.scalars(oldest.execution_options(populate_existing=True)).first()


def own_earlier(session: Session, run: RunRow) -> list[str]:
    """The asker's own runs that this one comes after, the last first: those still to be worked on."""
    thread = thread_of(run)
    if thread is None or not run.awaits_turn:
        return []
    open_ones = select(RunRow.id).where(
        *thread.runs(),
        RunRow.principal_id == run.principal_id,
        RunRow.id != run.id,
        RunRow.state.in_((RunState.QUEUED, RunState.RUNNING)),
        RunRow.cancel_requested_at.is_(None),
        RunRow.created_at <= run.created_at,
    )
    return list(session.scalars(open_ones.order_by(RunRow.created_at.desc(), RunRow.id.desc())))


def add_to_last(
    session: Session,
    thread: Thread,
    workflow: str,
    question: str,
    asker: Principal,
    audience: list[str] | None,
    *,
    most_chars: int,
) -> RunRow | None:
    """The last run of the line with this question added to its own. None where it must be a run of its own:
    somebody has begun to answer, or one of them would be answered with what the other may not read. The
    caller has taken the thread."""
    still_open = select(RunRow.id).where(*thread.runs(), RunRow.state.in_(OPEN_RUN_STATES))
    last = session.scalar(still_open.order_by(RunRow.created_at.desc(), RunRow.id.desc()).limit(1))
    lock: dict[str, Any] = {"skip_locked": True, "key_share": True}
    steps = list(session.scalars(select(StepRow).where(StepRow.run_id == last).with_for_update(**lock)))
    run = session.scalars(select(RunRow).where(RunRow.id == last).with_for_update(**lock)).one_or_none()
    if run is None or run.state == RunState.WAITING or run.cancel_requested_at is not None:
        return None
    if run.workflow != workflow or run.audience_groups != audience or not _may_speak_for(session, run, asker):
        return None
    all_steps = session.scalars(select(StepRow.id).where(StepRow.run_id == run.id)).all()
    if len(steps) < len(all_steps) or not all(_is_not_begun(step) for step in steps):
        return None
    joined = f"{run.question}\n{question}"
    if len(joined) > most_chars:
        return None
    run.question, run.masked_question, run.understood = joined, None, None
    for step in steps:
        if step.state == StepState.RUNNING:
            _take_back(session, step)
    return run


def _may_speak_for(session: Session, run: RunRow, asker: Principal) -> bool:
    """Whether the asker may do all that the run's own asker may: it is answered with the latter's rights."""
    if run.principal_id == asker.id:
        return True
    try:
        whose = principal_by(session, principal_id=run.principal_id)
    except UnknownPrincipal:
        return False
    return whose.groups <= asker.groups and whose.roles <= asker.roles


def _is_not_begun(step: StepRow) -> bool:
    if step.kind == StepKind.CREW and step.uses == _ROUTER and step.undoes is None:
        return step.state in (StepState.BLOCKED, StepState.READY, StepState.RUNNING)
    return step.state in (StepState.BLOCKED, StepState.READY) and step.attempt == 0


def _take_back(session: Session, step: StepRow) -> None:
    """Whoever is at work on the step chose for another question: their result will be refused."""
    step.state, step.fence, step.forgiven = StepState.READY, step.fence + 1, step.forgiven + 1
    step.lease_owner = step.lease_until = None
    session.flush()
    owe_dispatch(session, step.id)
