"""What a person is asked before a run goes on, and the one function that decides it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.advance import finish_step
from ledger.audit import append_audit
from ledger.condition import value_at
from ledger.db import ROW_LOCK, Database, now_in
from ledger.errors import CrewdeskError, ErrorKind, InvalidInput, NotFound, NotPermitted
from ledger.people import Principal, Role
from ledger.readership import require_readership
from ledger.schema import DecisionRow, DecisionState, RunRow, StepRow, StepState
from ledger.step_plan import declared, inputs_of
from ledger.workflow import AskPerson


class DecisionClosed(CrewdeskError):
    """Somebody decided before, or nobody may any more."""

    code = "decision_closed"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class Decision:
    """`by` says who may decide: `role:manager`, `group:finance` or `person:EMAIL`."""

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


def list_decisions(db: Database, *, run_id: str | None = None) -> list[Decision]:
    """Those of a run, or all that are open, the oldest first."""
    which = DecisionRow.state == DecisionState.OPEN if run_id is None else DecisionRow.run_id == run_id
    with db.read() as session:
        return [
            _decision(row)
            for row in session.scalars(select(DecisionRow).where(which).order_by(DecisionRow.id))
        ]


def decide(db: Database, decision_id: str, person: Principal, choice: str) -> Decision:
    """Raises NotFound, NotPermitted, DecisionClosed, InvalidInput; each leaves everything as it was."""
    with db.write() as session:
        found = session.get(DecisionRow, decision_id)
        if found is None:
            raise NotFound(f"There is no decision {decision_id}.")
        step = session.get_one(StepRow, found.step_id, with_for_update=ROW_LOCK)
        run = session.get_one(RunRow, found.run_id, with_for_update=ROW_LOCK)
        row = session.get_one(DecisionRow, decision_id, with_for_update=ROW_LOCK)
        _check_person(row, run, person)
        _check_open(session, row, step)
        ask, inputs = declared(step).ask, inputs_of(session, step)
        require_readership(ask, inputs, person)
        if choice not in row.options:
            raise InvalidInput(f"'{choice}' is not on offer; choose one of: {', '.join(row.options)}.")
        row.state, row.choice, row.decided_by = DecisionState.DECIDED, choice, person.email
        row.decided_at = now_in(session)
        about = digest_of(ask, inputs)
        told = {} if about is None else {"digest": about}
        finish_step(session, step, run, {"choice": choice, "by": person.email, "expired": False, **told})
        detail = {"run": run.id, "choice": choice, **told}
        append_audit(session, person.email, "decision.made", row.id, detail)
        return _decision(row)


def expire_decision(session: Session, step: StepRow, run: RunRow, on_expiry: str) -> None:
    """Nobody decided in time. The caller holds the locks of step and run."""
    row = session.scalars(select(DecisionRow).where(DecisionRow.step_id == step.id)).one()
    row.state, row.choice, row.decided_at = DecisionState.EXPIRED, on_expiry, now_in(session)
    finish_step(session, step, run, {"choice": on_expiry, "by": None, "expired": True})
    append_audit(session, "crewdesk", "decision.expired", row.id, {"run": run.id, "choice": on_expiry})


def digest_of(ask: AskPerson | None, inputs: Mapping[str, Any]) -> str | None:
    """The SHA-256 of what is decided upon, as JSON with sorted keys."""
    value = None if ask is None or ask.about is None else value_at(ask.about, inputs)
    if value is None:
        return None
    content = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def _check_person(row: DecisionRow, run: RunRow, person: Principal) -> None:
    kind, _, name = row.by.partition(":")
    may = {
        "role": name in {str(role) for role in person.roles} and name in set(Role),
        "group": name in person.groups,
        "person": name.lower() == person.email,
    }
    if not may[kind]:
        raise NotPermitted(f"This is for the {kind} {name} to decide.")
    if run.principal_id == person.id:
        raise NotPermitted("You asked for this yourself, so somebody else has to decide it.")


def _check_open(session: Session, row: DecisionRow, step: StepRow) -> None:
    if row.state == DecisionState.DECIDED:
        raise DecisionClosed(f"{row.decided_by} decided this before: {row.choice}.")
    if row.state == DecisionState.WITHDRAWN:
        raise DecisionClosed("Nothing is left to decide: the run has ended.")
    if row.state == DecisionState.EXPIRED or (row.expires_at and row.expires_at <= now_in(session)):
        raise DecisionClosed("The time to decide this is over.")
    if step.state != StepState.WAITING:
        raise DecisionClosed("Nothing is left to decide: the run has gone on without it.")


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
    )
