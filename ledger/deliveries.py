"""Messages that are owed to somebody, and how a front door pays them exactly once.

A delivery is claimed before it is sent and confirmed after. One that was claimed before may have arrived:
its next sender must look for it first (`may_have_arrived`), and post again only after it was missed twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ledger.db import ROW_LOCK, Database, now_in
from ledger.ids import derive_id, span_id_for, trace_id_for
from ledger.log import get_logger
from ledger.masking import mask_secrets
from ledger.schema import OPEN_RUN_STATES, DeliveryRow, DeliveryState, RunRow, SpanRow

_log = get_logger(__name__)

SEND_LEASE_S = 30.0
LOOK_AGAIN_S = 10.0
MISSES_BEFORE_POSTING_AGAIN = 2
MAX_ATTEMPTS = 50


class DeliveryTarget(BaseModel):
    """Where the answer goes by itself: a channel's name and what that channel needs to find the place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: Literal["slack"]
    place: dict[str, str]


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """`notice` is the whole text of a delivery that belongs to no run; one of a decision brings it before
    somebody."""

    id: str
    run_id: str | None
    decision_id: str | None
    target: dict[str, Any]
    notice: str | None
    attempt: int
    fence: int
    misses: int

    @property
    def may_have_arrived(self) -> bool:
        return self.attempt > 1 and self.misses < MISSES_BEFORE_POSTING_AGAIN


@dataclass(frozen=True, slots=True)
class OpenRunTarget:
    """A run still at work whose asker can be shown that it is."""

    run_id: str
    state: str
    target: dict[str, Any]


def owe_delivery(
    session: Session,
    delivery_id: str,
    run_id: str | None,
    channel: str,
    place: Mapping[str, Any],
    notice: str | None = None,
    *,
    decision_id: str | None = None,
) -> None:
    """Once for each id. The answer of a run, a decision, or a `notice` that belongs to neither."""
    now = now_in(session)
    session.add(
        DeliveryRow(
            id=delivery_id,
            run_id=run_id,
            decision_id=decision_id,
            channel=channel,
            target=dict(place),
            notice=notice,
            state=DeliveryState.PENDING,
            attempts=0,
            misses=0,
            fence=0,
            due_at=now,
            created_at=now,
        )
    )


def tell_meanwhile(db: Database, run_id: str, about: str, sentence: str) -> bool:
    """Owes whoever asked a word while the run goes on, once for what it is about; False where answers go to
    no place, or it was owed before."""
    delivery_id = derive_id(run_id, f"meanwhile {about}")
    with db.write() as session:
        run = session.get_one(RunRow, run_id, with_for_update=ROW_LOCK)
        if run.deliver_to is None or session.get(DeliveryRow, delivery_id) is not None:
            return False
        owe_delivery(session, delivery_id, None, run.deliver_to["channel"], run.deliver_to["place"], sentence)
        return True


def claim_delivery(db: Database, channel: str) -> ClaimedDelivery | None:
    """The longest-due delivery of this channel, or None. The claim lasts SEND_LEASE_S seconds."""
    with db.write() as session:
        now = now_in(session)
        open_states = (DeliveryState.PENDING, DeliveryState.SENDING)
        row = session.scalars(
            select(DeliveryRow)
            .where(
                DeliveryRow.channel == channel, DeliveryRow.state.in_(open_states), DeliveryRow.due_at <= now
            )
            .order_by(DeliveryRow.due_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if row is None:
            return None
        row.state, row.attempts, row.fence = DeliveryState.SENDING, row.attempts + 1, row.fence + 1
        row.due_at = now + timedelta(seconds=SEND_LEASE_S)
        misses = row.misses
        if misses >= MISSES_BEFORE_POSTING_AGAIN:
            # This attempt posts. If it ends in doubt, the next one has to look again.
            row.misses = 0
        return ClaimedDelivery(
            row.id, row.run_id, row.decision_id, row.target, row.notice, row.attempts, row.fence, misses
        )


def has_due_delivery(db: Database, channel: str) -> bool:
    """A cheap look that takes no write lock, so that an idle sender does not stand in anybody's way."""
    with db.read() as session:
        open_states = (DeliveryState.PENDING, DeliveryState.SENDING)
        query = select(DeliveryRow.id).where(
            DeliveryRow.channel == channel,
            DeliveryRow.state.in_(open_states),
            DeliveryRow.due_at <= now_in(session),
        )
        return session.scalar(query.limit(1)) is not None


def confirm_delivery(db: Database, claim: ClaimedDelivery, receipt: dict[str, Any]) -> None:
    """Records that it arrived; `receipt` says where (for Slack: channel and ts)."""
    with db.write() as session:
        now = now_in(session)
        if not _settle(session, claim, state=DeliveryState.SENT, sent_at=now, receipt=receipt):
            return
        if claim.run_id is not None:
            session.add(_delivery_span(session, claim, receipt))


def postpone_delivery(db: Database, claim: ClaimedDelivery, *, delay_s: float, reason: str) -> None:
    """Tries again later; gives up after MAX_ATTEMPTS."""
    if claim.attempt >= MAX_ATTEMPTS:
        fail_delivery(db, claim, reason)
        return
    with db.write() as session:
        due = now_in(session) + timedelta(seconds=delay_s)
        _settle(session, claim, state=DeliveryState.PENDING, due_at=due, failure=reason)


def unsend_delivery(db: Database, claim: ClaimedDelivery, *, delay_s: float, reason: str) -> None:
    """For an attempt that certainly did not arrive: tries again later without having to look for it first."""
    with db.write() as session:
        due = now_in(session) + timedelta(seconds=delay_s)
        certain = MISSES_BEFORE_POSTING_AGAIN
        _settle(session, claim, state=DeliveryState.PENDING, due_at=due, failure=reason, misses=certain)


def miss_delivery(db: Database, claim: ClaimedDelivery) -> None:
    """Records that it was looked for and not found; it is looked for once more before it is posted again."""
    with db.write() as session:
        due = now_in(session) + timedelta(seconds=LOOK_AGAIN_S)
        _settle(session, claim, state=DeliveryState.PENDING, due_at=due, misses=claim.misses + 1)


def fail_delivery(db: Database, claim: ClaimedDelivery, reason: str) -> None:
    """Ends a delivery that cannot arrive, such as one to a channel that is gone."""
    _log.error("delivery_failed", delivery=claim.id, run=claim.run_id, reason=reason)
    with db.write() as session:
        _settle(session, claim, state=DeliveryState.FAILED, failure=reason)


def list_open_run_targets(db: Database, channel: str) -> list[OpenRunTarget]:
    with db.read() as session:
        rows = session.scalars(
            select(RunRow).where(
                RunRow.state.in_(OPEN_RUN_STATES),
                RunRow.deliver_to.is_not(None),
                # A thread shows one status: that of the run at work.
                RunRow.awaits_turn.is_(False),
            )
        )
        targets = [(row, row.deliver_to) for row in rows if row.deliver_to is not None]
        return [OpenRunTarget(r.id, r.state, to["place"]) for r, to in targets if to["channel"] == channel]


def _settle(session: Session, claim: ClaimedDelivery, **values: Any) -> bool:
    held = session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == claim.id, DeliveryRow.fence == claim.fence, DeliveryRow.state == "sending")
        .values(**values)
        .returning(DeliveryRow.id)
    ).scalar_one_or_none()
    return held is not None


def _delivery_span(session: Session, claim: ClaimedDelivery, receipt: dict[str, Any]) -> SpanRow:
    run_id = claim.run_id or ""
    now = now_in(session)
    return SpanRow(
        id=span_id_for(claim.id),
        trace_id=trace_id_for(run_id),
        run_id=run_id,
        parent_id=span_id_for(run_id),
        kind="delivery",
        name="delivery",
        state="ok",
        started_at=now,
        ended_at=now,
        input=mask_secrets(claim.target),
        output=mask_secrets(receipt),
        attributes={"attempts": claim.attempt},
    )
