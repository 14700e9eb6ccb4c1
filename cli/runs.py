"""`crewdesk runs` and `crewdesk run show`: what was asked and what came of it."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from cli.shapes import RunList


def list_runs_command(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many runs.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="A RunList as JSON.")] = False,
) -> None:
    """List the latest runs, the newest first.

    [bold]Examples[/bold]

    crewdesk runs

    crewdesk runs --limit 100 --json
    """
    from cli.screen import open_screen, print_json
    from cli.shapes import RunList
    from cli.start import open_ledger, read_settings
    from ledger.reading import list_runs
    from ledger.settings import ProcessSettings

    with open_ledger(read_settings(ProcessSettings)) as db:
        runs = RunList(runs=tuple(list_runs(db, limit)))
    if as_json:
        print_json(runs)
        return
    _print_table(open_screen(), runs)


def show_run_command(
    run_id: Annotated[
        str, typer.Argument(metavar="ID", help="A run's id, or at least its last four characters.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="A RunView as JSON.")] = False,
) -> None:
    """Show one run: question, answer, sources and steps.

    [bold]Examples[/bold]

    crewdesk run show 9f3c01ab

    crewdesk run show 9f3c01ab --json
    """
    from cli.answer import print_run
    from cli.screen import open_screen, print_json, printable
    from cli.start import open_ledger, read_settings
    from ledger.artifacts import ARTIFACTS
    from ledger.reading import get_run
    from ledger.settings import ProcessSettings
    from ledger.short_ids import resolve_run_id

    settings = read_settings(ProcessSettings)
    with open_ledger(settings) as db:
        run = get_run(db, resolve_run_id(db, run_id))
    if as_json:
        print_json(run)
        return
    screen = open_screen()
    asked = f"{run.created_at.astimezone():%Y-%m-%d %H:%M}"
    screen.print(f"{printable(run.principal)} asked by {run.source} on {asked}:")
    screen.print(f"  {printable(run.question)}\n")
    print_run(screen, run, settings.var / ARTIFACTS)
    for step in run.timings.steps:
        tries = f", attempt {step.attempts}" if step.attempts > 1 else ""
        took = "" if step.seconds is None else f" in {step.seconds:.2f} s"
        screen.print(f"  step {step.key}: {step.state}{took}{tries}", style="dim")


def watch_run_command(
    run_id: Annotated[
        str, typer.Argument(metavar="ID", help="A run that gave no figure because its data was not fit.")
    ],
) -> None:
    """Have a question of figures asked again by itself, once its data is fit.

    The answer goes where the first one went: into the Slack thread, or into `crewdesk runs`. Data is loaded
    and checked by `crewdesk serve` or the scheduler as often as each product says, or by `catalog load`.

    [bold]Examples[/bold]

    crewdesk run watch 9f3c01ab
    """
    from cli.screen import open_screen, printable
    from cli.start import open_ledger, read_settings
    from ledger.settings import ProcessSettings
    from ledger.short_ids import resolve_run_id
    from ledger.watches import watch_run

    with open_ledger(read_settings(ProcessSettings)) as db:
        watch = watch_run(db, resolve_run_id(db, run_id))
    products = printable(", ".join(watch.products))
    open_screen().print(f"The question is asked again as soon as {products} can give a figure.")


def cancel_command(
    run_id: Annotated[
        str, typer.Argument(metavar="ID", help="A run's id, or at least its last four characters.")
    ],
) -> None:
    """Cancel a run: nothing more is begun, what is being worked on stops, and what is done is undone where
    its workflow says how.

    [bold]Examples[/bold]

    crewdesk cancel 9f3c01ab
    """
    from cli.start import open_ledger, read_settings
    from ledger.cancel import cancel_run
    from ledger.ids import short_id
    from ledger.schema import RunState
    from ledger.settings import ProcessSettings
    from ledger.short_ids import resolve_run_id

    with open_ledger(read_settings(ProcessSettings)) as db:
        found = resolve_run_id(db, run_id)
        state = cancel_run(db, found, "cli")
    if state == RunState.CANCELLED:
        print(f"Run {short_id(found)} is cancelled.")
    else:
        print(f"Run {short_id(found)} is being cancelled; what is at work on it stops within two seconds.")


def _print_table(screen: "Console", runs: "RunList") -> None:
    from cli.screen import list_table, printable
    from ledger.ids import short_id
    from ledger.schema import OPEN_RUN_STATES

    if not runs.runs:
        screen.print('No runs yet. Ask something: crewdesk ask "How do I ...?" --as EMAIL')
        return
    table = list_table(("run", "state", "asked", "by", "seconds"), "question")
    for run in runs.runs:
        seconds = "" if run.total_s is None else f"{run.total_s:.1f}"
        asked = f"{run.created_at.astimezone():%m-%d %H:%M}"
        question = " ".join(printable(run.question).split())
        done = f" {run.steps_done}/{run.steps_total}" if run.state in OPEN_RUN_STATES else ""
        table.add_row(
            short_id(run.run_id), f"{run.state}{done}", asked, printable(run.principal), seconds, question
        )
    screen.print(table)
