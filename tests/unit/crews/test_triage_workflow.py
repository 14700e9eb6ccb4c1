"""Requests for help from the first step to the last, by real crews without a model: what is found, what is
done once, and who is asked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from crews.bootstrap import FUNCTIONS, build_step_runner, publish_shipped_workflows
from crews.step_runner import StepRunner
from ledger.cancel import cancel_run
from ledger.db import Database
from ledger.decision_views import list_decisions
from ledger.decisions import decide
from ledger.deliveries import DeliveryTarget
from ledger.due import pass_due
from ledger.errors import LeaseLost
from ledger.escalation_views import EscalationState, EscalationView
from ledger.escalations import list_escalations
from ledger.people import find_principal
from ledger.reading import RunView, get_run_for_delivery
from ledger.replays import submit_replay
from ledger.schema import DeliveryRow, StepRow
from ledger.settings import ModelCandidate, WorkerSettings
from ledger.spans import list_spans
from ledger.sweep import sweep_steps
from ledger.ticket_views import TicketState, TicketView
from ledger.tickets import get_ticket, list_tickets
from tests.unit.crews.triage_world import CATEGORIES, publish_runs, triage_workspace
from tests.unit.crews.world import ENGINEER, FINANCE, STAFF, Desk, work_off

SEED = (
    "I'm having trouble accessing the quarterly financial reports that were supposed to be ready yesterday, "
    "and I need them for the board meeting this afternoon"
)
VPN = "My VPN does not connect"
UNSURE = "The whale on my desk does not sing"
THREAD = DeliveryTarget(channel="slack", place={"channel": "C1", "thread_ts": "1.2"})
FAILED_RUN = "The pipeline quarterly, due yesterday at 02:10, failed: no rows for three stores."


@dataclass(frozen=True, slots=True)
class Helped:
    """A desk whose workspace has triage, and the runner that works for it."""

    desk: Desk
    settings: WorkerSettings

    @property
    def db(self) -> Database:
        return self.desk.db

    def runner(self, *models: ModelCandidate) -> StepRunner:
        settings = self.settings.model_copy(update={"models": models})
        return build_step_runner(settings, self.db, lambda: self.desk.library)[0]

    def ask(self, text: str, email: str = STAFF, **changes: Any) -> RunView:
        """As far as it comes by itself."""
        return self.work(self.desk.submit(text, email, **changes))

    def work(self, run_id: str) -> RunView:
        work_off(self.db, self.runner().run)
        return get_run_for_delivery(self.db, run_id)

    def step(self, run_id: str, key: str) -> Any:
        step = select(StepRow).where(StepRow.run_id == run_id, StepRow.key == key)
        with self.db.read() as session:
            return session.scalars(step).one()

    def escalations(self, email: str = FINANCE, **states: Any) -> list[EscalationView]:
        return list_escalations(self.db, find_principal(self.db, email), **states)

    def ticket(self, number: int, email: str = FINANCE) -> TicketView:
        return get_ticket(self.db, find_principal(self.db, email), number)

    def tickets(self, email: str = FINANCE) -> list[int]:
        return [ticket.number for ticket in list_tickets(self.db, find_principal(self.db, email))]

    def notices(self) -> list[str]:
        with self.db.read() as session:
            return [row.notice for row in session.scalars(select(DeliveryRow)) if row.notice]


@pytest.fixture
def helped(desk: Desk, sqlite_db: Database, tmp_path: Path) -> Helped:
    # A clock that stands still, since runs are told of as yesterday's.
    desk.db.clock = sqlite_db.clock
    workspace = triage_workspace(tmp_path / "triage_shop")
    publish_shipped_workflows(desk.db)
    publish_runs(desk, workspace)
    var = workspace.folder / "var"
    return Helped(desk, WorkerSettings(workspace=workspace.folder, var=var))


def advance(helped: Helped, seconds: float) -> None:
    helped.db.clock.advance(seconds)  # type: ignore[attr-defined]


@pytest.mark.parametrize("workflow", ["ask", "triage"])
def test_the_failed_pipeline_is_found_and_its_owner_has_it(helped: Helped, workflow: str) -> None:
    view = helped.ask(SEED, ENGINEER, workflow=workflow)
    assert (view.state, view.failure) == ("escalated", None)
    answer = view.answer or ""
    found = f"You have access to Quarterly Financials by name. {FAILED_RUN} Its owner is Reporting"
    assert answer.startswith(found)
    assert "Ticket 1 is open for the group “finance”." in answer
    due = "due by Tuesday 03 March 2026, 09:00 UTC"
    assert f"It was handed over to Reporting (reporting@shop.example), {due}: escalation 1." in answer
    cited = {item.id: item.kind for item in view.evidence}
    assert {cited[label] for claim in view.claims for label in claim.evidence} >= {
        "access",
        "system_status",
        "opened_ticket",
        "escalation",
    }
    [card] = helped.escalations()
    assert (card.task, card.error, card.team, card.group) == (SEED, FAILED_RUN, "Reporting", "finance")
    assert (card.requester, card.ticket, card.run_id, card.priority) == (ENGINEER, 1, view.run_id, 3)
    assert card.context == (
        "Quarterly Financials is affected. The requester has access to Quarterly Financials."
    )
    assert "Checked access to Quarterly Financials: there is." in card.attempted
    assert "Checked how Quarterly Financials fares: failed." in card.attempted
    assert (
        card.expected == "Quarterly Financials works for the requester again, and the requester is told so."
    )
    assert helped.ticket(1).run_id == view.run_id


def test_whoever_may_not_read_it_gets_a_request_for_access_and_no_status(helped: Helped) -> None:
    view = helped.ask(SEED)
    assert view.state == "escalated"
    answer = view.answer or ""
    assert answer.startswith("You have no access to Quarterly Financials. It belongs to Reporting.")
    assert "no rows for three stores" not in view.model_dump_json()
    assert "pipeline" not in answer
    ticket = helped.ticket(1)
    assert ticket.title.startswith("Access to Quarterly Financials: I'm having trouble")
    assert (ticket.group, ticket.requester, helped.escalations()) == ("finance", STAFF, [])


def test_in_a_channel_without_access_the_trouble_is_not_told(helped: Helped) -> None:
    asked = helped.ask(SEED, ENGINEER, workflow="triage", audience_groups=("everyone",))
    # As of any system of which nothing is known, a person decides what it is about.
    [decision] = list_decisions(helped.db, run_id=asked.run_id)
    decide(helped.db, decision.id, find_principal(helped.db, FINANCE), decision.options[0])
    view = helped.work(asked.run_id)
    assert view.state == "escalated"
    assert "no rows for three stores" not in view.model_dump_json()
    access, ticket = (view.answer or "").split("\n\n")
    assert access == "You have access to Quarterly Financials by name."
    assert ticket.startswith("Ticket 1 is open for the group “finance”.")
    assert view.caveats[1] == (
        "How Quarterly Financials fares is not told here, as not everybody who reads this has access to it; "
        "ask me in a direct message."
    )
    cleared = helped.ask(SEED, FINANCE, workflow="triage", audience_groups=("everyone", "finance"))
    assert FAILED_RUN in (cleared.answer or "")


def test_a_question_is_answered_from_documents_as_before(helped: Helped) -> None:
    view = helped.ask("How many days of annual leave do full-time staff have?")
    assert (view.state, view.specialist) == ("answered", "Help-desk specialist")
    assert [helped.step(view.run_id, key).state for key in ("classify", "look", "category", "settle")] == [
        "skipped"
    ] * 4
    assert {item.kind for item in view.evidence} == {"passage"}


def test_what_the_documents_settle_is_answered_and_nobody_is_bothered(helped: Helped) -> None:
    view = helped.ask("I have trouble setting up the VPN client at home", workflow="triage")
    assert view.state == "answered"
    assert "Install the VPN client" in (view.answer or "")
    assert view.caveats[-1] == "If this does not settle it, ask again and say that you want a person."
    assert (helped.tickets(), helped.escalations()) == ([], [])


def test_what_nothing_answers_becomes_a_ticket(helped: Helped) -> None:
    view = helped.ask("My payslip is wrong, overtime is missing", workflow="triage")
    assert view.state == "escalated"
    assert (view.answer or "").startswith("Ticket 1 is open for the group “finance”. Priority")
    assert (helped.ticket(1).category, helped.escalations()) == ("pay", [])


def test_whoever_asks_for_a_person_is_handed_to_one(helped: Helped) -> None:
    view = helped.ask("I want to talk to a human about my payslip")
    assert view.state == "escalated"
    [card] = helped.escalations()
    assert (card.team, card.group, card.ticket) == ("Pay", "finance", 1)
    assert "A person was asked for." in view.how_found[0]


def test_where_nobody_can_be_sure_a_person_decides(helped: Helped) -> None:
    view = helped.ask(UNSURE, workflow="triage", deliver_to=THREAD)
    assert view.state == "waiting"
    [asked] = list_decisions(helped.db, run_id=view.run_id)
    assert asked.options == (*asked.options[:3], "None of these")
    assert (set(asked.options[:3]), asked.by) == ({"Network", "Hardware", "Pay"}, "group:finance")
    assert "unlike any request" in asked.question
    [told] = helped.notices()
    assert told.startswith("I am not certain what your request is about, so the group finance is asked.")
    decide(helped.db, asked.id, find_principal(helped.db, FINANCE), "Hardware")
    done = helped.work(view.run_id)
    assert done.state == "escalated"
    assert helped.ticket(1).category == "hardware"
    assert done.caveats == (f"{FINANCE} decided what this is about: Hardware.",)
    # The notice, and the answer.
    assert helped.notices() == [told]


def test_what_no_category_fits_is_declined(helped: Helped) -> None:
    view = helped.ask(UNSURE, workflow="triage")
    [asked] = list_decisions(helped.db, run_id=view.run_id)
    decide(helped.db, asked.id, find_principal(helped.db, FINANCE), "None of these")
    done = helped.work(view.run_id)
    assert (done.state, done.reason) == ("abstained", "out_of_scope")
    assert (done.answer or "").startswith("This is nothing that this desk handles.")
    assert helped.tickets() == []


def test_a_decision_nobody_makes_expires_and_the_likeliest_is_taken(helped: Helped) -> None:
    view = helped.ask(UNSURE, workflow="triage")
    advance(helped, 4 * 3600 + 1)
    assert pass_due(helped.db) == 1
    done = helped.work(view.run_id)
    assert done.state == "escalated"
    assert done.caveats[0].startswith("Nobody decided in time what this is about, so it was taken as: ")
    assert len(helped.tickets()) == 1


def test_a_settling_step_that_dies_before_it_is_committed_does_everything_once(
    helped: Helped, monkeypatch: pytest.MonkeyPatch
) -> None:
    def settled_and_lost(context: Any) -> Any:
        lost.append(settle(context))
        raise LeaseLost("its process died")

    settle, lost = FUNCTIONS["settle_request"], list[Any]()
    monkeypatch.setitem(FUNCTIONS, "settle_request", settled_and_lost)
    run_id = helped.desk.submit(SEED, ENGINEER, workflow="triage", deliver_to=THREAD)
    work_off(helped.db, helped.runner().run)
    assert len(lost) == 1
    assert (helped.tickets(), len(helped.escalations())) == ([1], 1)
    monkeypatch.setitem(FUNCTIONS, "settle_request", settle)
    advance(helped, 60)
    helped.runner().run(helped.step(run_id, "settle").id)
    view = helped.work(run_id)
    assert view.state == "escalated"
    assert helped.step(run_id, "settle").attempt == 2
    assert (helped.tickets(), len(helped.escalations())) == ([1], 1)
    assert "escalation 1" in (view.answer or "")
    assert [event.kind for event in helped.ticket(1).history] == ["opened", "escalated"]


def test_cancelling_takes_back_what_was_done(helped: Helped, monkeypatch: pytest.MonkeyPatch) -> None:
    def cancelled_first(context: Any) -> Any:
        cancel_run(helped.db, context.claim.run_id, ENGINEER)
        raise LeaseLost("cancelled")

    monkeypatch.setitem(FUNCTIONS, "verify_answer", cancelled_first)
    view = helped.ask(SEED, ENGINEER, workflow="triage")
    assert view.state != "escalated"
    advance(helped, 60)
    sweep_steps(helped.db)
    done = helped.work(view.run_id)
    assert done.state == "cancelled"
    ticket = helped.ticket(1, ENGINEER)
    assert (ticket.state, ticket.history[-1].kind) == (TicketState.WITHDRAWN, "withdrawn")
    assert helped.escalations() == []
    [card] = helped.escalations(states=tuple(EscalationState))
    assert card.state is EscalationState.WITHDRAWN


def test_a_replay_opens_nothing_and_says_the_same(helped: Helped) -> None:
    view = helped.ask(SEED, ENGINEER)
    engineer = find_principal(helped.db, ENGINEER)
    again = helped.work(submit_replay(helped.db, view.run_id, engineer, model=None))
    assert (again.state, again.answer) == ("escalated", view.answer)
    assert [item.id for item in again.evidence] == [item.id for item in view.evidence]
    assert (helped.tickets(), len(helped.escalations())) == ([1], 1)
    assert len(helped.ticket(1).history) == 2


def test_several_who_report_the_same_are_told_so_and_handed_over_once(helped: Helped) -> None:
    texts = (VPN, "The VPN does not connect, please help me", "VPN does not connect at all")
    views = [
        helped.ask(f"{text}. I want a human.", email, workflow="triage")
        for text, email in zip(texts, (STAFF, ENGINEER, FINANCE), strict=True)
    ]
    assert [view.state for view in views] == ["escalated"] * 3
    assert "It is part of incident 1: 3 people report VPN." in (views[-1].answer or "")
    assert "incident" not in (views[0].answer or "")


def test_an_incident_that_somebody_has_is_not_handed_over_again(helped: Helped) -> None:
    views = [
        helped.ask(f"The Reports do not load{more}", email, workflow="triage")
        for more, email in (("", STAFF), (" at all", ENGINEER), (" any more", FINANCE))
    ]
    assert [view.state for view in views] == ["escalated"] * 3
    assert "It was handed over to Platform" in (views[1].answer or "")
    last = views[2].answer or ""
    assert "It is part of incident 1: 3 people report Reports." in last
    assert "It is part of incident 1, which was handed over to Platform before." in last
    assert len(helped.escalations()) == 2


def test_every_tool_of_triage_went_through_the_gate(helped: Helped) -> None:
    view = helped.ask(SEED, ENGINEER)
    tools = {span.name: span for span in list_spans(helped.db, view.run_id) if span.kind == "tool"}
    assert set(tools) == {
        "tool classify_request",
        "tool check_access",
        "tool check_system_status",
        "tool find_similar_tickets",
        "tool search_knowledge",
        "tool open_ticket",
        "tool escalate_to_human",
    }
    assert tools["tool open_ticket"].attributes["by_rule"] is True
    assert "by_rule" not in tools["tool search_knowledge"].attributes


def test_a_stolen_device_is_work_of_the_category_that_takes_losses(desk: Desk, tmp_path: Path) -> None:
    with_losses = CATEGORIES.replace("group: finance}\n  - {name: pay", "group: finance, urgency: high, "
                                     "impact: medium, takes_losses: true}\n  - {name: pay")  # fmt: skip
    workspace = triage_workspace(tmp_path / "shop", {"triage/categories.yaml": with_losses})
    publish_shipped_workflows(desk.db)
    publish_runs(desk, workspace)
    helped = Helped(desk, WorkerSettings(workspace=workspace.folder, var=workspace.folder / "var"))
    view = helped.ask("Somebody stole my phone")
    assert (view.state, view.failure) == ("escalated", None)
    assert view.how_found[0] == "Something is lost or stolen, and has to be locked."
    ticket = helped.ticket(1)
    assert (ticket.category, ticket.priority) == ("hardware", 2)
    assert len(helped.escalations()) == 1
