"""`crewdesk ingest`: prepares the database, then reads the workspace's documents into the library."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from knowledge.ingest_report import FileOutcome, IngestProgress, IngestReport

_PHASES = {
    "reading": "Reading files",
    "embedding": "Embedding passages",
    "finishing": "Settling the index",
}


def ingest_command(
    as_json: Annotated[bool, typer.Option("--json", help="An IngestReport as JSON.")] = False,
) -> None:
    """Prepare the database and read the workspace's documents. Unchanged documents cost nothing.

    Files that cannot be used are listed with the reason; the others are read all the same.

    [bold]Examples[/bold]

    crewdesk ingest

    CREWDESK_WORKSPACE=examples/larkspur crewdesk ingest --json
    """
    from cli.embedded import open_installation
    from cli.screen import open_screen, print_json
    from cli.start import read_settings
    from knowledge.ingest import ingest
    from knowledge.model_files import check_model_files, installed_model_folder
    from ledger.settings import EmbeddedSettings

    settings = read_settings(EmbeddedSettings)
    check_model_files(installed_model_folder())
    with open_installation(settings, "ingest") as installation, _progress_bar() as on_progress:
        report = ingest(installation.db, installation.workspace, installation.library, on_progress)
        name = installation.workspace.file.name
    if as_json:
        print_json(report)
        return
    _print_report(open_screen(), name, report)


@contextmanager
def _progress_bar() -> Iterator[Callable[["IngestProgress"], None]]:
    if not sys.stderr.isatty():
        yield lambda _progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Starting", total=None)

        def show(progress: "IngestProgress") -> None:
            bar.update(
                task, description=_PHASES[progress.phase], completed=progress.done, total=progress.total
            )

        yield show


def _print_report(screen: "Console", name: str, report: "IngestReport") -> None:
    from rich.table import Table

    from cli.screen import printable

    table = Table(box=None, pad_edge=False, title=printable(name), title_justify="left")
    table.add_column("documents")
    table.add_column("", justify="right")
    for change, count in sorted(report.changes.items()):
        table.add_row(change, f"{count:,}")
    table.add_row("passages served", f"{report.passages:,}")
    table.add_row("passages made now", f"{report.embedded:,}")
    screen.print(table)
    refused = [file for file in report.files if file.status != "ok" and file.change != "removed"]
    if refused:
        screen.print("\nNot readable, and so not served:", style="bold")
        screen.print(_refused_table(refused))
    for warning in report.warnings:
        screen.print(f"Warning: {printable(warning)}", style="yellow")
    size = f"{report.bytes / 1_000_000:.1f} MB"
    screen.print(f"\n{len(report.files):,} files, {size}, in {report.seconds:.1f} s.", style="dim")


def _refused_table(files: list["FileOutcome"]) -> "RenderableType":
    from rich.table import Table

    from cli.screen import printable

    table = Table(box=None, pad_edge=False)
    for heading in ("file", "status", "reason"):
        table.add_column(heading, overflow="fold")
    for file in files:
        table.add_row(printable(file.path), file.status, printable(file.reason or ""))
    return table
