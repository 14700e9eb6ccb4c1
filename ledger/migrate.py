"""Brings a database to the schema this code expects, and tells when it is not there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ledger.db import Database, outages_told
from ledger.errors import SchemaOutdated

_SCRIPTS = Path(__file__).parent / "migrations"


def alembic_config() -> Config:
    config = Config()
    # A per cent sign in the path would be taken for the start of a placeholder.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


def migrate(db: Database) -> None:
    """Safe to run again, and by two processes at once: the second waits, then finds nothing to do."""
    config = alembic_config()
    with outages_told(), db.engine.execution_options(ledger_mode="write").begin() as connection:
        if not db.is_sqlite:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(734923)")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_schema(db: Database) -> None:
    """Raises SchemaOutdated if the database is not at this code's schema."""
    expected = ScriptDirectory.from_config(alembic_config()).get_current_head()
    with outages_told(), db.engine.execution_options(ledger_mode="read").connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found != expected:
        raise SchemaOutdated(
            f"The database is at schema {found or 'none'} and this version needs {expected}: "
            "run `crewdesk ingest`, which prepares it."
        )
