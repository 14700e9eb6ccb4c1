"""The page `docs/failure-modes.md`, played through the workflows `ask` and `triage`: each mode over HTTP."""

# ruff: noqa: F811 - a test takes an imported fixture by naming its parameter like it

import json

import pytest

from docs.failure_modes import FAILURE_MODES, WORKFLOWS, FailureMode
from ledger.reading import RunView, get_run_for_delivery
from ledger.result import FLOOR_MODEL
from tests.integration.test_crew_models import QUOTED, check_record, generations
from tests.stand_ins.failing_model import INVENTED, failing, modes, patience_s
from tests.stand_ins.good_model import routing_to, work_well
from tests.stand_ins.provider import Script, ScriptedProvider, ToolCall
from tests.unit.crews.conftest import _hardened, desk, no_waits, shop  # noqa: F401 - pytest finds them here
from tests.unit.crews.test_triage_workflow import FAILED_RUN, SEED, Helped, helped  # noqa: F401 - as above
from tests.unit.crews.world import ENGINEER, LEAVE_QUESTION, STAFF, Desk, candidate, work_off

# The documents answer it.
VPN = "I have trouble setting up the VPN client at home"
PAY = "My payslip is wrong, overtime is missing"
OF_EACH_KIND = (
    "rate_limit_without_retry_after",
    "cut_mid_answer",
    "malformed_answer_always",
    "invented_citation",
    "endless_loop",
    "context_overflow_always",
)
INSTALL = "Install the VPN client from the software kiosk"


def test_every_mode_of_the_page_is_played() -> None:
    assert [mode.name for mode in FAILURE_MODES] == list(modes())
    assert all(tuple(mode.endings) == WORKFLOWS for mode in FAILURE_MODES)


def check_ending(view: RunView, mode: FailureMode, workflow: str) -> None:
    """State, reason, who answered, and that a fallback is told of."""
    ending = mode.endings[workflow]
    assert (view.state, view.reason) == (ending.state, ending.reason), (view.failure, view.answer)
    assert view.model is not None
    if mode.told is None:
        assert (view.model.name, view.model.fallbacks) == ("main", ())
    else:
        assert view.model.name == FLOOR_MODEL
        assert view.model.fallbacks[0].startswith(f"main: {mode.told}")
        assert any(view.model.fallbacks[0] in caveat for caveat in view.caveats)
    assert ending.by != "the floor" or mode.told is not None
    assert INVENTED not in view.model_dump_json(include={"answer", "claims", "caveats", "how_found"})


@pytest.mark.parametrize("mode", FAILURE_MODES, ids=lambda mode: mode.name)
@pytest.mark.usefixtures("no_waits")
def test_each_question_ends_as_the_page_says(
    desk: Desk, capfd: pytest.CaptureFixture[str], mode: FailureMode
) -> None:
    with ScriptedProvider(failing(mode.name, routing_to("help_desk"))) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider, timeout_s=patience_s(mode.name)))
        check_record(desk, view, provider)
        assert not provider.refusals
    check_ending(view, mode, "ask")
    asked = [span for span in generations(desk, view) if span.attributes["operation"] == "help_desk"]
    assert len(asked) == mode.asked
    if view.state == "answered":
        assert QUOTED in (view.answer or "")
    assert "CrewAI" not in capfd.readouterr().out


def test_what_was_left_out_is_named_in_its_place(desk: Desk) -> None:
    with ScriptedProvider(failing("context_overflow", routing_to("help_desk"))) as provider:
        desk.ask(LEAVE_QUESTION, candidate(provider))
        before, after = provider.requests[-2:]
    [full] = before.tool_results("search_knowledge")
    [short] = after.tool_results("search_knowledge")
    kept = [item["id"] for item in json.loads(short)["evidence"]]
    by_rank = sorted(json.loads(full)["evidence"], key=lambda item: -item["relevance"])
    assert kept == [item["id"] for item in by_rank][: len(kept)]
    assert sorted([*kept, *json.loads(short)["left_out"]]) == sorted(item["id"] for item in by_rank)


def helped_with(helped: Helped, script: Script, mode: str, workflow: str, text: str, email: str) -> RunView:
    run_id = helped.desk.submit(text, email, workflow=workflow)
    with ScriptedProvider(script) as provider:
        work_off(helped.db, helped.runner(candidate(provider, timeout_s=patience_s(mode))).run)
        view = get_run_for_delivery(helped.db, run_id)
        assert not provider.refusals
    # Time stands still here, so the record has no order.
    assert len(generations(helped.desk, view)) == len(provider.requests)
    assert all(span.state != "open" for span in helped.desk.spans(run_id))
    return view


@pytest.mark.parametrize("mode", FAILURE_MODES, ids=lambda mode: mode.name)
@pytest.mark.usefixtures("no_waits")
def test_each_request_for_help_ends_as_the_page_says(helped: Helped, mode: FailureMode) -> None:
    script = failing(mode.name, work_well)
    view = helped_with(helped, script, mode.name, "triage", VPN, STAFF)
    check_ending(view, mode, "triage")
    asked = [span for span in generations(helped.desk, view) if span.attributes["operation"] == "triager"]
    assert len(asked) == mode.asked
    by_rule = mode.endings["triage"].by == "rules"
    assert (helped.tickets(), helped.escalations()) == ([1] if by_rule else [], [])
    told = "Ticket 1 is open for the group “finance”." if by_rule else INSTALL
    assert told in (view.answer or "")


@pytest.mark.parametrize(
    "mode", [mode for mode in FAILURE_MODES if mode.name in OF_EACH_KIND], ids=lambda mode: mode.name
)
@pytest.mark.usefixtures("no_waits")
def test_rules_see_to_a_failed_system_whatever_the_model_does(helped: Helped, mode: FailureMode) -> None:
    script = failing(mode.name, routing_to("triager"))
    view = helped_with(helped, script, mode.name, "ask", SEED, ENGINEER)
    assert (view.state, view.failure) == ("escalated", None)
    assert [(card.ticket, card.error) for card in helped.escalations()] == [(1, FAILED_RUN)]
    assert helped.tickets() == [1]
    for told in (FAILED_RUN, "Ticket 1 is open", "escalation 1."):
        assert told in (view.answer or "")
    assert view.model is not None
    assert [why.removeprefix("main: ")[: len(mode.told or "")] for why in view.model.fallbacks] == (
        [mode.told] if mode.told else []
    )
    assert all(any(why in caveat for caveat in view.caveats) for why in view.model.fallbacks)


@pytest.mark.parametrize("mode", ["server_error", "cut_mid_answer", "endless_search"])
@pytest.mark.usefixtures("no_waits")
def test_what_a_model_did_before_it_failed_is_not_done_again(helped: Helped, mode: str) -> None:
    fails = failing(mode, work_well)
    opening = ToolCall("open_ticket", {"text": "A ticket, please"})
    script: Script = lambda asked: fails(asked) if asked.tool_results("open_ticket") else opening  # noqa: E731 - a script
    view = helped_with(helped, script, mode, "triage", PAY, STAFF)
    assert view.state == "escalated"
    assert (helped.tickets(), helped.escalations()) == ([1], [])
    opened = [span for span in helped.desk.spans(view.run_id, "tool") if span.name == "tool open_ticket"]
    assert [span.attributes["status"] for span in opened] == ["found", "found"]
