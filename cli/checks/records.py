"""Checks of what Crewdesk has written: the database, the audit chain, the published workflows."""

from collections.abc import Iterator

from cli.checks.outcome import broken, ok, warn
from cli.shapes import Checked
from cli.start import database_file, open_ledger
from ledger.db import Database
from ledger.errors import AuditBroken, DatabaseUnavailable, SchemaOutdated
from ledger.settings import EmbeddedSettings

PREPARE = "run `crewdesk ingest`, which prepares it"


def check_records(settings: EmbeddedSettings) -> Iterator[Checked]:
    """Without a database there is nothing more to look at."""
    file = database_file(settings)
    if file is not None and not file.exists():
        yield warn("database", f"{file} is not there yet", PREPARE)
        return
    try:
        with open_ledger(settings) as db:
            yield ok("database", "at this version's schema")
            yield check_audit(db)
            yield check_workflows(db)
    except SchemaOutdated as error:
        yield broken("database", str(error), PREPARE)
    except DatabaseUnavailable as error:
        yield broken("database", str(error), "start it, or correct CREWDESK_DATABASE_URL")


def check_audit(db: Database) -> Checked:
    from ledger.audit import verify_audit

    try:
        head = verify_audit(db)
    except AuditBroken as error:
        remedy = "find out who changed the table; restore it from a backup whose head you know"
        return broken("audit chain", str(error), remedy)
    return ok("audit chain", f"whole, {head.rows:,} rows")


def check_workflows(db: Database) -> Checked:
    from ledger.workflows import list_workflows

    names = [workflow.name for workflow in list_workflows(db)]
    if not names:
        return broken("workflows", "none is published", "run `crewdesk ingest`, which publishes them")
    return ok("workflows", ", ".join(names))
