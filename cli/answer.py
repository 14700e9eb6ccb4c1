"""A run as a person reads it, always in this order: the answer with its marks, how it was found, what to
mind, and the sources under their numbers."""

from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.number_table import print_figures
from cli.screen import printable
from ledger.citations import cite, show_as_of, with_age
from ledger.deciders import in_words
from ledger.evidence import FIGURES
from ledger.ids import short_id
from ledger.reading import EvidenceView, RunView
from ledger.result import AbstainReason
from ledger.schema import StepState

_MOST_SQL = 240
_MOST_LINEAGE = 5


def print_run(screen: Console, run: RunView, artifacts: Path) -> None:
    """The whole result of a finished run, or its state while it is open. `artifacts` is the folder of runs'
    files."""
    if run.understood_as is not None:
        screen.print(Text(f"Understood as: {printable(run.understood_as)}\n", style="italic"), soft_wrap=True)
    if run.is_open:
        _print_open(screen, run)
    elif run.outcome in ("answered", "escalated"):
        _print_answer(screen, run, artifacts)
    else:
        _print_no_answer(screen, run)
    screen.print(Text(f"\n{_footer(run)}", style="dim"))


def _print_open(screen: Console, run: RunView) -> None:
    progress = run.progress
    state = "being cancelled" if progress.cancelling else run.state
    if run.awaits_turn:
        state += " behind another of its thread"
    look = f"look again with `crewdesk run show {short_id(run.run_id)}`"
    screen.print(f"This run is {state} ({progress.done} of {progress.total} steps done); {look}.")
    for step in progress.steps:
        if step.state == StepState.WAITING:
            until = f" until {step.due_at.astimezone():%Y-%m-%d %H:%M}" if step.due_at else ""
            screen.print(f"  {printable(step.label)}{until}")
    for decision in run.decisions:
        screen.print(f"\n{printable(decision.question)}")
        by = printable(in_words(decision.by))
        screen.print(f"  for {by} to decide: {printable(' | '.join(decision.options))}")
        command = f"crewdesk decisions decide {short_id(decision.id)} CHOICE --as EMAIL"
        screen.print(f"  {command}", soft_wrap=True)


def _print_answer(screen: Console, run: RunView, artifacts: Path) -> None:
    cited = cite(run)
    screen.print(printable(cited.text))
    for item in cited.sources:
        if item.kind == FIGURES:
            screen.print()
            print_figures(screen, item.details)
    for file in run.files:
        screen.print(
            Text(f"\nFile: {printable(str(artifacts / file.file))}  ({printable(file.name)})"), soft_wrap=True
        )
    _print_how_found(screen, run)
    _print_caveats(screen, run)
    if cited.sources:
        screen.print(Text("\nSources", style="bold"))
    for number, item in enumerate(cited.sources, start=1):
        _print_source(screen, number, item, run.created_at.date())


def _print_source(screen: Console, number: int, item: EvidenceView, on: date) -> None:
    details = item.details
    line = Text(f" [{number}] ")
    line.append(printable(details.get("title") or item.source), style="bold")
    if details.get("section"):
        line.append(f" · {printable(details['section'])}")
    facts = Text(f"     {printable(item.source)}")
    if item.kind == FIGURES:
        facts.append(
            f" · as of {printable(show_as_of(item.as_of))} · quality {printable(details['quality'])}"
        )
    if details.get("owner"):
        facts.append(f" · owner {printable(details['owner'])}")
    if details.get("updated"):
        facts.append(f" · updated {printable(with_age(str(details['updated']), on=on))}")
    if details.get("stale"):
        facts.append(" · ")
        facts.append(f"STALE (review was due {printable(details.get('review_by'))})", style="bold yellow")
    screen.print(line)
    screen.print(facts, soft_wrap=True)
    if item.kind == FIGURES:
        _print_provenance(screen, details)


def _print_provenance(screen: Console, details: dict[str, Any]) -> None:
    for metric in details["metrics"]:
        definition = f"{metric['label']} (version {metric['version']}): {metric['definition']}"
        screen.print(Text(f"     {printable(definition)}", style="dim"), soft_wrap=True)
    lineage = details["lineage"][:_MOST_LINEAGE]
    if lineage:
        more = " < ..." if len(details["lineage"]) > _MOST_LINEAGE else ""
        screen.print(Text(f"     from {printable(' < '.join(lineage))}{more}", style="dim"), soft_wrap=True)
    sql = " ".join(printable(details["sql"]).split())
    if len(sql) > _MOST_SQL:
        sql = f"{sql[:_MOST_SQL]} ... (all of it: `crewdesk run show ID --json`)"
    screen.print(Text(f"     SQL: {sql}", style="dim"), soft_wrap=True)


def _print_no_answer(screen: Console, run: RunView) -> None:
    screen.print(printable(run.answer or run.failure or f"This run was {run.outcome}."))
    for number, choice in enumerate(run.choices, start=1):
        screen.print(f"  {number}. {printable(choice)}")
    if run.choices:
        screen.print("Ask again and say which of these you mean.")
    if run.suggestions:
        screen.print(Text("\nNearest pages, and whom to ask", style="bold"))
    for suggestion in run.suggestions:
        screen.print(f"  - {printable(suggestion)}")
    if run.reason == AbstainReason.BLOCKED:
        again = f"To be answered once it is: crewdesk run watch {short_id(run.run_id)}"
        screen.print(f"\n{again}", highlight=False)
    _print_how_found(screen, run)
    _print_caveats(screen, run)


def _print_how_found(screen: Console, run: RunView) -> None:
    if run.how_found:
        screen.print(Text("\nHow found", style="bold"))
        screen.print(Text(f" {printable(' '.join(run.how_found))}"))


def _print_caveats(screen: Console, run: RunView) -> None:
    if run.caveats:
        screen.print()
    for caveat in run.caveats:
        screen.print(Text(f"Note: {printable(caveat)}", style="italic"))


def _footer(run: RunView) -> str:
    parts = [run.outcome or run.state]
    if run.specialist:
        parts.append(run.specialist)
    if run.model:
        parts.append(run.model.name)
    if run.usage.cost_usd:
        parts.append(f"{run.usage.cost_usd:.4f} USD")
    if run.timings.total_s is not None:
        parts.append(f"{run.timings.total_s:.1f} s")
    if run.replay_of is not None:
        parts.append(f"replay of {short_id(run.replay_of)}")
    parts.append(f"run {short_id(run.run_id)}")
    return printable(" · ".join(parts))
