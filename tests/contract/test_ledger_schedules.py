"""Due times that are done once, whoever looks and whoever dies at them, on both databases."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from ledger.db import Database, now_in
from ledger.schedules import (
    FIRING_LEASE_S,
    Firing,
    claim_firing,
    finish_firing,
    release_firing,
    settled_firings,
)
from ledger.schema import FiringRow
from tests.unit.ledger.world import at_once, pass_time

DAILY = "product sales.orders"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def claimed(db: Database, fire_at: datetime = NOON) -> Firing:
    firing = claim_firing(db, DAILY, fire_at)
    assert firing is not None
    return firing


def outcomes(db: Database) -> list[str | None]:
    with db.read() as session:
        return list(session.scalars(select(FiringRow.outcome).order_by(FiringRow.fire_at)))


def test_of_many_who_look_at_once_one_fires(db: Database) -> None:
    results = at_once(*[lambda: claim_firing(db, DAILY, NOON)] * 8)
    assert [result for result in results if result is not None] == [Firing(DAILY, NOON, 1)]


def test_what_is_done_is_not_done_again(db: Database) -> None:
    finish_firing(db, claimed(db), "loaded")
    pass_time(db, FIRING_LEASE_S + 1)
    assert claim_firing(db, DAILY, NOON) is None
    assert claim_firing(db, DAILY, NOON + timedelta(days=1)) is not None


def test_whoever_dies_at_it_is_followed_and_comes_too_late(db: Database) -> None:
    dead = claimed(db)
    assert claim_firing(db, DAILY, NOON) is None
    pass_time(db, FIRING_LEASE_S + 1)
    follower = claimed(db)
    assert follower.fence == 2
    finish_firing(db, dead, "from beyond")
    assert outcomes(db) == [None]
    finish_firing(db, follower, "loaded")
    assert outcomes(db) == ["loaded"]


def test_what_is_given_back_is_taken_up_after_the_delay(db: Database) -> None:
    release_firing(db, claimed(db), delay_s=60)
    assert claim_firing(db, DAILY, NOON) is None
    pass_time(db, 61)
    assert claimed(db).fence == 2


def test_settled_is_what_is_done_or_under_way(db: Database) -> None:
    finish_firing(db, claimed(db), "loaded")
    claimed(db, NOON + timedelta(days=1))
    assert settled_firings(db) == {DAILY: NOON + timedelta(days=1)}
    pass_time(db, FIRING_LEASE_S + 1)
    assert settled_firings(db) == {DAILY: NOON}


def test_what_is_long_past_is_forgotten(db: Database) -> None:
    with db.read() as session:
        now = now_in(session)
    finish_firing(db, claimed(db, now - timedelta(days=61)), "old")
    finish_firing(db, claimed(db, now - timedelta(days=59)), "recent")
    assert outcomes(db) == ["recent"]
