"""What a person is asked before a run goes on, and the one function that decides it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.advance import finish_step
from ledger.asking import digest_at
from ledger.audit import append_audit
from ledger.db import ROW_LOCK, Database, now_in
from ledger.deciders import require_decider
from ledger.errors import CrewdeskError, ErrorKind, InvalidInput, NotFound
from ledger.people import Principal
from ledger.schema import DecisionRow, DecisionState, RunRow, StepRow, StepState
from ledger.step_plan import declared, fields_of


class DecisionOutdated(CrewdeskError):
    """What was asked about is not what is there now."""

    code = "decision_outdated"
    kind = ErrorKind.CONFLICT


class DecisionClosed(CrewdeskError):
    """Somebody decided before, or nobody may any more."""

    code = "decision_closed"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class Decision:
    """`by` says who may decide: `role:manager`, `group:finance` or `person:EMAIL`. `digest` is the SHA-256 of
    what is decided upon, `detail` a text to read before, `why` the reason somebody is asked."""

    id: str
    run_id: str
    question: str
    options: tuple[str, ...]
    by: str
    state: str
    choice: str | None
    decided_by: str | None
    asked_at: datetime
    expires_at: datetime | None
    why: str | None = None
    detail: str | None = None
    digest: str | None = None


def list_decisions(db: Database, *, run_id: str | None = None) -> list[Decision]:
    """Those of a run, or all that are open, the oldest first."""
    which = DecisionRow.state == DecisionState.OPEN if run_id is None else DecisionRow.run_id == run_id
    with db.read() as session:
        return [
            _decision(row)
            for row in session.scalars(select(DecisionRow).where(which).order_by(DecisionRow.id))
        ]


def decide(db: Database, decision_id: str, person: Principal, choice: str) -> Decision:
    """Raises NotFound, NotPermitted, DecisionClosed, DecisionOutdated, InvalidInput; each leaves all as it
    was."""
    with db.write() as session:
        found = session.get(DecisionRow, decision_id)
        if found is None:
            raise NotFound(f"There is no decision {decision_id}.")
        step = session.get_one(StepRow, found.step_id, with_for_update=ROW_LOCK)
        run = session.get_one(RunRow, found.run_id, with_for_update=ROW_LOCK)
        row = session.get_one(DecisionRow, decision_id, with_for_update=ROW_LOCK)
        require_decider(row.by, run.principal_id, person)
        _check_open(session, row, step)
        _check_unchanged(session, row, step)
        if choice not in row.options:
            raise InvalidInput(f"'{choice}' is not on offer; choose one of: {', '.join(row.options)}.")
        row.state, row.choice, row.decided_by = DecisionState.DECIDED, choice, person.email
        row.decided_at = now_in(session)
        about = {} if row.digest is None else {"digest": row.digest}
        finish_step(session, step, run, {"choice": choice, "by": person.email, "expired": False, **about})
        detail = {"run": run.id, "choice": choice, **about}
        append_audit(session, person.email, "decision.made", row.id, detail)
        return _decision(row)


def expire_decision(session: Session, step: StepRow, run: RunRow, on_expiry: str) -> None:
    """Nobody decided in time. The caller holds the locks of step and run."""
    row = session.scalars(select(DecisionRow).where(DecisionRow.step_id == step.id)).one()
    row.state, row.choice, row.decided_at = DecisionState.EXPIRED, on_expiry, now_in(session)
    finish_step(session, step, run, {"choice": on_expiry, "by": None, "expired": True})
    append_audit(session, "crewdesk", "decision.expired", row.id, {"run": run.id, "choice": on_expiry})


def _check_open(session: Session, row: DecisionRow, step: StepRow) -> None:
    if row.state == DecisionState.DECIDED:
        raise DecisionClosed(f"{row.decided_by} decided this before: {row.choice}.")
    if row.state == DecisionState.WITHDRAWN:
        raise DecisionClosed("Nothing is left to decide: the run has ended.")
    if row.state == DecisionState.EXPIRED or (row.expires_at and row.expires_at <= now_in(session)):
        raise DecisionClosed("The time to decide this is over.")
    if step.state != StepState.WAITING:
        raise DecisionClosed("Nothing is left to decide: the run has gone on without it.")


def _check_unchanged(session: Session, row: DecisionRow, step: StepRow) -> None:
    ask = declared(step).ask
    if row.digest is None or ask is None or ask.about is None:
        return
    query = select(StepRow).where(StepRow.run_id == step.run_id, StepRow.key.in_(step.needs))
    outputs = {need.key: fields_of(need) for need in session.scalars(query)}
    if digest_at(ask.about, outputs) != row.digest:
        raise DecisionOutdated(
            "What this was asked about has changed since, so it cannot be decided any more."
        )


def _decision(row: DecisionRow) -> Decision:
    return Decision(
        id=row.id,
        run_id=row.run_id,
        question=row.question,
        options=tuple(row.options),
        by=row.by,
        state=row.state,
        choice=row.choice,
        decided_by=row.decided_by,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        why=row.why,
        detail=row.detail,
        digest=row.digest,
    )
