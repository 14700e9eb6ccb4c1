"""Several drafts become one answer, and a question that is asked back becomes none."""

from typing import Any

import pytest
from pydantic import ValidationError

from crews.router.output import Route
from ledger.decision_views import list_decisions
from ledger.decisions import decide
from ledger.due import pass_due
from ledger.evidence import Finding, record_evidence
from ledger.people import find_principal
from ledger.reading import RunView
from ledger.steps import claim_step, complete_step
from ledger.workflow import WorkflowSpec
from ledger.workflows import publish_workflow
from tests.unit.crews.world import ENGINEER, LEAVE_QUESTION, Desk
from tests.unit.ledger.world import step_row

DAYS = "Full-time staff have 27 days of annual leave in a calendar year."


def crew(name: str, **changes: Any) -> dict[str, Any]:
    values = {
        "title": name.replace("_", " ").capitalize(),
        "output": {},
        "evidence": [],
        "model": {"name": "main"},
    }
    return {"crew": name, **values, **changes}


def answered(desk: Desk, route: dict[str, Any], *drafts: dict[str, Any]) -> RunView:
    """A run whose router and specialists said this; the evidence is what a search of the shop found."""
    run_id = desk.submit(LEAVE_QUESTION)
    complete_step(desk.db, desk.claim(run_id), crew("router", output={"reason": "It fits.", **route}))
    for number, draft in enumerate(drafts, start=1):
        claim = claim_step(desk.db, step_row(desk.db, run_id, f"answer.{number}").id, "test")
        assert claim is not None
        assert claim.item == draft["crew"]
        finding = Finding("passage", "leave.md", draft["crew"], DAYS, None, {"title": "Leave"})
        [found] = record_evidence(desk.db, claim, [finding])
        claims = [{"text": DAYS, "evidence": [found.label]}] if draft.pop("says", True) else []
        output = {"claims": claims, **draft["output"]}
        complete_step(desk.db, claim, {**draft, "output": output, "evidence": [found.label]})
    return desk.finish(run_id, desk.runner())


BOTH = {"specialists": ["data_analyst", "help_desk"]}


def test_what_two_found_is_one_answer_in_the_order_they_were_chosen(desk: Desk) -> None:
    view = answered(
        desk,
        BOTH,
        crew("data_analyst", model={"name": "main", "fallbacks": ["fast: timed out"]}),
        crew("help_desk", best_relevance=0.9, withheld=True, model={"name": "main", "fallbacks": []}),
    )
    assert (view.state, view.specialist) == ("answered", "Data analyst and Help desk")
    assert [claim.evidence for claim in view.claims] == [("E1",), ("E2",)]
    assert view.model is not None
    assert (view.model.name, view.model.fallbacks) == ("main", ("fast: timed out",))
    assert "Something else was found that not everyone here may read." in view.caveats


@pytest.mark.parametrize("lesser", [{"says": False}, {"best_relevance": 0.0}])
def test_a_draft_that_comes_to_nothing_gives_way(desk: Desk, lesser: dict[str, Any]) -> None:
    view = answered(desk, BOTH, crew("data_analyst"), crew("help_desk", **lesser))
    assert (view.state, view.specialist) == ("answered", "Data analyst")
    assert [claim.evidence for claim in view.claims] == [("E1",)]
    assert view.caveats == ("Help desk found nothing on this that it could give.",)


def test_if_all_come_to_nothing_the_first_says_why(desk: Desk) -> None:
    blocked = {"missing": "The figures are too old.", "reason": "blocked"}
    view = answered(
        desk, BOTH, crew("data_analyst", says=False, output=blocked), crew("help_desk", says=False)
    )
    assert (view.state, view.reason, view.answer) == ("abstained", "blocked", "The figures are too old.")


CAREFUL = {
    "name": "careful",
    "description": "for tests",
    "steps": [
        {"key": "work", "kind": "crew", "uses": "help_desk"},
        {
            "key": "approve",
            "kind": "decision",
            "ask": {"question": "May it go out?", "options": ["yes", "no"], "by": "role:engineer"},
        },
        {"key": "pause", "kind": "wait", "until": "2000-01-01"},
        {
            "key": "verify",
            "kind": "function",
            "uses": "verify_answer",
            "needs": ["work", "approve", "pause"],
        },
    ],
}


def test_what_a_decision_and_a_wait_leave_is_no_draft(desk: Desk) -> None:
    publish_workflow(desk.db, WorkflowSpec.model_validate(CAREFUL))
    run_id = desk.submit(LEAVE_QUESTION, workflow="careful")
    draft = crew("help_desk", output={"claims": [], "missing": "Nothing says so."})
    complete_step(desk.db, desk.claim(run_id), draft)
    pass_due(desk.db)
    [decision] = list_decisions(desk.db, run_id=run_id)
    decide(desk.db, decision.id, find_principal(desk.db, ENGINEER), "yes")
    view = desk.finish(run_id, desk.runner())
    assert (view.state, view.specialist, view.failure) == ("abstained", "Help desk", None)


def test_an_output_that_is_no_draft_fails_the_run_and_says_whose_it_is(desk: Desk) -> None:
    view = answered(desk, BOTH, crew("data_analyst"), crew("help_desk", output={"topics": ["leave"]}))
    assert view.state == "failed"
    assert (view.failure or "").startswith("Help desk has an output of its own and drafts no answer")


def test_two_models_are_both_named(desk: Desk) -> None:
    other = {"name": "other", "fallbacks": []}
    view = answered(desk, BOTH, crew("data_analyst"), crew("help_desk", model=other))
    assert view.model is not None
    assert view.model.name == "main and other"


def test_a_question_asked_back_ends_the_run_with_its_choices(desk: Desk) -> None:
    route = {"specialists": [], "question": "Which leave?", "choices": ["Annual", "Sick"]}
    view = answered(desk, route)
    assert (view.state, view.reason, view.answer) == ("abstained", "ambiguous", "Which leave?")
    assert (view.choices, view.specialist) == (("Annual", "Sick"), "Router")


def test_where_nobody_was_chosen_the_router_says_why(desk: Desk) -> None:
    view = answered(desk, {"specialists": []})
    assert (view.state, view.reason) == ("abstained", "out_of_scope")
    assert (view.answer or "").endswith("It fits.")


@pytest.mark.parametrize(
    ("route", "specialists"),
    [
        ({"specialist": "help_desk"}, ("help_desk",)),
        ({"specialist": "none"}, ()),
        ({"specialists": ["help_desk", "data_analyst"]}, ("help_desk", "data_analyst")),
        ({"specialists": [], "question": "Which?", "choices": ["a", "b", "c"]}, ()),
    ],
)
def test_a_route_names_up_to_two_or_asks_back(route: dict[str, Any], specialists: tuple[str, ...]) -> None:
    assert Route.model_validate({"reason": "r", **route}).specialists == specialists


@pytest.mark.parametrize(
    "route",
    [
        {"specialists": ["help_desk", "help_desk"]},
        {"specialists": ["barber"]},
        {"specialists": [], "question": "Which?"},
        {"specialists": [], "question": "Which?", "choices": ["only"]},
        {"specialists": [], "question": "Which?", "choices": ["a", "b", "c", "d"]},
        {"specialists": [], "choices": ["a", "b"]},
        {"specialists": ["help_desk"], "question": "Which?", "choices": ["a", "b"]},
        {"specialist": "help_desk", "specialists": []},
    ],
)
def test_a_route_that_makes_no_sense_is_refused(route: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Route.model_validate({"reason": "r", **route})
