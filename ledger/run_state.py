"""How a run shows itself, and its end: once, with an answer, a reason or a sentence.

Whoever calls holds the lock of the step it works on, if any, before that of the run; the audit chain is
locked last. Everybody locks in this order, or two could wait for each other.
"""

from collections.abc import Iterable
from typing import cast

from sqlalchemy import Table, bindparam, delete, select, update
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import ROW_LOCK, now_in, tell_run_ended
from ledger.decision_messages import settle_messages
from ledger.deliveries import owe_delivery
from ledger.dispatch import owe_dispatch
from ledger.ids import derive_id, span_id_for
from ledger.masking import mask_secrets
from ledger.result import RunResult
from ledger.schema import (
    OPEN_RUN_STATES,
    DecisionRow,
    DecisionState,
    DispatchRow,
    RunRow,
    RunState,
    SpanRow,
    StepRow,
    StepState,
)
from ledger.step_opening import open_step
from ledger.step_plan import StepUnfit, steps_of_run
from ledger.thread_queue import next_in_line, take_thread, thread_of

# Of the tables themselves: whatever of these rows a session holds is not looked at again in it.
_DECISIONS, _STEPS = cast(Table, DecisionRow.__table__), cast(Table, StepRow.__table__)
_DISPATCHES, _SPANS = cast(Table, DispatchRow.__table__), cast(Table, SpanRow.__table__)
_RUNS = cast(Table, RunRow.__table__)
_WITHDRAW = (
    update(_DECISIONS)
    .where(
        _DECISIONS.c.run_id == bindparam("run"),
        _DECISIONS.c.state.in_((DecisionState.WANTED, DecisionState.OPEN)),
    )
    .values(state=DecisionState.WITHDRAWN)
    .returning(_DECISIONS.c.id)
)
_FORGET_ALL = delete(_DISPATCHES).where(
    _DISPATCHES.c.step_id.in_(select(_STEPS.c.id).where(_STEPS.c.run_id == bindparam("run")))
)
_START = (
    update(_RUNS)
    .where(_RUNS.c.id == bindparam("run"), _RUNS.c.state == RunState.QUEUED)
    .values(state=RunState.RUNNING, started_at=bindparam("now"))
)
_END_ROOT = (
    update(_SPANS)
    .where(_SPANS.c.id == bindparam("span"))
    .values(ended_at=bindparam("now"), state=bindparam("as"), output=bindparam("with"))
)


def start_run(session: Session, run: RunRow, groups: frozenset[str]) -> None:
    """Marks a queued run as running; one that another worker has started or ended meanwhile is left alone.
    `groups` are those of its asker now."""
    if run.state == RunState.QUEUED:
        session.connection().execute(_START, {"run": run.id, "now": now_in(session)})
    if not groups <= set(run.asked_with or ()):
        # Of a step before the asker was given another group, too: what was found may be of either.
        run.asked_with = sorted(groups.union(run.asked_with or ()))


def show_waiting(session: Session, run: RunRow, steps: Iterable[StepRow]) -> None:
    """`waiting` while all that could go on waits for a date or a person, and as it was before afterwards."""
    states = {step.state for step in steps}
    if states & {StepState.READY, StepState.RUNNING}:
        run.state = RunState.QUEUED if run.started_at is None else RunState.RUNNING
    elif StepState.WAITING in states:
        run.state = RunState.WAITING
        _pass_turn(session, run)


def finish_run(session: Session, run: RunRow, result: RunResult) -> None:
    """The run was read under its lock, and is open."""
    _end_run(session, run, RunState(result.outcome), result=result)


def fail_run(session: Session, run: RunRow, sentence: str) -> None:
    """Ends the run as failed, with a sentence for the person who asked."""
    if _is_still_open(session, run):
        _end_run(session, run, RunState.FAILED, failure=sentence)


def end_cancelled(session: Session, run: RunRow, sentence: str | None) -> None:
    """`sentence` says what could not be undone."""
    if _is_still_open(session, run):
        _end_run(session, run, RunState.CANCELLED, failure=sentence)


def _is_still_open(session: Session, run: RunRow) -> bool:
    """A run ends once, and a parallel step that fails later changes nothing: its state is read under its
    lock."""
    session.flush()
    session.refresh(run, with_for_update=ROW_LOCK)
    return run.state in OPEN_RUN_STATES


def withdraw_decisions(session: Session, run_id: str) -> None:
    """Nobody needs to decide any more."""
    session.flush()
    for decision_id in session.connection().scalars(_WITHDRAW, {"run": run_id}).all():
        settle_messages(session, decision_id)


def _end_run(
    session: Session,
    run: RunRow,
    state: RunState,
    *,
    result: RunResult | None = None,
    failure: str | None = None,
) -> None:
    run.state, run.failure, run.finished_at = state, failure, now_in(session)
    tell_run_ended(session)
    run.result = result.model_dump(mode="json") if result else None
    withdraw_decisions(session, run.id)
    session.connection().execute(_FORGET_ALL, {"run": run.id})
    answer = result.answer if result else None
    root = {
        "span": span_id_for(run.id),
        "now": run.finished_at,
        "as": "error" if state == RunState.FAILED else "ok",
        "with": mask_secrets({"state": state, "answer": answer, "failure": failure}),
    }
    session.connection().execute(_END_ROOT, root)
    if run.deliver_to is not None:
        channel, place = run.deliver_to["channel"], run.deliver_to["place"]
        owe_delivery(session, derive_id(run.id, "answer"), run.id, channel, place)
    run.awaits_turn = False
    _pass_turn(session, run)
    append_audit(session, "crewdesk", f"run.{state}", run.id, {"failure": failure} if failure else {})


def _pass_turn(session: Session, run: RunRow) -> None:
    """Lets the next run of the thread begin, now that nobody is at work on this one."""
    thread = thread_of(run)
    if thread is None:
        return
    session.flush()
    take_thread(session, thread)
    following = next_in_line(session, thread)
    if following is None:
        return
    following.awaits_turn = False
    session.flush()
    try:
        first = [step for step in steps_of_run(session, following.id) if not step.needs]
        ready = [opened for step in first for opened in open_step(session, step, {}, None)]
    except StepUnfit as error:
        fail_run(session, following, str(error))
        return
    session.flush()
    for step in ready:
        owe_dispatch(session, step.id)
    show_waiting(session, following, steps_of_run(session, following.id))
