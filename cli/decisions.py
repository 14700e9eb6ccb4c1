"""`crewdesk decisions list | show | decide`: what runs wait for a person to settle."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Who

if TYPE_CHECKING:
    from ledger.decision_views import Decision

DecisionId = Annotated[
    str, typer.Argument(metavar="ID", help="A decision's id, or at least its last four characters.")
]


def build_group() -> typer.Typer:
    group = typer.Typer(help="Settle what runs wait for.", no_args_is_help=True)
    group.command("list")(list_command)
    group.command("show")(show_command)
    group.command("decide")(decide_command)
    return group


def list_command(
    email: Who,
    run_id: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="All of one run, also those that are settled.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A DecisionList as JSON.")] = False,
) -> None:
    """List what is open for you to decide, and what your own runs wait for.

    [bold]Examples[/bold]

    crewdesk decisions list --as manager@company.example

    crewdesk decisions list --run 9f3c01ab --as manager@company.example --json
    """
    from cli.screen import open_screen, print_json
    from cli.shapes import DecisionList
    from cli.start import open_ledger_as
    from ledger.decision_views import list_decisions_for
    from ledger.short_ids import resolve_run_id

    with open_ledger_as(email) as (db, person):
        of_run = None if run_id is None else resolve_run_id(db, run_id)
        decisions = list_decisions_for(db, person, run_id=of_run)
    if as_json:
        print_json(DecisionList(decisions=tuple(decisions)))
        return
    if not decisions:
        open_screen().print("There is nothing to decide here.")
        return
    _print_table(decisions)


def show_command(
    decision_id: DecisionId,
    email: Who,
    as_json: Annotated[bool, typer.Option("--json", help="A Decision as JSON.")] = False,
) -> None:
    """Show one decision: what is asked and why, what to read before, and what was decided.

    [bold]Examples[/bold]

    crewdesk decisions show 9f3c01ab --as manager@company.example
    """
    from cli.start import open_ledger_as
    from ledger.decision_views import get_decision_for
    from ledger.short_ids import resolve_decision_id

    with open_ledger_as(email) as (db, person):
        decision = get_decision_for(db, resolve_decision_id(db, decision_id), person)
    _print_decision(decision, as_json=as_json)


def decide_command(
    decision_id: DecisionId,
    choice: Annotated[str, typer.Argument(metavar="CHOICE", help="One of its options.")],
    email: Annotated[
        str, typer.Option("--as", metavar="EMAIL", help="Who decides; an address from people.yaml.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="A Decision as JSON.")] = False,
) -> None:
    """Decide. The run goes on with it at once where `crewdesk serve` or a worker runs, else with the next
    command that works.

    [bold]Examples[/bold]

    crewdesk decisions decide 9f3c01ab yes --as manager@company.example
    """
    from cli.start import open_ledger_as
    from ledger.decision_views import get_decision_for
    from ledger.decisions import decide
    from ledger.short_ids import resolve_decision_id

    with open_ledger_as(email) as (db, person):
        seen = get_decision_for(db, resolve_decision_id(db, decision_id), person)
        decision = decide(db, seen.id, person, choice)
    # Whoever decides has read it.
    _print_decision(
        decision.model_copy(update={"detail": None}) if not as_json else decision, as_json=as_json
    )


def _print_table(decisions: "list[Decision]") -> None:
    from cli.screen import list_table, open_screen, printable
    from ledger.deciders import in_words
    from ledger.ids import short_id

    table = list_table(("decision", "run", "state", "asked", "until", "by"), "question")
    for decision in decisions:
        until = f"{decision.expires_at.astimezone():%m-%d %H:%M}" if decision.expires_at else ""
        table.add_row(
            short_id(decision.id),
            short_id(decision.run_id),
            decision.state,
            f"{decision.asked_at.astimezone():%m-%d %H:%M}",
            until,
            printable(in_words(decision.by)),
            printable(_question(decision)),
        )
    open_screen().print(table)


def _print_decision(decision: "Decision", *, as_json: bool) -> None:
    from cli.screen import open_screen, print_json, printable
    from ledger.deciders import in_words
    from ledger.ids import short_id
    from ledger.schema import DecisionState

    if as_json:
        print_json(decision)
        return
    screen = open_screen()
    screen.print(f"Decision {short_id(decision.id)}, {decision.state}: {printable(_question(decision))}")
    screen.print(f"  asked for by {printable(decision.requester)}, run {short_id(decision.run_id)}")
    if decision.why:
        screen.print(f"  {printable(decision.why)}")
    if decision.digest:
        screen.print(f"  SHA-256 of what is decided upon: {decision.digest}")
    if decision.detail:
        screen.print(f"\n{printable(decision.detail)}\n")
    if decision.state == DecisionState.OPEN:
        until = f" until {decision.expires_at.astimezone():%Y-%m-%d %H:%M}" if decision.expires_at else ""
        by = printable(in_words(decision.by))
        screen.print(f"  for {by} to decide{until}: {printable(_options(decision))}")
    elif decision.choice is not None:
        whose = f"by {decision.decided_by}" if decision.decided_by else "as nobody decided in time"
        screen.print(f"  {printable(decision.choice)}, {printable(whose)}")


def _question(decision: "Decision") -> str:
    """With the title of what is decided upon, if it has one."""
    title, _, _ = (decision.detail or "").partition("\n")
    return f"{title[2:].strip()}: {decision.question}" if title.startswith("# ") else decision.question


def _options(decision: "Decision") -> str:
    return " | ".join(decision.options)
