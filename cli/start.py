"""What every command begins with: its settings, its log level, its look at the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ledger.db import Database
from ledger.errors import InvalidInput, SchemaOutdated
from ledger.log import configure_logging
from ledger.migrate import check_schema
from ledger.people import Principal, find_principal
from ledger.settings import ProcessSettings, load_settings

S = TypeVar("S", bound=ProcessSettings)


def read_settings(role: type[S]) -> S:
    """Raises SettingsInvalid. A command is quiet unless CREWDESK_LOG_LEVEL asks for more."""
    settings = load_settings(role)
    level = settings.log_level if "log_level" in settings.model_fields_set else "WARNING"
    configure_logging(level, settings.log_format)
    return settings


@contextmanager
def open_ledger(settings: ProcessSettings) -> Iterator[Database]:
    """The database as it is, beside whatever process may be running. Raises SchemaOutdated if it was never
    prepared, and creates nothing then."""
    file = database_file(settings)
    if file is not None and not file.exists():
        raise SchemaOutdated(f"There is no database at {file} yet: run `crewdesk ingest`, which prepares it.")
    db = Database(settings.ledger_url)
    try:
        check_schema(db)
        yield db
    finally:
        db.close()


@contextmanager
def open_ledger_as(email: str) -> Iterator[tuple[Database, Principal]]:
    """The same, with whoever looks into it. Raises InvalidInput, SettingsInvalid, SchemaOutdated,
    UnknownPrincipal."""
    who = checked_email(email)
    with open_ledger(read_settings(ProcessSettings)) as db:
        yield db, find_principal(db, who)


def database_file(settings: ProcessSettings) -> Path | None:
    """None where the database is a server's."""
    prefix = "sqlite:///"
    url = settings.ledger_url
    return Path(url.removeprefix(prefix)) if url.startswith(prefix) else None


def checked_email(given: str) -> str:
    """Raises InvalidInput."""
    email = given.strip().lower()
    if not email:
        raise InvalidInput("Say who is asking: --as EMAIL, with an address from people.yaml.")
    return email


def checked_label(given: str | None, option: str) -> str | None:
    """A short name a person made up, as it may be stored. Raises InvalidInput."""
    if given is None:
        return None
    label = given.strip()
    if not 1 <= len(label) <= 255 or not label.isprintable():
        raise InvalidInput(f"{option} takes a name of 1 to 255 ordinary characters.")
    return label
