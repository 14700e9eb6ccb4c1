"""Who works on a step, decided in the database alone.

A claim is a lease with a fencing token. Whoever holds the newest token may commit; a worker that lost its
lease finds its result refused, so a step's output is committed once however often it was attempted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from ledger.advance import Advance, finish_step
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
    RunRow,
    SpanRow,
    StepRow,
    StepState,
    UtcDateTime,
)
from ledger.step_plan import declared, output_of, steps_of_run
from ledger.understanding import Understood
from ledger.workflow import RetryRule

LEASE_S = 30.0
MAX_ATTEMPTS = 3

# Made once: to put a statement together takes longer than to carry it out.
_STEPS = cast(Table, StepRow.__table__).c
_HELD = (
    select(_STEPS.run_id)
    .where(
        _STEPS.id == bindparam("step"),
        _STEPS.fence == bindparam("fence"),
        _STEPS.state == StepState.RUNNING,
    )
    .with_for_update(key_share=True)
)
_RUN_OF_HELD = (
    select(RunRow)
    .where(RunRow.id == bindparam("run"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
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


def claim_longest_ready(db: Database, owner: str) -> ClaimedStep | None:
    """The step that waits for a worker the longest, of all runs; None if there is none, or somebody else was
    quicker."""
    with db.read() as session:
        step_id = session.scalar(_longest_ready(), {"now": now_in(session)})
    return None if step_id is None else claim_step(db, step_id, owner)


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
            close_interrupted_spans(session, step)
        try:
            principal = principal_by(session, principal_id=run.principal_id)
        except UnknownPrincipal:
            end_failed(
                session,
                step,
                run,
                "Whoever asked this is no longer in the workspace, so it was not answered.",
            )
            return None
        start_run(session, run, principal.groups)
        # Heard, by whatever way: no doorbell is owed for it any more.
        hear_dispatch(session, step_id)
        steps = steps_of_run(session, run.id) if step.needs else []
        return _claimed(session, step, run, principal, steps)


@cache
def _longest_ready() -> Any:
    return (
        select(StepRow.id)
        .where(_is_ready(), strikes() < MAX_ATTEMPTS, goes_on())
        .order_by(StepRow.id)
        .limit(1)
    )


def _is_ready() -> ColumnElement[bool]:
    now = bindparam("now", type_=UtcDateTime)
    return and_(StepRow.state == StepState.READY, or_(StepRow.due_at.is_(None), StepRow.due_at <= now))


@cache
def _take() -> Any:
    now = bindparam("now", type_=UtcDateTime)
    free = or_(_is_ready(), and_(StepRow.state == StepState.RUNNING, StepRow.lease_until < now))
    return (
        update(StepRow)
        .where(StepRow.id == bindparam("step"), free, strikes() < MAX_ATTEMPTS, goes_on())
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
    owner: str | None = None,
) -> ClaimedStep | None:
    """Commits the output, makes successors ready, and with the last step ends the run. Raises LeaseLost.
    `beside` writes what belongs to the step's end and is committed with it.

    An `owner` goes on with the run: the first step that became ready is claimed for them in the same
    transaction and returned.
    """
    with db.write() as session:
        run = _hold(session, claim)
        steps = steps_of_run(session, run.id)
        step = next(step for step in steps if step.id == claim.step_id)
        advance = finish_step(session, step, run, steps, output, taken=0 if owner is None else 1)
        following = None if owner is None else _claim_next(session, run, advance, owner)
        if beside is not None:
            beside(session)
        session.flush()
        crash_point("step.before_commit")
    crash_point("step.after_commit")
    return following


def _claim_next(session: Session, run: RunRow, advance: Advance, owner: str) -> ClaimedStep | None:
    if not advance.ready:
        return None
    step = advance.ready[0]
    try:
        principal = principal_by(session, principal_id=run.principal_id)
    except UnknownPrincipal:
        # Whoever claims it by its doorbell ends the run, and says why.
        owe_dispatch(session, step.id)
        return None
    now = now_in(session)
    step.state, step.started_at = StepState.RUNNING, now
    step.attempt, step.fence = step.attempt + 1, step.fence + 1
    step.lease_owner, step.lease_until = owner, now + timedelta(seconds=LEASE_S)
    start_run(session, run, principal.groups)
    return _claimed(session, step, run, principal, advance.steps)


def fail_step(
    db: Database, claim: ClaimedStep, sentence: str, *, code: str = "failed", try_again: bool
) -> None:
    """Gives the step back if a rule of its workflow for this error code says so, or it may be tried again,
    else ends its run as failed. Raises LeaseLost."""
    with db.write() as session:
        run = _hold(session, claim)
        step = session.get_one(StepRow, claim.step_id)
        if run.state in OPEN_RUN_STATES and not is_called_off(step, run):
            rules = declared(step).retries
            number = next((number for number, rule in enumerate(rules) if code in rule.on), None)
            if number is not None:
                try_again = _forgive(session, step, number, rules[number])
            elif step.attempt - step.forgiven >= MAX_ATTEMPTS:
                try_again = False
            if try_again:
                _give_back(session, step, sentence)
                return
        end_failed(session, step, run, sentence)


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


def goes_on() -> ColumnElement[bool]:
    """Whether a step's run is open; once it was cancelled, only what undoes goes on."""
    wanted = or_(RunRow.cancel_requested_at.is_(None), StepRow.undoes.is_not(None))
    return exists().where(RunRow.id == StepRow.run_id, RunRow.state.in_(OPEN_RUN_STATES), wanted)


def strikes() -> ColumnElement[int]:
    """Attempts that count: those a retry rule gave back do not."""
    return StepRow.attempt - StepRow.forgiven


def is_called_off(step: StepRow, run: RunRow) -> bool:
    return run.cancel_requested_at is not None and step.undoes is None


def end_failed(session: Session, step: StepRow, run: RunRow, sentence: str) -> None:
    """Ends the step, and with it the run: as failed, or on its way to being cancelled."""
    session.flush()
    session.refresh(run, with_for_update=ROW_LOCK)
    forget_dispatch(session, step.id)
    if is_called_off(step, run):
        stop_step(session, step, sentence)
        close_interrupted_spans(session, step)
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
    _hold(session, claim)


def _hold(session: Session, claim: ClaimedStep) -> RunRow:
    """The run of the step, which stays this worker's until the transaction ends."""
    held = {"step": claim.step_id, "fence": claim.fence}
    run_id = session.connection().execute(_HELD, held).scalar()
    if run_id is None:
        raise LeaseLost(
            f"The step {short_id(claim.step_id)} was taken over by another worker; this result is dropped."
        )
    # Steps of one run that finish together must see each other's ends, or neither would unblock what follows.
    return session.scalars(_RUN_OF_HELD, {"run": run_id}).one()


def _held_by(claim: ClaimedStep) -> tuple[Any, ...]:
    return (StepRow.id == claim.step_id, StepRow.fence == claim.fence, StepRow.state == StepState.RUNNING)


def close_interrupted_spans(session: Session, step: StepRow) -> None:
    session.execute(
        update(SpanRow)
        .where(SpanRow.step_id == step.id, SpanRow.ended_at.is_(None))
        .values(ended_at=now_in(session), state="interrupted")
    )


def _claimed(
    session: Session, step: StepRow, run: RunRow, principal: Principal, steps: list[StepRow]
) -> ClaimedStep:
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
