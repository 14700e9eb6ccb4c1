"""What a decision is made of when it is opened, and what is held against it when somebody decides, on both
databases."""

import hashlib
from typing import Any

import pytest
from sqlalchemy import select

from ledger.db import Database
from ledger.decisions import Decision, DecisionOutdated, decide, list_decisions
from ledger.due import pass_due
from ledger.errors import InvalidInput, NotPermitted
from ledger.people import find_principal
from ledger.reading import get_run
from ledger.schema import StepRow
from ledger.steps import complete_step
from ledger.workflow import WorkflowSpec
from ledger.workflows import publish_workflow
from tests.unit.ledger.world import EMPLOYEE, ENGINEER, ask, claim, furnish, pass_time, step_row

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
