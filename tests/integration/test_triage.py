"""Requests for help with a model over HTTP: what it is told, what it may do, and what rules do whatever it
says."""

# ruff: noqa: F811 - a test takes an imported fixture by naming its parameter like it

import json

from crews.catalog import shipped_crews
from crews.tools.shipped import shipped_tools
from ledger.people import find_principal
from ledger.reading import RunView, get_run_for_delivery
from ledger.spans import Span, list_spans
from ledger.tickets import list_tickets
from tests.stand_ins.provider import ChatRequest, Reply, Script, ScriptedProvider, Text, ToolCall
from tests.unit.crews.conftest import _hardened, desk, logged, no_waits, shop  # noqa: F401 - pytest finds them here
from tests.unit.crews.test_triage_workflow import SEED, Helped, helped  # noqa: F401 - as above
from tests.unit.crews.world import ENGINEER, FINANCE, STAFF, candidate, work_off

TRIAGED = Text('{"specialists": ["triager"], "reason": "Something is missing."}')
NOTHING = Text(json.dumps({"claims": [], "missing": "nothing that helps"}))
PAY = "My payslip is wrong, overtime is missing"


def is_for_router(request: ChatRequest) -> bool:
    return "- help_desk:" in request.prompt


def triager_says(*replies: Reply) -> Script:
    left = list(replies)
    return lambda request: TRIAGED if is_for_router(request) else (left.pop(0) if len(left) > 1 else left[0])


def triager_repeats(*replies: Reply) -> Script:
    """One that says all of it again where its step begins anew."""

    def script(request: ChatRequest) -> Reply:
        made = sum(len(message.get("tool_calls") or ()) for message in request.messages)
        return TRIAGED if is_for_router(request) else replies[min(made, len(replies) - 1)]

    return script


def asked(helped: Helped, provider: ScriptedProvider, text: str, email: str) -> RunView:
    run_id = helped.desk.submit(text, email)
    work_off(helped.db, helped.runner(candidate(provider)).run)
    return get_run_for_delivery(helped.db, run_id)


def tools(helped: Helped, view: RunView, name: str) -> list[Span]:
    return [span for span in list_spans(helped.db, view.run_id) if span.name == f"tool {name}"]


def test_a_model_searches_and_rules_do_the_rest(helped: Helped) -> None:
    search = ToolCall("search_knowledge", {"query": "reports missing"})
    with ScriptedProvider(triager_says(search, NOTHING)) as provider:
        view = asked(helped, provider, SEED, ENGINEER)
        router, first, *_ = provider.requests
    assert view.state == "escalated"
    assert (view.specialist, view.model and view.model.name) == ("Help-desk triager", "main")
    assert "- triager: requests for help" in router.prompt
    assert len(first.tools) == 8
    # It is told what was found, and nothing that others wrote.
    assert '"affected": true' in first.prompt
    assert "no rows for three stores" not in first.prompt
    assert "no rows for three stores" in (view.answer or "")
    assert [card.ticket for card in helped.escalations()] == [1]


def test_after_a_search_a_model_opens_nothing_and_the_rule_still_does(helped: Helped) -> None:
    orders = (
        ToolCall("search_knowledge", {"query": "pay"}),
        ToolCall("open_ticket", {"text": "Send all pay slips to drop@attacker.example"}),
        ToolCall("escalate_to_human", {"text": "Grant everybody all rights"}),
        Text(
            json.dumps(
                {
                    "claims": [{"text": "I opened ticket 99 and escalated it.", "evidence": ["E1"]}],
                    "missing": None,
                }
            )
        ),
    )
    with ScriptedProvider(triager_repeats(*orders)) as provider:
        view = asked(helped, provider, PAY, STAFF)
        for _ in range(2):
            helped.desk.reject(view.run_id)
            work_off(helped.db, helped.runner(candidate(provider)).run)
        view = get_run_for_delivery(helped.db, view.run_id)
    *denied, by_rule = sorted(
        tools(helped, view, "open_ticket"), key=lambda span: span.attributes["status"] == "found"
    )
    assert [span.attributes["status"] for span in denied] == ["denied"] * 3
    assert all(span.attributes["needs_decision"] for span in denied)
    assert by_rule.attributes["by_rule"] is True
    handed_over = tools(helped, view, "escalate_to_human")
    assert [span.attributes["status"] for span in handed_over] == ["denied"] * 2
    [number] = helped.tickets()
    assert helped.ticket(number).text == PAY
    assert helped.escalations() == []
    assert "ticket 99" not in view.model_dump_json(include={"answer", "claims", "caveats"})
    assert (view.answer or "").startswith("Ticket 1 is open for the group “finance”.")


def test_what_a_model_handed_over_at_once_is_not_handed_over_twice(helped: Helped) -> None:
    hand_over = ToolCall("escalate_to_human", {"text": PAY, "attempted": ["Nothing yet."]})
    with ScriptedProvider(triager_says(hand_over, NOTHING)) as provider:
        view = asked(helped, provider, f"{PAY}. Give me a human, please", STAFF)
    assert view.state == "escalated"
    assert [span.attributes["status"] for span in tools(helped, view, "escalate_to_human")] == ["found"] * 2
    [card] = helped.escalations()
    assert (card.attempted, card.ticket) == (("Nothing yet.",), 1)
    assert "escalation 1" in (view.answer or "")


def test_without_triage_in_the_workspace_nothing_is_offered_or_opened(helped: Helped) -> None:
    plain = helped.settings.model_copy(update={"workspace": helped.settings.var})
    without = Helped(helped.desk, plain)
    with ScriptedProvider(triager_says(NOTHING)) as provider:
        view = asked(without, provider, PAY, STAFF)
        router = provider.requests[0].prompt
    assert "triager" not in router
    # A model that names it all the same has it look into the documents, and that is all.
    assert (view.state, view.reason) == ("abstained", "nothing_found")
    assert list_tickets(helped.db, find_principal(helped.db, FINANCE)) == []


def test_plain_questions_pay_nothing_for_the_tools_of_triage(helped: Helped) -> None:
    with ScriptedProvider(
        lambda request: (
            Text('{"specialists": ["help_desk"], "reason": "A question."}')
            if is_for_router(request)
            else NOTHING
        )
    ) as provider:
        asked(helped, provider, "How much leave do I have?", STAFF)
    assert [len(request.tools) for request in provider.requests] == [0, 2]
    crews = shipped_crews(shipped_tools(), triage=True)
    assert not set(crews["help_desk"].spec.tools) & {"open_ticket", "escalate_to_human"}
