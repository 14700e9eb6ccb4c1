"""What tools do to the world, each written down before it is done and once more after.

A step that is repeated finds the row: what is confirmed is told again and not done again, and an intent that
an earlier attempt left behind may or may not have been carried out. Nobody can know that from here, so it
becomes `unknown`, and its run does nothing more to the world until a person has looked.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import Database, now_in
from ledger.errors import CrewdeskError, ErrorKind, NotFound
from ledger.ids import derive_id, short_id
from ledger.masking import mask_secrets
from ledger.people import Principal, Right
from ledger.schema import EffectRow, EffectState
from ledger.steps import ClaimedStep, check_held

CONFIRMED, UNKNOWN = EffectState.CONFIRMED, EffectState.UNKNOWN


class EffectUnknown(CrewdeskError):
    """Nobody can tell whether something was done; a person has to look."""

    code = "effect_unknown"
    kind = ErrorKind.CONFLICT


class EffectKeyReused(CrewdeskError):
    """A repeated step asks for something else than it did before."""

    code = "effect_key_reused"
    kind = ErrorKind.CONFLICT


class EffectUnderWay(CrewdeskError):
    code = "effect_under_way"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class Effect:
    key: str
    run_id: str
    step_key: str
    tool: str
    state: EffectState
    created_at: datetime


def request_digest(request: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def effect_key(claim: ClaimedStep, tool: str, position: int | str) -> str:
    """Of the effect a step has with a tool for the first, second, ... time, or by the decision of this id;
    the same in every attempt."""
    return derive_id("effect", claim.run_id, claim.key, tool, str(position))


def intend_effect(db: Database, claim: ClaimedStep, tool: str, position: int | str, digest: str) -> str:
    """The key of what is now to be done; durable when it returns. Raises LeaseLost, EffectKeyReused,
    EffectUnderWay, EffectUnknown."""
    key = effect_key(claim, tool, position)
    with db.write() as session:
        check_held(session, claim)
        for left in session.scalars(_of_step(claim).where(EffectRow.state == EffectState.INTENT)):
            if left.fence != claim.fence:
                _doubt(session, left)
        row = session.get(EffectRow, key)
        doubtful = _doubtful(session, claim.run_id)
        if row is None and doubtful is None:
            session.add(_new_row(session, claim, key, tool, digest))
            append_audit(
                session, claim.principal.email, "effect.intended", key, {"tool": tool, "run": claim.run_id}
            )
            return key
    # Past the transaction, so that a doubt stays noted.
    if doubtful is not None:
        raise unknown_effect(*doubtful)
    assert row is not None
    if row.digest != digest:
        raise EffectKeyReused(
            f"An earlier attempt of this step has used {tool} with other arguments; nothing was done again."
        )
    raise EffectUnderWay(f"{tool} is at work on the very same request; wait for what it answers.")


def recorded_effect(db: Database, claim: ClaimedStep, tool: str, digest: str) -> dict[str, Any] | None:
    """What came of this very request where it is confirmed, whichever of the step's it was."""
    same = (EffectRow.tool == tool, EffectRow.digest == digest, EffectRow.state == CONFIRMED)
    with db.read() as session:
        row = session.scalars(_of_step(claim).where(*same).limit(1)).first()
        return None if row is None else row.outcome


def confirm_effect(db: Database, key: str, outcome: dict[str, Any]) -> None:
    """`outcome` is JSON without personal data."""
    with db.write() as session:
        row = session.get_one(EffectRow, key)
        row.state, row.outcome, row.settled_at = CONFIRMED, mask_secrets(outcome), now_in(session)


def withdraw_effect(db: Database, key: str) -> None:
    """It is certain that nothing was done, so the same may be tried again."""
    with db.write() as session:
        session.delete(session.get_one(EffectRow, key))


def doubt_effect(db: Database, key: str) -> None:
    with db.write() as session:
        _doubt(session, session.get_one(EffectRow, key))


def list_unknown_effects(db: Database) -> list[Effect]:
    """Oldest first."""
    query = select(EffectRow).where(EffectRow.state == UNKNOWN).order_by(EffectRow.created_at, EffectRow.key)
    with db.read() as session:
        return [_effect(row) for row in session.scalars(query)]


def settle_effect(db: Database, actor: Principal, key: str, *, done: bool) -> None:
    """A person has looked and says whether it was done. Raises NotPermitted, NotFound."""
    actor.require(Right.MANAGE)
    with db.write() as session:
        query = select(EffectRow).where(EffectRow.key.endswith(key), EffectRow.state == UNKNOWN)
        rows = list(session.scalars(query.limit(2))) if key else []
        if len(rows) != 1:
            raise NotFound(f"There is no single effect in doubt with the id {key}; see `crewdesk effects`.")
        [row] = rows
        row.state, row.settled_at = CONFIRMED, now_in(session)
        row.outcome = {"status": "found", "note": "A person has found that this was done.", "findings": []}
        if not done:
            session.delete(row)
        append_audit(session, actor.email, "effect.settled", row.key, {"tool": row.tool, "done": done})


def unknown_effect(tool: str, key: str) -> EffectUnknown:
    return EffectUnknown(
        f"Nobody can tell whether {tool} was carried out (effect {short_id(key)}); a person has to look, and "
        "this run changes nothing more. Say neither that it was done nor that it was not."
    )


def _of_step(claim: ClaimedStep) -> Select[EffectRow]:
    return select(EffectRow).where(EffectRow.run_id == claim.run_id, EffectRow.step_key == claim.key)


def _new_row(session: Session, claim: ClaimedStep, key: str, tool: str, digest: str) -> EffectRow:
    return EffectRow(
        key=key,
        run_id=claim.run_id,
        step_key=claim.key,
        tool=tool,
        digest=digest,
        fence=claim.fence,
        state=EffectState.INTENT,
        created_at=now_in(session),
    )


def _doubt(session: Session, row: EffectRow) -> None:
    row.state = UNKNOWN
    append_audit(session, "crewdesk", "effect.unknown", row.key, {"tool": row.tool, "run": row.run_id})


def _doubtful(session: Session, run_id: str) -> tuple[str, str] | None:
    session.flush()
    query = select(EffectRow).where(EffectRow.run_id == run_id, EffectRow.state == UNKNOWN)
    row = session.scalars(query.order_by(EffectRow.created_at).limit(1)).first()
    return None if row is None else (row.tool, row.key)


def _effect(row: EffectRow) -> Effect:
    return Effect(row.key, row.run_id, row.step_key, row.tool, EffectState(row.state), row.created_at)
