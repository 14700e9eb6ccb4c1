"""From nothing to the newest schema, by one process or by two at once, on both databases."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text, update

from ledger.audit import verify_audit
from ledger.db import Database, now_in
from ledger.documents import list_documents, read_passages
from ledger.errors import DatabaseUnavailable, SchemaOutdated, SettingsInvalid
from ledger.migrate import alembic_config, check_schema, migrate
from ledger.schema import Base, RunRow
from tests.unit.ledger.world import ask, at_once, furnish


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'crewdesk.db'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


@pytest.fixture
def empty_db(empty_url: str) -> Iterator[Database]:
    db = Database(empty_url)
    yield db
    db.close()


def test_the_migrations_make_exactly_what_the_models_say(empty_db: Database) -> None:
    migrate(empty_db)
    with empty_db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_again_changes_nothing(empty_db: Database) -> None:
    migrate(empty_db)
    furnish(empty_db)
    run_id = ask(empty_db).run_id
    before = verify_audit(empty_db)
    migrate(empty_db)
    assert ask(empty_db).run_id == run_id
    assert verify_audit(empty_db) == before


def test_all_migrations_can_be_taken_back(empty_db: Database) -> None:
    migrate(empty_db)
    config = alembic_config()
    with empty_db.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(empty_db.engine).get_table_names() == ["alembic_version"]
    migrate(empty_db)
    check_schema(empty_db)


def test_processes_that_migrate_at_once_all_succeed(empty_url: str) -> None:
    script = (
        "import sys; from ledger.db import Database; from ledger.migrate import migrate\n"
        "db = Database(sys.argv[1]); print('ready', flush=True); sys.stdin.readline(); migrate(db)"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, empty_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert errors == ["", "", ""]
    db = Database(empty_url)
    check_schema(db)
    assert verify_audit(db).rows == 0
    db.close()


def test_threads_that_open_a_new_database_at_once_all_succeed(empty_url: str) -> None:
    def open_and_migrate() -> None:
        db = Database(empty_url)
        migrate(db)
        db.close()

    assert at_once(*[open_and_migrate] * 6) == [None] * 6


def test_a_library_of_the_first_schema_is_kept(empty_db: Database) -> None:
    config = alembic_config()
    with empty_db.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO documents (id, path, status, content_hash, title, collection, classification, "
                "allowed_groups, size_bytes, ingested_at) VALUES "
                "('d', 'a.md', 'ok', 'h', 'A', 'company', 'internal', '[\"hr\"]', 1, '2026-03-02 09:00:00')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO passages (id, document_id, position, heading_path, locator, text) "
                "VALUES ('p', 'd', 0, '[]', 'opening', 'Text.')"
            )
        )
    migrate(empty_db)
    [kept] = list_documents(empty_db)
    assert (kept.allowed_groups, kept.findings, kept.judged_by, kept.sums) == (("hr",), (), None, None)
    assert kept.passage_count == 1
    [passage] = read_passages(empty_db, ["d"])["d"]
    assert passage.embedded_text == "Text."


def test_a_database_without_tables_tells_what_to_do(empty_db: Database) -> None:
    with pytest.raises(SchemaOutdated, match=r"schema none .* run `crewdesk ingest`"):
        check_schema(empty_db)
    migrate(empty_db)
    check_schema(empty_db)


def test_a_database_at_another_schema_tells_what_to_do(db: Database) -> None:
    with db.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(SchemaOutdated, match="schema 0000 and this version needs 0"):
        check_schema(db)


def test_a_write_that_fails_leaves_nothing(db: Database) -> None:
    furnish(db)
    run_id = ask(db).run_id

    def fail_halfway() -> None:
        with db.write() as session:
            session.execute(update(RunRow).values(state="failed"))
            raise LookupError

    with pytest.raises(LookupError):
        fail_halfway()
    with db.read() as session:
        assert session.get_one(RunRow, run_id).state == "queued"


def test_time_is_aware_and_in_utc(db: Database) -> None:
    furnish(db)
    run_id = ask(db).run_id
    with db.write() as session:
        moment = now_in(session)
        session.get_one(RunRow, run_id).finished_at = moment
        assert now_in(session) is moment
    with db.read() as session:
        kept = session.get_one(RunRow, run_id).finished_at
    assert kept == moment
    assert str(kept.tzinfo) == "UTC"


def test_a_naive_time_is_refused(db: Database) -> None:
    furnish(db)
    run_id = ask(db).run_id

    def write_naive() -> None:
        with db.write() as session:
            session.get_one(RunRow, run_id).finished_at = db.clock.now().replace(tzinfo=None)

    with pytest.raises(Exception, match="naive datetime"):
        write_naive()


def test_nothing_can_be_written_in_a_read_on_postgres(postgres_url: str) -> None:
    db = Database(postgres_url)

    def write() -> None:
        with db.read() as session:
            session.execute(update(RunRow).values(state="failed"))

    with pytest.raises(DatabaseUnavailable, match="read-only"):
        write()
    db.close()


def test_a_server_that_is_not_there_is_told_in_one_line() -> None:
    db = Database("postgresql+psycopg://somebody:hidden@127.0.0.1:1/crewdesk")
    for use in (migrate, check_schema, furnish, ask):
        with pytest.raises(DatabaseUnavailable) as told:
            use(db)
        assert "\n" not in str(told.value)
        assert "hidden" not in str(told.value)


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "crewdesk.db"
    path.write_text("This is not a database, but it is long enough to be taken for one. " * 20)
    db = Database(f"sqlite:///{path}")
    for use in (migrate, check_schema, furnish):
        with pytest.raises(DatabaseUnavailable, match="file is not a database"):
            use(db)


@pytest.mark.parametrize(
    "url",
    ["nonsense", "postgres://u:hidden@h/db", "mysql://u:hidden@h/db", "postgresql://u:hidden@h:port/db", ":"],
)
def test_an_address_of_no_database_we_know_names_the_variable(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="CREWDESK_DATABASE_URL") as told:
        Database(url)
    assert "hidden" not in str(told.value)
