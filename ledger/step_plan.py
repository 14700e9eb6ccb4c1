"""How a step's row is made of what was declared and read as that again, and how what it put out is read by
the steps after it."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from ledger.errors import CrewdeskError
from ledger.ids import new_id
from ledger.schema import StepRow, StepState
from ledger.workflow import StepKind, StepSpec

# A step in one of these lets those that need it go on.
SETTLED = (StepState.DONE, StepState.SKIPPED)
# Every look at a run reads the plans of its steps, and runs of one workflow have the same.
_PLANS_REMEMBERED = 500
_OF_RUN = select(StepRow).where(StepRow.run_id == bindparam("run")).order_by(StepRow.id)


class StepUnfit(CrewdeskError):
    """An earlier output is not what this step was declared to read."""

    code = "step_unfit"


def step_row(
    run_id: str,
    key: str,
    plan: StepSpec,
    *,
    needs: Iterable[str],
    state: StepState,
    position: int = 0,
    item: dict[str, Any] | None = None,
    part_of: str | None = None,
    undoes: str | None = None,
) -> StepRow:
    """One that nobody has worked on. Its key and needs are the plan's own, unless it is for an item of a list
    or undoes another."""
    return StepRow(
        id=new_id(),
        run_id=run_id,
        key=key,
        kind=plan.kind,
        uses=plan.uses,
        needs=list(needs),
        deadline_s=plan.deadline_s,
        state=state,
        attempt=0,
        fence=0,
        plan=plan.model_dump(mode="json", exclude_defaults=True),
        position=position,
        item=item,
        part_of=part_of,
        undoes=undoes,
        forgiven=0,
    )


def declared(step: StepRow) -> StepSpec:
    if step.plan is not None:
        return _declared_in(json.dumps(step.plan))
    # Written by a release that kept nothing else.
    return StepSpec(
        key=step.key,
        kind=StepKind(step.kind),
        uses=step.uses,
        needs=tuple(step.needs),
        deadline_s=step.deadline_s,
    )


@lru_cache(_PLANS_REMEMBERED)
def _declared_in(plan: str) -> StepSpec:
    return StepSpec.model_validate_json(plan)


def steps_of_run(session: Session, run_id: str) -> list[StepRow]:
    """In the order they were written: those of the workflow in its own, then those for a list's items."""
    return list(session.scalars(_OF_RUN, {"run": run_id}))


def recorded_output(session: Session, run_id: str, key: str) -> dict[str, Any] | None:
    """What a step of the run put out; None where it never finished one of this key."""
    query = select(StepRow.output).where(StepRow.run_id == run_id, StepRow.key == key)
    output: dict[str, Any] | None = session.scalar(query)
    return output


def output_of(step: StepRow) -> Any:
    """What a later step is given: None of one that was skipped, a list of one that ran for each item."""
    return step.output["items"] if step.output is not None and _is_list(step) else step.output


def fields_of(step: StepRow) -> Any:
    """What conditions and lists read: of a crew its own words, without what is noted beside them."""
    output = output_of(step)
    if step.kind != StepKind.CREW:
        return output
    return own_words(output)


def inputs_of(session: Session, step: StepRow) -> dict[str, Any]:
    """By key, what conditions and decisions read of the steps it needs."""
    needed = session.scalars(
        select(StepRow).where(StepRow.run_id == step.run_id, StepRow.key.in_(step.needs))
    )
    return {need.key: fields_of(need) for need in needed}


def _is_list(step: StepRow) -> bool:
    return step.part_of is None and step.undoes is None and declared(step).each is not None


def own_words(output: Any) -> Any:
    """Of a crew what it said, without what is noted beside it."""
    if isinstance(output, list):
        return [own_words(item) for item in output]
    return output["output"] if isinstance(output, dict) and "output" in output else output
