"""Lets a step begin, in whatever way its kind does: it becomes ready, waits for a person or a date, is
skipped, or becomes one step for each item of a list.

The caller holds the run's lock.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ledger.asking import open_decision
from ledger.condition import parse_condition, value_at
from ledger.db import now_in
from ledger.schema import StepRow, StepState
from ledger.step_plan import StepUnfit, declared, recorded_output, step_row
from ledger.workflow import StepKind, StepSpec, moment_in


def open_step(
    session: Session, step: StepRow, inputs: dict[str, Any], replay: dict[str, Any] | None
) -> list[StepRow]:
    """Lets a blocked step begin, in whatever way its kind does; returns those that became ready, which may be
    new. Raises StepUnfit."""
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
        return [step]
    step.state, step.started_at = StepState.WAITING, now
    return []


def _recorded(session: Session, step: StepRow, origin: str) -> dict[str, Any]:
    """What the replayed run went on with: nobody is asked or waited for again. Raises StepUnfit."""
    output = recorded_output(session, origin, step.key)
    if output is None:
        raise StepUnfit(
            f"The replayed run never came to the step '{step.key}', so what was decided or waited for there "
            "is not known; ask again instead of replaying."
        )
    return output


def _spread(session: Session, step: StepRow, plan: StepSpec, items: Any) -> list[StepRow]:
    """One step for each item. A list that was never made, because its step was skipped, is empty."""
    if items is not None and not isinstance(items, list):
        raise StepUnfit(f"The step '{step.key}' runs for each of '{plan.each}', which is not a list.")
    if items is not None and len(items) > plan.most:
        raise StepUnfit(
            f"The step '{step.key}' may run for {plan.most} items, and '{plan.each}' has {len(items)}; "
            "ask for less at once."
        )
    step.state, step.started_at = StepState.SPREAD, now_in(session)
    part_plan = StepSpec.model_validate(plan.model_dump(exclude={"each", "when", "most"}))
    parts = [
        step_row(
            step.run_id,
            f"{step.key}.{number + 1}",
            part_plan,
            needs=step.needs,
            state=StepState.READY,
            position=number,
            item={"value": item},
            part_of=step.key,
        )
        for number, item in enumerate(items or ())
    ]
    session.add_all(parts)
    return parts


def _end_of_wait(plan: StepSpec, inputs: dict[str, Any], now: datetime) -> datetime:
    if plan.for_s is not None:
        return now + timedelta(seconds=plan.for_s)
    until = plan.until or ""
    moment = moment_in(until) or moment_in(value_at(until, inputs))
    if moment is None:
        raise StepUnfit(f"The step '{plan.key}' waits until '{until}', which is not a date.")
    return moment
