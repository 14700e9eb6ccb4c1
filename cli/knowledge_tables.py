"""The library, its quarantine and its documents as a person reads them."""

from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.screen import printable
from cli.shapes import DocumentView, HeldBack, Quarantine
from ledger.ingestions import IngestionState
from ledger.library_health import Ages, IngestionSummary, LibraryHealth, UnansweredQuestion, Unused


def print_health(screen: Console, health: LibraryHealth) -> None:
    if not health.documents:
        screen.print("The library is empty. Put documents into the workspace, then run: crewdesk ingest")
        return
    served = health.documents.get("ok", 0)
    screen.print(Text(f"{served:,} documents served, in {health.passages:,} passages", style="bold"))
    held = [f"{count:,} {status}" for status, count in health.documents.items() if status != "ok"]
    if held:
        screen.print(f"Not served: {', '.join(held)} (see `crewdesk knowledge quarantine`)", style="yellow")
    if health.languages:
        screen.print(f"Languages: {', '.join(f'{code} {n:,}' for code, n in health.languages.items())}")
    table = _table("collection", "documents>", "passages>")
    for size in health.collections:
        table.add_row(printable(size.name), f"{size.documents:,}", f"{size.passages:,}")
    _section(screen, "Collections", table)
    _print_ages(screen, health.ages)
    _print_unused(screen, health.never_retrieved, served)
    _print_unanswered(screen, health.unanswered)
    _print_ingestions(screen, health.ingestions)


def print_quarantine(screen: Console, quarantine: Quarantine) -> None:
    if not quarantine.documents:
        screen.print("Every document in the library is served.")
        return
    for held in quarantine.documents:
        _print_held(screen, held)
    count = len(quarantine.documents)
    screen.print(f"{count:,} {'document is' if count == 1 else 'documents are'} not served.", style="dim")


def print_document(screen: Console, view: DocumentView, *, with_text: bool) -> None:
    screen.print(Text(printable(view.title), style="bold"))
    for name, value in _facts(view):
        line = Text(f"  {name:<14} ", style="dim")
        screen.print(line.append(printable(value), style=""), soft_wrap=True)
    for finding in view.findings:
        screen.print(f"  found          {finding.kind}: {printable(finding.detail)}", style="yellow")
    if view.release:
        screen.print(f"  to serve it    {printable(view.release)}", soft_wrap=True)
    screen.print(f"\n{len(view.passages):,} passages", style="bold")
    for passage in view.passages:
        screen.print(f"{passage.position + 1:>4}. {printable(passage.locator)}")
        if with_text:
            screen.print(Padding(Text(printable(passage.text).strip()), (0, 0, 1, 6), expand=False))


def _print_ages(screen: Console, ages: Ages) -> None:
    table = _table("oldest", "median", "newest", "undated>", "stale>", "review due in 30 days>")
    dates = [str(day) if day else "-" for day in (ages.oldest, ages.median, ages.newest)]
    table.add_row(*dates, f"{ages.undated:,}", f"{ages.stale:,}", f"{ages.due_soon:,}")
    _section(screen, "Last updated", table)


def _print_unused(screen: Console, unused: Unused, served: int) -> None:
    table = _table("updated", "document")
    for document in unused.oldest:
        table.add_row(str(document.updated or "-"), printable(document.path))
    _section(
        screen,
        f"Never retrieved: {unused.count:,} of {served:,}, the oldest",
        table if unused.count else None,
    )


def _print_unanswered(screen: Console, questions: Iterable[UnansweredQuestion]) -> None:
    table = _table("times>", "last asked", "question", "why not")
    for asked in questions:
        day = f"{asked.last_asked.astimezone():%Y-%m-%d}"
        question = " ".join(printable(asked.question).split())
        table.add_row(f"{asked.count:,}", day, question, printable(asked.reason or ""))
    _section(screen, "Asked and not answered", table if table.row_count else None)


def _print_ingestions(screen: Console, ingestions: Iterable[IngestionSummary]) -> None:
    table = _table("started", "state", "passages>", "what was seen")
    for each in ingestions:
        state = f"{each.state}, released by {each.released_by}" if each.released_by else each.state.value
        told = "; ".join(each.reasons)
        if each.state is IngestionState.BLOCKED and not each.released_by:
            told += f" (to serve it: crewdesk knowledge release {each.id} --as EMAIL)"
        started = f"{each.started_at.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(started, state, f"{each.passages_before:,} to {each.passages:,}", printable(told))
    _section(screen, "Latest ingestions", table)


def _print_held(screen: Console, held: HeldBack) -> None:
    heading = Text(printable(held.path), style="bold").append(f"  {held.status}", style="yellow")
    screen.print(heading, soft_wrap=True)
    lines = [printable(held.reason or "no reason is known")]
    # The reason already tells of what holds the document back.
    lines += [
        f"also: {printable(finding.detail)}"
        for finding in held.findings
        if finding.detail not in (held.reason or "")
    ]
    lines.append(f"since {held.since.astimezone():%Y-%m-%d %H:%M}")
    lines.append(f"to serve it: {printable(held.release)}" if held.release else "mend or replace the file")
    for line in lines:
        screen.print(f"  {line}", soft_wrap=True)
    screen.print()


def _facts(view: DocumentView) -> list[tuple[str, str]]:
    status = f"{view.status}: {view.reason}" if view.reason else view.status
    review = f"{view.review_by} (STALE)" if view.stale else str(view.review_by or "-")
    return [
        ("path", view.path),
        ("id", view.document_id),
        ("status", status),
        ("read by", ", ".join(view.groups) or "nobody"),
        ("collection", view.collection),
        ("classification", view.classification),
        ("owner", view.owner or "-"),
        ("language", view.language or "unknown"),
        ("updated", str(view.updated or "-")),
        ("review by", review),
        ("size", f"{view.size_bytes:,} bytes"),
    ]


def _table(*headings: str) -> Table:
    """A heading that ends in `>` stands over numbers."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(
            heading.rstrip(">"), justify="right" if heading.endswith(">") else "left", overflow="fold"
        )
    return table


def _section(screen: Console, heading: str, table: Table | None) -> None:
    screen.print(Text(f"\n{heading}", style="bold"))
    if table is None:
        screen.print("  nothing")
    else:
        screen.print(Padding(table, (0, 0, 0, 2), expand=False))
