"""`crewdesk ask`: one question, worked on in this process from the first step to the answer."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cli.embedded import Installation
    from ledger.progress import RunProgress
    from ledger.reading import RunView
    from ledger.runs import RunRequest


def ask_command(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The question.")],
    email: Annotated[
        str, typer.Option("--as", metavar="EMAIL", help="Who asks; an address from people.yaml.")
    ],
    thread: Annotated[
        str | None, typer.Option(metavar="NAME", help="The conversation this goes on with, or begins.")
    ] = None,
    external_id: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="ID", help="A name for this request: the same one again is the same run."
        ),
    ] = None,
    workflow: Annotated[str, typer.Option(metavar="NAME", help="The workflow that answers.")] = "ask",
    as_json: Annotated[bool, typer.Option("--json", help="A RunView as JSON.")] = False,
) -> int:
    """Ask a question and wait for its answer with numbered sources.

    Exit status: 0 answered, 2 the command does not fit, 3 the crew abstained, 4 not permitted, 5 failed, 6
    waiting for a person or a date.

    [bold]Examples[/bold]

    crewdesk ask "How do I set up the VPN?" --as employee@larkspur.example

    crewdesk ask "And in Q2?" --as employee@larkspur.example --thread budget

    crewdesk ask "When is payday?" --as employee@larkspur.example --id ticket-4711 --json
    """
    from cli.answer import print_run
    from cli.embedded import open_installation
    from cli.exits import ExitStatus, status_of_outcome
    from cli.screen import open_screen, print_json
    from cli.start import checked_email, checked_label, read_settings
    from knowledge.model_files import check_model_files, installed_model_folder
    from ledger.artifacts import ARTIFACTS
    from ledger.ids import new_id
    from ledger.runs import RunRequest, checked_question
    from ledger.settings import EmbeddedSettings

    # Everything that can be refused is refused before `var/` is touched.
    request = RunRequest(
        workflow=workflow,
        principal=checked_email(email),
        question=checked_question(text),
        source="cli",
        external_id=checked_label(external_id, "--id") or new_id(),
        thread=checked_label(thread, "--thread"),
    )
    settings = read_settings(EmbeddedSettings)
    check_model_files(installed_model_folder())
    with open_installation(settings, "ask") as installation:
        run = work_on(installation, request)
        if run.outcome == "abstained":
            mention_empty_library(installation)
        if as_json:
            print_json(run)
        else:
            print_run(open_screen(), run, settings.var / ARTIFACTS)
        _finish_earlier_runs(installation)
    # One that waits for a person or a date has come as far as it can for now.
    return ExitStatus.WAITING if run.is_open else status_of_outcome(run.outcome)


def _finish_earlier_runs(installation: "Installation") -> None:
    """An earlier process may have died in the middle of a run; this one took it up and stays to the end."""
    from cli.failures import say
    from ledger.sweep import count_open_runs

    if count_open_runs(installation.db) == 0:
        return
    say("Finishing what an earlier process left undone ...")
    installation.start_worker()
    left = installation.drain()
    if left:
        say(f"{left} earlier runs are not finished yet; the next command goes on with them.")


def mention_empty_library(installation: "Installation") -> None:
    """Finding nothing has a plain reason where nothing was ever read."""
    from cli.failures import say
    from ledger.documents import count_passages

    if count_passages(installation.db) == 0:
        say("No documents are ingested yet; run `crewdesk ingest` first.")


def work_on(installation: "Installation", request: "RunRequest") -> "RunView":
    """The run once it has ended, or waits for a person or a date."""
    from cli.interrupts import give_in, kept_interrupts
    from cli.screen import status_line
    from ledger.reading import get_run_for_delivery
    from ledger.runs import submit_run

    with kept_interrupts() as asked:
        run_id = submit_run(installation.db, request).run_id
        run = get_run_for_delivery(installation.db, run_id)
        if not run.is_open:
            return run
        with status_line("Starting the crew ...") as line:
            installation.start_worker()

            def show(now: "RunProgress") -> None:
                give_in(asked)
                if line:
                    line.update(_told(now))

            return installation.wait_for_run(run_id, show)


def _told(progress: "RunProgress") -> str:
    doing = ", ".join(progress.at_work) or progress.state
    return f"{doing} ... (step {min(progress.done + 1, progress.total)} of {progress.total})"
