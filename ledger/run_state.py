"""How a run shows itself, and its end: once, with an answer, a reason or a sentence.

Whoever calls holds the lock of the step it works on, if any, before that of the run; the audit chain is
locked last. Everybody locks in this order, or two could wait for each other.
"""

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import ROW_LOCK, now_in, tell_run_ended
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
from ledger.step_opening import StepUnfit, open_step
from ledger.thread_queue import next_in_line, take_thread, thread_of


def start_run(session: Session, run: RunRow, groups: frozenset[str]) -> None:
    """Marks a queued run as running; one that another worker has started or ended meanwhile is left alone.
    `groups` are those of its asker now."""
    session.execute(
        update(RunRow)
        .where(RunRow.id == run.id, RunRow.state == RunState.QUEUED)
        .values(state=RunState.RUNNING, started_at=now_in(session))
    )
    if not groups <= set(run.asked_with or ()):
        # Of a step before the asker was given another group, too: what was found may be of either.
        run.asked_with = sorted(groups.union(run.asked_with or ()))


def show_waiting(session: Session, run: RunRow) -> None:
    """`waiting` while all that could go on waits for a date or a person, and as it was before afterwards."""
    states = set(session.scalars(select(StepRow.state).where(StepRow.run_id == run.id)))
    if states & {StepState.READY, StepState.RUNNING}:
        run.state = RunState.QUEUED if run.started_at is None else RunState.RUNNING
    elif StepState.WAITING in states:
        run.state = RunState.WAITING
        _pass_turn(session, run)


def finish_run(session: Session, run: RunRow, result: RunResult) -> None:
    _end_run(session, run, RunState(result.outcome), result=result)


def fail_run(session: Session, run: RunRow, sentence: str) -> None:
    """Ends the run as failed, with a sentence for the person who asked."""
    _end_run(session, run, RunState.FAILED, failure=sentence)


def end_cancelled(session: Session, run: RunRow, sentence: str | None) -> None:
    """`sentence` says what could not be undone."""
    _end_run(session, run, RunState.CANCELLED, failure=sentence)


def withdraw_decisions(session: Session, run_id: str) -> None:
    """Nobody needs to decide any more."""
    still_open = (DecisionRow.run_id == run_id, DecisionRow.state == DecisionState.OPEN)
    session.execute(update(DecisionRow).where(*still_open).values(state=DecisionState.WITHDRAWN))


def _end_run(
    session: Session,
    run: RunRow,
    state: RunState,
    *,
    result: RunResult | None = None,
    failure: str | None = None,
) -> None:
    # A run ends once, and a parallel step that fails later changes nothing: its state is read under its lock.
    session.flush()
    session.refresh(run, with_for_update=ROW_LOCK)
    if run.state not in OPEN_RUN_STATES:
        return
    run.state, run.failure, run.finished_at = state, failure, now_in(session)
    tell_run_ended(session)
    run.result = result.model_dump(mode="json") if result else None
    withdraw_decisions(session, run.id)
    its_steps = select(StepRow.id).where(StepRow.run_id == run.id)
    session.execute(delete(DispatchRow).where(DispatchRow.step_id.in_(its_steps)))
    root = session.get_one(SpanRow, span_id_for(run.id))
    root.ended_at, root.state = run.finished_at, "error" if state == RunState.FAILED else "ok"
    answer = result.answer if result else None
    root.output = mask_secrets({"state": state, "answer": answer, "failure": failure})
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
        ready = [
            step_id
            for step in _first_steps(session, following)
            for step_id in open_step(session, step, {}, None)
        ]
    except StepUnfit as error:
        fail_run(session, following, str(error))
        return
    session.flush()
    for step_id in ready:
        owe_dispatch(session, step_id)
    show_waiting(session, following)


def _first_steps(session: Session, run: RunRow) -> list[StepRow]:
    steps = session.scalars(select(StepRow).where(StepRow.run_id == run.id).order_by(StepRow.id))
    return [step for step in steps if not step.needs]
