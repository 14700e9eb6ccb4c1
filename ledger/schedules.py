"""What is to be done again and again: each due time of a schedule is done once, however many processes look.

A firing is claimed for a while before it is worked on. Whoever dies at it loses nothing but that while; then
the next one who looks takes it up.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from ledger.db import Database, insert_into, now_in
from ledger.schema import FiringRow

FIRING_LEASE_S = 15 * 60.0
_REMEMBERED = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Firing:
    """One due time of one schedule, claimed; `fence` tells this claim from those before."""

    schedule: str
    fire_at: datetime
    fence: int


def claim_firing(db: Database, schedule: str, fire_at: datetime) -> Firing | None:
    """None if it was done before, or somebody is at it."""
    with db.write() as session:
        now = now_in(session)
        until = now + timedelta(seconds=FIRING_LEASE_S)
        values = {"schedule": schedule, "fire_at": fire_at, "fence": 1, "lease_until": until}
        made = (
            insert_into(session)(FiringRow)
            .values(**values)
            .on_conflict_do_nothing(index_elements=["schedule", "fire_at"])
            .returning(FiringRow.fence)
        )
        fence = session.execute(made).scalar_one_or_none()
        if fence is None:
            taken = (
                update(FiringRow)
                .where(FiringRow.schedule == schedule, FiringRow.fire_at == fire_at)
                .where(FiringRow.finished_at.is_(None), FiringRow.lease_until < now)
                .values(fence=FiringRow.fence + 1, lease_until=until)
                .returning(FiringRow.fence)
            )
            fence = session.execute(taken).scalar_one_or_none()
        return None if fence is None else Firing(schedule, fire_at, fence)


def finish_firing(db: Database, firing: Firing, outcome: str) -> None:
    """Says what came of it; a claim that somebody else took over meanwhile changes nothing."""
    with db.write() as session:
        now = now_in(session)
        session.execute(update(FiringRow).where(*_held(firing)).values(finished_at=now, outcome=outcome))
        session.execute(delete(FiringRow).where(FiringRow.fire_at < now - _REMEMBERED))


def release_firing(db: Database, firing: Firing, *, delay_s: float) -> None:
    """Gives it back undone, to be taken up again after the delay."""
    with db.write() as session:
        again = now_in(session) + timedelta(seconds=delay_s)
        session.execute(update(FiringRow).where(*_held(firing)).values(lease_until=again))


def settled_firings(db: Database) -> dict[str, datetime]:
    """By schedule, its latest due time that is done or being worked on: a cheap look before claiming."""
    with db.read() as session:
        settled = or_(FiringRow.finished_at.is_not(None), FiringRow.lease_until >= now_in(session))
        query = select(FiringRow.schedule, func.max(FiringRow.fire_at)).where(settled)
        return {row[0]: row[1] for row in session.execute(query.group_by(FiringRow.schedule))}


def _held(firing: Firing) -> tuple[ColumnElement[bool], ...]:
    return (
        FiringRow.schedule == firing.schedule,
        FiringRow.fire_at == firing.fire_at,
        FiringRow.fence == firing.fence,
        FiringRow.finished_at.is_(None),
    )
