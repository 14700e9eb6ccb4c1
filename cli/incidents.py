"""`crewdesk incidents list | show | update`: what several people report, and one word to all of them."""

from typing import Annotated

import typer

from cli.options import Who

Number = Annotated[int, typer.Argument(min=1, metavar="NUMBER", help="An incident's number.")]


def build_group() -> typer.Typer:
    group = typer.Typer(help="Look after what several people report at once.", no_args_is_help=True)
    group.command("list")(list_command)
    group.command("show")(show_command)
    group.command("update")(update_command)
    return group


def list_command(
    email: Who,
    done: Annotated[bool, typer.Option("--all", help="Those that are resolved, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="An IncidentList as JSON.")] = False,
) -> None:
    """List the incidents you handle or reported, the newest first.

    [bold]Examples[/bold]

    crewdesk incidents list --as you@company.example
    """
    from cli.screen import open_screen, print_json, printable
    from cli.shapes import IncidentList
    from cli.start import open_ledger_as
    from ledger.incidents import list_incidents
    from ledger.ticket_views import TicketState

    with open_ledger_as(email) as (db, person):
        states = tuple(TicketState) if done else (TicketState.OPEN,)
        found = list_incidents(db, person, states)
    if as_json:
        print_json(IncidentList(incidents=tuple(found)))
        return
    screen = open_screen()
    if not found:
        screen.print("There are no incidents here.")
    for incident in found:
        screen.print(
            f"Incident {incident.number}, {incident.state}: {incident.people} people report "
            f"{printable(incident.title)}"
        )


def show_command(
    number: Number,
    email: Who,
    as_json: Annotated[bool, typer.Option("--json", help="An IncidentView as JSON.")] = False,
) -> None:
    """Show one incident and those of its tickets that you may see.

    [bold]Examples[/bold]

    crewdesk incidents show 2 --as you@company.example
    """
    from cli.screen import open_screen, print_json, printable
    from cli.start import open_ledger_as
    from ledger.incidents import get_incident

    with open_ledger_as(email) as (db, person):
        incident = get_incident(db, person, number)
    if as_json:
        print_json(incident)
        return
    screen = open_screen()
    screen.print(
        f"Incident {incident.number}, {incident.state}: {incident.people} people report "
        f"{printable(incident.title)}"
    )
    screen.print(
        f"  {printable(incident.category)}, for {printable(incident.group)}, since "
        f"{incident.opened_at.astimezone():%Y-%m-%d %H:%M}"
    )
    screen.print(f"  tickets: {', '.join(map(str, incident.tickets)) or 'none that you may see'}")


def update_command(
    number: Number,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What all who reported it are told.")],
    email: Who,
    resolve: Annotated[
        bool, typer.Option("--resolve", help="It is over: its tickets are resolved with it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="An IncidentUpdated as JSON.")] = False,
) -> None:
    """Tell everybody who reported it, once: in their tickets, and in the threads they asked in.

    [bold]Examples[/bold]

    crewdesk incidents update 2 "We are restarting the gateway." --as desk@company.example

    crewdesk incidents update 2 "It works again." --resolve --as desk@company.example
    """
    from cli.screen import open_screen, print_json
    from cli.shapes import IncidentUpdated
    from cli.start import open_ledger_as
    from ledger.incidents import update_incident

    with open_ledger_as(email) as (db, person):
        update = update_incident(db, person, number, text, resolves=resolve)
    if as_json:
        print_json(IncidentUpdated(incident=update.incident, tickets=update.tickets))
        return
    told = ", ".join(map(str, update.tickets)) or "no ticket"
    open_screen().print(f"Incident {number} is {update.incident.state}; written to {told}.")
