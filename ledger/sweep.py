"""What is left to be worked on: it is counted, steps that nobody hears of or that lost their worker are rung
for again, and one that keeps killing its worker is parked."""

from datetime import timedelta

from sqlalchemy import Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.cancel import settle_cancel
from ledger.db import ROW_LOCK, Database, now_in
from ledger.dispatch import forget_dispatch, owe_dispatch
from ledger.ids import short_id
from ledger.run_state import fail_run
from ledger.schema import OPEN_RUN_STATES, DispatchRow, RunRow, RunState, StepRow, StepState
from ledger.steps import (
    MAX_ATTEMPTS,
    close_interrupted_spans,
    end_failed,
    goes_on,
    is_called_off,
    strikes,
)
from ledger.thread_queue import hold_thread

RING_AGAIN_S = 5.0


def sweep_steps(db: Database) -> int:
    """Rings again for ready steps nobody took and for steps whose worker died; parks a step that keeps
    killing its worker. Returns how many steps it touched."""
    with db.read() as session:
        now = now_in(session)
        expired = and_(StepRow.state == StepState.RUNNING, StepRow.lease_until < now)
        unheard = and_(
            StepRow.state == StepState.READY,
            goes_on(),
            DispatchRow.rung_at < now - timedelta(seconds=RING_AGAIN_S),
        )
        query = select(StepRow.id).outerjoin(DispatchRow, DispatchRow.step_id == StepRow.id)
        # Those to be parked come first: a run that ends by it takes its other steps along in the same sweep.
        due = session.scalars(query.where(or_(expired, unheard)).order_by(strikes().desc())).all()
    # One transaction each: one that held several runs could deadlock with workers that end theirs.
    return sum(_sweep_step(db, step_id) for step_id in due)


def release_leases(db: Database) -> int:
    """For an installation whose one process has just started: whoever held a lease is dead and every
    doorbell went unheard, so all leases end now and all steps that can be worked on are rung for. Returns
    how many there are."""
    with db.write() as session:
        past = now_in(session) - timedelta(seconds=1)
        held = (StepRow.state == StepState.RUNNING, StepRow.run_id.in_(_open_runs()))
        session.execute(update(StepRow).where(*held).values(lease_until=past))
        workable = (StepState.RUNNING, StepState.READY)
        steps = session.scalars(select(StepRow).where(StepRow.state.in_(workable), goes_on())).all()
        for step in steps:
            owe_dispatch(session, step.id, due_at=step.due_at)
        return len(steps)


def count_open_runs(db: Database) -> int:
    """Those somebody is at work on or may be now; whoever waits for a person, a date or another try is not
    waited for."""
    with db.read() as session:
        due = or_(StepRow.due_at.is_(None), StepRow.due_at <= now_in(session))
        at_work = or_(StepRow.state == StepState.RUNNING, and_(StepRow.state == StepState.READY, due))
        runs = select(func.count()).where(RunRow.state.in_((RunState.QUEUED, RunState.RUNNING)))
        return session.scalar(runs.where(exists().where(StepRow.run_id == RunRow.id, at_work))) or 0


def _open_runs() -> Select[str]:
    return select(RunRow.id).where(RunRow.state.in_(OPEN_RUN_STATES))


def _sweep_step(db: Database, step_id: str) -> int:
    with db.write() as session:
        # Skipped if a worker is claiming or ending it at this moment.
        query = select(StepRow).where(StepRow.id == step_id)
        step = session.scalars(query.with_for_update(skip_locked=True, key_share=True)).one_or_none()
        if step is None or not _still_due(session, step):
            return 0
        run = session.get_one(RunRow, step.run_id, with_for_update=ROW_LOCK)
        if run.state not in OPEN_RUN_STATES or is_called_off(step, run):
            close_interrupted_spans(session, step)
            end_failed(session, step, run, "its run had ended when its process died")
        elif step.state == StepState.RUNNING and step.attempt - step.forgiven >= MAX_ATTEMPTS:
            _park(session, step, run)
        else:
            owe_dispatch(session, step.id)
        return 1


def _still_due(session: Session, step: StepRow) -> bool:
    if step.state == StepState.RUNNING:
        if step.lease_until is None or step.lease_until >= now_in(session):
            return False
        if step.attempt - step.forgiven >= MAX_ATTEMPTS:
            return True
    elif step.state != StepState.READY:
        return False
    dispatch = session.get(DispatchRow, step.id)
    return dispatch is None or not _rings_soon(session, dispatch)


def _park(session: Session, step: StepRow, run: RunRow) -> None:
    deaths = step.attempt - step.forgiven
    hold_thread(session, run)
    step.state = StepState.PARKED
    step.failure = f"its process died {deaths} times while working on it"
    step.lease_owner = step.lease_until = None
    close_interrupted_spans(session, step)
    append_audit(session, "crewdesk", "step.parked", step.id, {"run": run.id, "attempts": step.attempt})
    if step.undoes is not None:
        forget_dispatch(session, step.id)
        settle_cancel(session, run)
        return
    sentence = (
        f"This could not be finished: the process working on it died {deaths} times. "
        f"Tell an administrator the run id {short_id(run.id)}."
    )
    fail_run(session, run, sentence)


def _rings_soon(session: Session, dispatch: DispatchRow) -> bool:
    return dispatch.rung_at is None or now_in(session) - dispatch.rung_at < timedelta(seconds=RING_AGAIN_S)
