"""What a person is asked before a run goes on, and the one function that decides it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.advance import finish_step
from ledger.asking import digest_at
from ledger.audit import append_audit
from ledger.call_decisions import begin_anew
from ledger.db import ROW_LOCK, Database, now_in
from ledger.deciders import require_decider
from ledger.decision_messages import settle_messages
from ledger.decision_views import Decision, view_of
from ledger.errors import CrewdeskError, ErrorKind, InvalidInput, NotFound
from ledger.people import Principal
from ledger.schema import DecisionRow, DecisionState, RunRow, StepRow, StepState
from ledger.step_plan import declared, inputs_of, steps_of_run


class DecisionOutdated(CrewdeskError):
    """What was asked about is not what is there now."""

    code = "decision_outdated"
    kind = ErrorKind.CONFLICT


class DecisionClosed(CrewdeskError):
    """Somebody decided before, or nobody may any more."""

    code = "decision_closed"
    kind = ErrorKind.CONFLICT


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
        require_decider(row, run, person)
        _check_open(session, row, step)
        _check_unchanged(session, row, step)
        if choice not in row.options:
            raise InvalidInput(f"'{choice}' is not on offer; choose one of: {', '.join(row.options)}.")
        row.state, row.choice, row.decided_by = DecisionState.DECIDED, choice, person.email
        row.decided_at = now_in(session)
        settle_messages(session, row.id)
        about = {} if row.digest is None else {"digest": row.digest}
        _go_on(session, row, step, run, {"choice": choice, "by": person.email, "expired": False, **about})
        detail = {"run": run.id, "choice": choice, **about}
        append_audit(session, person.email, "decision.made", row.id, detail)
        return view_of(session, row)


def expire_decision(session: Session, step: StepRow, run: RunRow, on_expiry: str) -> None:
    """Nobody decided in time. The caller holds the locks of step and run."""
    of_step = (DecisionRow.step_id == step.id, DecisionRow.state == DecisionState.OPEN)
    row = session.scalars(select(DecisionRow).where(*of_step)).one()
    row.state, row.choice, row.decided_at = DecisionState.EXPIRED, on_expiry, now_in(session)
    settle_messages(session, row.id)
    _go_on(session, row, step, run, {"choice": on_expiry, "by": None, "expired": True})
    append_audit(session, "crewdesk", "decision.expired", row.id, {"run": run.id, "choice": on_expiry})


def _go_on(session: Session, row: DecisionRow, step: StepRow, run: RunRow, output: dict[str, Any]) -> None:
    """With the decision as its output, unless the step only asked about a call and has its work to do yet."""
    if row.call is None:
        finish_step(session, step, run, steps_of_run(session, run.id), output)
    else:
        begin_anew(session, step, run)


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
    if digest_at(ask.about, inputs_of(session, step)) != row.digest:
        raise DecisionOutdated(
            "What this was asked about has changed since, so it cannot be decided any more."
        )
