"""A model that wants to order parcels after it has read what others wrote: a person is asked about that very
call, with the real CrewAI, a model over HTTP, and a system that takes orders."""

# ruff: noqa: F811 - a test takes an imported fixture by naming its parameter like it

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from crews.bootstrap import build_step_runner
from ledger.call_decisions import APPROVE, EXPIRES_S, REJECT
from ledger.cancel import cancel_run_for
from ledger.clock import ManualClock
from ledger.decision_views import Decision, list_decisions_for
from ledger.decisions import decide
from ledger.due import pass_due
from ledger.people import find_principal
from ledger.reading import RunView, get_run_for_delivery
from ledger.replays import submit_replay
from ledger.run_diff import diff_of
from ledger.settings import ModelCandidate, WorkerSettings
from ledger.spans import Span
from ledger.sweep import release_leases
from tests.faults import asking
from tests.stand_ins.parcels import ParcelSystem
from tests.stand_ins.provider import ChatRequest, Reply, ScriptedProvider, Text, ToolCall
from tests.stand_ins.provider.scripts import Script
from tests.stand_ins.warm_process import WarmProcess
from tests.unit.crews.conftest import _hardened, desk, shop  # noqa: F401 - pytest finds them here
from tests.unit.crews.test_tools_at_work import server, system, workspace  # noqa: F401 - as above
from tests.unit.crews.tool_files import SECRETS, order_tool, write_tools
from tests.unit.crews.world import ENGINEER, FINANCE, STAFF, Desk, candidate, work_off

Asked = Callable[[ChatRequest], ToolCall]

STATUS = ToolCall("parcel_status", {"parcel": "P7"})
NOTE = "for <!channel> at https://evil.example/in?d=1\u200b"
ORDER = ToolCall("order_parcels", {"pieces": 500, "note": NOTE})
TOLD = "The state of the parcel is delivered, and its weight_kg is 2.5."


def wanting(*calls: ToolCall) -> Script:
    """A model that reads of a parcel, makes these calls, and then tells what it read."""
    return saying(*[lambda _request, call=call: call for call in calls])


def saying(*calls: Asked) -> Script:
    def script(request: ChatRequest) -> Reply:
        made = sum(len(message.get("tool_calls") or ()) for message in request.messages)
        if made < 1 + len(calls):
            return (lambda _request: STATUS, *calls)[made](request)
        labels = re.findall(r'"id": "(E\d+)"', str(request.tool_results("parcel_status")))
        return Text(json.dumps({"claims": [{"text": TOLD, "evidence": labels}]}))

    return script


class Case:
    """The desk of one test, with the workspace that declares the tools."""

    def __init__(self, desk: Desk, workspace: Path, system: ParcelSystem) -> None:
        self.desk, self.db, self.workspace, self.system = desk, desk.db, workspace, system

    def begin(self, model: ModelCandidate) -> RunView:
        return self.work(self.desk.submit("Where is parcel P7?", workflow="parcels"), model)

    def work(self, run_id: str, model: ModelCandidate) -> RunView:
        settings = WorkerSettings(
            var=self.desk.var, workspace=self.workspace, models=(model,), tool_secrets=SECRETS
        )
        work_off(self.db, build_step_runner(settings, self.db, lambda: self.desk.library)[0].run)
        return get_run_for_delivery(self.db, run_id)

    def asked(self, email: str = STAFF) -> list[Decision]:
        return list_decisions_for(self.db, find_principal(self.db, email))

    def say(self, choice: str, email: str = STAFF) -> None:
        [asked] = self.asked(email)
        decide(self.db, asked.id, find_principal(self.db, email), choice)

    def orders(self, run_id: str) -> list[Span]:
        return [span for span in self.desk.spans(run_id, "tool") if span.name == "tool order_parcels"]

    @property
    def placed(self) -> list[object]:
        return [order.json for order in self.system.received if order.method == "POST"]


@pytest.fixture
def case(desk: Desk, workspace: Path, system: ParcelSystem) -> Case:
    return Case(desk, workspace, system)


def test_what_is_approved_is_done_once_and_nothing_before_that(case: Case) -> None:
    with ScriptedProvider(wanting(ORDER)) as provider:
        view = case.begin(candidate(provider))
        assert (view.state, case.placed, len(provider.requests)) == ("waiting", [], 2)
        [asked] = case.asked()
        assert [one.id for one in view.decisions] == [asked.id]
        case.say(APPROVE)
        done = case.work(view.run_id, candidate(provider))
        told = provider.requests[2].prompt
    assert (done.state, done.answer, done.caveats) == ("answered", TOLD, ())
    assert case.placed == [{"pieces": 500, "noteText": NOTE}]
    first, second = case.orders(view.run_id)
    assert (first.attributes["status"], first.attributes["needs_decision"]) == ("denied", ["E1"])
    assert "A person is being asked now. Stop here" in first.output["note"]
    assert (second.attributes["status"], second.attributes["approved_by_decision"]) == ("found", asked.id)
    assert "needs_decision" not in second.attributes
    assert "approved: if it was not made yet, make this call, exactly so" in told
    assert case.asked() == []


def test_the_question_tells_all_of_the_call_and_nothing_in_it_acts(case: Case) -> None:
    with ScriptedProvider(wanting(ORDER)) as provider:
        case.begin(candidate(provider))
    [asked] = case.asked()
    assert asked.question == "May order_parcels be carried out, with exactly the arguments below?"
    assert asked.why is not None
    assert "Orders parcels. It hands something to somebody outside." in asked.why
    assert "(E1)" in asked.why
    assert asked.detail == (
        '{\n "pieces": 500,\n "note": "for \\u003c!channel\\u003e at '
        'https[:]//evil[.]example/in?d=1\\u200b"\n}'
    )
    assert (asked.by, asked.options, len(asked.digest or "")) == (
        f"person:{STAFF}",
        (APPROVE, REJECT),
        64,
    )
    assert [case.asked(email) for email in (FINANCE, ENGINEER)] == [[], []]


def test_a_replay_takes_what_was_decided_from_the_record_and_asks_nobody(case: Case) -> None:
    with ScriptedProvider(wanting(ORDER)) as provider:
        model = candidate(provider)
        view = case.begin(model)
        case.say(APPROVE)
        done = case.work(view.run_id, model)
        staff = find_principal(case.db, STAFF)
        again = case.work(submit_replay(case.db, view.run_id, staff, None), model)
        anew = case.work(submit_replay(case.db, view.run_id, staff, "main"), model)
    assert diff_of(case.db, done, again).diverged == ()
    assert done.answer == again.answer == anew.answer
    assert (len(case.placed), case.asked()) == (1, [])


@pytest.mark.parametrize("is_late", [False, True])
def test_what_is_rejected_or_nobody_decides_is_denied_and_answered_without(case: Case, is_late: bool) -> None:
    with ScriptedProvider(wanting(ORDER)) as provider:
        view = case.begin(candidate(provider))
        if is_late:
            case.db.clock = ManualClock(case.db.clock.now() + timedelta(seconds=EXPIRES_S + 1))
            assert pass_due(case.db) == 1
        else:
            case.say(REJECT)
        done = case.work(view.run_id, candidate(provider))
    _, denied = case.orders(view.run_id)
    said = "did not decide in time" if is_late else "said: reject"
    assert (denied.attributes["status"], said in denied.output["note"]) == ("denied", True)
    why = "nobody decided" if is_late else "rejected it"
    assert (done.state, done.answer) == ("answered", TOLD)
    [caveat] = done.caveats
    assert caveat == (
        "order_parcels was not carried out: a person was asked, because the run had read what others wrote, "
        f"and {why}."
    )
    assert (case.placed, case.asked()) == ([], [])


def test_other_arguments_are_asked_about_anew_and_twice_at_most(case: Case) -> None:
    pieces = [500, 501, 502]

    def order(request: ChatRequest) -> ToolCall:
        return ToolCall(
            "order_parcels", {"pieces": pieces[request.prompt.count("make this call, exactly so")]}
        )

    with ScriptedProvider(saying(order)) as provider:
        view = case.begin(candidate(provider))
        for _ in range(2):
            case.say(APPROVE)
            view = case.work(view.run_id, candidate(provider))
    assert view.state == "answered"
    assert case.placed == []
    assert "asked as often as a step may ask" in case.orders(view.run_id)[-1].output["note"]
    assert [span.attributes["status"] for span in case.orders(view.run_id)] == ["denied"] * 3


def test_a_second_call_is_asked_about_after_the_first_which_is_not_done_twice(case: Case) -> None:
    second = ToolCall("order_parcels", {"pieces": 7})
    with ScriptedProvider(wanting(ORDER, second)) as provider:
        view = case.begin(candidate(provider))
        case.say(APPROVE)
        view = case.work(view.run_id, candidate(provider))
        assert (view.state, len(case.placed)) == ("waiting", 1)
        case.say(APPROVE)
        view = case.work(view.run_id, candidate(provider))
    assert view.state == "answered"
    assert [order["pieces"] for order in case.placed] == [500, 7]  # type: ignore[index]


def test_what_was_done_before_anything_was_read_takes_nothing_from_what_is_approved(case: Case) -> None:
    early = ToolCall("order_parcels", {"pieces": 1})

    def script(request: ChatRequest) -> Reply:
        begins_anew = "A person was asked" in request.prompt
        made = sum(len(message.get("tool_calls") or ()) for message in request.messages)
        calls = [STATUS, ORDER] if begins_anew else [early, STATUS, ORDER]
        return calls[made] if made < len(calls) else Text(json.dumps({"claims": [], "missing": "more"}))

    with ScriptedProvider(script) as provider:
        view = case.begin(candidate(provider))
        assert (view.state, len(case.placed)) == ("waiting", 1)
        case.say(APPROVE)
        case.work(view.run_id, candidate(provider))
    assert [order["pieces"] for order in case.placed] == [1, 500]  # type: ignore[index]


def test_cancelling_while_it_waits_ends_the_run_and_the_question(case: Case) -> None:
    with ScriptedProvider(wanting(ORDER)) as provider:
        view = case.begin(candidate(provider))
        assert cancel_run_for(case.db, view.run_id, find_principal(case.db, STAFF)) == "cancelled"
        view = case.work(view.run_id, candidate(provider))
        assert len(provider.requests) == 2
    assert (view.state, case.asked(), case.placed) == ("cancelled", [], [])


def test_a_declaration_says_who_else_decides(case: Case) -> None:
    write_tools(case.workspace, order_tool(case.system.url, decided_by="role:engineer"))
    with ScriptedProvider(wanting(ORDER)) as provider:
        view = case.begin(candidate(provider))
        [asked] = case.asked(ENGINEER)
        assert asked.by == "role:engineer"
        case.say(APPROVE, ENGINEER)
        view = case.work(view.run_id, candidate(provider))
    assert (view.state, len(case.placed)) == ("answered", 1)


def test_a_worker_that_dies_before_anybody_is_asked_has_the_question_asked_once(
    case: Case, tmp_path: Path
) -> None:
    with ScriptedProvider(wanting(ORDER)) as provider:
        view_id = case.desk.submit("Where is parcel P7?", workflow="parcels")
        step = case.desk.claim(view_id)
        release_leases(case.db)
        url, folders = (
            f"sqlite:///{case.db.engine.url.database}",
            (str(case.workspace), str(tmp_path / "var")),
        )
        model = (provider.base_url, provider.api_key)
        died = WarmProcess(asking.main, (url, step.step_id, *folders, *model, "decision.wanted")).end(120)
        assert died.status == 137, died.err
        assert (case.asked(), len(provider.requests)) == ([], 2)
        release_leases(case.db)
        view = case.work(view_id, candidate(provider))
        assert (view.state, len(case.asked())) == ("waiting", 1)
        # What the first worker wanted is what is asked, whatever a model would say now.
        assert len(provider.requests) == 2
        case.say(APPROVE)
        view = case.work(view_id, candidate(provider))
    assert (view.state, len(case.placed)) == ("answered", 1)
