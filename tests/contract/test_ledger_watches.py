"""Waiting for data that was not fit: the question is asked again once, as it was, on both databases."""

import pytest

from ledger.audit import verify_audit
from ledger.db import Database
from ledger.errors import NotFound
from ledger.people import find_principal, sync_people
from ledger.reading import get_run_for_delivery, list_runs
from ledger.result import AbstainReason
from ledger.watches import NothingToWatch, Watch, ask_again, blocked_run_in, open_watches, watch_run
from ledger.workflows import retire_workflows
from tests.unit.ledger.world import (
    EMPLOYEE,
    ENGINEER,
    SLACK_PLACE,
    ask,
    claim,
    end_blocked,
    furnish,
    people_file,
)

PRODUCTS = ("sales.lines", "sales.orders")


def end(db: Database, run_id: str, reason: AbstainReason = AbstainReason.BLOCKED) -> str:
    """Ends the run as one whose two queries met data that was not fit."""
    end_blocked(db, claim(db, run_id), *reversed(PRODUCTS), reason=reason)
    return run_id


def blocked_run(db: Database, external_id: str = "1", **changes: object) -> str:
    return end(db, ask(furnish(db), external_id, **changes).run_id)


def test_the_same_question_is_asked_again_for_the_same_people_and_place(db: Database) -> None:
    run_id = blocked_run(
        db, thread="C1:1.2", audience_groups=("everyone",), deliver_to=SLACK_PLACE, source="slack"
    )
    watch = watch_run(db, run_id)
    assert watch == Watch(run_id, PRODUCTS)
    assert open_watches(db) == [watch]
    again = ask_again(db, watch)
    assert again is not None
    first, second = (get_run_for_delivery(db, each) for each in (run_id, again))
    assert (second.source, second.state) == ("watch", "queued")
    assert (second.question, second.principal, second.thread) == (
        first.question,
        first.principal,
        first.thread,
    )
    assert claim(db, again).audience_groups == frozenset({"everyone"})
    assert open_watches(db) == []
    verify_audit(db)


def test_whoever_dies_while_asking_again_has_asked_once(db: Database) -> None:
    watch = watch_run(db, blocked_run(db))
    assert ask_again(db, watch) == ask_again(db, watch)
    assert len(list_runs(db)) == 2


def test_watching_twice_is_watching_once(db: Database) -> None:
    run_id = blocked_run(db)
    assert watch_run(db, run_id) == watch_run(db, run_id)
    assert len(open_watches(db)) == 1
    ask_again(db, open_watches(db)[0])
    watch_run(db, run_id)
    assert open_watches(db) == []


def test_only_the_asker_may_watch(db: Database) -> None:
    run_id = blocked_run(db)
    with pytest.raises(NotFound, match="There is no run"):
        watch_run(db, run_id, find_principal(db, ENGINEER))
    assert open_watches(db) == []
    assert watch_run(db, run_id, find_principal(db, EMPLOYEE)).products == PRODUCTS


def test_a_run_that_ended_otherwise_is_nothing_to_watch(db: Database) -> None:
    furnish(db)
    still_open, ambiguous = ask(db, "1").run_id, end(db, ask(db, "2").run_id, AbstainReason.AMBIGUOUS)
    for run_id in (still_open, ambiguous):
        with pytest.raises(NothingToWatch, match="nothing to wait for"):
            watch_run(db, run_id)


def test_somebody_who_left_meanwhile_is_not_answered(db: Database) -> None:
    watch = watch_run(db, blocked_run(db))
    sync_people(db, people_file(employee=None))
    assert ask_again(db, watch) is None
    assert open_watches(db) == []
    assert len(list_runs(db)) == 1


def test_a_workflow_that_is_gone_meanwhile_holds_nobody_else_up(db: Database) -> None:
    watch = watch_run(db, blocked_run(db))
    retire_workflows(db, keep=())
    assert ask_again(db, watch) is None
    assert open_watches(db) == []


def test_a_thread_waits_for_its_last_run_alone(db: Database) -> None:
    run_id = blocked_run(db, thread="C1:1")
    employee, engineer = find_principal(db, EMPLOYEE), find_principal(db, ENGINEER)
    assert blocked_run_in(db, "C1:1", employee) == run_id
    assert blocked_run_in(db, "C1:1", engineer) is None
    assert blocked_run_in(db, "C1:2", employee) is None
    end(db, ask(db, "2", thread="C1:1").run_id, AbstainReason.AMBIGUOUS)
    assert blocked_run_in(db, "C1:1", employee) is None
