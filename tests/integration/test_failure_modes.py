"""The page `docs/failure-modes.md`, played through: each mode over HTTP, through the whole `ask` workflow."""

# ruff: noqa: F811 - a test takes an imported fixture by naming its parameter like it

import json
from collections.abc import Callable
from typing import Any

import pytest

from docs.failure_modes import FAILURE_MODES, FailureMode
from ledger.result import FLOOR_MODEL
from tests.integration.test_crew_models import (
    QUOTED,
    ROUTE,
    SAID,
    SEARCH,
    after_routing,
    always,
    check_record,
    generations,
    is_for_router,
)
from tests.stand_ins.provider import (
    ChatRequest,
    CutConnection,
    Empty,
    Garbage,
    HttpError,
    Reply,
    Script,
    ScriptedProvider,
    Text,
    Timeout,
    ToolCall,
    Trickle,
)
from tests.unit.crews.conftest import _hardened, desk, no_waits, shop  # noqa: F401 - pytest finds them here
from tests.unit.crews.world import LEAVE_QUESTION, Desk, candidate

TOO_LONG = HttpError(
    400, code="context_length_exceeded", message="This model's maximum context length is 2048 tokens."
)
INVENTED = Text(json.dumps({"claims": [{"text": "Staff have 90 days.", "evidence": ["E1"]}]}))
UNKNOWN = Text(json.dumps({"claims": [{"text": "Staff have 90 days.", "evidence": ["E99"]}]}))


def searching(arguments: Callable[[ChatRequest], dict[str, Any]]) -> Script:
    return lambda asked: ROUTE if is_for_router(asked) else ToolCall("search_knowledge", arguments(asked))


def overflowing(request: ChatRequest) -> Reply:
    """Takes no more than two passages."""
    if is_for_router(request):
        return ROUTE
    results = request.tool_results("search_knowledge")
    if not results:
        return SEARCH
    told = json.loads(results[0])
    return TOO_LONG if len(told["evidence"]) > 2 else SAID


SCRIPTS: dict[str, Callable[[], Script]] = {
    "rate_limit_with_retry_after": lambda: _in_turn(
        ROUTE, HttpError(429, retry_after=0.1), HttpError(429, retry_after=0.1), SEARCH, SAID
    ),
    "rate_limit_for_long": lambda: always(HttpError(429, retry_after=3600)),
    "rate_limit_without_retry_after": lambda: always(HttpError(429)),
    "server_error": lambda: always(HttpError(500)),
    "timeout": lambda: always(Timeout()),
    "byte_at_a_time": lambda: always(Trickle(SAID, chunk_bytes=1, pause_s=0.02)),
    "connection_reset": lambda: always(CutConnection()),
    "cut_mid_answer": lambda: always(CutConnection(after_bytes=40)),
    "empty": lambda: always(Empty()),
    "malformed_body": lambda: always(Garbage(b"<html>Bad gateway")),
    "malformed_answer_once": lambda: _in_turn(ROUTE, SEARCH, Text("27 days, I believe."), SAID),
    "malformed_answer_always": lambda: after_routing(SEARCH, Text("27 days, I believe.")),
    "wrong_tool_name": lambda: after_routing(ToolCall("delete_everything", {}), SEARCH, SAID),
    "wrong_arguments": lambda: after_routing(ToolCall("search_knowledge", {"wrong": 1}), SEARCH, SAID),
    "invented_tool_result": lambda: after_routing(INVENTED),
    "invented_citation": lambda: after_routing(SEARCH, UNKNOWN),
    "endless_loop": lambda: searching(lambda _asked: {"query": "leave"}),
    "endless_search": lambda: searching(lambda asked: {"query": f"leave {asked.index}"}),
    "context_overflow": lambda: overflowing,
    "context_overflow_always": lambda: always(TOO_LONG),
    "refused_key": lambda: always(HttpError(401)),
}
IN_A_HURRY = frozenset({"timeout", "byte_at_a_time"})


def _in_turn(*replies: Reply) -> Script:
    left = list(replies)
    return lambda _request: left.pop(0)


def test_every_mode_of_the_page_is_played() -> None:
    assert [mode.name for mode in FAILURE_MODES] == list(SCRIPTS)


@pytest.mark.parametrize("mode", FAILURE_MODES, ids=lambda mode: mode.name)
@pytest.mark.usefixtures("no_waits")
def test_each_mode_ends_as_the_page_says(
    desk: Desk, capfd: pytest.CaptureFixture[str], mode: FailureMode
) -> None:
    with ScriptedProvider(SCRIPTS[mode.name]()) as provider:
        timeout_s = 0.3 if mode.name in IN_A_HURRY else 10.0
        view = desk.ask(LEAVE_QUESTION, candidate(provider, timeout_s=timeout_s))
        check_record(desk, view, provider)
        assert not provider.refusals
    assert (view.state, view.reason) == (mode.state, mode.reason), view.failure
    asked = [span for span in generations(desk, view) if span.attributes["operation"] == "help_desk"]
    assert len(asked) == mode.asked
    assert view.model is not None
    if mode.by == "the floor":
        assert view.model.name == FLOOR_MODEL
        assert QUOTED in (view.answer or "")
        assert mode.told is not None
        assert view.model.fallbacks[0].startswith(f"main: {mode.told}")
    else:
        assert (view.model.name, view.model.fallbacks) == ("main", ())
    assert "90 days" not in (view.answer or "")
    assert "CrewAI" not in capfd.readouterr().out


def test_what_was_left_out_is_named_in_its_place(desk: Desk) -> None:
    with ScriptedProvider(overflowing) as provider:
        desk.ask(LEAVE_QUESTION, candidate(provider))
        before, after = provider.requests[-2:]
    [full] = before.tool_results("search_knowledge")
    [short] = after.tool_results("search_knowledge")
    kept = [item["id"] for item in json.loads(short)["evidence"]]
    by_rank = sorted(json.loads(full)["evidence"], key=lambda item: -item["relevance"])
    assert kept == [item["id"] for item in by_rank][: len(kept)]
    assert sorted([*kept, *json.loads(short)["left_out"]]) == sorted(item["id"] for item in by_rank)
