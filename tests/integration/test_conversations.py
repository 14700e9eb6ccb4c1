"""Two messages in one thread, through whole runs: by rule, and with a model over HTTP."""

# ruff: noqa: F811 - a test takes an imported fixture by naming its parameter like it

import json

import pytest

from ledger.result import FLOOR_MODEL
from tests.integration.test_crew_models import CLAIM, GOOD, SAID, SEARCH
from tests.stand_ins.provider import ChatRequest, Reply, ScriptedProvider, Text
from tests.unit.crews.conftest import _hardened, desk, logged, no_waits, shop  # noqa: F401 - pytest finds them here
from tests.unit.crews.world import BONUS_QUESTION, ENGINEER, FINANCE, LEAVE_QUESTION, STAFF, Desk, candidate

THREAD = {"thread": "talk"}
FOLLOW_UP = "and for part-time staff?"
UNDERSTOOD = "How many days of annual leave do full-time staff have, for part-time staff?"


def test_the_floor_answers_a_follow_up_and_says_what_it_took_it_for(desk: Desk) -> None:
    desk.ask(LEAVE_QUESTION, **THREAD)
    run = desk.ask("and with the portal?", **THREAD)
    assert run.understood_as == "How many days of annual leave do full-time staff have, with the portal?"
    assert (run.question, run.outcome) == ("and with the portal?", "answered")
    assert desk.ask("and with the portal?").understood_as is None


def test_what_does_not_speak_of_the_new_subject_is_no_answer_to_it(desk: Desk) -> None:
    desk.ask(LEAVE_QUESTION, **THREAD)
    run = desk.ask("and for contractors?", **THREAD)
    assert (run.understood_as is not None, run.outcome, run.claims) == (True, "abstained", ())


def test_a_model_is_told_what_was_said_before_as_data_and_no_evidence(desk: Desk) -> None:
    with ScriptedProvider(GOOD) as provider:
        desk.ask(LEAVE_QUESTION, candidate(provider), **THREAD)
    assert not any("What was said in this thread before" in request.prompt for request in provider.requests)
    with ScriptedProvider(GOOD) as provider:
        run = desk.ask(FOLLOW_UP, candidate(provider), **THREAD)
        prompts = [request.prompt for request in provider.requests]
    router, specialist = prompts[0], prompts[1]
    for prompt in (router, specialist):
        before, _, told = prompt.partition("<untrusted ")
        assert f"<question>\n{UNDERSTOOD}\n" in before.replace("    ", "")
        assert f"The asker asked: {LEAVE_QUESTION}" in told
        assert f"- {CLAIM} (Annual leave, as of 2026-01-05)" in told
        assert f"In their own words the asker wrote now: {FOLLOW_UP}" in told
        assert "It is no evidence" in before
    assert run.understood_as == UNDERSTOOD
    assert {item.id for item in run.evidence} == {"E1"}


def test_a_fact_from_before_is_no_evidence_of_this_run(desk: Desk) -> None:
    with ScriptedProvider(GOOD) as provider:
        desk.ask(LEAVE_QUESTION, candidate(provider), **THREAD)
    with ScriptedProvider([GOOD[0], SAID, SAID, SAID]) as provider:
        run = desk.ask(FOLLOW_UP, candidate(provider), **THREAD)
    assert (run.outcome, run.claims) == ("abstained", ())


def test_personal_data_of_an_earlier_turn_is_masked_anew(desk: Desk) -> None:
    desk.ask("Does ann@shop.example or bo@shop.example have annual leave?", **THREAD)
    with ScriptedProvider(GOOD) as provider:
        run = desk.ask("Does bo@shop.example, I mean?", candidate(provider), **THREAD)
        prompts = [request.prompt for request in provider.requests]
    assert not [
        prompt for prompt in prompts if "@shop.example" in prompt.replace("people-team@shop.example", "")
    ]
    # The new run met Bo first: the numbers of another run mean nothing here.
    assert all("Does [EMAIL_2] or [EMAIL_1] have annual leave?" in prompt for prompt in prompts[:1])
    assert run.question == "Does bo@shop.example, I mean?"


def test_nobody_is_told_what_somebody_elses_rights_found(desk: Desk) -> None:
    channel = {"thread": "C1:1", "audience_groups": ("everyone", "finance")}
    answered = desk.ask(BONUS_QUESTION, principal=FINANCE, **channel)
    assert "1,250,000" in (answered.answer or "")
    with ScriptedProvider([GOOD[0], SEARCH, SAID, SAID]) as provider:
        desk.ask("and with annual leave?", candidate(provider), principal=STAFF, **channel)
        prompts = [request.prompt for request in provider.requests]
    assert all(f"Colleague 1 asked: {BONUS_QUESTION}" in prompt for prompt in prompts[:2])
    assert not [prompt for prompt in prompts if "1,250,000" in prompt or "Bonus pool" in prompt]


def test_a_candidate_that_is_not_cleared_for_an_earlier_answer_is_not_asked(desk: Desk) -> None:
    desk.ask(LEAVE_QUESTION, **THREAD)
    with ScriptedProvider(GOOD) as provider:
        run = desk.ask(FOLLOW_UP, candidate(provider, cleared_for="public"), **THREAD)
        assert list(provider.requests) == []
    assert run.model is not None
    assert run.model.name == FLOOR_MODEL


@pytest.mark.parametrize("asker", [STAFF, ENGINEER])
def test_a_long_conversation_is_told_in_short_and_within_bounds(desk: Desk, asker: str) -> None:
    channel = {"thread": "C1:1", "audience_groups": ("everyone",)}
    # Asked to a specialist nobody chose, so that each is over at once.
    with ScriptedProvider([Text('{"specialists": [], "reason": "It is about nothing."}')] * 30) as provider:
        for number in range(30):
            asked = f"Question number {number} about nothing {'at all ' * 60}?"
            desk.ask(asked, candidate(provider), principal=STAFF, **channel)
    with ScriptedProvider(GOOD) as provider:
        desk.ask(LEAVE_QUESTION, candidate(provider), principal=asker, **channel)
        prompt = provider.requests[0].prompt
    told = prompt.partition("<untrusted ")[2].partition("</untrusted ")[0]
    assert len(told) < 6_500
    assert "Question number 29" in told
    assert "Earlier, in short:" in told
    assert "more questions were asked." in told
    assert "Question number 0 " not in told
    assert ("Colleague 1 asked" in told) == (asker == ENGINEER)


def _is_for_router(request: ChatRequest) -> bool:
    return "- help_desk:" in request.prompt


def test_the_answer_to_the_routers_own_question_is_understood(desk: Desk) -> None:
    back = {
        "specialists": [],
        "reason": "two meanings",
        "question": "At home or in the shop?",
        "choices": ["The VPN at home", "The VPN in the shop"],
    }

    def script(request: ChatRequest) -> Reply:
        return Text(json.dumps(back)) if _is_for_router(request) else SAID

    with ScriptedProvider(script) as provider:
        asked_back = desk.ask("How do I set up the VPN?", candidate(provider), **THREAD)
    assert asked_back.choices == ("The VPN at home", "The VPN in the shop")
    run = desk.ask("at home", **THREAD)
    assert run.understood_as == "How do I set up the VPN (The VPN at home)?"
    assert run.outcome == "answered"
