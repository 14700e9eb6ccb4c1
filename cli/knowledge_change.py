"""`crewdesk knowledge release | reindex | snapshot | restore`: what changes the library besides ingesting."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import ExitStatus

if TYPE_CHECKING:
    from cli.embedded import Installation
    from ledger.documents import DocumentRecord
    from ledger.people import Principal


def release_command(
    name: Annotated[
        str,
        typer.Argument(
            metavar="DOCUMENT|INGESTION",
            help="A document that is kept back: its path, id or a part of its path; or a blocked ingestion.",
        ),
    ],
    email: Annotated[str, typer.Option("--as", metavar="EMAIL", help="Who releases it.")],
    reason: Annotated[str | None, typer.Option("--reason", help="Why, for the record.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="An IngestReport as JSON, for a document.")] = False,
) -> ExitStatus:
    """Serve what the quality gate keeps back. Only stewards and admins may; it is on the record.

    A released document is ingested at once. The release holds for this very content: once the document
    changes, it is judged anew. A released ingestion is served by the next `crewdesk ingest`.

    [bold]Examples[/bold]

    crewdesk knowledge release documents/policy.md --as steward@company.example --reason "checked by legal"

    crewdesk knowledge release 0193c0de-0000-7000-8000-637265776465 --as steward@company.example
    """
    from cli.embedded import open_installation
    from cli.start import checked_email, read_settings
    from ledger.ingestions import find_ingestion, release_ingestion
    from ledger.people import find_principal
    from ledger.settings import EmbeddedSettings

    settings = read_settings(EmbeddedSettings)
    releaser = checked_email(email)
    with open_installation(settings, "knowledge release") as installation:
        principal = find_principal(installation.db, releaser)
        ingestion = find_ingestion(installation.db, name.strip())
        if ingestion is not None:
            release_ingestion(installation.db, ingestion.id, principal, reason)
            print(f"The ingestion {ingestion.id} is released: run `crewdesk ingest` to serve its documents.")
            return ExitStatus.DONE
        return _release_document(installation, name.strip(), principal, reason, as_json=as_json)


def reindex_command(
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", metavar="FOLDER", help="A sentence-transformers model; the packaged one if not."
        ),
    ] = None,
) -> None:
    """Make the search index anew from the stored passages. The old one serves until the new one is whole.

    [bold]Examples[/bold]

    crewdesk knowledge reindex

    crewdesk knowledge reindex --model models/bge-small-en
    """
    from cli.embedded import open_installation
    from cli.progress import progress_bars
    from cli.start import read_settings
    from knowledge.embedding import open_embedder
    from knowledge.reindex import reindex
    from ledger.ingestions import hold_ingestion
    from ledger.settings import EmbeddedSettings

    settings = read_settings(EmbeddedSettings)
    folder = model.resolve() if model else None
    with open_installation(settings, "knowledge reindex") as installation, hold_ingestion(installation.db):
        embedder = open_embedder(settings.var / "models", folder)
        with progress_bars() as on_progress:
            done = reindex(
                installation.db,
                installation.library.store,
                embedder,
                str(folder) if folder else None,
                on_progress,
            )
    print(f"{done.passages:,} passages are indexed with {done.index}, in {done.seconds:.1f} s.")


def snapshot_command(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder to write to.")],
) -> None:
    """Write the library - index, documents, passages, ingestions, releases - to a folder.

    [bold]Example[/bold]

    crewdesk knowledge snapshot backup/2026-03-02
    """
    from cli.embedded import open_installation
    from cli.start import read_settings
    from knowledge.snapshot import write_snapshot
    from ledger.ingestions import hold_ingestion
    from ledger.settings import EmbeddedSettings

    settings = read_settings(EmbeddedSettings)
    with open_installation(settings, "knowledge snapshot") as installation, hold_ingestion(installation.db):
        manifest = write_snapshot(installation.db, installation.library.store, folder)
    print(
        f"{manifest.rows['passages']:,} passages of {manifest.rows['documents']:,} documents are in {folder}."
    )


def restore_command(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `knowledge snapshot` wrote.")],
) -> None:
    """Put a snapshot in the place of the library. It is checked first; nothing is touched if it is not whole.

    Rights are those of the snapshot until the next `crewdesk ingest`, which follows the workspace again.

    [bold]Example[/bold]

    crewdesk knowledge restore backup/2026-03-02
    """
    from cli.embedded import open_installation
    from cli.start import read_settings
    from knowledge.snapshot import restore_snapshot
    from ledger.ingestions import hold_ingestion
    from ledger.settings import EmbeddedSettings

    settings = read_settings(EmbeddedSettings)
    with open_installation(settings, "knowledge restore") as installation, hold_ingestion(installation.db):
        manifest = restore_snapshot(installation.db, installation.library, folder)
    print(
        f"{manifest.rows['passages']:,} passages of {manifest.rows['documents']:,} documents are back as of "
        f"{manifest.made_at:%Y-%m-%d %H:%M} UTC. Run `crewdesk ingest` to follow the workspace again."
    )


def _release_document(
    installation: "Installation", name: str, principal: "Principal", reason: str | None, *, as_json: bool
) -> ExitStatus:
    from cli.ingest import print_report, status_of
    from cli.progress import progress_bars
    from cli.screen import open_screen, print_json, printable
    from knowledge.ingest import ingest
    from ledger.document_lookup import read_whole_document
    from ledger.releases import release_document

    document = read_whole_document(installation.db, name).document
    release_document(installation.db, document, principal, reason)
    with progress_bars() as on_progress:
        report = ingest(
            installation.db, installation.workspace, installation.library, on_progress, only=document.path
        )
    if as_json:
        print_json(report)
        return status_of(report)
    now = read_whole_document(installation.db, document.id).document
    print(printable(_told(document, now)))
    if report.outcome == "blocked":
        print_report(open_screen(), report)
    return status_of(report)


def _told(before: "DocumentRecord", now: "DocumentRecord") -> str:
    if now.is_served:
        return f"{now.path} is released and served, {now.passage_count:,} passages."
    if now.content_hash != before.content_hash:
        return f"{now.path} has changed since it was judged; it is {now.status} now ({now.reason})."
    return f"{before.status} no longer keeps {now.path} back, but it is {now.status} ({now.reason})."
