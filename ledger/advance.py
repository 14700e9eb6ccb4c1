"""Moves a run on: whatever follows from a step that has ended, in the transaction that ends it.

The caller holds the run's lock, so that of two steps that end together one sees the other's end: what was
spread is joined once, and what follows is opened once.
"""

from typing import Any

from sqlalchemy.orm import Session

from ledger.cancel import settle_cancel
from ledger.db import now_in
from ledger.dispatch import forget_dispatch, owe_dispatch
from ledger.result import RunResult
from ledger.run_state import fail_run, finish_run, show_waiting
from ledger.schema import OPEN_RUN_STATES, RunRow, StepRow, StepState
from ledger.step_opening import open_step
from ledger.step_plan import SETTLED, StepUnfit, fields_of, steps_of_run


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
    steps = steps_of_run(session, run.id)
    while True:
        settled = {step.key: step for step in steps if step.state in SETTLED}
        joined = [_join(session, step, steps) for step in steps if step.state == StepState.SPREAD]
        opened = [
            step for step in steps if step.state == StepState.BLOCKED and settled.keys() >= set(step.needs)
        ]
        for step in opened:
            inputs = {key: fields_of(settled[key]) for key in step.needs}
            try:
                ready += open_step(session, step, inputs, run.replay)
            except StepUnfit as error:
                step.state, step.failure, step.finished_at = StepState.FAILED, str(error), now_in(session)
                fail_run(session, run, str(error))
                return []
        session.flush()
        if not opened and not any(joined):
            break
        if any(step.state == StepState.SPREAD for step in opened):
            steps = steps_of_run(session, run.id)
    for number, step_id in enumerate(ready):
        owe_dispatch(session, step_id, wake=not taker or number > 0)
    if all(step.state in SETTLED for step in steps):
        finish_run(session, run, RunResult.model_validate(_last(steps).output))
    else:
        show_waiting(session, run, steps)
    return ready


def _last(steps: list[StepRow]) -> StepRow:
    needed = {need for step in steps for need in step.needs}
    return next(step for step in steps if step.part_of is None and step.key not in needed)


def _join(session: Session, step: StepRow, steps: list[StepRow]) -> bool:
    parts = sorted((part for part in steps if part.part_of == step.key), key=lambda part: part.position)
    if any(part.state != StepState.DONE for part in parts):
        return False
    step.output = {"items": [part.output for part in parts]}
    step.state, step.finished_at = StepState.DONE, now_in(session)
    return True
