"""A decision as people see it, and who sees which: those who may decide it, and whoever asked for its run.

To anybody else it does not exist. Personal data is shown to whoever asked; those who decide get the tokens
that stand for it.
"""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from ledger.db import Database
from ledger.deciders import may_decide
from ledger.errors import NotFound
from ledger.people import Principal
from ledger.pii_tokens import reveal_in, tokens_of
from ledger.schema import DecisionRow, DecisionState, PrincipalRow, RunRow


class Decision(BaseModel):
    """`by` says who may decide: `role:manager`, `group:finance` or `person:EMAIL`; `requester` is who asked
    for the run. `digest` is the SHA-256 of what is decided upon, `detail` a text to read before, `why` the
    reason somebody is asked."""

    model_config = ConfigDict(frozen=True)

    id: str
    run_id: str
    question: str
    options: tuple[str, ...]
    by: str
    requester: str
    state: str
    choice: str | None
    decided_by: str | None
    asked_at: datetime
    expires_at: datetime | None
    why: str | None = None
    detail: str | None = None
    digest: str | None = None


class OpenDecision(BaseModel):
    """What a run waits for, as its readers see it."""

    model_config = ConfigDict(frozen=True)

    id: str
    question: str
    options: tuple[str, ...]
    by: str
    expires_at: datetime | None


def list_decisions(db: Database, *, run_id: str | None = None) -> list[Decision]:
    """Those of a run, or all that are open, the oldest first; for a reader nobody has identified."""
    with db.read() as session:
        return [view_of(session, row) for row in _rows(session, run_id)]


def list_decisions_for(db: Database, person: Principal, *, run_id: str | None = None) -> list[Decision]:
    """Those of a run, or all that are open, that this person may see."""
    with db.read() as session:
        rows = _rows(session, run_id, person)
        return [_view_for(session, row, person) for row in rows if _is_visible(session, row, person)]


def get_decision(db: Database, decision_id: str) -> Decision:
    """For whoever brings it before those who may decide. Raises NotFound."""
    with db.read() as session:
        return view_of(session, _row(session, decision_id))


def get_decision_for(db: Database, decision_id: str, person: Principal) -> Decision:
    """Raises NotFound also where it is not this person's to see."""
    with db.read() as session:
        row = _row(session, decision_id)
        if not _is_visible(session, row, person):
            raise NotFound(f"There is no decision {decision_id}.")
        return _view_for(session, row, person)


def view_of(session: Session, row: DecisionRow) -> Decision:
    run = session.get_one(RunRow, row.run_id)
    return Decision(
        id=row.id,
        run_id=row.run_id,
        question=row.question,
        options=tuple(row.options),
        by=row.by,
        requester=session.get_one(PrincipalRow, run.principal_id).email,
        state=row.state,
        choice=row.choice,
        decided_by=row.decided_by,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        why=row.why,
        detail=row.detail,
        digest=row.digest,
    )


def open_decisions_of(session: Session, run_id: str) -> tuple[OpenDecision, ...]:
    query = select(DecisionRow).where(DecisionRow.run_id == run_id, DecisionRow.state == DecisionState.OPEN)
    return tuple(
        OpenDecision(
            id=row.id,
            question=row.question,
            options=tuple(row.options),
            by=row.by,
            expires_at=row.expires_at,
        )
        for row in session.scalars(query.order_by(DecisionRow.id))
    )


def _rows(session: Session, run_id: str | None, person: Principal | None = None) -> Sequence[DecisionRow]:
    of_run = (DecisionRow.run_id == run_id, DecisionRow.state != DecisionState.WANTED)
    which = (DecisionRow.state == DecisionState.OPEN,) if run_id is None else of_run
    query = select(DecisionRow).where(*which).order_by(DecisionRow.id)
    if person is not None:
        meant = [*(f"role:{role}" for role in person.roles), *(f"group:{name}" for name in person.groups)]
        by_name = func.lower(DecisionRow.by) == f"person:{person.email}"
        query = query.join(RunRow, RunRow.id == DecisionRow.run_id)
        query = query.where(or_(DecisionRow.by.in_(meant), by_name, RunRow.principal_id == person.id))
    return session.scalars(query).all()


def _row(session: Session, decision_id: str) -> DecisionRow:
    row = session.get(DecisionRow, decision_id)
    if row is None:
        raise NotFound(f"There is no decision {decision_id}.")
    return row


def _is_visible(session: Session, row: DecisionRow, person: Principal) -> bool:
    run = session.get_one(RunRow, row.run_id)
    return run.principal_id == person.id or may_decide(row, run, person)


def _view_for(session: Session, row: DecisionRow, person: Principal) -> Decision:
    view = view_of(session, row)
    if session.get_one(RunRow, row.run_id).principal_id != person.id:
        return view
    return Decision.model_validate(reveal_in(view.model_dump(), tokens_of(session, row.run_id)))
