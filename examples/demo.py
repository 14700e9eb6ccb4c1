"""`make demo`: ingests the sample workspace and shows what Crewdesk answers, to whom, and what it keeps on
record.

It runs the very commands a person would type, one after the other in one process, so that CrewAI and the
embedding model are loaded once.
"""

import sys
import time
from datetime import UTC, datetime

from rich.console import Console

from cli.exits import ExitStatus
from cli.main import run
from examples.larkspur_data.write import ensure_data
from ledger.db import Database
from ledger.decision_views import list_decisions
from ledger.decisions import decide
from ledger.ids import short_id
from ledger.people import find_principal
from ledger.reading import list_runs
from ledger.settings import EmbeddedSettings, load_settings

HELP_DESK = "I typed my password wrong too often and now I'm locked out, what do I do?"
RESTRICTED = "What is the salary band for a store manager?"
OUT_OF_SCOPE = "What is the weather like on Mars today?"

FIGURES = "Revenue by region in Q3 2026 against Q2"
MARKET = "How fast will the outdoor apparel market grow?"

MISSING_REPORTS = (
    "I'm having trouble accessing the quarterly financial reports that were supposed to be ready yesterday, "
    "and I need them for the board meeting this afternoon"
)

SCENES: tuple[tuple[str, tuple[str, ...], ExitStatus], ...] = (
    ("The sample workspace is read: 37 documents in five formats.", ("ingest",), ExitStatus.DONE),
    (
        "1. The help-desk specialist. Every sentence is quoted, and its source has an owner and a date.",
        ("ask", HELP_DESK, "--as", "employee@larkspur.example"),
        ExitStatus.DONE,
    ),
    (
        "The answer to this one lies in a document that only HR may read. HR asks:",
        ("ask", RESTRICTED, "--as", "hr.partner@larkspur.example"),
        ExitStatus.DONE,
    ),
    (
        "An employee asks the same, and is told nothing of that document - not even that it is there.",
        ("ask", RESTRICTED, "--as", "employee@larkspur.example"),
        ExitStatus.ABSTAINED,
    ),
    (
        "Larkspur's figures are loaded: eighteen data products, conformed, checked and published.",
        ("catalog", "load"),
        ExitStatus.DONE,
    ),
    (
        "2. The data analyst. Figures to the cent: defined once, with their age, their quality and a chart.",
        ("ask", FIGURES, "--as", "employee@larkspur.example"),
        ExitStatus.DONE,
    ),
    (
        "3. The market researcher. What others publish, and nothing of the company's own.",
        ("ask", MARKET, "--as", "employee@larkspur.example"),
        ExitStatus.DONE,
    ),
    (
        "Something is missing, and it presses: the triager checks access and pipeline, and tells the owner.",
        ("ask", MISSING_REPORTS, "--as", "finance.lead@larkspur.example"),
        ExitStatus.DONE,
    ),
    (
        "The owner's side of it: all they need to go on, and until when.",
        ("escalations", "show", "1", "--as", "reporting.lead@larkspur.example"),
        ExitStatus.DONE,
    ),
    (
        "Nobody at Larkspur wrote about this, so the crew does not guess.",
        ("ask", OUT_OF_SCOPE, "--as", "employee@larkspur.example"),
        ExitStatus.ABSTAINED,
    ),
)


REPORT, ASKS, APPROVES = "Board pack for Q3 2026", "manager@larkspur.example", "finance.lead@larkspur.example"

TRY_NEXT = (
    "export CREWDESK_WORKSPACE=examples/larkspur CREWDESK_VAR=var/demo",
    '.venv/bin/crewdesk ask "How much may a hotel cost per night?" --as employee@larkspur.example',
)


def main() -> int:
    console = Console(highlight=False)
    started = time.monotonic()
    ensure_data(load_settings(EmbeddedSettings).workspace / "data", datetime.now(UTC).date())
    for caption, command, expected in SCENES:
        status = _show(console, caption, command)
        if status != expected:
            console.print(
                f"The demo stopped: exit status {int(status)}, not {int(expected)}.", style="bold red"
            )
            return ExitStatus.FAILED
    status = _show_report(console)
    if status != ExitStatus.DONE:
        return ExitStatus.FAILED
    caption = "What happened inside the first question: steps, prompts, tool calls, and how long each took."
    status = _show(console, caption, ("trace", short_id(_first_run_id())))
    console.print(
        f"\nThat took {time.monotonic() - started:.0f} seconds. Try `make serve`, or ask on your own:"
    )
    for line in TRY_NEXT:
        console.print(f"  {line}", style="cyan", soft_wrap=True)
    return status


def _show_report(console: Console) -> ExitStatus:
    """Ordered by one manager, approved by another, written as files."""
    settings = load_settings(EmbeddedSettings)
    caption = "4. The report writer. It gathers, writes and checks, and waits for another manager."
    status = _show(console, caption, ("report", REPORT, "--as", ASKS))
    if status != ExitStatus.WAITING:
        return status
    db = Database(settings.ledger_url)
    try:
        run_id = next(item.run_id for item in list_runs(db) if item.question == REPORT)
        [decision] = list_decisions(db, run_id=run_id)
        decide(db, decision.id, find_principal(db, APPROVES), "approve")
    finally:
        db.close()
    console.print(f"{APPROVES} reads it and approves.", style="bold")
    out = settings.var / "reports"
    caption = "What was approved, and nothing else, is made into files: PDF, Word, slides and a workbook."
    return _show(console, caption, ("run", "files", short_id(run_id), "--as", ASKS, "--out", str(out)))


def _show(console: Console, caption: str, command: tuple[str, ...]) -> ExitStatus:
    console.print()
    console.rule(style="dim")
    console.print(caption, style="bold")
    shown = " ".join(f'"{part}"' if " " in part else part for part in command)
    console.print(f"$ crewdesk {shown}\n", style="cyan", soft_wrap=True)
    return run(command)


def _first_run_id() -> str:
    db = Database(load_settings(EmbeddedSettings).ledger_url)
    try:
        return next(item.run_id for item in list_runs(db) if item.question == HELP_DESK)
    finally:
        db.close()


if __name__ == "__main__":
    sys.exit(main())
