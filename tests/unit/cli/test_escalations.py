"""`crewdesk escalations` and `crewdesk incidents`: what a person sees, and what they can do about it."""

import json
from datetime import timedelta

import pytest

from cli.exits import ExitStatus
from cli.shapes import EscalationList, IncidentList, IncidentUpdated
from ledger.db import Database
from ledger.escalation_views import EscalationView
from ledger.escalations import HandOff, hand_over
from ledger.incidents import gather_incident
from ledger.people import find_principal
from ledger.ticket_views import IncidentView
from ledger.tickets import TicketRequest, get_ticket, open_ticket
from tests.unit.cli.conftest import YOU, Crewdesk

COLLEAGUE = "colleague@company.example"


@pytest.fixture
def handed(ledger: Database) -> Database:
    """A ticket of the colleague's, an escalation of yours, and a late one of theirs; all for your group."""
    colleague = find_principal(ledger, COLLEAGUE)
    request = TicketRequest(
        title="Invoices",
        text="Invoices are missing.",
        category="other",
        priority=1,
        priority_reason="Priority 1.",
        group="finance",
    )
    open_ticket(ledger, colleague, request, "t")
    for number, asked in ((1, YOU), (2, COLLEAGUE)):
        card = HandOff(
            task=f"Invoices are missing, \x1b[31m{number}.",
            context="The job failed.",
            error="no rows",
            attempted=("Looked the job up.", "Searched the documents."),
            priority=number,
            urgency="Somebody waits.",
            expertise="Invoices",
            expected="They are there.",
            team="Invoices",
            contact="invoices@company.example",
            group="finance",
            due_at=ledger.clock.now() + timedelta(hours=3 - 2 * number),
            ticket=1,
        )
        hand_over(ledger, find_principal(ledger, asked), card, str(number))
    return ledger


@pytest.mark.usefixtures("handed")
def test_those_due_first_are_listed_first_and_the_late_one_is_seen(crewdesk: Crewdesk) -> None:
    ran = crewdesk("escalations", "list", "--as", YOU)
    heading, first, second = ran.out.splitlines()
    assert heading.split() == ["no.", "priority", "state", "due", "team", "by", "task"]
    assert (first.split()[:3], second.split()[:3]) == (["2", "2", "OVERDUE"], ["1", "1", "open"])
    assert "\x1b" not in ran.out
    listed = EscalationList.model_validate_json(
        crewdesk("escalations", "list", "--as", COLLEAGUE, "--json").out
    )
    assert [card.number for card in listed.escalations] == [2]


@pytest.mark.usefixtures("handed")
def test_one_is_shown_whole_taken_up_and_settled(crewdesk: Crewdesk, handed: Database) -> None:
    shown = crewdesk("escalations", "show", "2", "--as", YOU).out
    for told in ("Escalation 2, open, OVERDUE: for Invoices", "ticket 1", "no rows", "Looked the job up."):
        assert told in shown
    assert "They are there." in shown
    taken = crewdesk("escalations", "acknowledge", "2", "--as", YOU, "--json")
    assert EscalationView.model_validate_json(taken.out).acknowledged_by == YOU
    done = crewdesk("escalations", "resolve", "2", "--as", YOU, "--note", "Sent again.")
    assert "How it was settled\nSent again." in done.out
    assert get_ticket(handed, find_principal(handed, COLLEAGUE), 1).state == "resolved"
    assert crewdesk("escalations", "list", "--as", COLLEAGUE).out == "There are no escalations here.\n"
    again = crewdesk("escalations", "resolve", "2", "--as", YOU, "--note", "Sent again.")
    assert again.complaint == "Escalation 2 is resolved already."
    everything = json.loads(crewdesk("escalations", "list", "--as", COLLEAGUE, "--all", "--json").out)
    assert [card["state"] for card in everything["escalations"]] == ["resolved"]


@pytest.mark.usefixtures("handed")
def test_what_is_not_ones_own_is_not_there(crewdesk: Crewdesk) -> None:
    foreign = crewdesk("escalations", "show", "1", "--as", COLLEAGUE)
    assert foreign.status == ExitStatus.USAGE
    assert foreign.complaint == "There is no escalation 1 that you may see."
    refused = crewdesk("escalations", "acknowledge", "2", "--as", COLLEAGUE)
    assert (refused.status, refused.complaint) == (
        ExitStatus.DENIED,
        "Only the group finance can settle escalation 2.",
    )


@pytest.mark.usefixtures("ledger")
def test_nothing_to_show_is_told(crewdesk: Crewdesk) -> None:
    assert crewdesk("escalations", "list", "--as", YOU).out == "There are no escalations here.\n"
    assert crewdesk("incidents", "list", "--as", YOU).out == "There are no incidents here.\n"


def test_one_word_reaches_everybody_of_an_incident(crewdesk: Crewdesk, handed: Database) -> None:
    gather_incident(handed, "Invoices", [1])
    listed = IncidentList.model_validate_json(crewdesk("incidents", "list", "--as", YOU, "--json").out)
    assert [(each.number, each.people) for each in listed.incidents] == [(1, 1)]
    shown = crewdesk("incidents", "show", "1", "--as", YOU, "--json")
    assert IncidentView.model_validate_json(shown.out).tickets == (1,)
    assert "tickets: 1" in crewdesk("incidents", "show", "1", "--as", COLLEAGUE).out
    refused = crewdesk("incidents", "update", "1", "Wait.", "--as", COLLEAGUE)
    assert refused.complaint == "There is no incident 1 that you handle."
    updated = crewdesk("incidents", "update", "1", "We are at it.", "--as", YOU, "--json")
    assert IncidentUpdated.model_validate_json(updated.out).tickets == (1,)
    over = crewdesk("incidents", "update", "1", "It works.", "--resolve", "--as", YOU)
    assert over.out == "Incident 1 is resolved; written to 1.\n"
    ticket = get_ticket(handed, find_principal(handed, COLLEAGUE), 1)
    assert [event.text for event in ticket.history][-2:] == ["We are at it.", "It works."]
    assert "Incident 1, resolved" in crewdesk("incidents", "list", "--as", YOU, "--all").out
