"""Effects happen once: whoever repeats a step is told what was done, and a doubt stops its run."""

import pytest

from ledger.audit import verify_audit
from ledger.db import Database
from ledger.effects import (
    EffectKeyReused,
    EffectUnderWay,
    EffectUnknown,
    confirm_effect,
    doubt_effect,
    intend_effect,
    list_unknown_effects,
    recorded_effect,
    settle_effect,
    withdraw_effect,
)
from ledger.errors import LeaseLost, NotFound, NotPermitted
from ledger.people import find_principal, sync_people
from ledger.steps import LEASE_S, ClaimedStep
from ledger.sweep import sweep_steps
from tests.unit.ledger.world import EMPLOYEE, ENGINEER, ask, at_once, claim, furnish, pass_time, people_file

DONE = {"status": "found", "note": None, "findings": []}


@pytest.fixture
def held(db: Database) -> ClaimedStep:
    return claim(furnish(db), ask(db).run_id)


def again(db: Database, held: ClaimedStep) -> ClaimedStep:
    """The same step, claimed by another worker after the first one died."""
    pass_time(db, LEASE_S + 1)
    sweep_steps(db)
    return claim(db, held.run_id, held.key, owner="another")


def test_what_is_confirmed_is_told_again_in_every_attempt(db: Database, held: ClaimedStep) -> None:
    first = intend_effect(db, held, "order", 0, "a")
    assert recorded_effect(db, held, "order", "a") is None
    confirm_effect(db, first, DONE)
    assert recorded_effect(db, held, "order", "a") == DONE
    later = again(db, held)
    assert recorded_effect(db, later, "order", "a") == DONE
    assert recorded_effect(db, later, "order", "b") is None
    with pytest.raises(EffectKeyReused, match="used order with other arguments"):
        intend_effect(db, later, "order", 0, "b")
    keys = {intend_effect(db, later, "order", 1, "b"), intend_effect(db, later, "post", 0, "b")}
    assert len(keys | {first}) == 3
    verify_audit(db)


def test_an_intent_left_behind_is_in_doubt_and_stops_the_run(db: Database, held: ClaimedStep) -> None:
    left = intend_effect(db, held, "order", 0, "a")
    with pytest.raises(EffectUnderWay):
        intend_effect(db, held, "order", 0, "a")
    later = again(db, held)
    for tool, digest in (("order", "a"), ("order", "b"), ("post", "c")):
        with pytest.raises(EffectUnknown, match=left[-8:]):
            intend_effect(db, later, tool, 0, digest)
    [effect] = list_unknown_effects(db)
    assert (effect.key, effect.tool, effect.run_id) == (left, "order", held.run_id)
    other = claim(db, ask(db, "2").run_id)
    assert intend_effect(db, other, "order", 0, "a") != left


def test_only_the_holder_of_a_step_may_begin(db: Database, held: ClaimedStep) -> None:
    again(db, held)
    with pytest.raises(LeaseLost):
        intend_effect(db, held, "order", 0, "a")
    assert list_unknown_effects(db) == []


def test_a_late_confirmation_ends_the_doubt(db: Database, held: ClaimedStep) -> None:
    late = intend_effect(db, held, "order", 0, "a")
    later = again(db, held)
    with pytest.raises(EffectUnknown):
        intend_effect(db, later, "order", 0, "a")
    confirm_effect(db, late, DONE)
    assert recorded_effect(db, later, "order", "a") == DONE
    assert intend_effect(db, later, "order", 1, "b")


def test_what_certainly_was_not_done_may_be_tried_again(db: Database, held: ClaimedStep) -> None:
    key = intend_effect(db, held, "order", 0, "a")
    withdraw_effect(db, key)
    assert intend_effect(db, held, "order", 0, "b") == key


def test_of_many_that_begin_at_once_one_does(db: Database, held: ClaimedStep) -> None:
    came = at_once(*([lambda: intend_effect(db, held, "order", 0, "a")] * 5))
    assert sorted(type(one).__name__ for one in came) == ["EffectUnderWay"] * 4 + ["str"]


@pytest.mark.parametrize("done", [True, False])
def test_a_person_settles_a_doubt(db: Database, held: ClaimedStep, done: bool) -> None:
    sync_people(db, people_file(engineer={"roles": ["admin"]}))
    key = intend_effect(db, held, "order", 0, "a")
    doubt_effect(db, key)
    with pytest.raises(NotPermitted):
        settle_effect(db, find_principal(db, EMPLOYEE), key, done=done)
    admin = find_principal(db, ENGINEER)
    for wrong in ("", "0000ffff"):
        with pytest.raises(NotFound):
            settle_effect(db, admin, wrong, done=done)
    settle_effect(db, admin, key[-8:], done=done)
    assert list_unknown_effects(db) == []
    assert (recorded_effect(db, held, "order", "a") is not None) is done
    verify_audit(db)


def test_what_was_done_is_known_wherever_it_is_asked_for_again(db: Database, held: ClaimedStep) -> None:
    refused, done = intend_effect(db, held, "order", 0, "a"), intend_effect(db, held, "order", 1, "b")
    withdraw_effect(db, refused)
    confirm_effect(db, done, DONE)
    assert recorded_effect(db, again(db, held), "order", "b") == DONE
    assert recorded_effect(db, held, "post", "b") is None


def test_an_intent_left_behind_is_in_doubt_wherever_it_is_asked_for_again(
    db: Database, held: ClaimedStep
) -> None:
    refused, left = intend_effect(db, held, "order", 0, "a"), intend_effect(db, held, "order", 1, "b")
    withdraw_effect(db, refused)
    with pytest.raises(EffectUnknown, match=left[-8:]):
        intend_effect(db, again(db, held), "order", 0, "b")
    assert [effect.key for effect in list_unknown_effects(db)] == [left]
