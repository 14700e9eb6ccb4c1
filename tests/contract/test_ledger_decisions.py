"""What a decision is made of when it is opened, and what is held against it when somebody decides, on both
databases."""

import hashlib
from typing import Any

import pytest
from sqlalchemy import select

from ledger.db import Database
from ledger.decision_messages import MOST_ASKED, settle_message
from ledger.decision_views import (
    Decision,
    get_decision,
    get_decision_for,
    list_decisions,
    list_decisions_for,
)
from ledger.decisions import DecisionOutdated, decide
from ledger.deliveries import ClaimedDelivery, claim_delivery, confirm_delivery
from ledger.due import pass_due
from ledger.errors import InvalidInput, NotFound, NotPermitted
from ledger.people import find_principal, sync_people
from ledger.pii_tokens import PersonalValue, assign_tokens
from ledger.reading import get_run
from ledger.schema import DeliveryRow, StepRow
from ledger.steps import complete_step
from ledger.workflow import WorkflowSpec
from ledger.workflows import publish_workflow
from tests.unit.ledger.world import (
    EMPLOYEE,
    ENGINEER,
    GUEST,
    ask,
    claim,
    furnish,
    pass_time,
    people_file,
    step_row,
)

ASK: dict[str, Any] = {
    "question": "What is '{sort.title}'?",
    "options": "sort.options",
    "by": "sort.decider",
}
SORTED: dict[str, Any] = {
    "title": "The VPN is slow",
    "options": ["Network access", "Hardware"],
    "decider": "role:engineer",
}


def begin(db: Database, **ask_changes: Any) -> str:
    """A run whose decision reads the step `sort`."""
    steps = [
        {"key": "sort", "kind": "crew", "uses": "desk"},
        {"key": "choose", "kind": "decision", "needs": ["sort"], "ask": {**ASK, **ask_changes}},
        {"key": "last", "kind": "function", "uses": "end", "needs": ["sort", "choose"]},
    ]
    spec = {"name": "sorting", "description": "for tests", "steps": steps}
    publish_workflow(furnish(db), WorkflowSpec.model_validate(spec))
    return ask(db, workflow="sorting").run_id


def opened(db: Database, run_id: str, **output: Any) -> Decision | None:
    """The decision, once `sort` has put this out; None if it did not fit."""
    said = {"output": {**SORTED, **output}, "crew": "desk"}
    complete_step(db, claim(db, run_id, "sort"), said)
    return next(iter(list_decisions(db, run_id=run_id)), None)


def test_options_and_decider_may_come_from_an_earlier_step(db: Database) -> None:
    run_id = begin(db, why="It is {sort.title}, and nobody is sure.")
    decision = opened(db, run_id)
    assert decision is not None
    assert decision.question == "What is 'The VPN is slow'?"
    assert decision.why == "It is The VPN is slow, and nobody is sure."
    assert (decision.options, decision.by) == (("Network access", "Hardware"), "role:engineer")
    with pytest.raises(NotPermitted, match="for the role engineer to decide"):
        decide(db, decision.id, find_principal(db, EMPLOYEE), "Hardware")
    with pytest.raises(InvalidInput, match="choose one of: Network access, Hardware"):
        decide(db, decision.id, find_principal(db, ENGINEER), "sort.options")
    decide(db, decision.id, find_principal(db, ENGINEER), "Hardware")
    assert claim(db, run_id, "last").inputs["choose"]["choice"] == "Hardware"


def test_what_nobody_chose_of_such_options_is_recorded_without_being_offered(db: Database) -> None:
    run_id = begin(db, expires_s=60, on_expiry="nobody")
    decision = opened(db, run_id)
    assert decision is not None
    with pytest.raises(InvalidInput, match="'nobody' is not on offer"):
        decide(db, decision.id, find_principal(db, ENGINEER), "nobody")
    pass_time(db, 61)
    assert pass_due(db) == 1
    assert claim(db, run_id, "last").inputs["choose"] == {"choice": "nobody", "by": None, "expired": True}


_NO_OPTIONS = "The step 'choose' offers 'sort.options', which is not a list of 2 to 5 different short texts."


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ({"options": None}, _NO_OPTIONS),
        ({"options": "Hardware"}, _NO_OPTIONS),
        ({"options": ["Hardware"]}, _NO_OPTIONS),
        ({"options": list("abcdef")}, _NO_OPTIONS),
        ({"options": ["Hardware", "Hardware"]}, _NO_OPTIONS),
        ({"options": ["Hardware", 2]}, _NO_OPTIONS),
        ({"options": ["Hardware", {"a": 1}]}, _NO_OPTIONS),
        ({"options": ["Hardware", "x" * 76]}, _NO_OPTIONS),
        ({"options": ["Hardware", ""]}, _NO_OPTIONS),
        ({"options": ["Hardware", " Hardware"]}, _NO_OPTIONS),
        ({"options": ["Hardware", "two\nlines"]}, _NO_OPTIONS),
        ({"options": ["Hardware", "see https://evil.example/x"]}, _NO_OPTIONS),
        ({"options": ["Hardware", "Hard\u200bware"]}, _NO_OPTIONS),
        ({"decider": None}, "The step 'choose' asks 'sort.decider', which is no role, group or person."),
        ({"decider": "anybody"}, "The step 'choose' asks 'sort.decider', which is no role, group or person."),
        (
            {"decider": "role:engineer\n"},
            "The step 'choose' asks 'sort.decider', which is no role, group or person.",
        ),
        (
            {"decider": "group:finance"},
            "The step 'choose' asks the group finance, and nobody but the asker is meant by that.",
        ),
        (
            {"decider": f"person:{EMPLOYEE}"},
            f"The step 'choose' asks the person {EMPLOYEE}, and nobody but the asker is meant by that.",
        ),
        ({"title": None}, "The step 'choose' tells 'sort.title', which is neither a text nor a number."),
        ({"title": ["a"]}, "The step 'choose' tells 'sort.title', which is neither a text nor a number."),
    ],
)
def test_output_that_does_not_fit_ends_the_run_with_a_sentence(
    db: Database, output: dict[str, Any], sentence: str
) -> None:
    run_id = begin(db)
    assert opened(db, run_id, **output) is None
    run = get_run(db, run_id)
    assert (run.state, run.failure) == ("failed", sentence)


def test_a_group_nobody_is_in_is_waited_for_if_the_wait_has_an_end(db: Database) -> None:
    run_id = begin(db, expires_s=60, on_expiry="nobody")
    assert opened(db, run_id, decider="group:finance") is not None


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        (7, "What is '7'?"),
        ("two\n lines", "What is 'two lines'?"),
        ("x" * 300, f"What is '{'x' * 199}…'?"),
        ("{sort.decider}", "What is '{sort.decider}'?"),
        ("<!channel> ![p](http://evil.example/p.png)", "What is 'channel (picture left out: p)'?"),
        ("key sk-aaaaaaaaaaaaaaaaaaaaaaaa", "What is 'key [masked secret]'?"),
    ],
)
def test_what_a_question_tells_of_an_output_is_short_and_inert(db: Database, title: Any, shown: str) -> None:
    decision = opened(db, begin(db), title=title)
    assert decision is not None
    assert decision.question == shown


UPON: dict[str, Any] = {"options": ["yes", "no"], "about": "sort.report", "detail": "sort.preview"}


def _change_output(db: Database, run_id: str, **output: Any) -> None:
    with db.write() as session:
        step = session.scalars(select(StepRow).where(StepRow.run_id == run_id, StepRow.key == "sort")).one()
        step.output = {**(step.output or {}), "output": {**SORTED, **output}}


def test_what_is_decided_upon_is_told_by_its_digest_and_a_preview(db: Database) -> None:
    run_id = begin(db, **UPON)
    report = {"b": [1, 2.5], "a": "Übersicht"}
    decision = opened(db, run_id, report=report, preview="# Report\n\n![x](http://evil.example/x)")
    digest = hashlib.sha256(b'{"a":"\\u00dcbersicht","b":[1,2.5]}').hexdigest()
    assert decision is not None
    assert (decision.digest, decision.detail) == (digest, "# Report\n\n(picture left out: x)")
    decide(db, decision.id, find_principal(db, ENGINEER), "yes")
    assert step_row(db, run_id, "choose").output == {
        "choice": "yes",
        "by": ENGINEER,
        "expired": False,
        "digest": digest,
    }


def test_what_has_changed_since_it_was_asked_about_is_not_decided(db: Database) -> None:
    run_id = begin(db, **UPON)
    decision = opened(db, run_id, report="first", preview="")
    assert decision is not None
    for changed in ({"report": "second", "preview": ""}, {"preview": ""}):
        _change_output(db, run_id, **changed)
        with pytest.raises(DecisionOutdated, match="has changed since"):
            decide(db, decision.id, find_principal(db, ENGINEER), "yes")
    [still] = list_decisions(db, run_id=run_id)
    assert still.state == "open"
    _change_output(db, run_id, report="first", preview="another preview")
    assert decide(db, decision.id, find_principal(db, ENGINEER), "yes").state == "decided"


def test_a_long_preview_is_shortened_and_says_so(db: Database) -> None:
    decision = opened(db, begin(db, **UPON), report="r", preview="a" * 30_000)
    assert decision is not None
    assert decision.detail == f"{'a' * 20_000}\n\n(Shortened: 30,000 characters in all.)"


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ({"preview": ""}, "The step 'choose' asks about 'sort.report', which is not there."),
        ({"report": "r"}, "The step 'choose' shows 'sort.preview', which is not a text."),
    ],
)
def test_nothing_to_decide_upon_ends_the_run(db: Database, output: dict[str, Any], sentence: str) -> None:
    run_id = begin(db, **UPON)
    assert opened(db, run_id, **output) is None
    assert get_run(db, run_id).failure == sentence


# Messages that bring a decision before people


def _staff(db: Database, *numbers: int, **changes: Any) -> None:
    engineers = {
        f"e{number}": {
            "email": f"e{number:02}@larkspur.example",
            "name": f"E{number}",
            "slack": f"UE{number}",
            "roles": ["engineer"],
        }
        for number in numbers
    }
    sync_people(db, people_file(**engineers, **changes))


def _messages(db: Database) -> list[DeliveryRow]:
    with db.read() as session:
        rows = session.scalars(select(DeliveryRow).where(DeliveryRow.decision_id.is_not(None)))
        return sorted(rows, key=lambda row: row.target["channel"])


def _send(db: Database) -> ClaimedDelivery:
    claimed = claim_delivery(db, "slack")
    assert claimed is not None
    confirm_delivery(db, claimed, {"channel": f"D{claimed.target['channel']}", "ts": "1.0"})
    return claimed


def test_those_who_may_decide_are_sent_one_message_each(db: Database) -> None:
    run_id = begin(db, options=["yes", "no"], by="group:everyone")
    _staff(db, 1, 2, employee={"slack": "UASKER"}, guest={"slack": None}, engineer=None)
    decision = opened(db, run_id)
    assert decision is not None
    owed = _messages(db)
    assert [row.target for row in owed] == [{"channel": "UE1"}, {"channel": "UE2"}]
    assert {(row.run_id, row.decision_id, row.state) for row in owed} == {(run_id, decision.id, "pending")}


def test_of_many_who_may_decide_the_first_ten_are_asked(db: Database) -> None:
    run_id = begin(db)
    _staff(db, *range(1, 14), engineer={"slack": None})
    opened(db, run_id)
    asked = {row.target["channel"] for row in _messages(db)}
    assert asked == {f"UE{number}" for number in range(1, 11)}
    assert len(asked) == MOST_ASKED


def test_what_was_not_sent_when_it_is_settled_is_owed_no_more_and_what_was_is_changed(db: Database) -> None:
    run_id = begin(db)
    _staff(db, 1, 2)
    decision = opened(db, run_id)
    assert decision is not None
    sent = _send(db)
    decide(db, decision.id, find_principal(db, ENGINEER), "Hardware")
    receipt = {"channel": f"D{sent.target['channel']}", "ts": "1.0"}
    [change] = [row for row in _messages(db) if row.state == "pending"]
    assert (change.target, change.decision_id) == (receipt, decision.id)
    assert len(_messages(db)) == 2
    assert get_decision(db, decision.id).choice == "Hardware"
    settle_message(db, sent.id)
    assert len(_messages(db)) == 2


def test_a_message_that_was_on_its_way_is_changed_once_it_arrived(db: Database) -> None:
    run_id = begin(db)
    decision = opened(db, run_id)
    assert decision is not None
    claimed = claim_delivery(db, "slack")
    assert claimed is not None
    decide(db, decision.id, find_principal(db, ENGINEER), "Hardware")
    confirm_delivery(db, claimed, {"channel": "D1", "ts": "1.0"})
    for _ in range(2):
        settle_message(db, claimed.id)
    assert [row.target for row in _messages(db)] == [{"channel": "D1", "ts": "1.0"}, {"channel": "U2"}]


def test_a_message_about_what_is_open_stays_as_it_is(db: Database) -> None:
    opened(db, begin(db))
    settle_message(db, _send(db).id)
    [only] = _messages(db)
    assert only.state == "sent"


# Who sees what


def test_a_decision_is_seen_by_those_who_may_take_it_and_by_whoever_asked(db: Database) -> None:
    run_id = begin(db)
    _staff(db, 1)
    decision = opened(db, run_id)
    assert decision is not None
    for email in (EMPLOYEE, ENGINEER, "e01@larkspur.example"):
        person = find_principal(db, email)
        assert get_decision_for(db, decision.id, person) == decision
        assert list_decisions_for(db, person) == list_decisions_for(db, person, run_id=run_id) == [decision]
    guest = find_principal(db, GUEST)
    assert list_decisions_for(db, guest) == list_decisions_for(db, guest, run_id=run_id) == []
    with pytest.raises(NotFound, match=f"There is no decision {decision.id}."):
        get_decision_for(db, decision.id, guest)
    decide(db, decision.id, find_principal(db, ENGINEER), "Hardware")
    assert list_decisions_for(db, find_principal(db, ENGINEER)) == []
    [made] = list_decisions_for(db, find_principal(db, ENGINEER), run_id=run_id)
    assert (made.state, made.requester) == ("decided", EMPLOYEE)


def test_a_decider_by_address_sees_it_whatever_capitals_it_is_written_in(db: Database) -> None:
    decision = opened(db, begin(db), decider=f"person:{ENGINEER.upper()}")
    assert list_decisions_for(db, find_principal(db, ENGINEER)) == [decision]


def test_only_whoever_asked_sees_personal_data_in_it(db: Database) -> None:
    run_id = begin(db)
    assign_tokens(db, run_id, [PersonalValue("email", "ana@larkspur.example")])
    decision = opened(db, run_id, title="Mail of [EMAIL_1]")
    assert decision is not None
    mine = get_decision_for(db, decision.id, find_principal(db, EMPLOYEE))
    theirs = get_decision_for(db, decision.id, find_principal(db, ENGINEER))
    assert mine.question == "What is 'Mail of ana@larkspur.example'?"
    assert theirs.question == "What is 'Mail of [EMAIL_1]'?"


def test_a_run_tells_what_it_waits_for_until_it_is_settled(db: Database) -> None:
    run_id = begin(db)
    assert get_run(db, run_id).decisions == ()
    decision = opened(db, run_id)
    assert decision is not None
    [told] = get_run(db, run_id).decisions
    assert (told.id, told.question, told.options) == (decision.id, decision.question, decision.options)
    decide(db, decision.id, find_principal(db, ENGINEER), "Hardware")
    assert get_run(db, run_id).decisions == ()
