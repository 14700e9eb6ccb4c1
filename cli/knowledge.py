"""`crewdesk knowledge status`, `quarantine` and `show`: what the library holds, and what it holds back.

They only read the database, so they work beside a running `crewdesk serve`.
"""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cli.shapes import DocumentView, Quarantine
    from ledger.db import Database
    from ledger.documents import DocumentWithPassages

# What a person may decide to serve all the same; of the others there is no text to serve.
_RELEASABLE = ("suspicious", "pii", "duplicate")


def build_group() -> typer.Typer:
    group = typer.Typer(help="Look after what the crews may know.", no_args_is_help=True)
    group.command("status")(status_command)
    group.command("quarantine")(quarantine_command)
    group.command("show")(show_command)
    return group


def status_command(
    limit: Annotated[
        int, typer.Option(min=1, max=1000, help="How many unused documents and unanswered questions.")
    ] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="A LibraryHealth as JSON.")] = False,
) -> None:
    """Show what is served, how old it is, what nobody needed and what could not be answered.

    [bold]Examples[/bold]

    crewdesk knowledge status

    crewdesk knowledge status --limit 20 --json
    """
    from cli.knowledge_tables import print_health
    from cli.screen import open_screen, print_json
    from cli.start import open_ledger, read_settings
    from ledger.library_health import read_library_health
    from ledger.settings import ProcessSettings

    with open_ledger(read_settings(ProcessSettings)) as db:
        health = read_library_health(db, limit)
    if as_json:
        print_json(health)
        return
    print_health(open_screen(), health)


def quarantine_command(
    as_json: Annotated[bool, typer.Option("--json", help="A Quarantine as JSON.")] = False,
) -> None:
    """List every document that is not served, why, and how to serve it where that is for a person to decide.

    [bold]Examples[/bold]

    crewdesk knowledge quarantine

    crewdesk knowledge quarantine --json
    """
    from cli.knowledge_tables import print_quarantine
    from cli.screen import open_screen, print_json
    from cli.start import open_ledger, read_settings
    from ledger.settings import ProcessSettings

    with open_ledger(read_settings(ProcessSettings)) as db:
        quarantine = _quarantine(db)
    if as_json:
        print_json(quarantine)
        return
    print_quarantine(open_screen(), quarantine)


def show_command(
    document: Annotated[
        str, typer.Argument(metavar="DOC", help="A document's path or id, or a part of its path.")
    ],
    text: Annotated[bool, typer.Option("--text", help="The passages' text as well.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A DocumentView as JSON.")] = False,
) -> None:
    """Show one document: who may read it, its status and findings, and its passages.

    [bold]Examples[/bold]

    crewdesk knowledge show documents/it/vpn-problems.md

    crewdesk knowledge show vpn-problems --text
    """
    from cli.knowledge_tables import print_document
    from cli.screen import open_screen, print_json
    from cli.start import open_ledger, read_settings
    from ledger.document_lookup import read_whole_document
    from ledger.settings import ProcessSettings

    with open_ledger(read_settings(ProcessSettings)) as db:
        found = read_whole_document(db, document)
        stale = found.document.is_stale(db.clock.now().date())
    view = _view(found, stale=stale)
    if as_json:
        print_json(view)
        return
    print_document(open_screen(), view, with_text=text)


def _quarantine(db: "Database") -> "Quarantine":
    from cli.shapes import DocumentFinding, HeldBack, Quarantine
    from ledger.document_lookup import list_held_documents

    return Quarantine(
        documents=tuple(
            HeldBack(
                document_id=held.id,
                path=held.path,
                status=held.status,
                reason=held.reason,
                findings=tuple(DocumentFinding.model_validate(finding) for finding in held.findings),
                since=held.since,
                release=_release(held.path, held.status),
            )
            for held in list_held_documents(db)
        )
    )


def _view(found: "DocumentWithPassages", *, stale: bool) -> "DocumentView":
    from cli.shapes import DocumentFinding, DocumentView, PassageView

    document = found.document
    return DocumentView(
        document_id=document.id,
        path=document.path,
        title=document.title,
        status=document.status,
        reason=document.reason,
        findings=tuple(DocumentFinding.model_validate(finding) for finding in document.findings),
        owner=document.owner,
        collection=document.collection,
        classification=document.classification,
        groups=document.allowed_groups,
        language=document.language,
        updated=document.updated,
        review_by=document.review_by,
        stale=stale,
        size_bytes=document.size_bytes,
        release=_release(document.path, document.status),
        passages=tuple(
            PassageView(
                passage_id=passage.id,
                position=passage.position,
                section=" > ".join(passage.heading_path),
                locator=passage.locator,
                text=passage.text,
            )
            for passage in found.passages
        ),
    )


def _release(path: str, status: str) -> str | None:
    from shlex import quote

    return f"crewdesk knowledge release {quote(path)} --as EMAIL" if status in _RELEASABLE else None
