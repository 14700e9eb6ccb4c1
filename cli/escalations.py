"""`crewdesk escalations list | show | acknowledge | resolve`: what was handed over, and how it stands."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Who

if TYPE_CHECKING:
    from ledger.escalation_views import EscalationView

Number = Annotated[int, typer.Argument(min=1, metavar="NUMBER", help="An escalation's number.")]
AsJson = Annotated[bool, typer.Option("--json", help="An EscalationView as JSON.")]


def build_group() -> typer.Typer:
    group = typer.Typer(help="Look after what triage handed over to people.", no_args_is_help=True)
    group.command("list")(list_command)
    group.command("show")(show_command)
    group.command("acknowledge")(acknowledge_command)
    group.command("resolve")(resolve_command)
    return group


def list_command(
    email: Who,
    done: Annotated[bool, typer.Option("--all", help="Those that are settled, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many escalations.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="An EscalationList as JSON.")] = False,
) -> None:
    """List what you asked for and what was handed over to your groups, the ones due first at the top.

    [bold]Examples[/bold]

    crewdesk escalations list --as you@company.example

    crewdesk escalations list --as you@company.example --all --json
    """
    from cli.screen import open_screen, print_json
    from cli.shapes import EscalationList
    from cli.start import open_ledger_as
    from ledger.escalation_views import UNSETTLED, EscalationState
    from ledger.escalations import list_escalations

    with open_ledger_as(email) as (db, person):
        states = tuple(EscalationState) if done else UNSETTLED
        found = list_escalations(db, person, states=states, limit=limit)
    if as_json:
        print_json(EscalationList(escalations=tuple(found)))
        return
    if not found:
        open_screen().print("There are no escalations here.")
        return
    _print_table(found)


def show_command(number: Number, email: Who, as_json: AsJson = False) -> None:
    """Show one escalation: all that its owner needs to go on.

    [bold]Examples[/bold]

    crewdesk escalations show 3 --as you@company.example
    """
    from cli.start import open_ledger_as
    from ledger.escalations import get_escalation

    with open_ledger_as(email) as (db, person):
        card = get_escalation(db, person, number)
    _print_card(card, as_json=as_json)


def acknowledge_command(number: Number, email: Who, as_json: AsJson = False) -> None:
    """Say that somebody of your group is at it; whoever asked hears of it.

    [bold]Examples[/bold]

    crewdesk escalations acknowledge 3 --as owner@company.example
    """
    from cli.start import open_ledger_as
    from ledger.escalations import acknowledge_escalation

    with open_ledger_as(email) as (db, person):
        card = acknowledge_escalation(db, person, number)
    _print_card(card, as_json=as_json)


def resolve_command(
    number: Number,
    email: Who,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What was done, for the requester.")],
    as_json: AsJson = False,
) -> None:
    """Say how it was settled. That resolves its ticket too, and whoever asked hears of it.

    [bold]Examples[/bold]

    crewdesk escalations resolve 3 --as owner@company.example --note "The reports are there now."
    """
    from cli.start import open_ledger_as
    from ledger.escalations import resolve_escalation

    with open_ledger_as(email) as (db, person):
        card = resolve_escalation(db, person, number, note)
    _print_card(card, as_json=as_json)


def _print_table(found: "list[EscalationView]") -> None:
    from cli.screen import list_table, open_screen, printable

    table = list_table(("no.", "priority", "state", "due", "team", "by"), "task")
    for card in found:
        table.add_row(
            str(card.number),
            str(card.priority),
            "OVERDUE" if card.overdue else card.state,
            f"{card.due_at.astimezone():%m-%d %H:%M}",
            printable(card.team),
            printable(card.requester),
            printable(card.task),
        )
    open_screen().print(table)


def _print_card(card: "EscalationView", *, as_json: bool) -> None:
    from cli.screen import open_screen, print_json, printable

    if as_json:
        print_json(card)
        return
    screen = open_screen()
    state = f"{card.state}, OVERDUE" if card.overdue else str(card.state)
    screen.print(f"Escalation {card.number}, {state}: for {printable(card.team)} ({printable(card.contact)})")
    ticket = f", ticket {card.ticket}" if card.ticket else ""
    due = f"{card.due_at.astimezone():%Y-%m-%d %H:%M}"
    screen.print(
        f"  asked by {printable(card.requester)}{ticket}; due by {due}; seen by {printable(card.group)}"
    )
    for name, text in (
        ("What is wanted", card.task),
        ("What is known", card.context),
        ("The error", card.error),
        ("What was tried", "\n".join(card.attempted)),
        ("Why it presses", card.urgency),
        ("What it takes", card.expertise),
        ("What would settle it", card.expected),
        ("How it was settled", card.note),
    ):
        if text:
            screen.print(f"\n{name}", style="bold")
            screen.print(printable(text))
    for done, by, at in (
        ("acknowledged", card.acknowledged_by, card.acknowledged_at),
        ("resolved", card.resolved_by, card.resolved_at),
    ):
        if by and at:
            screen.print(f"  {at.astimezone():%Y-%m-%d %H:%M} {done} by {printable(by)}", style="dim")
