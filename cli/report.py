"""`crewdesk report` and `crewdesk run files`: a report is ordered and worked on in this process until it has
to be approved, and its files are written once it is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from ledger.people import Principal
    from ledger.reading import RunView
    from ledger.settings import EmbeddedSettings

Folder = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Write the files here; it is made where needed.")
]


def report_command(
    brief: Annotated[
        str,
        typer.Argument(
            metavar="BRIEF", help='What kind of report, of which period: "Board pack for Q3 2026".'
        ),
    ],
    email: Annotated[
        str, typer.Option("--as", metavar="EMAIL", help="Who asks; an address from people.yaml.")
    ],
    out: Folder = None,
    external_id: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="ID", help="A name for this request: the same one again is the same run."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A RunView as JSON.")] = False,
) -> int:
    """Order a report: an executive summary, a KPI review, a market brief or a board pack.

    It is worked on here until it waits for the approval of a manager, who is never the one who asked. Once it
    is approved, `crewdesk run files` writes its files.

    Exit status: 0 done, 2 the command does not fit, 3 rejected, or there was nothing to report, 4 not
    permitted, 5 failed, 6 waiting for the approval.

    [bold]Examples[/bold]

    crewdesk report "Board pack for Q3 2026" --as manager@larkspur.example

    crewdesk report "KPI review for October 2026" --as manager@larkspur.example --out reports
    """
    from cli.answer import print_run
    from cli.ask import work_on
    from cli.embedded import open_installation
    from cli.exits import ExitStatus, status_of_outcome
    from cli.screen import open_screen, print_json
    from cli.start import checked_email, checked_label, read_settings
    from knowledge.model_files import check_model_files, installed_model_folder
    from ledger.artifacts import ARTIFACTS
    from ledger.ids import new_id
    from ledger.runs import RunRequest, checked_question
    from ledger.settings import EmbeddedSettings

    request = RunRequest(
        workflow="report",
        principal=checked_email(email),
        question=checked_question(brief),
        source="cli",
        external_id=checked_label(external_id, "--id") or new_id(),
    )
    settings = read_settings(EmbeddedSettings)
    check_model_files(installed_model_folder())
    with open_installation(settings, "report") as installation:
        run = work_on(installation, request)
        if as_json:
            print_json(run)
        else:
            print_run(open_screen(), run, settings.var / ARTIFACTS)
    if out is not None and run.files and not run.is_open:
        _write_files(open_screen(), run, settings.var / ARTIFACTS, out)
    return ExitStatus.WAITING if run.is_open else status_of_outcome(run.outcome)


def run_files_command(
    run_id: Annotated[
        str, typer.Argument(metavar="ID", help="A run's id, or at least its last four characters.")
    ],
    email: Annotated[
        str, typer.Option("--as", metavar="EMAIL", help="Who may see the run; an address from people.yaml.")
    ],
    out: Folder = None,
) -> None:
    """List the files of a run, and write them with --out. One that was approved meanwhile is finished first.

    [bold]Examples[/bold]

    crewdesk run files 9f3c01ab --as manager@larkspur.example

    crewdesk run files 9f3c01ab --as manager@larkspur.example --out reports
    """
    from cli.screen import open_screen
    from cli.start import checked_email, open_ledger, read_settings
    from ledger.artifacts import ARTIFACTS
    from ledger.errors import NotFound
    from ledger.people import find_principal
    from ledger.reading import get_run_for
    from ledger.schema import RunState
    from ledger.settings import EmbeddedSettings
    from ledger.short_ids import resolve_run_id

    settings = read_settings(EmbeddedSettings)
    with open_ledger(settings) as db:
        reader = find_principal(db, checked_email(email))
        run = get_run_for(db, resolve_run_id(db, run_id), reader)
    if run.is_open and run.state != RunState.WAITING:
        run = _finished(settings, run.run_id, reader)
    if run.is_open or not run.files:
        raise NotFound(_no_files(run))
    screen = open_screen()
    if out is None:
        _list_files(screen, run)
    else:
        _write_files(screen, run, settings.var / ARTIFACTS, out)


def _finished(settings: "EmbeddedSettings", run_id: str, reader: "Principal") -> "RunView":
    """The run after what was left of it was worked on here. Raises VarInUse where another process does."""
    from cli.embedded import open_installation
    from ledger.reading import get_run_for

    with open_installation(settings, "run files") as installation:
        installation.start_worker()
        installation.wait_for_run(run_id, lambda _run: None)
        return get_run_for(installation.db, run_id, reader)


def _no_files(run: "RunView") -> str:
    from ledger.ids import short_id

    if run.is_open:
        return (
            f"Run {short_id(run.run_id)} is {run.state}, so it has no files yet; "
            f"`crewdesk run show {short_id(run.run_id)}` says what it waits for."
        )
    return f"Run {short_id(run.run_id)} ended as {run.outcome} and has no files."


def _list_files(screen: "Console", run: "RunView") -> None:
    from cli.screen import printable

    for file in run.files:
        screen.print(f"{printable(file.name)}  {file.size_bytes:,} bytes  sha256 {file.sha256[:12]}")


def _write_files(screen: "Console", run: "RunView", artifacts: Path, out: Path) -> None:
    """Raises NotFound if one of them is gone, InvalidInput where the folder cannot be written."""
    from cli.screen import printable
    from ledger.artifacts import read_kept
    from ledger.errors import InvalidInput

    try:
        out.mkdir(parents=True, exist_ok=True)
        for file in run.files:
            target = out / Path(file.name).name
            target.write_bytes(read_kept(artifacts, file.name, file.sha256))
            screen.print(f"Wrote {printable(str(target))}  ({file.size_bytes:,} bytes)", soft_wrap=True)
    except OSError as error:
        raise InvalidInput(f"--out: {out} cannot be written: {error.strerror or error}.") from error
