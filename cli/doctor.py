"""`crewdesk doctor`: looks at every part of the installation and says what to do about what is wrong."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import ExitStatus

if TYPE_CHECKING:
    from rich.console import Console

    from cli.shapes import Checked, DoctorReport
    from ledger.settings import EmbeddedSettings

_STYLES = {"ok": "green", "warn": "yellow", "broken": "bold red"}


def doctor_command(
    as_json: Annotated[bool, typer.Option("--json", help="A DoctorReport as JSON.")] = False,
) -> ExitStatus:
    """Check every part and name the remedy for what is missing or broken.

    Exit status: 0 nothing is broken, 2 the settings cannot be read, 5 something is broken.

    [bold]Examples[/bold]

    crewdesk doctor

    crewdesk doctor --json
    """
    from cli.screen import open_screen, print_json, status_line
    from cli.shapes import DoctorReport
    from cli.start import read_settings
    from ledger.settings import EmbeddedSettings

    settings = read_settings(EmbeddedSettings)
    with status_line("Looking at every part ..."):
        parts = tuple(check_everything(settings))
    report = DoctorReport(healthy=all(part.status != "broken" for part in parts), parts=parts)
    if as_json:
        print_json(report)
    else:
        _print_report(open_screen(), report)
    return ExitStatus.DONE if report.healthy else ExitStatus.FAILED


def check_everything(settings: "EmbeddedSettings") -> Iterator["Checked"]:
    from cli.checks import index, machine, records, services
    from cli.checks.outcome import ok

    yield ok("settings", "readable")
    yield from _look("python", lambda: [machine.check_python()])
    yield from _look("workspace", lambda: [machine.check_workspace(settings)])
    yield from _look("catalog", lambda: [machine.check_catalog(settings)])
    yield from _look("var folder", lambda: [machine.check_var(settings)])
    yield from _look("model files", lambda: [machine.check_model_files()])
    yield from _look("database", lambda: records.check_records(settings))
    yield from _look("vector store", lambda: [services.check_qdrant(settings)])
    yield from _look("index", lambda: [index.check_index(settings)])
    yield from _look("broker", lambda: [services.check_broker(settings)])
    yield from _look("models", lambda: services.check_models(settings))
    yield from _look("web search", lambda: [services.check_web_search(settings)])
    yield from _look("tools", lambda: services.check_tools(settings))
    yield from _look("slack", lambda: [services.check_slack(settings)])
    yield from _look("langfuse", lambda: [services.check_langfuse(settings)])


def _look(part: str, check: Callable[[], Iterable["Checked"]]) -> Iterator["Checked"]:
    """A part so broken that even looking at it fails must not hide the others."""
    from cli.checks.outcome import broken

    try:
        yield from check()
    except Exception as error:  # noqa: BLE001  the last resort: whatever a driver or a library raises
        found = f"looking at it failed: {type(error).__name__}: {error}"
        yield broken(part, found, "look at its setting in .env and at what it stands for")


def _print_report(screen: "Console", report: "DoctorReport") -> None:
    from rich.text import Text

    from cli.screen import printable

    for part in report.parts:
        line = Text(f"{part.status:<7}", style=_STYLES[part.status])
        line.append(f"{part.part:<14} ", style="bold not dim")
        line.append(printable(part.found), style="not bold default")
        screen.print(line, soft_wrap=True)
        if part.remedy:
            screen.print(Text(f"       {'':<14} -> {printable(part.remedy)}", style="italic"), soft_wrap=True)
    worst = "Nothing is broken." if report.healthy else "Something is broken; see the remedies above."
    screen.print(f"\n{worst}")
