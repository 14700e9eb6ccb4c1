"""Moves a run on: whatever follows from a step that has ended, in the transaction that ends it.

The caller holds the run's lock, so that of two steps that end together one sees the other's end: what was
spread is joined once, and what follows is opened once.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from ledger.cancel import settle_cancel
from ledger.db import now_in
from ledger.dispatch import forget_dispatch, owe_dispatch
from ledger.result import RunResult
from ledger.run_state import fail_run, finish_run, show_waiting
from ledger.schema import OPEN_RUN_STATES, RunRow, StepRow, StepState
from ledger.step_opening import open_step
from ledger.step_plan import SETTLED, StepUnfit, fields_of


@dataclass(frozen=True, slots=True)
class Advance:
    """The steps that became ready, and all steps of the run as they are then."""

    ready: list[StepRow]
    steps: list[StepRow]


_NOTHING = Advance([], [])


def finish_step(
    session: Session,
    step: StepRow,
    run: RunRow,
    steps: list[StepRow],
    output: dict[str, Any],
    *,
    taken: int = 0,
) -> Advance:
    """Keeps a step's output and moves its run on. `steps` are all of the run, read under its lock. For the
    first `taken` steps that become ready no doorbell is owed: the caller claims them in this very
    transaction."""
    step.state, step.output, step.finished_at = StepState.DONE, output, now_in(session)
    step.lease_owner = step.lease_until = step.due_at = None
    forget_dispatch(session, step.id)
    if run.state not in OPEN_RUN_STATES:
        return _NOTHING
    if run.cancel_requested_at is not None:
        settle_cancel(session, run)
        return _NOTHING
    return advance_run(session, run, steps, taken=taken)


def advance_run(session: Session, run: RunRow, steps: list[StepRow], *, taken: int = 0) -> Advance:
    """Opens every step whose needs are settled, and ends the run after its last one. `steps` are all it
    has."""
    ready: list[StepRow] = []
    while True:
        settled = {step.key: step for step in steps if step.state in SETTLED}
        joined = [_join(session, step, steps) for step in steps if step.state == StepState.SPREAD]
        opened = [
            step for step in steps if step.state == StepState.BLOCKED and settled.keys() >= set(step.needs)
        ]
        for step in opened:
            inputs = {key: fields_of(settled[key]) for key in step.needs}
            try:
                begun = open_step(session, step, inputs, run.replay)
            except StepUnfit as error:
                step.state, step.failure, step.finished_at = StepState.FAILED, str(error), now_in(session)
                fail_run(session, run, str(error))
                return _NOTHING
            ready += begun
            steps = [*steps, *(part for part in begun if part is not step)]
        if not opened and not any(joined):
            break
    if session.new:
        # What follows, and what is owed, refers to them.
        session.flush()
    for step in ready[taken:]:
        owe_dispatch(session, step.id)
    if all(step.state in SETTLED for step in steps):
        finish_run(session, run, RunResult.model_validate(_last(steps).output))
    else:
        show_waiting(session, run, steps)
    return Advance(ready, steps)


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
