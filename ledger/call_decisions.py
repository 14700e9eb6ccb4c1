"""Calls of a model that a person has to decide about: noted while its step runs, put to a person when that
attempt has ended, and told to the attempt that begins anew after their word.

A call is asked about once in a step, whoever works on it, and a step asks MOST_QUESTIONS times. What was
noted is asked even if its worker died. Whatever is not approved is not done: the gate looks here before each
call.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Select, Table, bindparam, select
from sqlalchemy.orm import Session

from ledger.db import Database, now_in
from ledger.decision_messages import owe_questions
from ledger.dispatch import forget_dispatch, owe_dispatch
from ledger.ids import new_id
from ledger.run_state import show_waiting
from ledger.schema import OPEN_RUN_STATES, DecisionRow, DecisionState, RunRow, StepRow, StepState
from ledger.step_plan import steps_of_run
from ledger.steps import ClaimedStep, check_held, end_failed, is_called_off

MOST_QUESTIONS = 2
EXPIRES_S = 86_400.0
APPROVE, REJECT = "approve", "reject"

_OPEN = (DecisionState.WANTED, DecisionState.OPEN)
# Every answer asks for them, and hardly any has one.
_TABLE, _STEPS = cast(Table, DecisionRow.__table__), cast(Table, StepRow.__table__)
_SETTLED = (
    select(_TABLE)
    .where(
        _TABLE.c.run_id == bindparam("run"),
        _TABLE.c.call.is_not(None),
        _TABLE.c.state.in_((DecisionState.DECIDED, DecisionState.EXPIRED)),
    )
    .order_by(_TABLE.c.id)
)
_SETTLED_OF_STEP = _SETTLED.join(_STEPS, _STEPS.c.id == _TABLE.c.step_id).where(
    _STEPS.c.key == bindparam("key")
)


@dataclass(frozen=True, slots=True)
class WantedCall:
    """A call as a person is to be asked about it. `digest` is of the tool and its exact arguments, `given`
    the arguments as the model may be told them again. Whoever decides needs the `right` of the tool."""

    tool: str
    digest: str
    given: dict[str, Any]
    right: str
    by: str
    question: str
    why: str
    detail: str
    readers: tuple[tuple[str, ...], ...] | None = None


class Word(StrEnum):
    """What is known of a call: `later` while another one of the step is asked about first, `no_more` once the
    step has asked as often as it may."""

    ASKED = "asked"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    LATER = "later"
    NO_MORE = "no_more"


@dataclass(frozen=True, slots=True)
class CallDecision:
    id: str
    tool: str
    given: dict[str, Any]
    word: Word


def decision_on(db: Database, claim: ClaimedStep, tool: str, digest: str) -> CallDecision | None:
    """What became of this very call, if the step has asked about it."""
    with db.read() as session:
        row = next((row for row in _of_step(session, claim.step_id) if _is_of(row, tool, digest)), None)
        return None if row is None else _seen(row)


def want_decision(db: Database, claim: ClaimedStep, call: WantedCall) -> Word:
    """Notes that a person is to be asked; durable when it returns. Raises LeaseLost."""
    with db.write() as session:
        check_held(session, claim)
        rows = _of_step(session, claim.step_id)
        known = next((row for row in rows if _is_of(row, call.tool, call.digest)), None)
        if known is not None:
            return _seen(known).word
        if any(row.state in _OPEN for row in rows):
            return Word.LATER
        if len(rows) >= MOST_QUESTIONS:
            return Word.NO_MORE
        session.add(
            DecisionRow(
                id=new_id(),
                run_id=claim.run_id,
                step_id=claim.step_id,
                question=call.question,
                options=[APPROVE, REJECT],
                by=call.by,
                state=DecisionState.WANTED,
                asked_at=now_in(session),
                why=call.why,
                detail=call.detail,
                digest=call.digest,
                readers=None if call.readers is None else [list(groups) for groups in call.readers],
                call={"tool": call.tool, "given": call.given, "right": call.right},
            )
        )
        return Word.ASKED


def awaits_decision(db: Database, claim: ClaimedStep) -> bool:
    """Whether an earlier attempt wanted a decision and died before anybody was asked."""
    with db.read() as session:
        return _wanted(session, claim.step_id) is not None


def ask_about_call(db: Database, claim: ClaimedStep) -> None:
    """Ends the attempt: the step waits for a person, and nobody holds it. Where its run was called off or has
    ended meanwhile, nobody is asked. Raises LeaseLost."""
    with db.write() as session:
        check_held(session, claim)
        step, run = session.get_one(StepRow, claim.step_id), session.get_one(RunRow, claim.run_id)
        row = _wanted(session, step.id)
        if row is None or run.state not in OPEN_RUN_STATES or is_called_off(step, run):
            end_failed(session, step, run, "Nobody needs to decide any more.")
            return
        row.state, row.asked_at = DecisionState.OPEN, now_in(session)
        row.expires_at = row.asked_at + timedelta(seconds=EXPIRES_S)
        step.state, step.due_at = StepState.WAITING, row.expires_at
        step.lease_owner = step.lease_until = None
        forget_dispatch(session, step.id)
        owe_questions(session, row, run)
        session.flush()
        show_waiting(session, run, steps_of_run(session, run.id))


def begin_anew(session: Session, step: StepRow, run: RunRow) -> None:
    """The step goes on with what was decided; that it had to ask is no strike. The caller holds the locks of
    step and run."""
    step.state, step.due_at = StepState.READY, None
    step.forgiven += 1
    session.flush()
    owe_dispatch(session, step.id)
    show_waiting(session, run, steps_of_run(session, run.id))


def list_call_decisions(db: Database, run_id: str, step_key: str) -> Sequence[CallDecision]:
    """Those of one step of a run that were decided or expired, the oldest first."""
    with db.read() as session:
        rows = session.connection().execute(_SETTLED_OF_STEP, {"run": run_id, "key": step_key})
        return [_seen(cast(DecisionRow, row)) for row in rows]


def call_decisions_in(session: Session, run_id: str) -> Sequence[CallDecision]:
    """Those of all steps, for a reader that has a transaction already and wants one picture of the run."""
    rows = session.connection().execute(_SETTLED, {"run": run_id})
    return [_seen(cast(DecisionRow, row)) for row in rows]


def _of_calls() -> Select[DecisionRow]:
    return select(DecisionRow).where(DecisionRow.call.is_not(None)).order_by(DecisionRow.id)


def _of_step(session: Session, step_id: str) -> Sequence[DecisionRow]:
    return session.scalars(_of_calls().where(DecisionRow.step_id == step_id)).all()


def _wanted(session: Session, step_id: str) -> DecisionRow | None:
    return next((row for row in _of_step(session, step_id) if row.state == DecisionState.WANTED), None)


def _is_of(row: DecisionRow, tool: str, digest: str) -> bool:
    return row.call is not None and (row.call["tool"], row.digest) == (tool, digest)


def _seen(row: DecisionRow) -> CallDecision:
    assert row.call is not None
    if row.state in _OPEN:
        word = Word.ASKED
    elif row.state == DecisionState.DECIDED:
        word = Word.APPROVED if row.choice == APPROVE else Word.REJECTED
    else:
        word = Word.EXPIRED
    return CallDecision(row.id, row.call["tool"], row.call["given"], word)
