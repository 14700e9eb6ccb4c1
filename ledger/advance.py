"""Moves a run on: whatever follows from a step that has ended, in the transaction that ends it.

The caller holds the run's lock, so that of two steps that end together one sees the other's end: what was
spread is joined once, and what follows is opened once.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from ledger.asking import open_decision
from ledger.cancel import settle_cancel
from ledger.condition import parse_condition, value_at
from ledger.db import now_in
from ledger.dispatch import forget_dispatch, owe_dispatch
from ledger.ids import new_id
from ledger.result import RunResult
from ledger.run_state import fail_run, finish_run, show_waiting
from ledger.schema import OPEN_RUN_STATES, RunRow, StepRow, StepState
from ledger.step_plan import SETTLED, StepUnfit, declared, fields_of
from ledger.workflow import StepKind, StepSpec, moment_in

_OF_RUN = select(StepRow).where(StepRow.run_id == bindparam("run")).order_by(StepRow.id)


def finish_step(
    session: Session, step: StepRow, run: RunRow, output: dict[str, Any], *, taker: bool = False
) -> list[str]:
    """Keeps a step's output and moves its run on. Returns the ids of the steps that became ready; with a
    `taker`, the first of them is about to be claimed by whoever asks: its doorbell is owed all the same, but
    nobody is woken for it."""
    step.state, step.output, step.finished_at = StepState.DONE, output, now_in(session)
    step.lease_owner = step.lease_until = step.due_at = None
    forget_dispatch(session, step.id)
    session.flush()
    if run.state not in OPEN_RUN_STATES:
        return []
    if run.cancel_requested_at is not None:
        settle_cancel(session, run)
        return []
    return advance_run(session, run, taker=taker)


def advance_run(session: Session, run: RunRow, *, taker: bool = False) -> list[str]:
    """Opens every step whose needs are settled, and ends the run after its last one."""
    ready: list[str] = []
    steps = _steps_of(session, run)
    while True:
        settled = {step.key: step for step in steps if step.state in SETTLED}
        joined = [_join(session, step, steps) for step in steps if step.state == StepState.SPREAD]
        opened = [
            step for step in steps if step.state == StepState.BLOCKED and settled.keys() >= set(step.needs)
        ]
        for step in opened:
            inputs = {key: fields_of(settled[key]) for key in step.needs}
            try:
                ready += _open(session, step, inputs, run.replay)
            except StepUnfit as error:
                step.state, step.failure, step.finished_at = StepState.FAILED, str(error), now_in(session)
                fail_run(session, run, str(error))
                return []
        session.flush()
        if not opened and not any(joined):
            break
        if any(step.state == StepState.SPREAD for step in opened):
            steps = _steps_of(session, run)
    for number, step_id in enumerate(ready):
        owe_dispatch(session, step_id, wake=not taker or number > 0)
    if all(step.state in SETTLED for step in steps):
        finish_run(session, run, RunResult.model_validate(_last(steps).output))
    else:
        show_waiting(run, steps)
    return ready


def _steps_of(session: Session, run: RunRow) -> list[StepRow]:
    return list(session.scalars(_OF_RUN, {"run": run.id}))


def _last(steps: list[StepRow]) -> StepRow:
    needed = {need for step in steps for need in step.needs}
    return next(step for step in steps if step.part_of is None and step.key not in needed)


def _open(
    session: Session, step: StepRow, inputs: dict[str, Any], replay: dict[str, Any] | None
) -> list[str]:
    """Lets a blocked step begin, in whatever way its kind does. Raises StepUnfit."""
    plan = declared(step)
    now = now_in(session)
    if plan.when is not None and not parse_condition(plan.when).holds(inputs):
        step.state, step.finished_at = StepState.SKIPPED, now
        return []
    if plan.each is not None:
        return _spread(session, step, plan, value_at(plan.each, inputs))
    if replay is not None and plan.kind in (StepKind.WAIT, StepKind.DECISION):
        step.output = _recorded(session, step, replay["of"])
        step.state, step.started_at, step.finished_at = StepState.DONE, now, now
        return []
    if plan.kind == StepKind.WAIT:
        step.due_at = _end_of_wait(plan, inputs, now)
    elif plan.ask is not None:
        step.due_at = open_decision(session, step, plan.ask, inputs)
    else:
        step.state = StepState.READY
        return [step.id]
    step.state, step.started_at = StepState.WAITING, now
    return []


def _recorded(session: Session, step: StepRow, origin: str) -> dict[str, Any]:
    """What the replayed run went on with: nobody is asked or waited for again. Raises StepUnfit."""
    query = select(StepRow.output).where(StepRow.run_id == origin, StepRow.key == step.key)
    output: dict[str, Any] | None = session.scalars(query).one_or_none()
    if output is None:
        raise StepUnfit(
            f"The replayed run never came to the step '{step.key}', so what was decided or waited for there "
            "is not known; ask again instead of replaying."
        )
    return output


def _spread(session: Session, step: StepRow, plan: StepSpec, items: Any) -> list[str]:
    """One step for each item. A list that was never made, because its step was skipped, is empty."""
    if items is not None and not isinstance(items, list):
        raise StepUnfit(f"The step '{step.key}' runs for each of '{plan.each}', which is not a list.")
    if items is not None and len(items) > plan.most:
        raise StepUnfit(
            f"The step '{step.key}' may run for {plan.most} items, and '{plan.each}' has {len(items)}; "
            "ask for less at once."
        )
    step.state, step.started_at = StepState.SPREAD, now_in(session)
    ids = [new_id() for _ in items or ()]
    part_plan = plan.model_dump(mode="json", exclude_defaults=True, exclude={"each", "when", "most"})
    for number, item in enumerate(items or ()):
        session.add(
            StepRow(
                id=ids[number],
                run_id=step.run_id,
                key=f"{step.key}.{number + 1}",
                kind=step.kind,
                uses=step.uses,
                needs=list(step.needs),
                deadline_s=step.deadline_s,
                state=StepState.READY,
                attempt=0,
                fence=0,
                plan=part_plan,
                part_of=step.key,
                position=number,
                item={"value": item},
                forgiven=0,
            )
        )
    session.flush()
    return ids


def _join(session: Session, step: StepRow, steps: list[StepRow]) -> bool:
    parts = sorted((part for part in steps if part.part_of == step.key), key=lambda part: part.position)
    if any(part.state != StepState.DONE for part in parts):
        return False
    step.output = {"items": [part.output for part in parts]}
    step.state, step.finished_at = StepState.DONE, now_in(session)
    return True


def _end_of_wait(plan: StepSpec, inputs: dict[str, Any], now: datetime) -> datetime:
    if plan.for_s is not None:
        return now + timedelta(seconds=plan.for_s)
    until = plan.until or ""
    moment = moment_in(until) or moment_in(value_at(until, inputs))
    if moment is None:
        raise StepUnfit(f"The step '{plan.key}' waits until '{until}', which is not a date.")
    return moment
