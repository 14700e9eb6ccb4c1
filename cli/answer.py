"""A run as a person reads it: the answer with its marks, the sources under their numbers, how it came
about."""

from datetime import date

from rich.console import Console
from rich.text import Text

from cli.screen import printable
from ledger.citations import cite, with_age
from ledger.ids import short_id
from ledger.reading import EvidenceView, RunView


def print_run(screen: Console, run: RunView) -> None:
    """The whole result of a finished run, or its state while it is open."""
    if run.is_open:
        screen.print(f"This run is {run.state}; look again with `crewdesk run show {short_id(run.run_id)}`.")
    elif run.outcome == "answered":
        _print_answer(screen, run)
    else:
        _print_no_answer(screen, run)
    screen.print(Text(f"\n{_footer(run)}", style="dim"))


def _print_answer(screen: Console, run: RunView) -> None:
    cited = cite(run)
    screen.print(printable(cited.text))
    if cited.sources:
        screen.print(Text("\nSources", style="bold"))
    for number, item in enumerate(cited.sources, start=1):
        _print_source(screen, number, item, run.created_at.date())
    _print_caveats(screen, run)


def _print_source(screen: Console, number: int, item: EvidenceView, on: date) -> None:
    details = item.details
    line = Text(f" [{number}] ")
    line.append(printable(details.get("title") or item.source), style="bold")
    if details.get("section"):
        line.append(f" · {printable(details['section'])}")
    facts = Text(f"     {printable(item.source)}")
    if details.get("owner"):
        facts.append(f" · owner {printable(details['owner'])}")
    if details.get("updated"):
        facts.append(f" · updated {printable(with_age(str(details['updated']), on=on))}")
    if details.get("stale"):
        facts.append(" · ")
        facts.append(f"STALE (review was due {printable(details.get('review_by'))})", style="bold yellow")
    screen.print(line)
    screen.print(facts, soft_wrap=True)


def _print_no_answer(screen: Console, run: RunView) -> None:
    screen.print(printable(run.answer or run.failure or f"This run was {run.outcome}."))
    if run.suggestions:
        screen.print(Text("\nNearest pages, and whom to ask", style="bold"))
    for suggestion in run.suggestions:
        screen.print(f"  - {printable(suggestion)}")
    _print_caveats(screen, run)


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
    if run.timings.total_s is not None:
        parts.append(f"{run.timings.total_s:.1f} s")
    parts.append(f"run {short_id(run.run_id)}")
    return printable(" · ".join(parts))
