"""`crewdesk search`: the passages a person may read, as the crews would find them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from cli.shapes import FoundPassage, SearchReport
    from knowledge.library import PassageHit

WITHHELD = "Something else was found that not everyone in the audience may read."
_DAY = "%Y-%m-%d"


def search_command(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to look for.")],
    email: Annotated[
        str, typer.Option("--as", metavar="EMAIL", help="Who looks; an address from people.yaml.")
    ],
    collection: Annotated[str | None, typer.Option(metavar="NAME", help="Only in this collection.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="EMAIL", help="Only documents of this owner.")] = None,
    language: Annotated[
        str | None, typer.Option(metavar="CODE", help="Only in this language, as a two-letter code.")
    ] = None,
    updated_from: Annotated[
        datetime | None, typer.Option(formats=[_DAY], help="Only updated on this day or later.")
    ] = None,
    updated_to: Annotated[
        datetime | None, typer.Option(formats=[_DAY], help="Only updated on this day or earlier.")
    ] = None,
    audience: Annotated[
        list[str] | None,
        typer.Option(metavar="EMAIL", help="Who else will read it; give it once for each."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=50, help="How many passages.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="A SearchReport as JSON.")] = False,
) -> None:
    """Search the documents within one person's rights.

    [bold]Examples[/bold]

    crewdesk search "lost laptop" --as employee@larkspur.example

    crewdesk search "rental market" --as employee@larkspur.example --collection market --limit 3 --json

    crewdesk search "pay bands" --as hr@larkspur.example --audience employee@larkspur.example
    """
    from cli.ask import mention_empty_library
    from cli.embedded import open_installation
    from cli.screen import open_screen, print_json, status_line
    from cli.shapes import SearchReport
    from cli.start import checked_email, checked_label, read_settings
    from knowledge.model_files import check_model_files, installed_model_folder
    from knowledge.search.access import AccessScope
    from knowledge.search.port import Filters
    from ledger.people import find_principal
    from ledger.runs import checked_question
    from ledger.settings import EmbeddedSettings

    query, who = checked_question(text), checked_email(email)
    others = tuple(checked_email(address) for address in audience or ())
    filters = Filters(
        collection=checked_label(collection, "--collection"),
        owner=(checked_label(owner, "--owner") or "").lower() or None,
        language=(checked_label(language, "--language") or "").lower() or None,
        updated_from=updated_from.date() if updated_from else None,
        updated_to=updated_to.date() if updated_to else None,
    )
    settings = read_settings(EmbeddedSettings)
    check_model_files(installed_model_folder())
    with open_installation(settings, "search") as installation:
        groups, *readers = (find_principal(installation.db, email).groups for email in (who, *others))
        access = AccessScope(groups, tuple(readers))
        with status_line("Searching ..."):
            result = installation.library.search(query, access, filters=filters, limit=limit)
        if not result.hits:
            mention_empty_library(installation)
    report = SearchReport(
        text=query,
        principal=who,
        collection=filters.collection,
        audience=others,
        passages=tuple(_passage(hit) for hit in result.hits),
        withheld=result.withheld,
    )
    if as_json:
        print_json(report)
        return
    _print_report(open_screen(), report)


def _passage(hit: "PassageHit") -> "FoundPassage":
    from cli.shapes import FoundPassage

    return FoundPassage(
        passage_id=hit.passage_id,
        document_id=hit.document_id,
        path=hit.path,
        title=hit.title,
        section=" > ".join(hit.heading_path),
        locator=hit.locator,
        text=hit.text,
        owner=hit.owner,
        updated=hit.updated,
        review_by=hit.review_by,
        stale=hit.stale,
        collection=hit.collection,
        classification=hit.classification,
        score=round(hit.score, 4),
        language=hit.language,
        words=round(hit.words, 4),
    )


def _print_report(screen: "Console", report: "SearchReport") -> None:
    from rich.padding import Padding
    from rich.text import Text

    from cli.screen import printable

    if report.withheld:
        screen.print(WITHHELD, style="yellow")
        screen.print()
    if not report.passages:
        readers = " and ".join((report.principal, *report.audience))
        screen.print(f"Nothing that {printable(readers)} may read is about this.")
        return
    for number, passage in enumerate(report.passages, start=1):
        heading = Text(f"{number}. ").append(printable(passage.title), style="bold")
        if passage.section:
            heading.append(f" · {printable(passage.section)}")
        if passage.stale:
            heading.append("  STALE", style="bold yellow")
        facts = [passage.path, passage.collection, f"score {passage.score:.2f}"]
        facts += [f"owner {passage.owner}"] if passage.owner else []
        facts += [f"updated {passage.updated}"] if passage.updated else []
        screen.print(heading)
        screen.print(Padding(Text(printable(" · ".join(facts)), style="dim"), (0, 0, 0, 3), expand=False))
        screen.print(Padding(Text(printable(passage.text).strip()), (0, 0, 0, 3), expand=False))
        screen.print()
