"""What is owed to somebody arrives once, whatever happens to its senders, on both databases."""

import pytest
from sqlalchemy import select

from ledger.db import Database
from ledger.deliveries import (
    LOOK_AGAIN_S,
    MAX_ATTEMPTS,
    SEND_LEASE_S,
    ClaimedDelivery,
    claim_delivery,
    confirm_delivery,
    fail_delivery,
    has_due_delivery,
    list_open_run_targets,
    miss_delivery,
    postpone_delivery,
    unsend_delivery,
)
from ledger.ids import span_id_for
from ledger.inbox import refuse_request
from ledger.schema import DeliveryRow
from ledger.spans import list_spans
from ledger.steps import complete_step, fail_step
from tests.unit.ledger.world import ANSWER, SLACK_PLACE, ask, at_once, claim, furnish, pass_time


@pytest.fixture
def run_id(db: Database) -> str:
    """A run that was answered, with its answer owed to Slack."""
    run_id = ask(furnish(db), deliver_to=SLACK_PLACE).run_id
    complete_step(db, claim(db, run_id), ANSWER)
    return run_id


def _claimed(db: Database) -> ClaimedDelivery:
    claimed = claim_delivery(db, "slack")
    assert claimed is not None
    return claimed


def _row(db: Database) -> DeliveryRow:
    with db.read() as session:
        return session.scalars(select(DeliveryRow)).one()


def test_an_answer_is_owed_when_its_run_ends_and_not_before(db: Database) -> None:
    run_id = ask(furnish(db), deliver_to=SLACK_PLACE).run_id
    held = claim(db, run_id)
    assert not has_due_delivery(db, "slack")
    complete_step(db, held, ANSWER)
    assert has_due_delivery(db, "slack")
    assert not has_due_delivery(db, "email")
    assert claim_delivery(db, "email") is None
    delivery = _claimed(db)
    assert (delivery.run_id, delivery.target, delivery.notice) == (run_id, SLACK_PLACE.place, None)
    assert (delivery.attempt, delivery.may_have_arrived) == (1, False)


def test_a_failed_run_is_delivered_too(db: Database) -> None:
    run_id = ask(furnish(db), deliver_to=SLACK_PLACE).run_id
    fail_step(db, claim(db, run_id), "It cannot be done.", try_again=False)
    assert _claimed(db).run_id == run_id


@pytest.mark.usefixtures("run_id")
def test_of_many_senders_exactly_one_gets_a_delivery(db: Database) -> None:
    results = at_once(*[lambda: claim_delivery(db, "slack")] * 6)
    assert sum(isinstance(result, ClaimedDelivery) for result in results) == 1, results
    assert results.count(None) == 5


def test_the_longest_due_comes_first(db: Database) -> None:
    furnish(db)
    for number in range(3):
        refuse_request(db, "slack", str(number), f"notice {number}", SLACK_PLACE)
        pass_time(db, 1)
    assert [_claimed(db).notice for _ in range(3)] == ["notice 0", "notice 1", "notice 2"]


def test_a_confirmed_delivery_is_over_and_on_the_record(db: Database, run_id: str) -> None:
    delivery = _claimed(db)
    confirm_delivery(db, delivery, {"ts": "1.3", "via": "xoxb-1234567890-secret"})
    pass_time(db, 10 * SEND_LEASE_S)
    assert claim_delivery(db, "slack") is None
    assert _row(db).state == "sent"
    span = next(span for span in list_spans(db, run_id) if span.kind == "delivery")
    assert (span.state, span.output["ts"]) == ("ok", "1.3")
    assert "xoxb" not in str(span.output)
    assert span.parent_id == span_id_for(run_id)


def test_a_notice_that_belongs_to_no_run_is_confirmed_without_a_span(db: Database) -> None:
    refuse_request(furnish(db), "slack", "E1", "You are not in people.yaml.", SLACK_PLACE)
    confirm_delivery(db, _claimed(db), {"ts": "1.3"})
    assert _row(db).state == "sent"


@pytest.mark.usefixtures("run_id")
def test_whoever_takes_over_from_a_dead_sender_looks_first(db: Database) -> None:
    _claimed(db)
    assert claim_delivery(db, "slack") is None
    pass_time(db, SEND_LEASE_S + 1)
    second = _claimed(db)
    assert (second.attempt, second.may_have_arrived) == (2, True)


@pytest.mark.usefixtures("run_id")
def test_it_is_posted_again_only_after_it_was_missed_twice(db: Database) -> None:
    _claimed(db)
    pass_time(db, SEND_LEASE_S + 1)
    for _ in range(2):
        looking = _claimed(db)
        assert looking.may_have_arrived
        miss_delivery(db, looking)
        assert claim_delivery(db, "slack") is None
        pass_time(db, LOOK_AGAIN_S + 1)
    assert not _claimed(db).may_have_arrived


@pytest.mark.usefixtures("run_id")
def test_after_posting_again_it_is_looked_for_again(db: Database) -> None:
    _claimed(db)
    pass_time(db, SEND_LEASE_S + 1)
    for _ in range(2):
        miss_delivery(db, _claimed(db))
        pass_time(db, LOOK_AGAIN_S + 1)
    assert not _claimed(db).may_have_arrived
    pass_time(db, SEND_LEASE_S + 1)
    assert _claimed(db).may_have_arrived


@pytest.mark.usefixtures("run_id")
def test_an_attempt_that_surely_did_not_arrive_needs_no_look_but_the_next_may(db: Database) -> None:
    unsend_delivery(db, _claimed(db), delay_s=5, reason="rate limited")
    assert claim_delivery(db, "slack") is None
    pass_time(db, 6)
    posting = _claimed(db)
    assert not posting.may_have_arrived
    pass_time(db, SEND_LEASE_S + 1)
    assert _claimed(db).may_have_arrived


@pytest.mark.usefixtures("run_id")
def test_a_postponed_delivery_is_looked_for_when_it_is_due(db: Database) -> None:
    postpone_delivery(db, _claimed(db), delay_s=60, reason="timed out")
    pass_time(db, 50)
    assert not has_due_delivery(db, "slack")
    pass_time(db, 11)
    assert _claimed(db).may_have_arrived
    assert _row(db).failure == "timed out"


@pytest.mark.usefixtures("run_id")
def test_it_is_given_up_after_many_attempts(db: Database) -> None:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        delivery = _claimed(db)
        assert delivery.attempt == attempt
        postpone_delivery(db, delivery, delay_s=0, reason="timed out")
    assert claim_delivery(db, "slack") is None
    assert (_row(db).state, _row(db).failure) == ("failed", "timed out")


@pytest.mark.usefixtures("run_id")
def test_a_delivery_that_cannot_arrive_ends(db: Database) -> None:
    fail_delivery(db, _claimed(db), "The channel is gone.")
    pass_time(db, 10 * SEND_LEASE_S)
    assert not has_due_delivery(db, "slack")
    assert _row(db).failure == "The channel is gone."


def test_a_stale_sender_changes_nothing(db: Database, run_id: str) -> None:
    stale = _claimed(db)
    pass_time(db, SEND_LEASE_S + 1)
    fresh = _claimed(db)
    confirm_delivery(db, stale, {"ts": "stale"})
    postpone_delivery(db, stale, delay_s=0, reason="stale")
    unsend_delivery(db, stale, delay_s=0, reason="stale")
    miss_delivery(db, stale)
    fail_delivery(db, stale, "stale")
    assert (_row(db).state, _row(db).failure, _row(db).misses) == ("sending", None, 0)
    confirm_delivery(db, fresh, {"ts": "1.3"})
    confirm_delivery(db, fresh, {"ts": "twice"})
    assert _row(db).receipt == {"ts": "1.3"}
    assert [span.kind for span in list_spans(db, run_id)].count("delivery") == 1


def test_open_runs_tell_where_their_askers_wait(db: Database) -> None:
    furnish(db)
    ask(db, "nowhere")
    shown, done = ask(db, "1", deliver_to=SLACK_PLACE).run_id, ask(db, "2", deliver_to=SLACK_PLACE).run_id
    complete_step(db, claim(db, done), ANSWER)
    (target,) = list_open_run_targets(db, "slack")
    assert (target.run_id, target.state, target.target) == (shown, "queued", SLACK_PLACE.place)
    assert list_open_run_targets(db, "email") == []
