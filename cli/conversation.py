"""`crewdesk conversation show`: what was said in a thread, as one of its people may see it."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Who

if TYPE_CHECKING:
    from ledger.thread_views import ThreadView


def build_group() -> typer.Typer:
    group = typer.Typer(help="Look at a conversation.", no_args_is_help=True)
    group.command("show")(show_command)
    return group


def show_command(
    thread: Annotated[str, typer.Argument(metavar="THREAD", help="The name `--thread` gave it.")],
    email: Who,
    as_json: Annotated[bool, typer.Option("--json", help="A ThreadView as JSON.")] = False,
) -> None:
    """Show a conversation you took part in: what was asked, what was learned, and what is still open.

    [bold]Examples[/bold]

    crewdesk conversation show budget --as you@company.example
    """
    from cli.screen import print_json
    from cli.start import checked_label, open_ledger_as
    from ledger.thread_views import get_thread_for

    name = checked_label(thread, "THREAD") or ""
    with open_ledger_as(email) as (db, person):
        view = get_thread_for(db, name, person)
    if as_json:
        print_json(view)
    else:
        _print_thread(view)


def _print_thread(view: "ThreadView") -> None:
    from rich.text import Text

    from cli.screen import open_screen, printable
    from ledger.citations import show_as_of
    from ledger.ids import short_id

    screen = open_screen()
    for turn in view.turns:
        when = f"{turn.at.astimezone():%Y-%m-%d %H:%M}"
        screen.print(Text(f"{when} {printable(turn.speaker)}: {printable(turn.question)}", style="bold"))
        if turn.understood_as is not None:
            screen.print(f"  Understood as: {printable(turn.understood_as)}", highlight=False)
        for at, fact in enumerate(turn.facts):
            screen.print(f"  - {printable(fact.text)}", highlight=False)
            following = turn.facts[at + 1] if at + 1 < len(turn.facts) else None
            # What several stand on is said after the last of them.
            if following is None or (following.sources, following.as_of) != (fact.sources, fact.as_of):
                of = f", as of {show_as_of(fact.as_of)}" if fact.as_of else ""
                screen.print(f"    from {printable(', '.join(fact.sources))}{of}", style="dim")
        if turn.answer is not None and not turn.facts:
            screen.print(f"  {printable(turn.answer)}", highlight=False)
        if turn.left_out:
            screen.print("  (Not all of the answer may be shown to you.)", style="dim")
        screen.print(f"  {turn.state}, run {short_id(turn.run_id)}\n", style="dim", highlight=False)
    if view.open_question is not None:
        screen.print("Still open: which of these is meant?")
        for number, choice in enumerate(view.open_question.choices, start=1):
            screen.print(f"  {number}. {printable(choice)}", highlight=False)
