"""`crewdesk tickets list | show | resolve | confirm | reopen`: those a person has, handles or looks after."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Who

if TYPE_CHECKING:
    from ledger.ticket_views import TicketSummary, TicketView

Number = Annotated[int, typer.Argument(min=1, metavar="NUMBER", help="A ticket's number.")]
AsJson = Annotated[bool, typer.Option("--json", help="A TicketView as JSON.")]


def build_group() -> typer.Typer:
    group = typer.Typer(help="Look after the tickets that triage opened.", no_args_is_help=True)
    group.command("list")(list_command)
    group.command("show")(show_command)
    group.command("resolve")(resolve_command)
    group.command("confirm")(confirm_command)
    group.command("reopen")(reopen_command)
    return group


def list_command(
    email: Who,
    done: Annotated[bool, typer.Option("--all", help="Those that are resolved or closed, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many tickets.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="A TicketList as JSON.")] = False,
) -> None:
    """List your own tickets and those of your groups, the most pressing first.

    [bold]Examples[/bold]

    crewdesk tickets list --as you@company.example

    crewdesk tickets list --as you@company.example --all --json
    """
    from cli.screen import open_screen, print_json
    from cli.shapes import TicketList
    from cli.start import open_ledger_as
    from ledger.ticket_views import UNRESOLVED, TicketState
    from ledger.tickets import list_tickets

    with open_ledger_as(email) as (db, person):
        states = tuple(TicketState) if done else UNRESOLVED
        tickets = list_tickets(db, person, states=states, limit=limit)
    if as_json:
        print_json(TicketList(tickets=tuple(tickets)))
        return
    if not tickets:
        open_screen().print("There are no tickets here.")
        return
    _print_table(tickets)


def show_command(number: Number, email: Who, as_json: AsJson = False) -> None:
    """Show one ticket: what was asked, how pressing it is and why, and all that happened since.

    [bold]Examples[/bold]

    crewdesk tickets show 12 --as you@company.example
    """
    from cli.start import open_ledger_as
    from ledger.tickets import get_ticket

    with open_ledger_as(email) as (db, person):
        ticket = get_ticket(db, person, number)
    _print_ticket(ticket, as_json=as_json)


def resolve_command(
    number: Number,
    email: Who,
    note: Annotated[
        str | None, typer.Option("--note", metavar="TEXT", help="What was done, for the requester.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say that a ticket is resolved. A reply of the requester opens it again.

    [bold]Examples[/bold]

    crewdesk tickets resolve 12 --as desk@company.example --note "The gateway was restarted."
    """
    from cli.start import open_ledger_as
    from ledger.ticket_changes import change_ticket
    from ledger.ticket_views import TicketState

    with open_ledger_as(email) as (db, person):
        ticket = change_ticket(db, person, number, TicketState.RESOLVED, note)
    _print_ticket(ticket, as_json=as_json)


def confirm_command(number: Number, email: Who, as_json: AsJson = False) -> None:
    """Say that a ticket of your own is solved; it is closed then.

    [bold]Examples[/bold]

    crewdesk tickets confirm 12 --as you@company.example
    """
    from cli.start import open_ledger_as
    from ledger.ticket_follow_up import confirm_ticket

    with open_ledger_as(email) as (db, person):
        ticket = confirm_ticket(db, person, number)
    _print_ticket(ticket, as_json=as_json)


def reopen_command(
    number: Number,
    email: Who,
    note: Annotated[
        str | None,
        typer.Option("--note", metavar="TEXT", help="What is still wrong, for those who handle it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say that a resolved or closed ticket is not solved.

    [bold]Examples[/bold]

    crewdesk tickets reopen 12 --as you@company.example --note "It happens again, each morning."
    """
    from cli.start import open_ledger_as
    from ledger.ticket_changes import change_ticket
    from ledger.ticket_views import TicketState

    with open_ledger_as(email) as (db, person):
        ticket = change_ticket(db, person, number, TicketState.REOPENED, note)
    _print_ticket(ticket, as_json=as_json)


def _print_table(tickets: "list[TicketSummary]") -> None:
    from cli.screen import list_table, open_screen, printable

    table = list_table(("ticket", "priority", "state", "opened", "group", "by"), "title")
    for ticket in tickets:
        table.add_row(
            str(ticket.number),
            str(ticket.priority),
            ticket.state,
            f"{ticket.created_at.astimezone():%m-%d %H:%M}",
            printable(ticket.group),
            printable(ticket.requester),
            printable(ticket.title),
        )
    open_screen().print(table)


def _print_ticket(ticket: "TicketView", *, as_json: bool) -> None:
    from cli.screen import open_screen, print_json, printable

    if as_json:
        print_json(ticket)
        return
    screen = open_screen()
    screen.print(f"Ticket {ticket.number}, {ticket.state}: {printable(ticket.title)}")
    screen.print(
        f"  {printable(ticket.category)}, for {printable(ticket.group)}, by {printable(ticket.requester)}"
    )
    screen.print(f"  {printable(ticket.priority_reason)}")
    if ticket.incident:
        people = ticket.incident.people
        who = "1 person reports" if people == 1 else f"{people} people report"
        told = f"{who} {printable(ticket.incident.title)}"
        screen.print(f"  incident {ticket.incident.number}, {ticket.incident.state}: {told}")
    if ticket.similar:
        screen.print(f"  similar tickets: {', '.join(map(str, ticket.similar))}")
    screen.print(f"\n{printable(ticket.text)}\n")
    for event in ticket.history:
        text = f": {printable(event.text)}" if event.text else ""
        when = f"{event.at.astimezone():%Y-%m-%d %H:%M}"
        screen.print(f"  {when} {event.kind} by {printable(event.actor)}{text}", style="dim")
