"""Lets what waited for a moment go on once it has come: waits end, and decisions nobody made expire.

A step that cannot go on ends its run, so that it is in nobody's way.
"""

from collections.abc import Iterable

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from ledger.advance import finish_step
from ledger.call_decisions import REJECT
from ledger.db import ROW_LOCK, Database, now_in
from ledger.decisions import expire_decision
from ledger.errors import CrewdeskError
from ledger.ids import new_id, short_id
from ledger.log import get_logger
from ledger.run_state import fail_run
from ledger.schema import OPEN_RUN_STATES, RunRow, StepRow, StepState
from ledger.step_plan import declared, steps_of_run
from ledger.workflow import StepKind

_log = get_logger(__name__)

_DUE = (
    select(StepRow.id)
    .join(RunRow, RunRow.id == StepRow.run_id)
    .where(
        StepRow.state == StepState.WAITING,
        StepRow.due_at <= bindparam("now"),
        RunRow.state.in_(OPEN_RUN_STATES),
    )
    .order_by(StepRow.due_at)
)


def pass_due(db: Database) -> int:
    """Returns how many steps went on. Two relays may look at once: each step goes on once."""
    with db.read() as session:
        due = due_in(session)
    return pass_steps(db, due)


def due_in(session: Session) -> list[str]:
    """The steps whose moment has come."""
    return list(session.scalars(_DUE, {"now": now_in(session)}))


def pass_steps(db: Database, due: Iterable[str]) -> int:
    # One transaction each, as for the sweeper.
    return sum(_pass_or_fail(db, step_id) for step_id in due)


def _pass_or_fail(db: Database, step_id: str) -> int:
    try:
        return _pass_step(db, step_id)
    except CrewdeskError:
        raise
    except Exception:  # noqa: BLE001 - the last resort: left due, it would break every look from now on
        error_id = short_id(new_id())
        _log.exception("step_broke", step=short_id(step_id), error_id=error_id)
    sentence = f"Something went wrong inside Crewdesk. Tell an administrator the error id {error_id}."
    return _fail_step(db, step_id, sentence)


def _pass_step(db: Database, step_id: str) -> int:
    with db.write() as session:
        step = _waiting(session, step_id)
        if step is None:
            return 0
        run = session.get_one(RunRow, step.run_id, with_for_update=ROW_LOCK)
        if run.state not in OPEN_RUN_STATES or run.cancel_requested_at is not None:
            return 0
        ask, moment = declared(step).ask, step.due_at
        if step.kind == StepKind.WAIT:
            output = {"waited_until": moment.isoformat() if moment else None}
            finish_step(session, step, run, steps_of_run(session, run.id), output)
        else:
            expire_decision(session, step, run, REJECT if ask is None else str(ask.on_expiry))
        return 1


def _fail_step(db: Database, step_id: str, sentence: str) -> int:
    with db.write() as session:
        step = _waiting(session, step_id)
        if step is None:
            return 0
        step.state, step.failure, step.finished_at = StepState.FAILED, sentence, now_in(session)
        step.due_at = None
        fail_run(session, session.get_one(RunRow, step.run_id), sentence)
        return 1


def _waiting(session: Session, step_id: str) -> StepRow | None:
    query = select(StepRow).where(
        StepRow.id == step_id, StepRow.state == StepState.WAITING, StepRow.due_at <= now_in(session)
    )
    return session.scalars(query.with_for_update(skip_locked=True, key_share=True)).one_or_none()
