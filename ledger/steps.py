"""Who works on a step, decided in the database alone.

A claim is a lease with a fencing token. Whoever holds the newest token may commit; a worker that lost its
lease finds its result refused, so a step's output is committed once however often it was attempted.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.crash_points import crash_point
from ledger.db import ROW_LOCK, Database, now_in
from ledger.errors import LeaseLost, UnknownPrincipal
from ledger.ids import short_id
from ledger.people import Principal, principal_by
from ledger.result import RunResult
from ledger.runs import fail_run, finish_run, owe_dispatch, start_run, unblock_steps
from ledger.schema import OPEN_RUN_STATES, DispatchRow, RunRow, SpanRow, StepRow, StepState

LEASE_S = 30.0
MAX_ATTEMPTS = 3
RING_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class ClaimedStep:
    """A step this worker may work on until its lease ends. `inputs` holds the outputs of the steps it
    needs; `masked_question` is empty until somebody has looked for personal data in the question."""

    step_id: str
    run_id: str
    key: str
    kind: str
    uses: str
    attempt: int
    fence: int
    deadline_s: float
    question: str
    masked_question: str | None
    principal: Principal
    audience_groups: frozenset[str] | None
    thread: str | None
    inputs: dict[str, Any] = field(default_factory=dict)


def claim_step(db: Database, step_id: str, owner: str) -> ClaimedStep | None:
    """None if somebody else holds the step, it is finished, or its run has ended."""
    with db.write() as session:
        now = now_in(session)
        free = or_(
            StepRow.state == StepState.READY,
            and_(StepRow.state == StepState.RUNNING, StepRow.lease_until < now),
        )
        taken = session.execute(
            update(StepRow)
            .where(
                StepRow.id == step_id, free, StepRow.attempt < MAX_ATTEMPTS, StepRow.run_id.in_(_open_runs())
            )
            .values(
                state=StepState.RUNNING,
                attempt=StepRow.attempt + 1,
                fence=StepRow.fence + 1,
                lease_owner=owner,
                lease_until=now + timedelta(seconds=LEASE_S),
                started_at=now,
            )
            .returning(StepRow.id)
            .execution_options(synchronize_session=False)
        ).scalar_one_or_none()
        if taken is None:
            return None
        step = session.get_one(StepRow, step_id)
        run = session.get_one(RunRow, step.run_id)
        _close_interrupted_spans(session, step)
        try:
            principal = principal_by(session, principal_id=run.principal_id)
        except UnknownPrincipal:
            _fail(
                session,
                step,
                run,
                "Whoever asked this is no longer in the workspace, so it was not answered.",
            )
            return None
        start_run(session, run)
        # Heard, by whatever way: no doorbell is owed for it any more.
        unheard = (DispatchRow.step_id == step_id, DispatchRow.rung_at.is_(None))
        session.execute(update(DispatchRow).where(*unheard).values(rung_at=now))
        return _claimed(session, step, run, principal)


def extend_lease(db: Database, claim: ClaimedStep) -> bool:
    """False if the lease is no longer this worker's."""
    with db.record() as session:
        until = now_in(session) + timedelta(seconds=LEASE_S)
        held = session.execute(
            update(StepRow).where(*_held_by(claim)).values(lease_until=until).returning(StepRow.id)
        ).scalar_one_or_none()
        return held is not None


def complete_step(db: Database, claim: ClaimedStep, output: dict[str, Any]) -> str | None:
    """Commits the output, makes successors ready, and with the last step ends the run. Raises LeaseLost.

    Returns the id of a step that became ready: the caller may claim it at once, without waiting for its
    doorbell. If it does not, the relay rings at its next look.
    """
    ready: list[str] = []
    with db.write() as session:
        step = _held_step(session, claim)
        step.state, step.output, step.finished_at = StepState.DONE, output, now_in(session)
        step.lease_owner = step.lease_until = None
        _forget_dispatch(session, step)
        session.flush()
        crash_point("step.before_commit")
        run = session.get_one(RunRow, step.run_id)
        if run.state in OPEN_RUN_STATES:
            ready = unblock_steps(session, run.id, taker=True)
        open_steps = select(StepRow.id).where(StepRow.run_id == run.id, StepRow.state != StepState.DONE)
        if session.scalar(open_steps.limit(1)) is None:
            finish_run(session, run, RunResult.model_validate(output))
    crash_point("step.after_commit")
    return ready[0] if ready else None


def fail_step(db: Database, claim: ClaimedStep, sentence: str, *, try_again: bool) -> None:
    """Gives the step back if it may be tried again, else ends its run as failed. Raises LeaseLost."""
    with db.write() as session:
        step = _held_step(session, claim)
        run = session.get_one(RunRow, step.run_id)
        if try_again and step.attempt < MAX_ATTEMPTS and run.state in OPEN_RUN_STATES:
            step.state, step.failure = StepState.READY, sentence
            step.lease_owner = step.lease_until = None
            owe_dispatch(session, step.id)
            return
        _fail(session, step, run, sentence)


def sweep_steps(db: Database) -> int:
    """Rings again for ready steps nobody took and for steps whose worker died; parks a step that keeps
    killing its worker. Returns how many steps it touched."""
    with db.read() as session:
        now = now_in(session)
        expired = and_(StepRow.state == StepState.RUNNING, StepRow.lease_until < now)
        unheard = and_(
            StepRow.state == StepState.READY,
            StepRow.run_id.in_(_open_runs()),
            DispatchRow.rung_at < now - timedelta(seconds=RING_AGAIN_S),
        )
        query = select(StepRow.id).outerjoin(DispatchRow, DispatchRow.step_id == StepRow.id)
        # Those to be parked come first: a run that ends by it takes its other steps along in the same sweep.
        due = session.scalars(query.where(or_(expired, unheard)).order_by(StepRow.attempt.desc())).all()
    # One transaction each: one that held several runs could deadlock with workers that end theirs.
    return sum(_sweep_step(db, step_id) for step_id in due)


def release_leases(db: Database) -> int:
    """For an installation whose one process has just started: whoever held a lease is dead and every
    doorbell went unheard, so all leases end now and all steps that can be worked on are rung for. Returns
    how many there are."""
    with db.write() as session:
        past = now_in(session) - timedelta(seconds=1)
        workable = (StepState.RUNNING, StepState.READY)
        steps = session.scalars(
            select(StepRow).where(StepRow.state.in_(workable), StepRow.run_id.in_(_open_runs()))
        ).all()
        for step in steps:
            if step.state == StepState.RUNNING:
                step.lease_until = past
            owe_dispatch(session, step.id)
        return len(steps)


def count_open_runs(db: Database) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(_open_runs().subquery())) or 0


def _open_runs() -> Select[str]:
    return select(RunRow.id).where(RunRow.state.in_(OPEN_RUN_STATES))


def _sweep_step(db: Database, step_id: str) -> int:
    with db.write() as session:
        # Skipped if a worker is claiming or ending it at this moment.
        query = select(StepRow).where(StepRow.id == step_id)
        step = session.scalars(query.with_for_update(skip_locked=True, key_share=True)).one_or_none()
        if step is None or not _still_due(session, step):
            return 0
        # Step, run, audit chain: everybody locks in this order, or two could wait for each other.
        run = session.get_one(RunRow, step.run_id, with_for_update=ROW_LOCK)
        if run.state not in OPEN_RUN_STATES:
            _close_interrupted_spans(session, step)
            _fail(session, step, run, "its run had ended when its process died")
        elif step.state == StepState.RUNNING and step.attempt >= MAX_ATTEMPTS:
            _park(session, step, run)
        else:
            owe_dispatch(session, step.id)
        return 1


def _still_due(session: Session, step: StepRow) -> bool:
    if step.state == StepState.RUNNING:
        if step.lease_until is None or step.lease_until >= now_in(session):
            return False
        if step.attempt >= MAX_ATTEMPTS:
            return True
    elif step.state != StepState.READY:
        return False
    dispatch = session.get(DispatchRow, step.id)
    return dispatch is None or not _rings_soon(session, dispatch)


def _park(session: Session, step: StepRow, run: RunRow) -> None:
    step.state = StepState.PARKED
    step.failure = f"its process died {step.attempt} times while working on it"
    step.lease_owner = step.lease_until = None
    _close_interrupted_spans(session, step)
    sentence = (
        f"This could not be finished: the process working on it died {step.attempt} times. "
        f"Tell an administrator the run id {short_id(run.id)}."
    )
    append_audit(session, "crewdesk", "step.parked", step.id, {"run": run.id, "attempts": step.attempt})
    fail_run(session, run, sentence)


def _rings_soon(session: Session, dispatch: DispatchRow) -> bool:
    return dispatch.rung_at is None or now_in(session) - dispatch.rung_at < timedelta(seconds=RING_AGAIN_S)


def _fail(session: Session, step: StepRow, run: RunRow, sentence: str) -> None:
    step.state, step.failure, step.finished_at = StepState.FAILED, sentence, now_in(session)
    step.lease_owner = step.lease_until = None
    _forget_dispatch(session, step)
    fail_run(session, run, sentence)


def _held_step(session: Session, claim: ClaimedStep) -> StepRow:
    step = session.scalars(
        select(StepRow).where(*_held_by(claim)).with_for_update(key_share=True)
    ).one_or_none()
    if step is None:
        raise LeaseLost(
            f"The step {short_id(claim.step_id)} was taken over by another worker; this result is dropped."
        )
    # Steps of one run that finish together must see each other's ends, or neither would unblock what follows.
    session.get_one(RunRow, step.run_id, with_for_update=ROW_LOCK)
    return step


def _held_by(claim: ClaimedStep) -> tuple[Any, ...]:
    return (StepRow.id == claim.step_id, StepRow.fence == claim.fence, StepRow.state == StepState.RUNNING)


def _forget_dispatch(session: Session, step: StepRow) -> None:
    session.execute(delete(DispatchRow).where(DispatchRow.step_id == step.id))


def _close_interrupted_spans(session: Session, step: StepRow) -> None:
    session.execute(
        update(SpanRow)
        .where(SpanRow.step_id == step.id, SpanRow.ended_at.is_(None))
        .values(ended_at=now_in(session), state="interrupted")
    )


def _claimed(session: Session, step: StepRow, run: RunRow, principal: Principal) -> ClaimedStep:
    needed = session.scalars(select(StepRow).where(StepRow.run_id == run.id, StepRow.key.in_(step.needs)))
    return ClaimedStep(
        step_id=step.id,
        run_id=run.id,
        key=step.key,
        kind=step.kind,
        uses=step.uses,
        attempt=step.attempt,
        fence=step.fence,
        deadline_s=step.deadline_s,
        question=run.question,
        masked_question=run.masked_question,
        principal=principal,
        audience_groups=None if run.audience_groups is None else frozenset(run.audience_groups),
        thread=run.thread,
        inputs={need.key: need.output for need in needed},
    )
