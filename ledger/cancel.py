"""Cancels a run: what has not begun never will, what is being worked on is told to stop, and what is done is
undone where its step says how, the last first. Then the run ends as cancelled.
"""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import ROW_LOCK, Database, now_in
from ledger.dispatch import owe_dispatch
from ledger.errors import CrewdeskError, DatabaseUnavailable, ErrorKind, NotFound
from ledger.people import Principal, Right
from ledger.run_state import end_cancelled, withdraw_decisions
from ledger.schema import OPEN_RUN_STATES, DispatchRow, RunRow, RunState, StepRow, StepState
from ledger.step_plan import declared, step_row, steps_of_run
from ledger.thread_queue import hold_thread
from ledger.workflow import StepKind, StepSpec

_IDLE = (StepState.BLOCKED, StepState.READY, StepState.WAITING, StepState.SPREAD)


_TRIES = 50


class _StepBusy(Exception):
    """A step that was about to be stopped is being claimed, or goes on, at this moment."""


class RunEnded(CrewdeskError):
    """It is too late to cancel."""

    code = "run_ended"
    kind = ErrorKind.CONFLICT


def cancel_run_for(db: Database, run_id: str, principal: Principal) -> RunState:
    """One's own run, or anybody's with the right to manage. Raises NotFound also for somebody else's, so that
    nobody learns it exists, and RunEnded."""
    with db.read() as session:
        run = session.get(RunRow, run_id)
        if run is None or (run.principal_id != principal.id and not principal.may(Right.MANAGE)):
            raise NotFound(f"There is no run {run_id}.")
    return cancel_run(db, run_id, principal.email)


def cancel_run(db: Database, run_id: str, by: str) -> RunState:
    """Returns the run's state: cancelled, or still open until whoever works on it has stopped and what is
    done was undone. Asking again changes nothing. Raises NotFound, RunEnded."""
    for _ in range(_TRIES):
        try:
            return _cancel_run(db, run_id, by)
        except _StepBusy:
            continue
    raise DatabaseUnavailable("The run is too busy to be cancelled just now; try again.")


def _cancel_run(db: Database, run_id: str, by: str) -> RunState:
    """Raises _StepBusy, and changes nothing then."""
    with db.write() as session:
        seen = session.get(RunRow, run_id)
        awaited_turn = seen is not None and seen.awaits_turn
        if seen is not None and awaited_turn:
            # Before its own lock: whoever lets it begin has the thread already, and wants the run.
            hold_thread(session, seen)
        run = session.get(RunRow, run_id, with_for_update=ROW_LOCK, populate_existing=True)
        if run is None:
            raise NotFound(f"There is no run {run_id}.")
        if run.awaits_turn != awaited_turn:
            raise _StepBusy
        hold_thread(session, run)
        if run.state == RunState.CANCELLED or run.cancel_requested_at is not None:
            return RunState(run.state)
        if run.state not in OPEN_RUN_STATES:
            raise RunEnded(f"This run has ended ({run.state}), so there is nothing left to cancel.")
        run.cancel_requested_at = now_in(session)
        _stop_idle_steps(session, run)
        withdraw_decisions(session, run.id)
        append_audit(session, by, "run.cancel_requested", run.id, {})
        settle_cancel(session, run)
        return RunState(run.state)


def is_stopped(db: Database, run_id: str) -> bool:
    """Whether the run is being cancelled or has ended: a cheap look, for whoever works on a step."""
    goes_on = (RunRow.cancel_requested_at.is_(None), RunRow.state.in_(OPEN_RUN_STATES))
    with db.read() as session:
        return session.scalar(select(RunRow.id).where(RunRow.id == run_id, *goes_on)) is None


def settle_cancel(session: Session, run: RunRow) -> None:
    """The next move of a run that is being cancelled, if nobody is at work on it. The caller holds the run's
    lock."""
    session.flush()
    steps = steps_of_run(session, run.id)
    if any(step.state in (StepState.READY, StepState.RUNNING) for step in steps):
        return
    undoing = [step for step in steps if step.undoes is not None] or _plan_undoing(session, steps)
    left = [step for step in undoing if step.state == StepState.BLOCKED]
    if left:
        left[0].state = StepState.READY
        run.state = RunState.RUNNING
        session.flush()
        owe_dispatch(session, left[0].id)
        return
    failed = [str(step.undoes) for step in undoing if step.state != StepState.DONE]
    sentence = f"This was cancelled, but these steps could not be undone: {', '.join(failed)}."
    end_cancelled(session, run, sentence if failed else None)


def _stop_idle_steps(session: Session, run: RunRow) -> None:
    idle = select(StepRow).where(StepRow.run_id == run.id, StepRow.state.in_(_IDLE))
    # Others lock a step before its run: waiting for one here could be waiting for each other.
    held = list(session.scalars(idle.with_for_update(skip_locked=True, key_share=True)))
    if len(held) < len(session.scalars(idle).all()):
        raise _StepBusy
    for step in held:
        stop_step(session, step)
    its_steps = select(StepRow.id).where(StepRow.run_id == run.id)
    session.execute(delete(DispatchRow).where(DispatchRow.step_id.in_(its_steps)))


def stop_step(session: Session, step: StepRow, sentence: str | None = None) -> None:
    step.state, step.failure, step.finished_at = StepState.CANCELLED, sentence, now_in(session)
    step.lease_owner = step.lease_until = step.due_at = None


def _plan_undoing(session: Session, steps: list[StepRow]) -> list[StepRow]:
    done = [step for step in steps if step.state == StepState.DONE and declared(step).undo is not None]
    done = [step for step in done if declared(step).each is None]
    done.sort(key=lambda step: (step.finished_at, step.id), reverse=True)
    undoing = [_undoing(step, number) for number, step in enumerate(done)]
    session.add_all(undoing)
    session.flush()
    return undoing


def _undoing(step: StepRow, position: int) -> StepRow:
    done = declared(step)
    plan = StepSpec(
        key=done.key,
        label=f"Undoing: {done.shown_as}"[:200],
        kind=StepKind.FUNCTION,
        uses=str(done.undo),
        deadline_s=done.deadline_s,
    )
    return step_row(
        step.run_id,
        f"{step.key}.undo",
        plan,
        needs=[step.key],
        state=StepState.BLOCKED,
        position=position,
        item=step.item,
        undoes=step.key,
    )
