"""`crewdesk tickets`: what a person sees of tickets, and how one is resolved."""

import json

import pytest

from cli.exits import ExitStatus
from cli.shapes import TicketList
from ledger.db import Database
from ledger.incidents import gather_incident
from ledger.people import find_principal
from ledger.ticket_views import TicketView
from ledger.tickets import TicketRequest, open_ticket
from tests.unit.cli.conftest import YOU, Crewdesk

COLLEAGUE = "colleague@company.example"


@pytest.fixture
def tickets(ledger: Database) -> Database:
    """Two of the colleague's, the second for your group."""
    for title, group, priority in (("A dark \x1b[31mscreen", "it", 3), ("A wrong invoice", "finance", 2)):
        request = TicketRequest(
            title=title,
            text=f"{title}, please help.",
            category="other",
            priority=priority,
            priority_reason=f"Priority {priority}: as usual.",
            group=group,
        )
        open_ticket(ledger, find_principal(ledger, COLLEAGUE), request, title)
    return ledger


@pytest.mark.usefixtures("tickets")
def test_tickets_are_listed_with_the_most_pressing_first(crewdesk: Crewdesk) -> None:
    ran = crewdesk("tickets", "list", "--as", COLLEAGUE)
    assert ran.status == ExitStatus.DONE
    heading, first, second = ran.out.splitlines()
    assert heading.split() == ["ticket", "priority", "state", "opened", "group", "by", "title"]
    assert first.startswith("2       2         open")
    assert "A wrong invoice" in first
    assert "\x1b" not in second
    listed = TicketList.model_validate_json(crewdesk("tickets", "list", "--as", COLLEAGUE, "--json").out)
    assert [ticket.number for ticket in listed.tickets] == [2, 1]


def test_a_long_title_leaves_the_numbers_their_room(crewdesk: Crewdesk, ledger: Database) -> None:
    request = TicketRequest(
        title="The reports are not there " * 4,
        text="x",
        category="other",
        priority=1,
        priority_reason="Priority 1.",
        group="financial-reporting-and-control",
    )
    open_ticket(ledger, find_principal(ledger, COLLEAGUE), request, "long")
    heading, line = crewdesk("tickets", "list", "--as", COLLEAGUE).out.splitlines()
    assert heading.split() == ["ticket", "priority", "state", "opened", "group", "by", "title"]
    assert line.startswith("1       1         open")
    assert "financial-repor…" in line
    assert "The reports are" in line
    assert max(map(len, (heading, line))) <= 100


@pytest.mark.usefixtures("ledger")
def test_nothing_to_list_is_told(crewdesk: Crewdesk) -> None:
    assert crewdesk("tickets", "list", "--as", YOU).out == "There are no tickets here.\n"


def test_a_ticket_is_shown_whole_and_resolved(crewdesk: Crewdesk, tickets: Database) -> None:
    gather_incident(tickets, "Invoices", [2])
    done = crewdesk("tickets", "resolve", "2", "--as", YOU, "--note", "Corrected it.", "--json")
    assert TicketView.model_validate_json(done.out).state == "resolved"
    shown = crewdesk("tickets", "show", "2", "--as", COLLEAGUE).out
    assert "Ticket 2, resolved: A wrong invoice" in shown
    assert "Priority 2: as usual." in shown
    assert "1 person reports Invoices" in shown
    assert f"resolved by {YOU}: Corrected it." in shown
    assert json.loads(crewdesk("tickets", "list", "--as", YOU, "--json").out)["tickets"][0]["number"] == 1
    every = crewdesk("tickets", "list", "--as", COLLEAGUE, "--all", "--json").out
    assert len(json.loads(every)["tickets"]) == 2


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (("show", "9", "--as", YOU), ExitStatus.USAGE, "There is no ticket 9 that you may see."),
        (("show", "1", "--as", "stranger@x.example"), ExitStatus.DENIED, "Nobody called stranger@x.example"),
        (("resolve", "2", "--as", YOU, "--note", " "), ExitStatus.USAGE, "A note on a ticket has 1 to 8,000"),
    ],
)
@pytest.mark.usefixtures("tickets")
def test_what_cannot_be_done_is_told_in_a_line(
    crewdesk: Crewdesk, arguments: tuple[str, ...], status: ExitStatus, complaint: str
) -> None:
    ran = crewdesk("tickets", *arguments)
    assert ran.status == status
    assert ran.complaint.startswith(complaint)


@pytest.mark.usefixtures("tickets")
def test_whoever_asked_confirms_a_ticket_or_opens_it_again(crewdesk: Crewdesk) -> None:
    crewdesk("tickets", "resolve", "2", "--as", YOU)
    refused = crewdesk("tickets", "confirm", "2", "--as", YOU)
    assert refused.status == ExitStatus.DENIED
    assert refused.complaint == "Only whoever asked can confirm that ticket 2 is solved."
    closed = crewdesk("tickets", "confirm", "2", "--as", COLLEAGUE)
    assert closed.status == ExitStatus.DONE
    assert "Ticket 2, closed" in closed.out
    again = crewdesk("tickets", "reopen", "2", "--as", COLLEAGUE, "--note", "It is wrong again.", "--json")
    ticket = TicketView.model_validate_json(again.out)
    assert [event.kind for event in ticket.history] == ["opened", "resolved", "closed", "reopened"]
    assert (ticket.state, ticket.history[-1].text) == ("reopened", "It is wrong again.")
    late = crewdesk("tickets", "confirm", "2", "--as", COLLEAGUE)
    assert (late.status, late.complaint) == (
        ExitStatus.FAILED,
        "Ticket 2 is reopened, so it cannot be closed; it can be resolved or waiting.",
    )
