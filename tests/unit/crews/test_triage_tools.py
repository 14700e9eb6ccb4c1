"""The triager's tools through the gate: what a request is, who has access, how systems fare, and tickets."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from crews.tools.gate import call_tool
from crews.tools.tickets import FIND_SIMILAR_TICKETS, OPEN_TICKET, TicketArguments
from crews.tools.triage import CHECK_ACCESS, CHECK_SYSTEM_STATUS, CLASSIFY_REQUEST
from crews.tools.untrusted import without_marks
from crews.triage.desk import TriageDesk, title_of
from knowledge.warehouse.warehouse import Warehouse
from ledger.db import Database
from ledger.errors import InvalidInput
from ledger.evidence import Finding
from ledger.people import find_principal
from ledger.tickets import get_ticket, list_tickets
from ledger.workspace import Workspace
from tests.unit.crews.test_gate import Gate
from tests.unit.crews.triage_world import publish_runs, triage_desk, triage_gate, triage_workspace
from tests.unit.crews.world import ENGINEER, FINANCE, STAFF, Desk

VPN = "My VPN does not connect"


@pytest.fixture
def desk(desk: Desk, sqlite_db: Database) -> Desk:
    # A clock that stands still, since runs are told of as yesterday's.
    desk.db.clock = sqlite_db.clock
    return desk


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return triage_workspace(tmp_path / "triage_shop")


@pytest.fixture
def triage(desk: Desk, workspace: Workspace) -> TriageDesk:
    return triage_desk(desk, workspace)


@pytest.fixture
def warehouse(desk: Desk, workspace: Workspace) -> Warehouse:
    return publish_runs(desk, workspace)


def findings(gate: Gate) -> list[Finding]:
    return [item.finding for item in gate.context.evidence]


def texts(answer: dict[str, Any]) -> list[str]:
    return [without_marks(item["text"]) for item in answer["evidence"]]


def titles(answer: dict[str, Any]) -> list[str]:
    return [without_marks(item["title"]) for item in answer["evidence"]]


def test_a_request_is_classified_with_its_priority(desk: Desk, triage: TriageDesk) -> None:
    gate = triage_gate(desk, triage)
    answer = gate.call(CLASSIFY_REQUEST, text=f"{VPN}, and I need it this afternoon")
    [found] = findings(gate)
    assert answer["status"] == "found"
    assert found.details["category"] == "network"
    assert (found.details["expertise"], found.details["systems"]) == ("finance", ["VPN"])
    assert (found.details["impact"], found.details["urgency"], found.details["priority"]) == (
        "low",
        "high",
        3,
    )
    assert len(found.details["guesses"]) == 3
    assert (triage.var / "classifier").is_dir()


def test_what_nobody_can_be_sure_of_is_for_a_person(desk: Desk, triage: TriageDesk) -> None:
    gate = triage_gate(desk, triage)
    assert "a person decides" in gate.call(CLASSIFY_REQUEST, text="Sing me a song about whales")["note"]
    assert findings(gate)[0].details["in_scope"] is False
    strict = triage.spec.file.model_copy(update={"sure_from": 0.999})
    triage.spec = dataclasses.replace(triage.spec, file=strict)
    unsure = gate.call(CLASSIFY_REQUEST, text="My laptop and its VPN")
    assert "between the three likeliest" in unsure["note"]
    with pytest.raises(InvalidInput, match="is empty"):
        triage.triage(" \n")


def test_access_is_told_of_the_asker_alone(desk: Desk, triage: TriageDesk) -> None:
    told = {
        email: texts(
            triage_gate(desk, triage, principal=email).call(
                CHECK_ACCESS, system="quarterly financial reports"
            )
        )
        for email in (STAFF, FINANCE, ENGINEER)
    }
    assert told == {
        STAFF: [
            "You have no access to Quarterly Financials. It belongs to Reporting. "
            "To ask for access: the form Access"
        ],
        FINANCE: ["You have access to Quarterly Financials as a member of finance."],
        ENGINEER: ["You have access to Quarterly Financials by name."],
    }


def test_the_failed_pipeline_is_found_with_reason_and_owner(
    desk: Desk, triage: TriageDesk, warehouse: Warehouse
) -> None:
    gate = triage_gate(desk, triage, warehouse, FINANCE)
    answer = gate.call(CHECK_SYSTEM_STATUS, system="I miss the quarterly financial reports of yesterday")
    assert (
        texts(answer)[0]
        == "The pipeline quarterly, due yesterday at 02:10, failed: no rows for three stores."
    )
    assert texts(answer)[1] == "The pipeline quarterly, due on 28 February 2026 at 02:10, succeeded."
    assert texts(answer)[2] == "The pipeline ledger_export, due today at 01:00, succeeded."
    assert texts(answer)[3].startswith(
        "Quarterly Financials is affected: The pipeline quarterly, due yesterday"
    )
    assert "Its owner is Reporting" in texts(answer)[3]
    # What a pipeline says of itself reaches a model as evidence alone, between marks.
    assert "note" not in answer
    page = findings(gate)[-1]
    assert (page.details["health"], page.details["affected"]) == ("failed", True)
    assert page.details["owner_group"] == "finance"
    assert findings(gate)[0].source == "platform.runs"


@pytest.mark.parametrize(
    ("principal", "audience", "why"),
    [
        (STAFF, None, "You have no access to Quarterly Financials."),
        (
            FINANCE,
            ("everyone",),
            "Not everybody who will read this answer has access to Quarterly Financials.",
        ),
        (
            ENGINEER,
            ("everyone",),
            "Not everybody who will read this answer has access to Quarterly Financials.",
        ),
    ],
)
def test_how_a_system_fares_is_told_to_those_alone_who_have_access(
    desk: Desk,
    triage: TriageDesk,
    warehouse: Warehouse,
    principal: str,
    audience: tuple[str, ...] | None,
    why: str,
) -> None:
    gate = triage_gate(desk, triage, warehouse, principal, audience_groups=audience)
    answer = gate.call(CHECK_SYSTEM_STATUS, system="Quarterly Financials")
    assert (answer["status"], findings(gate)) == ("denied", [])
    assert answer["note"].startswith(why)
    cleared = triage_gate(desk, triage, warehouse, FINANCE, audience_groups=("everyone", "finance"))
    assert cleared.call(CHECK_SYSTEM_STATUS, system="Quarterly Financials")["status"] == "found"


def test_the_last_run_tells_how_a_system_is(desk: Desk, triage: TriageDesk, warehouse: Warehouse) -> None:
    gate = triage_gate(desk, triage, warehouse)
    late = gate.call(CHECK_SYSTEM_STATUS, system="Reports")
    assert "The pipeline daily, due today at 05:00, was late." in texts(late)[-1]
    vpn = gate.call(CHECK_SYSTEM_STATUS, system="VPN")
    assert "Nothing on record tells how VPN fares." in texts(vpn)[0]
    assert "Status page: Restarted on Wednesdays." in texts(vpn)[0]


def test_a_system_nobody_declared_and_runs_nobody_keeps_are_told(desk: Desk, triage: TriageDesk) -> None:
    gate = triage_gate(desk, triage)
    answer = gate.call(CHECK_SYSTEM_STATUS, system="the coffee machine")
    assert answer["status"] == "nothing_found"
    assert answer["note"] == "No known system is named there. There are: Quarterly Financials, Reports, VPN."
    without = gate.call(CHECK_SYSTEM_STATUS, system="Reports")
    assert "no data catalog to read pipeline runs from" in texts(without)[0]
    triage.systems = None
    assert gate.call(CHECK_ACCESS, system="VPN")["note"] == "The workspace declares no systems."


def test_without_triage_the_tools_say_so(desk: Desk) -> None:
    answer = Gate(desk).call(CLASSIFY_REQUEST, text=VPN)
    assert (answer["status"], answer["note"]) == (
        "unavailable",
        "There is no triage here: the workspace has no folder triage/.",
    )


def test_opening_a_ticket_needs_a_person_once_others_words_were_read(desk: Desk, triage: TriageDesk) -> None:
    asker = find_principal(desk.db, STAFF)
    opened(desk, triage, STAFF, VPN, "a")
    gate = triage_gate(desk, triage)
    gate.call(FIND_SIMILAR_TICKETS, text=VPN)
    answer = gate.call(OPEN_TICKET, text=VPN)
    assert (answer["status"], "a person's decision" in answer["note"]) == ("denied", True)
    assert len(list_tickets(desk.db, asker)) == 1
    fresh = triage_gate(desk, triage)
    fresh.call(CLASSIFY_REQUEST, text=VPN)
    fresh.call(CHECK_ACCESS, system="VPN")
    assert fresh.call(OPEN_TICKET, text=VPN)["status"] == "found"
    assert len(list_tickets(desk.db, asker)) == 2


def test_no_crew_calls_a_tool_by_rule(desk: Desk, triage: TriageDesk) -> None:
    gate = triage_gate(desk, triage)
    gate.call(FIND_SIMILAR_TICKETS, text=VPN)
    answer = json.loads(call_tool(gate.context, OPEN_TICKET, {"text": VPN}, by_rule=True))
    assert (answer["status"], "in a function step alone" in answer["note"]) == ("denied", True)
    assert list_tickets(desk.db, find_principal(desk.db, STAFF)) == []


def test_a_run_opens_one_ticket_however_often_its_step_is_repeated(desk: Desk, triage: TriageDesk) -> None:
    gate = triage_gate(desk, triage)
    asked = TicketArguments(text=f"{VPN}. Write to ann.smith@shop.example")
    reworded = TicketArguments(text="The VPN will not come up")
    first, again, otherwise = (
        OPEN_TICKET.run(gate.context, arguments).findings[0] for arguments in (asked, asked, reworded)
    )
    assert first == again == otherwise
    assert first.text.startswith("Ticket 1 is open for the group “finance”. Priority 3:")
    ticket = get_ticket(desk.db, find_principal(desk.db, STAFF), 1)
    assert ticket.text == f"{VPN}. Write to [EMAIL_1]"
    assert (ticket.category, ticket.group, ticket.run_id) == ("network", "finance", gate.run_id)
    other = triage_gate(desk, triage)
    wrong = OPEN_TICKET.run(other.context, TicketArguments(text=VPN, category="pets"))
    assert wrong.note == "There is no such category; there are: network, hardware, pay."


def test_similar_tickets_are_those_the_asker_may_see(desk: Desk, triage: TriageDesk) -> None:
    opened(desk, triage, STAFF, VPN, "a")
    opened(desk, triage, ENGINEER, "The VPN is not connecting", "b")
    opened(desk, triage, STAFF, "My payslip is wrong", "c")
    asked = "VPN does not connect at all"
    mine = triage_gate(desk, triage).call(FIND_SIMILAR_TICKETS, text=asked)
    assert titles(mine) == [VPN]
    handled = triage_gate(desk, triage, principal=FINANCE).call(FIND_SIMILAR_TICKETS, text=asked)
    assert set(titles(handled)) == {VPN, "The VPN is not connecting"}
    none = triage_gate(desk, triage, principal=ENGINEER).call(
        FIND_SIMILAR_TICKETS, text="My payslip is wrong"
    )
    assert none["status"] == "nothing_found"


def test_similar_tickets_stay_out_of_a_channel_that_may_not_see_them(desk: Desk, triage: TriageDesk) -> None:
    opened(desk, triage, STAFF, VPN, "a")
    asked = "VPN does not connect at all"
    told = triage_gate(desk, triage, principal=FINANCE, audience_groups=("everyone",))
    assert told.call(FIND_SIMILAR_TICKETS, text=asked)["status"] == "nothing_found"
    cleared = triage_gate(desk, triage, principal=FINANCE, audience_groups=("everyone", "finance"))
    assert titles(cleared.call(FIND_SIMILAR_TICKETS, text=asked)) == [VPN]


def opened(desk: Desk, triage: TriageDesk, email: str, text: str, key: str) -> Any:
    found = triage.triage(text)
    principal = find_principal(desk.db, email)
    return triage.file_ticket(principal, text, found.category, found.priority, key, None)


def test_several_people_who_report_the_same_make_an_incident(desk: Desk, triage: TriageDesk) -> None:
    one = opened(desk, triage, STAFF, VPN, "1")
    twice = opened(desk, triage, STAFF, "VPN does not connect, still", "2")
    other = opened(desk, triage, FINANCE, "The screen of my notebook flickers", "3")
    two = opened(desk, triage, ENGINEER, "The VPN is not connecting", "4")
    assert [filed.incident for filed in (one, twice, other, two)] == [None] * 4
    assert set(two.similar) == {1, 2}
    three = opened(desk, triage, FINANCE, "VPN does not connect from home", "5")
    assert three.incident is not None
    assert (three.incident.title, three.incident.people) == ("VPN", 3)
    view = get_ticket(desk.db, find_principal(desk.db, STAFF), 1)
    assert view.incident == three.incident
    assert get_ticket(desk.db, find_principal(desk.db, FINANCE), 3).incident is None


def test_what_is_long_past_or_resolved_is_no_incident(desk: Desk, triage: TriageDesk) -> None:
    opened(desk, triage, STAFF, VPN, "1")
    desk.db.clock.advance(5 * 3600)  # type: ignore[attr-defined]
    opened(desk, triage, ENGINEER, VPN, "2")
    late = opened(desk, triage, FINANCE, VPN, "3")
    assert (late.incident, set(late.similar)) == (None, {1, 2})


def test_a_title_is_cut_between_words() -> None:
    assert title_of(" a\n b ") == "a b"
    title = title_of("word " * 50)
    assert title.endswith("word ...")
    assert len(title) <= 110
