"""Who works on a step, decided in the database alone.

A claim is a lease with a fencing token. Whoever holds the newest token may commit; a worker that lost its
lease finds its result refused, so a step's output is committed once however often it was attempted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select, update
from sqlalchemy.orm import Session

from ledger.advance import finish_step
from ledger.audit import append_audit
from ledger.cancel import settle_cancel, stop_step
from ledger.crash_points import crash_point
from ledger.db import ROW_LOCK, Database, now_in
from ledger.dispatch import forget_dispatch, hear_dispatch, owe_dispatch
from ledger.errors import LeaseLost, UnknownPrincipal
from ledger.ids import short_id
from ledger.people import Principal, principal_by
from ledger.pii_tokens import tokens_of
from ledger.pins import Pins, Replay
from ledger.run_state import fail_run, start_run
from ledger.schema import (
    OPEN_RUN_STATES,
    DispatchRow,
    RunRow,
    RunState,
    SpanRow,
    StepRow,
    StepState,
    UtcDateTime,
)
from ledger.step_plan import declared, output_of
from ledger.thread_queue import hold_thread
from ledger.understanding import Understood
from ledger.workflow import RetryRule

LEASE_S = 30.0
MAX_ATTEMPTS = 3
RING_AGAIN_S = 5.0

# Made once: to put a statement together takes longer than to carry it out.
_OF_RUN = select(StepRow).where(StepRow.run_id == bindparam("run"))
_HELD = (
    select(StepRow)
    .where(
        StepRow.id == bindparam("step"),
        StepRow.fence == bindparam("fence"),
        StepRow.state == StepState.RUNNING,
    )
    .with_for_update(key_share=True)
)


@dataclass(frozen=True, slots=True)
class ClaimedStep:
    """A step this worker may work on until its lease ends.

    `inputs` holds the outputs of the steps it needs: None of one that was skipped, a list of one that ran for
    each item. `item` is the one of a list this step is for; `limits`, `asks` and `tools` are its workflow's,
    `pins` what its run began with. One that `undoes` takes back the effect of the step of that key. It
    `is_understood` once somebody has looked whether its question stands alone; if it does not, `understood`
    is what it was taken for. Without `has_past` there is nothing before it that it could go on from. `tokens`
    are those of its run, with the personal data they stand for.
    """

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
    item: Any = None
    limits: dict[str, int | float] = field(default_factory=dict)
    asks: str | None = None
    tools: tuple[str, ...] | None = None
    undoes: str | None = None
    pins: Pins | None = None
    understood: Understood | None = None
    is_understood: bool = False
    has_past: bool = False
    replay: Replay | None = None
    tokens: dict[str, str] = field(default_factory=dict, repr=False)


def claim_step(db: Database, step_id: str, owner: str) -> ClaimedStep | None:
    """None if somebody else holds the step, it is not due or finished, or its run has ended or was
    cancelled."""
    with db.lease() as session:
        now = now_in(session)
        until = now + timedelta(seconds=LEASE_S)
        wanted = {"step": step_id, "now": now, "owner": owner, "until": until}
        step = session.scalars(_take(), wanted).one_or_none()
        if step is None:
            return None
        run = session.get_one(RunRow, step.run_id)
        if step.attempt > 1:
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
        start_run(session, run, principal.groups)
        # Heard, by whatever way: no doorbell is owed for it any more.
        hear_dispatch(session, step_id)
        return _claimed(session, step, run, principal)


@cache
def _take() -> Any:
    now = bindparam("now", type_=UtcDateTime)
    free = or_(
        and_(StepRow.state == StepState.READY, or_(StepRow.due_at.is_(None), StepRow.due_at <= now)),
        and_(StepRow.state == StepState.RUNNING, StepRow.lease_until < now),
    )
    return (
        update(StepRow)
        .where(StepRow.id == bindparam("step"), free, _strikes() < MAX_ATTEMPTS, _goes_on())
        .values(
            state=StepState.RUNNING,
            attempt=StepRow.attempt + 1,
            fence=StepRow.fence + 1,
            lease_owner=bindparam("owner"),
            lease_until=bindparam("until"),
            started_at=now,
            due_at=None,
        )
        .returning(StepRow)
        .execution_options(synchronize_session=False, dml_strategy="orm")
    )


def extend_lease(db: Database, claim: ClaimedStep) -> bool:
    """False if the lease is no longer this worker's."""
    with db.record() as session:
        until = now_in(session) + timedelta(seconds=LEASE_S)
        held = session.execute(
            update(StepRow).where(*_held_by(claim)).values(lease_until=until).returning(StepRow.id)
        ).scalar_one_or_none()
        return held is not None


def complete_step(
    db: Database,
    claim: ClaimedStep,
    output: dict[str, Any],
    beside: Callable[[Session], None] | None = None,
) -> str | None:
    """Commits the output, makes successors ready, and with the last step ends the run. Raises LeaseLost.
    `beside` writes what belongs to the step's end and is committed with it.

    Returns the id of a step that became ready: the caller may claim it at once, without waiting for its
    doorbell. If it does not, the relay rings at its next look.
    """
    with db.write() as session:
        step, run = _held_step(session, claim)
        ready = finish_step(session, step, run, output, taker=True)
        if beside is not None:
            beside(session)
        session.flush()
        crash_point("step.before_commit")
    crash_point("step.after_commit")
    return ready[0] if ready else None


def fail_step(
    db: Database, claim: ClaimedStep, sentence: str, *, code: str = "failed", try_again: bool
) -> None:
    """Gives the step back if a rule of its workflow for this error code says so, or it may be tried again,
    else ends its run as failed. Raises LeaseLost."""
    with db.write() as session:
        step, run = _held_step(session, claim)
        if run.state in OPEN_RUN_STATES and not _is_stopped(step, run):
            rules = declared(step).retries
            number = next((number for number, rule in enumerate(rules) if code in rule.on), None)
            if number is not None:
                try_again = _forgive(session, step, number, rules[number])
            elif step.attempt - step.forgiven >= MAX_ATTEMPTS:
                try_again = False
            if try_again:
                _give_back(session, step, sentence)
                return
        _fail(session, step, run, sentence)


def _forgive(session: Session, step: StepRow, number: int, rule: RetryRule) -> bool:
    """Whether the rule lets the step be tried once more; notes when, and that this attempt is no strike."""
    retried = dict(step.retried or {})
    times = retried.get(str(number), 0)
    if times >= rule.times:
        return False
    step.retried = {**retried, str(number): times + 1}
    step.forgiven += 1
    step.due_at = now_in(session) + timedelta(seconds=rule.after_s) if rule.after_s else None
    return True


def _give_back(session: Session, step: StepRow, sentence: str) -> None:
    step.state, step.failure = StepState.READY, sentence
    step.lease_owner = step.lease_until = None
    owe_dispatch(session, step.id, due_at=step.due_at)


def sweep_steps(db: Database) -> int:
    """Rings again for ready steps nobody took and for steps whose worker died; parks a step that keeps
    killing its worker. Returns how many steps it touched."""
    with db.read() as session:
        now = now_in(session)
        expired = and_(StepRow.state == StepState.RUNNING, StepRow.lease_until < now)
        unheard = and_(
            StepRow.state == StepState.READY,
            _goes_on(),
            DispatchRow.rung_at < now - timedelta(seconds=RING_AGAIN_S),
        )
        query = select(StepRow.id).outerjoin(DispatchRow, DispatchRow.step_id == StepRow.id)
        # Those to be parked come first: a run that ends by it takes its other steps along in the same sweep.
        due = session.scalars(query.where(or_(expired, unheard)).order_by(_strikes().desc())).all()
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
        steps = session.scalars(select(StepRow).where(StepRow.state.in_(workable), _goes_on())).all()
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


def _goes_on() -> ColumnElement[bool]:
    """Whether a step's run is open; once it was cancelled, only what undoes goes on."""
    wanted = or_(RunRow.cancel_requested_at.is_(None), StepRow.undoes.is_not(None))
    return exists().where(RunRow.id == StepRow.run_id, RunRow.state.in_(OPEN_RUN_STATES), wanted)


def _strikes() -> ColumnElement[int]:
    """Attempts that count: those a retry rule gave back do not."""
    return StepRow.attempt - StepRow.forgiven


def _sweep_step(db: Database, step_id: str) -> int:
    with db.write() as session:
        # Skipped if a worker is claiming or ending it at this moment.
        query = select(StepRow).where(StepRow.id == step_id)
        step = session.scalars(query.with_for_update(skip_locked=True, key_share=True)).one_or_none()
        if step is None or not _still_due(session, step):
            return 0
        run = session.get_one(RunRow, step.run_id, with_for_update=ROW_LOCK)
        if run.state not in OPEN_RUN_STATES or _is_stopped(step, run):
            _close_interrupted_spans(session, step)
            _fail(session, step, run, "its run had ended when its process died")
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


def _is_stopped(step: StepRow, run: RunRow) -> bool:
    return run.cancel_requested_at is not None and step.undoes is None


def _park(session: Session, step: StepRow, run: RunRow) -> None:
    deaths = step.attempt - step.forgiven
    hold_thread(session, run)
    step.state = StepState.PARKED
    step.failure = f"its process died {deaths} times while working on it"
    step.lease_owner = step.lease_until = None
    _close_interrupted_spans(session, step)
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


def _fail(session: Session, step: StepRow, run: RunRow, sentence: str) -> None:
    """Ends the step, and with it the run: as failed, or on its way to being cancelled."""
    session.flush()
    session.refresh(run, with_for_update=ROW_LOCK)
    forget_dispatch(session, step.id)
    if _is_stopped(step, run):
        stop_step(session, step, sentence)
        _close_interrupted_spans(session, step)
    else:
        step.state, step.failure, step.finished_at = StepState.FAILED, sentence, now_in(session)
        step.lease_owner = step.lease_until = step.due_at = None
    if run.state not in OPEN_RUN_STATES:
        return
    if run.cancel_requested_at is not None:
        settle_cancel(session, run)
    else:
        fail_run(session, run, sentence)


def check_held(session: Session, claim: ClaimedStep) -> None:
    """Keeps the step this worker's until the transaction ends. Raises LeaseLost."""
    _held_step(session, claim)


def _held_step(session: Session, claim: ClaimedStep) -> tuple[StepRow, RunRow]:
    step = session.scalars(_HELD, {"step": claim.step_id, "fence": claim.fence}).one_or_none()
    if step is None:
        raise LeaseLost(
            f"The step {short_id(claim.step_id)} was taken over by another worker; this result is dropped."
        )
    # Steps of one run that finish together must see each other's ends, or neither would unblock what follows.
    return step, session.get_one(RunRow, step.run_id, with_for_update=ROW_LOCK)


def _held_by(claim: ClaimedStep) -> tuple[Any, ...]:
    return (StepRow.id == claim.step_id, StepRow.fence == claim.fence, StepRow.state == StepState.RUNNING)


def _close_interrupted_spans(session: Session, step: StepRow) -> None:
    session.execute(
        update(SpanRow)
        .where(SpanRow.step_id == step.id, SpanRow.ended_at.is_(None))
        .values(ended_at=now_in(session), state="interrupted")
    )


def _claimed(session: Session, step: StepRow, run: RunRow, principal: Principal) -> ClaimedStep:
    steps = session.scalars(_OF_RUN, {"run": run.id}).all() if step.needs else ()
    plan = declared(step)
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
        inputs={need.key: output_of(need) for need in steps if need.key in step.needs},
        item=None if step.item is None else step.item["value"],
        limits=plan.limits,
        asks=plan.asks,
        tools=plan.tools,
        undoes=step.undoes,
        pins=None if run.pins is None else Pins.model_validate(run.pins),
        understood=Understood.model_validate(run.understood) if run.understood else None,
        is_understood=run.understood is not None,
        has_past=run.thread is not None or run.replay is not None,
        replay=None if run.replay is None else Replay.model_validate(run.replay),
        tokens=tokens_of(session, run.id),
    )
