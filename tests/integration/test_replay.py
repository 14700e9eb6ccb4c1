"""A run gone through again: from its record with no model called, and with another model."""

# ruff: noqa: F811 - a test takes an imported fixture by naming its parameter like it

import json
from dataclasses import replace
from typing import Any

import pytest

from crews.grounding.actions import calls_done
from crews.models.replay import RecordedTools
from crews.tools.gate import Effect, Status, ToolOutcome
from crews.tools.search_knowledge import SEARCH_KNOWLEDGE
from ledger.budgets import Budgets
from ledger.errors import InvalidInput, NotFound, NotPermitted
from ledger.evidence import Finding, list_evidence, record_evidence
from ledger.people import find_principal
from ledger.reading import RunView, get_run_for_delivery
from ledger.replays import RecordedStep, submit_replay
from ledger.result import FLOOR_MODEL
from ledger.run_diff import diff_of
from ledger.schema import RunRow
from ledger.settings import ModelCandidate
from ledger.spending import balances
from ledger.steps import fail_step
from tests.integration.test_crew_models import (
    CLAIM,
    GOOD,
    ROUTE,
    SAID,
    SEARCH,
    WRONG,
    after_routing,
    is_for_router,
)
from tests.stand_ins.provider import ChatRequest, HttpError, Reply, ScriptedProvider, Text, ToolCall
from tests.unit.crews.conftest import _hardened, desk, no_waits, shop  # noqa: F401 - pytest finds them here
from tests.unit.crews.test_gate import Gate
from tests.unit.crews.world import ENGINEER, FINANCE, LEAVE_QUESTION, STAFF, Desk, candidate

PERSONAL = f"{LEAVE_QUESTION} I am ada.byron@mail.example."
READ = ToolCall("search_knowledge", {"query": "leave"})


def go_again(
    desk: Desk, view: RunView, *models: ModelCandidate, model: str | None = None, email: str = STAFF
) -> RunView:
    run_id = submit_replay(desk.db, view.run_id, find_principal(desk.db, email), model)
    return desk.finish(run_id, desk.runner(*models))


@pytest.mark.parametrize(
    "script",
    [
        GOOD,
        (ROUTE, SEARCH, Text("27 days, I believe."), SAID),
        (ROUTE, ToolCall("delete_everything", {}), ToolCall("search_knowledge", {"wrong": 1}), SEARCH, SAID),
        (ROUTE, HttpError(500), SEARCH, SAID),
        (ROUTE, SEARCH, Text(json.dumps({"claims": [{"text": CLAIM, "evidence": ["E99"]}]}))),
    ],
)
@pytest.mark.usefixtures("no_waits")
def test_the_record_gives_the_same_answer_with_no_model(desk: Desk, script: tuple[Reply, ...]) -> None:
    with ScriptedProvider(script) as provider:
        view = desk.ask(PERSONAL, candidate(provider))
        asked = len(provider.requests)
        again = go_again(desk, view, candidate(provider))
        assert len(provider.requests) == asked
    diff = diff_of(desk.db, view, again)
    assert (diff.same, diff.diverged) == (True, ()), diff
    assert (again.source, again.replay_of, again.question) == ("replay", view.run_id, PERSONAL)
    assert again.model == view.model
    assert again.usage.cost_usd == again.usage.input_tokens == 0
    assert [item.text for item in again.evidence] == [item.text for item in view.evidence]
    assert not desk.spans(again.run_id, "retrieval")


def test_a_run_of_the_floor_is_replayed_too(desk: Desk) -> None:
    view = desk.ask(LEAVE_QUESTION)
    again = go_again(desk, view)
    assert (again.answer, again.model and again.model.name) == (view.answer, FLOOR_MODEL)
    assert not diff_of(desk.db, view, again).diverged


@pytest.mark.usefixtures("no_waits")
def test_a_run_that_fell_back_in_the_middle_is_replayed_whole(desk: Desk) -> None:
    with ScriptedProvider(after_routing(SEARCH, HttpError(500))) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
    again = go_again(desk, view)
    assert view.model is not None
    assert view.model.fallbacks
    assert (again.answer, again.model) == (view.answer, view.model)


def test_another_model_answers_from_the_same_tools_and_the_diff_says_how(desk: Desk) -> None:
    other = Text(json.dumps({"claims": [{"text": "Staff have 27 days of leave.", "evidence": ["E1"]}]}))
    with ScriptedProvider(GOOD) as first, ScriptedProvider([ROUTE, READ, SEARCH, other]) as second:
        priced = candidate(second, "new", input_price=1, output_price=2)
        view = desk.ask(LEAVE_QUESTION, candidate(first))
        again = go_again(desk, view, candidate(first), priced, model="new", email=ENGINEER)
        assert len(first.requests) == 3
    assert again.answer == "Staff have 27 days of leave."
    assert again.model is not None
    assert again.model.name == "new"
    diff = diff_of(desk.db, view, again)
    assert not diff.same
    [lost], [new] = diff.lost_claims, diff.new_claims
    assert lost.startswith(CLAIM)
    assert new.startswith("Staff have 27 days of leave.")
    changed = {item.what: (item.before, item.after) for item in diff.differences}
    assert changed["model"] == ("main", "new")
    assert changed["cost"][0] == "0.000000 USD" != changed["cost"][1]
    engineer, staff = (
        balances(desk.db, Budgets(), find_principal(desk.db, email))[0].used.micro_usd
        for email in (ENGINEER, STAFF)
    )
    assert (engineer, staff) == (round(again.usage.cost_usd * 1e6), 0)
    # What the record holds was not looked up again; the other search was.
    assert len(desk.spans(again.run_id, "retrieval")) == 1


@pytest.mark.parametrize("looks_further", [False, True])
def test_a_replayed_tool_changes_nothing(desk: Desk, looks_further: bool) -> None:
    done: list[str] = []

    def change(_context: object, _arguments: object) -> ToolOutcome:
        done.append("changed")
        return ToolOutcome(Status.FOUND)

    record = RecordedStep(output={}, generations=(), tool_calls=(), evidence={})
    writing = replace(SEARCH_KNOWLEDGE, name="write", effect=Effect.WRITE, run=change)
    gate = Gate(desk)
    answer = gate.call(RecordedTools(record, looks_further=looks_further).in_place_of(writing), query="x")
    assert (answer["status"], done) == ("unavailable", [])


def test_what_a_tool_did_and_was_denied_is_told_as_it_was(desk: Desk) -> None:
    done: list[str] = []

    def change(_context: object, _arguments: object) -> ToolOutcome:
        done.append("changed")
        return ToolOutcome(Status.FOUND, note="Ticket 12 is open.")

    writing = replace(SEARCH_KNOWLEDGE, name="open_ticket", effect=Effect.WRITE, run=change)
    then, now = Gate(desk), Gate(desk)
    calls = ((writing, "leave"), (SEARCH_KNOWLEDGE, "annual leave"), (writing, "more leave"))
    assert [then.call(tool, query=query)["status"] for tool, query in calls] == ["found", "found", "denied"]
    found = {item.label: item.finding for item in list_evidence(desk.db, then.run_id)}
    record = RecordedStep(output={}, generations=(), tool_calls=tuple(then.spans), evidence=found)
    recorded = RecordedTools(record, looks_further=False)
    # Of steps side by side another one may read first.
    for tool, query in (calls[1], calls[0], calls[2]):
        now.call(recorded.in_place_of(tool), query=query)
    assert done == ["changed"]
    noted = ("status", "effect", "evidence", "needs_decision")
    before, after = (
        {span.input["query"]: [span.attributes.get(name) for name in noted] for span in gate.spans}
        for gate in (then, now)
    )
    assert after == before
    assert [call.tool for call in calls_done(now.spans)] == ["open_ticket"]


def test_evidence_is_found_under_the_labels_it_had(desk: Desk) -> None:
    run_id = desk.submit(LEAVE_QUESTION)
    # An attempt that was given up had taken the first labels.
    lost = desk.claim(run_id)
    record_evidence(desk.db, lost, [Finding("passage", "a.md", "p. 1", str(n), None) for n in range(3)])
    fail_step(desk.db, lost, "Once more.", try_again=True)
    cites = Text(SAID.content.replace("E1", "E4"))
    with ScriptedProvider([ROUTE, SEARCH, cites]) as provider:
        view = desk.finish(run_id, desk.runner(candidate(provider)))
    assert view.answer == CLAIM
    again = go_again(desk, view)
    diff = diff_of(desk.db, view, again)
    assert (diff.same, diff.diverged) == (True, ()), diff
    assert [item.id for item in again.evidence] == ["E4"]


def test_another_model_may_choose_other_specialists(desk: Desk) -> None:
    both = Text('{"specialists": ["help_desk", "data_analyst"], "reason": "Both."}')
    left = [SEARCH, SAID]

    def script(request: ChatRequest) -> Reply:
        if is_for_router(request):
            return both
        return left.pop(0) if left else Text('{"claims": [], "missing": "There are no figures."}')

    with ScriptedProvider(GOOD) as first, ScriptedProvider(script) as second:
        view = desk.ask(LEAVE_QUESTION, candidate(first))
        again = go_again(desk, view, candidate(second, "new"), model="new")
    assert (again.failure, again.answer) == (None, CLAIM)
    assert [step.key for step in again.timings.steps if step.key.startswith("answer.")] == [
        "answer.1",
        "answer.2",
    ]


def test_the_floor_can_stand_in_for_the_model(desk: Desk) -> None:
    with ScriptedProvider(GOOD) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
    again = go_again(desk, view, model=FLOOR_MODEL)
    assert again.model is not None
    assert (again.state, again.model.name) == ("answered", FLOOR_MODEL)


def test_a_changed_request_is_told(desk: Desk) -> None:
    with ScriptedProvider(GOOD) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
    run_id = submit_replay(desk.db, view.run_id, find_principal(desk.db, STAFF), None)
    with desk.db.write() as session:
        session.get_one(RunRow, run_id).masked_question = "Something else?"
    again = desk.finish(run_id, desk.runner())
    assert diff_of(desk.db, view, again).diverged[0] == "route: request 1 is not the one that was recorded"


def test_a_record_that_is_too_short_ends_in_a_sentence(desk: Desk) -> None:
    with ScriptedProvider(GOOD) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
    last = desk.spans(view.run_id, "generation")[-1]
    _forget_span(desk, last.id)
    again = go_again(desk, view)
    assert again.state == "failed"
    assert (again.failure or "").startswith("The record holds 1 replies for this step and another")


def test_a_record_without_the_second_draft_ends_in_a_sentence(desk: Desk) -> None:
    with ScriptedProvider([ROUTE, SEARCH, WRONG, SAID]) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
    _forget_span(desk, desk.spans(view.run_id, "generation")[-1].id)
    assert (go_again(desk, view).failure or "").startswith("The record holds 2 replies for this step")


def _forget_span(desk: Desk, span_id: str) -> None:
    from sqlalchemy import text

    with desk.db.write() as session:
        session.execute(text("DELETE FROM spans WHERE id = :id"), {"id": span_id})


def test_only_who_may_see_a_run_may_replay_it(desk: Desk) -> None:
    view = desk.ask(LEAVE_QUESTION)
    with pytest.raises(NotFound):
        go_again(desk, view, email=FINANCE)
    again = go_again(desk, view, email=ENGINEER)
    assert get_run_for_delivery(desk.db, again.run_id).principal == STAFF


def test_who_may_not_ask_may_not_replay(desk: Desk) -> None:
    view = desk.ask(LEAVE_QUESTION)
    former = replace(find_principal(desk.db, STAFF), roles=frozenset())
    with pytest.raises(NotPermitted, match="the right to ask"):
        submit_replay(desk.db, view.run_id, former, None)


def test_a_run_without_an_answer_is_not_replayed(desk: Desk) -> None:
    run_id = desk.submit(LEAVE_QUESTION)
    with pytest.raises(InvalidInput, match="is queued: only one that came to an answer"):
        submit_replay(desk.db, run_id, find_principal(desk.db, STAFF), None)


def test_the_record_of_a_replay_names_who_did_it(desk: Desk) -> None:
    view = desk.ask(LEAVE_QUESTION)
    again = go_again(desk, view, email=ENGINEER)
    from sqlalchemy import text

    with desk.db.read() as session:
        rows: Any = session.execute(
            text("SELECT actor, detail FROM audit WHERE action = 'run.replayed' AND subject = :run"),
            {"run": again.run_id},
        ).all()
    assert [row.actor for row in rows] == [ENGINEER]
    assert json.loads(rows[0].detail)["of"] == view.run_id
