"""The whole `ask` workflow through real CrewAI and a provider over HTTP, well-behaved and not.

After whatever a provider does, the run has ended with a sentence for people, and the record holds one
generation for each request the provider received.
"""

# ruff: noqa: F811 - a test takes an imported fixture by naming its parameter like it

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from crewai_core.paths import db_storage_path
from structlog.typing import EventDict

from crews import step_runner
from ledger.errors import SettingsInvalid
from ledger.reading import RunView
from ledger.result import FLOOR_MODEL
from ledger.runs import MAX_QUESTION_CHARS
from ledger.settings import ModelCandidate
from ledger.spans import Span
from ledger.steps import complete_step
from tests.stand_ins.journal import Latch
from tests.stand_ins.provider import (
    ChatRequest,
    Garbage,
    HttpError,
    Reply,
    Script,
    ScriptedProvider,
    Text,
    Timeout,
    ToolCall,
)
from tests.unit.crews.conftest import _hardened, desk, logged, no_waits, shop  # noqa: F401 - pytest finds them here
from tests.unit.crews.world import LEAVE_QUESTION, Desk, candidate, work_off

ROUTE = Text('{"specialists": ["help_desk"], "reason": "It is about leave."}')
SEARCH = ToolCall("search_knowledge", {"query": "days of annual leave"})
CLAIM = "Full-time staff have 27 days of annual leave."
SAID = Text(json.dumps({"claims": [{"text": CLAIM, "evidence": ["E1"]}], "missing": None}))
GOOD = (ROUTE, SEARCH, SAID)
QUOTED = "Full-time staff have 27 days of annual leave in a calendar year."


def is_for_router(request: ChatRequest) -> bool:
    return "- help_desk:" in request.prompt


def after_routing(*replies: Reply) -> Script:
    """The router does its work; the help desk says these in turn, the last one for ever."""
    left = list(replies)
    return lambda request: ROUTE if is_for_router(request) else (left.pop(0) if len(left) > 1 else left[0])


def always(reply: Reply) -> Script:
    return lambda _request: reply


def generations(desk: Desk, view: RunView, name: str = "main") -> list[Span]:
    return [span for span in desk.spans(view.run_id, "generation") if span.name.endswith(f" · {name}")]


def check_record(desk: Desk, view: RunView, provider: ScriptedProvider, name: str = "main") -> None:
    """One generation per request, each with what was sent, and nothing left open."""
    recorded = generations(desk, view, name)
    assert len(recorded) == len(provider.requests), [span.attributes for span in recorded]
    for span, request in zip(recorded, provider.requests, strict=True):
        assert [_seen(message) for message in span.input["messages"]] == [
            _seen(message) for message in request.messages
        ]
        assert tuple(tool["function"]["name"] for tool in span.input["tools"]) == request.tools
    assert all(span.ended_at is not None and span.state != "open" for span in desk.spans(view.run_id))


def _seen(message: dict[str, Any]) -> tuple[Any, ...]:
    calls = [
        (call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls") or ()
    ]
    return message["role"], message.get("content") or "", calls, message.get("tool_call_id")


def test_a_good_model_answers_and_everything_is_on_record(desk: Desk, logged: list[EventDict]) -> None:
    with ScriptedProvider(GOOD) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
        check_record(desk, view, provider)
    assert (view.state, view.answer, view.caveats) == ("answered", CLAIM, ())
    assert view.model is not None
    assert (view.model.name, view.model.fallbacks) == ("main", ())
    assert [item.details["title"] for item in view.evidence] == ["Annual leave"]
    assert [len(request.tools) for request in provider.requests] == [0, 2, 2]
    told = json.loads(provider.requests[2].tool_results("search_knowledge")[0])
    assert [item["id"] for item in told["evidence"]] == ["E1", "E2", "E3"]
    calls = generations(desk, view)
    assert [(call.attributes["model"], call.attributes["operation"]) for call in calls] == [
        ("gpt-4o-mini", "router"),
        ("gpt-4o-mini", "help_desk"),
        ("gpt-4o-mini", "help_desk"),
    ]
    assert calls[1].output[0]["function"]["name"] == "search_knowledge"
    assert calls[2].output == SAID.content
    [tool] = desk.spans(view.run_id, "tool")
    crews = {span.name: span for span in desk.spans(view.run_id, "crew")}
    assert tool.parent_id == calls[1].parent_id == calls[2].parent_id == crews["crew help_desk"].id
    assert crews["crew help_desk"].attributes["events"] == {
        "agent_completed": 1,
        "agent_started": 1,
        "model_call_completed": 2,
        "model_call_started": 2,
        "tool_call_finished": 1,
        "tool_call_started": 1,
    }
    assert not [event for event in logged if event["log_level"] in ("warning", "error")]


def test_usage_is_what_the_provider_counted(desk: Desk) -> None:
    with ScriptedProvider(GOOD) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
    usages = [span.attributes["usage"] for span in generations(desk, view)]
    for usage, request in zip(usages, provider.requests, strict=True):
        sent = json.dumps([request.body["messages"], request.body.get("tools")], ensure_ascii=False)
        assert usage["input"] == -(-len(sent) // 4)
        assert usage["total"] == usage["input"] + usage["output"] > usage["input"]


def test_a_secret_in_a_question_stays_here(desk: Desk, logged: list[EventDict]) -> None:
    secret = "sk-proj-abcdefghijklmnop1234567890"
    question = f"{LEAVE_QUESTION} My key is {secret}, {{question}} {{claims}}"
    script = after_routing(ToolCall("search_knowledge", {"query": f"leave {secret}"}), SAID)
    with ScriptedProvider(script) as provider:
        view = desk.ask(question, candidate(provider))
    assert view.state == "answered"
    assert not [request for request in provider.requests if secret in request.raw]
    assert all("[masked secret], {question} {claims}" in request.prompt for request in provider.requests)
    record = json.dumps([[span.input, span.output, span.attributes] for span in desk.spans(view.run_id)])
    assert secret not in record
    assert not [event for event in logged if secret in repr(event)]


def test_crewai_keeps_no_file_of_what_was_said(desk: Desk) -> None:
    with ScriptedProvider(GOOD) as provider:
        assert desk.ask(LEAVE_QUESTION, candidate(provider)).answer == CLAIM
    assert list(Path(db_storage_path()).iterdir()) == []


def test_a_question_for_nobody_costs_one_request(desk: Desk) -> None:
    with ScriptedProvider([Text('{"specialists": [], "reason": "It is about the weather."}')]) as provider:
        view = desk.ask("Will it rain?", candidate(provider))
        check_record(desk, view, provider)
    assert (view.state, view.reason) == ("abstained", "out_of_scope")
    assert (view.answer or "").endswith("It is about the weather.")


def test_the_longest_question_goes_through(desk: Desk) -> None:
    question = (LEAVE_QUESTION + " Please. ") * 400
    with ScriptedProvider(GOOD) as provider:
        view = desk.ask(question[:MAX_QUESTION_CHARS], candidate(provider))
        check_record(desk, view, provider)
    assert view.answer == CLAIM


@pytest.mark.parametrize(
    ("reply", "requests", "reason"),
    [
        (HttpError(503), 4, "model error"),
        (HttpError(404), 4, "model error"),
        (HttpError(403), 2, "key refused"),
        (HttpError(504), 6, "timeout"),
        (Garbage(b"<html>Bad gateway", content_type="text/html"), 4, "model error"),
        (Garbage(b'{"unexpected": 1}'), 4, "model error"),
        (Garbage(b""), 4, "malformed reply"),
        (Text("   "), 4, "empty reply"),
        (Text("I would rather chat."), 4, "gave output that does not fit"),
        (Text("{" * 5000), 4, "gave output that does not fit"),
    ],
)
@pytest.mark.usefixtures("no_waits")
def test_when_the_provider_fails_the_floor_answers_and_says_why(
    desk: Desk, capfd: pytest.CaptureFixture[str], reply: Reply, requests: int, reason: str
) -> None:
    with ScriptedProvider(always(reply)) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
        check_record(desk, view, provider)
        assert len(provider.requests) == requests
    check_floor_answered(view, reason)
    assert "CrewAI" not in capfd.readouterr().out


def check_floor_answered(view: RunView, *reasons: str) -> None:
    assert view.state == "answered", view.failure
    assert QUOTED in (view.answer or "")
    assert view.model is not None
    assert view.model.name == FLOOR_MODEL
    for fallback, reason in zip(view.model.fallbacks, reasons, strict=True):
        assert reason in fallback
        assert fallback in view.caveats[-1]


def test_a_provider_that_is_down_is_the_same_to_the_asker(desk: Desk) -> None:
    with ScriptedProvider() as provider:
        provider.stop()
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
        assert len(generations(desk, view)) == 4
    check_floor_answered(view, "main: unreachable")


def test_a_key_the_provider_does_not_know(desk: Desk) -> None:
    with ScriptedProvider() as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider, api_key="sk-wrong-wrong-wrong-wrong"))
        assert len(provider.refusals) == len(generations(desk, view)) == 2
    check_floor_answered(view, "main: key refused")
    assert "sk-wrong" not in view.model_dump_json()


def test_a_provider_that_hangs_is_left_in_time(desk: Desk) -> None:
    hanging = Timeout(Latch())
    with ScriptedProvider(always(hanging)) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider, timeout_s=0.3))
        check_record(desk, view, provider)
        assert len(provider.requests) == 6
        hanging.release()
    check_floor_answered(view, "main: timeout")


def test_a_step_out_of_time_still_leaves_the_floor_its_share(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hurried:
        """Time as the runner sees it, so that the step's 120 seconds are three."""

        @staticmethod
        def monotonic() -> float:
            return time.monotonic() - 117

    monkeypatch.setattr(step_runner, "time", Hurried)
    hanging = Timeout(Latch())
    with ScriptedProvider(after_routing(hanging)) as provider:
        run_id = desk.submit(LEAVE_QUESTION)
        complete_step(desk.db, desk.claim(run_id), _routed())
        began = time.monotonic()
        view = desk.finish(run_id, desk.runner(candidate(provider, timeout_s=60)))
        hanging.release()
    assert time.monotonic() - began < 30
    check_floor_answered(view, "main: ")


def _routed() -> dict[str, Any]:
    output = {"specialists": ["help_desk"], "reason": "x"}
    return {"crew": "router", "title": "Router", "output": output, "model": None, "evidence": []}


def test_after_a_rate_limit_the_model_is_asked_again_when_it_said(desk: Desk) -> None:
    at: list[float] = []

    def script(_request: ChatRequest) -> Reply:
        at.append(time.monotonic())
        return HttpError(429, retry_after=1.3) if len(at) == 1 else GOOD[len(at) - 2]

    with ScriptedProvider(script) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
        check_record(desk, view, provider)
    assert view.answer == CLAIM
    assert view.model is not None
    assert view.model.fallbacks == ()
    assert at[1] - at[0] >= 1.3


@pytest.mark.usefixtures("no_waits")
def test_one_failure_in_the_middle_is_tried_again_without_repeating_a_tool(desk: Desk) -> None:
    with ScriptedProvider([ROUTE, SEARCH, HttpError(500), SAID]) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
        check_record(desk, view, provider)
    assert (view.answer, view.model and view.model.name) == (CLAIM, "main")
    assert len(desk.spans(view.run_id, "tool")) == 1


@pytest.mark.parametrize("model", ["nonsense/x", "anthropic/claude-x"])
def test_a_candidate_that_cannot_be_set_up_is_named(desk: Desk, model: str) -> None:
    from crews.models.provider import ProviderClients  # loads CrewAI, which has to be hardened by then

    broken = ModelCandidate(name="mine", model=model)
    with pytest.raises(SettingsInvalid, match=f"CREWDESK_MODELS: the candidate 'mine' .* '{model}'"):
        ProviderClients().client_for(broken)
    view = desk.ask(LEAVE_QUESTION, broken)
    assert view.state == "failed"
    assert (view.failure or "").startswith("CREWDESK_MODELS: the candidate 'mine' cannot be used")


@pytest.mark.usefixtures("no_waits")
def test_candidates_are_asked_in_order(desk: Desk) -> None:
    with ScriptedProvider(always(HttpError(429))) as first, ScriptedProvider(GOOD) as second:
        view = desk.ask(LEAVE_QUESTION, candidate(first, "first"), candidate(second, "second"))
        check_record(desk, view, first, "first")
        check_record(desk, view, second, "second")
    assert view.answer == CLAIM
    assert view.model is not None
    assert (view.model.name, view.model.fallbacks) == ("second", ("first: rate limited",))
    assert len(first.requests) == 10


@pytest.mark.usefixtures("no_waits")
def test_when_all_candidates_fail_each_reason_is_told(desk: Desk) -> None:
    with (
        ScriptedProvider(always(HttpError(429))) as first,
        ScriptedProvider(always(Text("chat"))) as second,
        ScriptedProvider(always(HttpError(401))) as third,
    ):
        models = [candidate(provider, name) for provider, name in ((first, "a"), (second, "b"), (third, "c"))]
        view = desk.ask(LEAVE_QUESTION, *models)
    check_floor_answered(view, "a: rate limited", "b: gave output that does not fit", "c: key refused")
    assert [len(provider.requests) for provider in (first, second, third)] == [10, 4, 2]


def test_a_model_does_not_go_short_because_of_those_before_it(desk: Desk) -> None:
    """The router may call a model three times, and each of these wants two."""
    with ScriptedProvider(always(Text("chat"))) as first, ScriptedProvider(always(Text("chat"))) as second:
        view = desk.ask(LEAVE_QUESTION, candidate(first, "a"), candidate(second, "b"))
    check_floor_answered(view, "a: gave output that does not fit", "b: gave output that does not fit")


@pytest.mark.usefixtures("no_waits")
def test_the_next_candidate_takes_over_in_the_middle(desk: Desk) -> None:
    with ScriptedProvider(after_routing(SEARCH, HttpError(500))) as first, ScriptedProvider([SAID]) as second:
        view = desk.ask(LEAVE_QUESTION, candidate(first, "first"), candidate(second, "second"))
        check_record(desk, view, first, "first")
        check_record(desk, view, second, "second")
        assert second.requests[0].tool_results("search_knowledge")
    assert view.answer == CLAIM


@pytest.mark.parametrize(
    "call",
    [
        ToolCall("search_knowledge", {"query": "tents and canoes on the moon"}),
        ToolCall("search_knowledge", {"wrong": 1}),
        ToolCall("read_document", {"document_id": "nothing"}),
    ],
)
@pytest.mark.usefixtures("no_waits")
def test_the_floor_searches_for_itself_whatever_a_dropped_model_did(desk: Desk, call: ToolCall) -> None:
    with ScriptedProvider(after_routing(call, HttpError(500))) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
        check_record(desk, view, provider)
    check_floor_answered(view, "main: model error")


@pytest.mark.parametrize(
    "said",
    [
        f"Here you are:\n```json\n{SAID.content}\n```\nAnything else?",
        SAID.content.replace("{", "{ ").replace(", ", ",\n"),
    ],
)
def test_json_in_words_or_fences_is_taken(desk: Desk, said: str) -> None:
    with ScriptedProvider([ROUTE, SEARCH, Text(said)]) as provider:
        assert desk.ask(LEAVE_QUESTION, candidate(provider)).answer == CLAIM


@pytest.mark.parametrize(
    "spoilt",
    [
        Text("27 days, I believe."),
        Text(SAID.content[:30], finish_reason="length"),
        Text('{"claims": [{"text": "27 days", "evidence": "E1", "sure": true}]}'),
    ],
)
def test_one_repair_is_asked_for_and_recorded(desk: Desk, spoilt: Text) -> None:
    with ScriptedProvider([ROUTE, SEARCH, spoilt, SAID]) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
        check_record(desk, view, provider)
        assert provider.requests[3].prompt.count(spoilt.content) == 1
    assert (view.answer, view.model and view.model.name) == (CLAIM, "main")


@pytest.mark.parametrize(
    "odd",
    [
        ToolCall("delete_everything", {"now": True}),
        ToolCall("search_knowledge", "{not json"),
        ToolCall("search_knowledge", "[1, 2]"),
        ToolCall("search_knowledge", ""),
        ToolCall("search_knowledge", "null"),
        ToolCall("search_knowledge", {"self": 1, "query": "x"}),
        ToolCall("search_knowledge", {"query": "leave", "groups": ["finance"]}),
        ToolCall("search_knowledge", {"query": "x" * 100_000}),
        (SEARCH, ToolCall("delete_everything", {}), ToolCall("search_knowledge", {"query": "VPN"})),
    ],
)
@pytest.mark.usefixtures("no_waits")
def test_an_odd_tool_call_is_answered_and_the_model_goes_on(
    desk: Desk, logged: list[EventDict], odd: ToolCall | Sequence[ToolCall]
) -> None:
    script = after_routing(odd if isinstance(odd, ToolCall) else tuple(odd), SEARCH, _cite_leave)  # type: ignore[arg-type]
    with ScriptedProvider(_calling(script)) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
        check_record(desk, view, provider)
        assert len(provider.refusals) == 0
    assert (view.state, view.answer) == ("answered", CLAIM)
    assert not [event for event in logged if event["event"] in ("record_incomplete", "step_broke")]


def _cite_leave(request: ChatRequest) -> Reply:
    """The answer, citing the leave page by whatever label it got."""
    for told in request.tool_results("search_knowledge"):
        for item in json.loads(told).get("evidence", []) if told.startswith("{") else []:
            if "Annual leave" in item["title"]:
                return Text(json.dumps({"claims": [{"text": CLAIM, "evidence": [item["id"]]}]}))
    return Text('{"claims": []}')


def _calling(script: Script) -> Script:
    def play(request: ChatRequest) -> Reply:
        said: Any = script(request)
        return said(request) if callable(said) else said  # type: ignore[no-any-return]

    return play


def test_a_call_of_an_unknown_tool_is_counted_on_the_crews_span(desk: Desk) -> None:
    script = after_routing(ToolCall("delete_everything", {}), SEARCH, SAID)
    with ScriptedProvider(script) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
        assert "not found" in provider.requests[2].prompt
    crew = desk.spans(view.run_id, "crew")[-1]
    assert crew.attributes["events"]["unknown_tool_called"] == 1
    assert [span.name for span in desk.spans(view.run_id, "tool")] == ["tool search_knowledge"]


def test_a_router_that_calls_tools_is_not_listened_to(desk: Desk) -> None:
    with ScriptedProvider([SEARCH, ROUTE, SEARCH, SAID]) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
        check_record(desk, view, provider)
    assert view.answer == CLAIM


def test_an_invented_citation_never_leaves(desk: Desk) -> None:
    draft = Text(json.dumps({"claims": [{"text": CLAIM, "evidence": ["E99"]}], "missing": None}))
    with ScriptedProvider([ROUTE, SEARCH, draft]) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
        check_record(desk, view, provider)
    assert (view.state, view.reason, view.claims) == ("abstained", "unsupported", ())
    assert "27" not in (view.answer or "")


class Together:
    """A model that answers a turn of its four askers only once all four have asked."""

    def __init__(self) -> None:
        self._latches = [Latch() for _ in range(3)]
        self._waiting = [0, 0, 0]

    def __call__(self, request: ChatRequest) -> Reply:
        number = request.prompt.partition("(question ")[2].partition(")")[0]
        turn = 0 if is_for_router(request) else 2 if request.tool_results("search_knowledge") else 1
        searches = [ToolCall("search_knowledge", {"query": f"{what} {number}"}) for what in ("leave", "VPN")]
        missing = Text(json.dumps({"claims": [], "missing": f"number {number}"}))
        self._waiting[turn] += 1
        if self._waiting[turn] == 4:
            self._latches[turn].release()
        return Timeout(self._latches[turn], then=(ROUTE, tuple(searches), missing)[turn])


def test_four_runs_at_once_do_not_mix(desk: Desk, logged: list[EventDict]) -> None:
    """Each question has a number that must come back in its own run only."""
    script = Together()
    with ScriptedProvider(script) as provider:
        runner = desk.runner(candidate(provider))
        runs = {str(number): desk.submit(f"{LEAVE_QUESTION} (question {number})") for number in range(4)}
        with ThreadPoolExecutor(4) as pool:
            work_off(desk.db, runner.run, at_once=pool.map)
        assert len(provider.requests) == 12
    others = set(runs)
    for number, run_id in runs.items():
        spans = desk.spans(run_id)
        calls = [span for span in spans if span.kind == "generation"]
        assert len(calls) == 3
        assert calls[-1].output == json.dumps({"claims": [], "missing": f"number {number}"})
        text = json.dumps([[span.input, span.output] for span in spans])
        assert f"(question {number})" in text
        assert not [other for other in others - {number} if f"(question {other})" in text]
        usage = [span.attributes["usage"]["input"] for span in calls]
        sent = [request for request in provider.requests if f"(question {number})" in request.prompt]
        assert usage == [_tokens(request) for request in sent]
        tools = [span for span in spans if span.kind == "tool"]
        assert sorted(span.input["query"] for span in tools) == [f"VPN {number}", f"leave {number}"]
        labels = {label for span in tools for label in span.attributes["evidence"]}
        assert labels == {"E1", "E2", "E3"}
    assert not [event for event in logged if event["event"] in ("record_incomplete", "step_broke")]


def _tokens(request: ChatRequest) -> int:
    sent = json.dumps([request.body["messages"], request.body.get("tools")], ensure_ascii=False)
    return -(-len(sent) // 4)


WRONG = Text(json.dumps({"claims": [{"text": CLAIM.replace("27", "72"), "evidence": ["E1"]}]}))


def test_a_draft_that_fails_the_check_is_drafted_anew_once(desk: Desk) -> None:
    with ScriptedProvider([ROUTE, SEARCH, WRONG, SAID]) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
        check_record(desk, view, provider)
    assert (view.answer, view.caveats) == (CLAIM, ())
    asked = provider.requests[3].prompt
    assert "(E1): the number 72 days is not in its evidence" in asked
    assert "<untrusted" in asked
    assert view.how_found == (
        "Help-desk specialist searched for “days of annual leave” and read 3 passages of 3 documents.",
        "The model main wrote it.",
        "It was drafted anew once, because one sentence of the first draft failed the check.",
        "Its one sentence passed the check against its evidence.",
    )


@pytest.mark.parametrize(
    "second", [WRONG, Text("I would rather not."), Text('{"claims": []}'), HttpError(500)]
)
@pytest.mark.usefixtures("no_waits")
def test_a_second_draft_that_is_no_better_changes_nothing(desk: Desk, second: Reply) -> None:
    both = json.dumps({"claims": [*json.loads(SAID.content)["claims"], *json.loads(WRONG.content)["claims"]]})
    with ScriptedProvider(after_routing(SEARCH, Text(both), second)) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
        check_record(desk, view, provider)
    assert (view.answer, view.model and (view.model.name, view.model.fallbacks)) == (CLAIM, ("main", ()))
    assert view.caveats == (
        "One sentence was left out because the evidence does not support it: "
        "the number 72 days is not in its evidence.",
    )


def test_what_a_model_repeats_of_the_marks_is_not_shown(desk: Desk) -> None:
    def marked(request: ChatRequest) -> Reply:
        told = json.loads(request.tool_results("search_knowledge")[0])["evidence"][0]["text"]
        sentence = told.split(". ")[0] + "."
        return Text(json.dumps({"claims": [{"text": sentence, "evidence": ["E1"]}]}))

    script = _calling(after_routing(SEARCH, marked))  # type: ignore[arg-type]
    with ScriptedProvider(script) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider))
    assert view.answer == QUOTED
