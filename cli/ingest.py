"""`crewdesk ingest`: prepares the database, then reads the workspace's documents into the library."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import ExitStatus

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from knowledge.ingest_report import FileOutcome, IngestReport
    from ledger.settings import EmbeddedSettings
    from ledger.workspace import Workspace


def ingest_command(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[PATH]", help="One file or folder of the documents; all if not given."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Read and judge everything, say what would happen, write nothing."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="An IngestReport as JSON.")] = False,
) -> ExitStatus:
    """Prepare the database and read the workspace's documents. Unchanged documents cost nothing.

    Files that cannot be used are listed with the reason; the others are read all the same. Ctrl-C ends after
    the passages at hand, and the next run goes on from there. A batch that would change the library too much
    is not served until somebody releases it.

    Exit status: 0 done, 2 wrong usage, 5 the batch is blocked or something failed, 130 interrupted.

    [bold]Examples[/bold]

    crewdesk ingest

    crewdesk ingest --dry-run

    crewdesk ingest documents/finance
    """
    from cli.screen import open_screen, print_json
    from cli.start import read_settings
    from knowledge.model_files import check_model_files, installed_model_folder
    from ledger.settings import EmbeddedSettings

    settings = read_settings(EmbeddedSettings)
    check_model_files(installed_model_folder())
    report = foretell(settings, path) if dry_run else run_ingestion(settings, path)
    if report is None:
        return ExitStatus.INTERRUPTED
    if as_json:
        print_json(report)
    else:
        print_report(open_screen(), report)
    return status_of(report)


def run_ingestion(settings: "EmbeddedSettings", path: Path | None) -> "IngestReport | None":
    """None where it was interrupted; the person has been told."""
    from cli.embedded import open_installation
    from cli.failures import say
    from cli.progress import progress_bars
    from knowledge.ingest import IngestionInterrupted, ingest

    with open_installation(settings, "ingest") as installation, _stop_on_ctrl_c() as stop:
        workspace = installation.workspace
        only = named_in(workspace, path)
        try:
            with progress_bars() as on_progress:
                return ingest(
                    installation.db, workspace, installation.library, on_progress, only=only, stop=stop
                )
        except IngestionInterrupted as interrupted:
            say(str(interrupted))
            return None


def foretell(settings: "EmbeddedSettings", path: Path | None) -> "IngestReport":
    """Looks at the installation as it is; where there is none yet, at an empty one in a temporary folder."""
    import tempfile

    from cli.progress import progress_bars
    from cli.start import database_file, open_ledger
    from knowledge.bootstrap import open_library
    from knowledge.ingest import preview
    from ledger.db import Database
    from ledger.migrate import migrate
    from ledger.var_folder import hold_var
    from ledger.workspace import open_workspace

    workspace = open_workspace(settings.workspace)
    only = named_in(workspace, path)
    file = database_file(settings)
    if file is None or file.exists():
        with hold_var(settings.var, "ingest --dry-run"), open_ledger(settings) as db:
            library = open_library(settings, db)
            try:
                with progress_bars() as on_progress:
                    return preview(db, workspace, library, on_progress, only=only)
            finally:
                library.close()
    with tempfile.TemporaryDirectory(prefix="crewdesk-") as folder:
        empty = settings.model_copy(update={"var": Path(folder)})
        db = Database(empty.ledger_url)
        library = open_library(empty, db)
        try:
            migrate(db)
            with progress_bars() as on_progress:
                return preview(db, workspace, library, on_progress, only=only)
        finally:
            library.close()
            db.close()


def named_in(workspace: "Workspace", path: Path | None) -> str | None:
    """The name documents have at this path, whether it was typed from here or from the workspace's folder.
    Raises InvalidInput where it is not among the documents."""
    from ledger.errors import InvalidInput

    if path is None:
        return None
    folder = workspace.folder.resolve()
    roots = [root.resolve() for root in workspace.document_folders]
    # Not resolved to its end: the document is the link, not what it leads to. Nor by `Path.resolve`, which
    # raises where a link leads back to itself.
    tried = [
        Path(os.path.realpath(each.parent)) / each.name if each.name else Path(os.path.realpath(each))
        for each in (folder / path, Path.cwd() / path)
    ]
    within = [full for full in tried if any(full.is_relative_to(root) for root in roots)]
    if within:
        # A document that went has no file any more; its name is the one the workspace gave it.
        chosen = next((full for full in within if full.exists()), within[0])
        return Path(os.path.relpath(chosen, folder)).as_posix()
    named = ", ".join(workspace.file.documents)
    raise InvalidInput(f"{path} is not within the workspace's documents ({named}).")


def status_of(report: "IngestReport") -> ExitStatus:
    return ExitStatus.FAILED if report.outcome == "blocked" else ExitStatus.DONE


def print_report(screen: "Console", report: "IngestReport") -> None:
    from rich.table import Table

    from cli.screen import printable

    table = Table(box=None, pad_edge=False)
    table.add_column("documents")
    table.add_column("", justify="right")
    for change, count in sorted(report.changes.items()):
        table.add_row(change, f"{count:,}")
    table.add_row("passages served", f"{report.passages:,}")
    if report.outcome == "dry_run":
        table.add_row("passages to make", f"{report.to_embed:,}")
    else:
        table.add_row("passages made now", f"{report.embedded:,}")
    screen.print(table)
    if report.outcome == "dry_run":
        _print_changed(screen, report)
    refused = [file for file in report.files if _is_told(file)]
    if refused:
        screen.print("\nKept back, and so not served:", style="bold")
        screen.print(_refused_table(refused))
    for warning in (*report.warnings, *(() if report.outcome == "blocked" else report.drift)):
        screen.print(f"Warning: {printable(warning)}", style="yellow")
    _print_end(screen, report)


def _print_end(screen: "Console", report: "IngestReport") -> None:
    size = f"{report.bytes / 1_000_000:.1f} MB"
    screen.print(f"\n{len(report.files):,} files, {size}, in {report.seconds:.1f} s.", style="dim")
    if report.outcome == "dry_run":
        took = f"{report.estimated_seconds or 0:,.0f} s"
        screen.print(f"Nothing was written. Making these passages would take about {took}.")
    if report.outcome == "blocked":
        screen.print("\nThis batch is not served; the library answers as before. Why:", style="bold red")
        for reason in report.drift:
            screen.print(f"  - {reason}")
        screen.print(
            "Look at the documents. If this is what you want, let a steward release the batch, then ingest "
            f"again:\n  crewdesk knowledge release {report.ingestion_id} --as EMAIL\n  crewdesk ingest",
            soft_wrap=True,
        )


def _print_changed(screen: "Console", report: "IngestReport") -> None:
    from cli.screen import printable

    for file in report.files:
        if file.change != "unchanged":
            screen.print(f"  {file.change:<11} {printable(file.path)}", soft_wrap=True)


def _is_told(file: "FileOutcome") -> bool:
    return (file.status != "ok" or file.change == "postponed") and file.change != "removed"


def _refused_table(files: list["FileOutcome"]) -> "RenderableType":
    from rich.table import Table

    from cli.screen import printable

    table = Table(box=None, pad_edge=False)
    for heading in ("file", "status", "reason"):
        table.add_column(heading, overflow="fold")
    for file in files:
        table.add_row(printable(file.path), file.status, printable(file.reason or ""))
    return table


@contextmanager
def _stop_on_ctrl_c() -> Iterator[threading.Event]:
    """The first Ctrl-C asks the ingestion to end after the batch at hand, the second ends it at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask_to_stop(_signal: int, _frame: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if sys.stderr.isatty():
            print("\nStopping after this batch; Ctrl-C again stops at once.", file=sys.stderr)

    before = signal.signal(signal.SIGINT, ask_to_stop)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
