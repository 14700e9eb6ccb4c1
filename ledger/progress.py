"""How far a run is, for whoever shows it at work: its steps under names for people, n of m, and what happened
when. Derived from the steps' rows, so that it can be asked for at any time and never disagrees with them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from ledger.db import Database
from ledger.errors import NotFound
from ledger.schema import OPEN_RUN_STATES, RunRow, StepRow, StepState
from ledger.step_plan import declared

_ENDED = (StepState.DONE, StepState.SKIPPED, StepState.FAILED, StepState.PARKED, StepState.CANCELLED)
_ENDINGS: dict[str, Literal["finished", "skipped", "failed", "cancelled"]] = {
    StepState.DONE: "finished",
    StepState.SKIPPED: "skipped",
    StepState.FAILED: "failed",
    StepState.PARKED: "failed",
    StepState.CANCELLED: "cancelled",
}

# Of the tables themselves and of these columns alone: whoever waits for a run looks again and again, and to
# make whole objects of its rows took twice as long.
_RUN, _STEP = cast(Table, RunRow.__table__).c, cast(Table, StepRow.__table__).c
_LOOK = select(_RUN.state, _RUN.cancel_requested_at).where(_RUN.id == bindparam("run"))
_STEPS = (
    select(
        *(_STEP.key, _STEP.kind, _STEP.uses, _STEP.needs, _STEP.deadline_s, _STEP.plan),
        *(_STEP.state, _STEP.attempt, _STEP.started_at, _STEP.finished_at, _STEP.due_at),
        *(_STEP.part_of, _STEP.position),
    )
    .where(_STEP.run_id == bindparam("run"))
    .order_by(_STEP.id)
)


class StepProgress(BaseModel):
    """`due_at` of one that waits for a date, for its time to be decided by, or to be tried again."""

    model_config = ConfigDict(frozen=True)

    key: str
    label: str
    state: str
    started_at: datetime | None
    finished_at: datetime | None
    due_at: datetime | None


class ProgressEvent(BaseModel):
    """Something that happened to a step, and how many of how many had ended then."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    kind: Literal["started", "finished", "skipped", "failed", "cancelled"]
    key: str
    label: str
    done: int
    total: int


class RunProgress(BaseModel):
    """`cancelling`: it was cancelled, and somebody is still at work on it. A step that was spread over a
    list is there once for each item; before that it counts as one."""

    model_config = ConfigDict(frozen=True)

    state: str
    cancelling: bool
    done: int
    total: int
    steps: tuple[StepProgress, ...]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_RUN_STATES

    @property
    def at_work(self) -> tuple[str, ...]:
        """The labels of the steps somebody works on."""
        return tuple(dict.fromkeys(step.label for step in self.steps if step.state == StepState.RUNNING))

    def events(self) -> tuple[ProgressEvent, ...]:
        """In the order they happened."""
        moments = [(step.started_at, number, "started", step) for number, step in enumerate(self.steps)]
        moments += [
            (step.finished_at, number, _ENDINGS.get(step.state, "started"), step)
            for number, step in enumerate(self.steps)
        ]
        happened = sorted(
            (moment for moment in moments if moment[0] is not None),
            key=lambda moment: (moment[0], moment[1], moment[2] != "started"),
        )
        done, events = 0, []
        for at, _number, kind, step in happened:
            done += kind != "started"
            event = {"at": at, "kind": kind, "key": step.key, "label": step.label}
            events.append(ProgressEvent.model_validate({**event, "done": done, "total": self.total}))
        return tuple(events)


def read_progress(db: Database, run_id: str) -> RunProgress:
    """A cheap look. Raises NotFound."""
    with db.read() as session:
        run = session.connection().execute(_LOOK, {"run": run_id}).one_or_none()
        if run is None:
            raise NotFound(f"There is no run {run_id}.")
        return progress_in(cast(RunRow, run), steps_of(session, run_id))


def steps_of(session: Session, run_id: str) -> list[StepRow]:
    """In the order of the workflow, those for a list's items after the one they are part of. To be looked at
    only: the session does not know them."""
    rows = cast("list[StepRow]", session.connection().execute(_STEPS, {"run": run_id}).all())
    whole = [row for row in rows if row.part_of is None]
    parts = sorted((row for row in rows if row.part_of is not None), key=lambda row: row.position)
    return [step for row in whole for step in (row, *(part for part in parts if part.part_of == row.key))]


def progress_in(run: RunRow, rows: Sequence[StepRow]) -> RunProgress:
    spread = {row.part_of for row in rows}
    counted = [row for row in rows if row.key not in spread]
    return RunProgress(
        state=run.state,
        cancelling=run.state in OPEN_RUN_STATES and run.cancel_requested_at is not None,
        done=sum(row.state in _ENDED for row in counted),
        total=len(counted),
        steps=tuple(_step(row) for row in counted),
    )


def _step(row: StepRow) -> StepProgress:
    return StepProgress(
        key=row.key,
        label=declared(row).shown_as,
        state=row.state,
        started_at=row.started_at,
        finished_at=row.finished_at,
        due_at=row.due_at,
    )
