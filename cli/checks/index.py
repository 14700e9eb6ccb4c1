"""Checks that the search index, the documents' rows and the files in the workspace tell the same."""

from contextlib import nullcontext

from cli.checks.outcome import broken, ok, warn
from cli.shapes import Checked
from cli.start import database_file, open_ledger
from ledger.db import Database
from ledger.errors import CrewdeskError, VarInUse
from ledger.settings import EmbeddedSettings

AGAIN = "run `crewdesk ingest`"


def check_index(settings: EmbeddedSettings) -> Checked:
    """The embedded index can be opened by one process only, so it is not looked at while another has it."""
    from ledger.var_folder import hold_var

    file = database_file(settings)
    if file is not None and not file.exists():
        return warn("index", "nothing is ingested yet", AGAIN)
    embedded = settings.qdrant_url is None
    try:
        with hold_var(settings.var, "doctor") if embedded else nullcontext(), open_ledger(settings) as db:
            return _compare(settings, db)
    except VarInUse as error:
        return warn("index", f"not looked at: {error}", "stop that process and run `crewdesk doctor` again")
    except CrewdeskError as error:
        return broken("index", str(error), AGAIN)


def _compare(settings: EmbeddedSettings, db: Database) -> Checked:
    from knowledge.bootstrap import open_library
    from knowledge.draft import STAGED
    from ledger.documents import list_documents, list_passage_ids

    library = open_library(settings, db)
    try:
        index = library.store.index
        if index is None:
            return warn("index", "nothing is ingested yet", AGAIN)
        if index.name != library.index_name:
            return broken("index", f"made with {index.name}, searched with {library.index_name}", AGAIN)
        # What an interrupted or blocked ingestion has staged is found by nobody and waits for the next one.
        stored = {id_ for id_, mark in library.store.marks().items() if mark != STAGED}
    finally:
        library.close()
    rows = {passage_id for ids in list_passage_ids(db).values() for passage_id in ids}
    if rows != stored:
        found = (
            f"{len(rows - stored):,} passages are missing from it and {len(stored - rows):,} are left over"
        )
        return broken("index", found, AGAIN)
    documents = list_documents(db)
    changed = _changed_files(settings, {document.path for document in documents})
    if changed:
        return warn("index", f"{changed:,} files were added or removed since it was made", AGAIN)
    served = sum(document.is_served for document in documents)
    return ok("index", f"{len(rows):,} passages of {served:,} documents")


def _changed_files(settings: EmbeddedSettings, known: set[str]) -> int:
    from knowledge.sources import find_sources
    from ledger.errors import WorkspaceInvalid
    from ledger.workspace import open_workspace

    try:
        files = find_sources(open_workspace(settings.workspace)).files
    except WorkspaceInvalid:
        return 0  # the workspace's own check tells of it
    return len(known ^ {file.name for file in files if file.has_valid_name})
