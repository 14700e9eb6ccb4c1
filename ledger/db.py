"""One door to the database, SQLite or PostgreSQL, with the four kinds of transaction the ledger knows.

`read` sees a snapshot; `write` is durable when it returns and takes its lock at once; `record` is for
spans, which a crash of the process must not lose but a power cut may; `lease` is for what means nothing once
the one who took it is dead.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.orm import Session

from ledger.clock import Clock, SystemClock
from ledger.errors import DatabaseUnavailable, SettingsInvalid

Mode = Literal["read", "write", "record", "lease"]

# Keeps other writers of the row away, but not those who only refer to it: a worker that records evidence or a
# span for a step would otherwise wait for, and could deadlock with, the one that ends it.
ROW_LOCK: dict[str, Any] = {"key_share": True}

_BUSY_S = 10.0

_POSTGRES_OPTIONS = (
    "-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"
)


class Database:
    """Holds the engine. `dispatched` is set after a commit that owes a doorbell and `run_ended` after one
    that ends a run, so that whoever waits for it in the same process need not wait for its next look."""

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        self.url = url
        self.clock = clock or SystemClock()
        self.dispatched = threading.Event()
        self.run_ended = threading.Event()
        self.engine = _create_engine(url)
        self._turn = threading.Lock()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._session("read") as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Commits at the end of the block, or rolls all of it back."""
        with self._session("write") as session:
            yield session

    @contextmanager
    def record(self) -> Iterator[Session]:
        with self._session("record") as session:
            yield session

    @contextmanager
    def lease(self) -> Iterator[Session]:
        """A power cut ends whoever shares an SQLite file along with it, so nothing is lost that anybody still
        stands on. A PostgreSQL server that restarts leaves its workers alive: there it is a `write`."""
        with self._session("lease") as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _session(self, mode: Mode) -> Iterator[Session]:
        afterwards: set[threading.Event] = set()
        with (
            self._turn_to_write(mode),
            outages_told(),
            self.engine.connect() as connection,
            # Not begun by the session, nor an engine of its own for each mode: that takes twice as long, or a
            # third longer, for each of a run's transactions.
            connection.execution_options(ledger_mode=mode).begin(),
            Session(connection, info={"database": self, "afterwards": afterwards}) as session,
        ):
            yield session
            session.flush()
        for waited_for in afterwards:
            waited_for.set()

    @contextmanager
    def _turn_to_write(self, mode: Mode) -> Iterator[None]:
        """SQLite lets waiting writers sleep longer and longer, so under load some wait a second for a lock
        held for a millisecond (seen: p99 1.0 s at 50 submissions a second, 58 to 83 ms with turns)."""
        if mode == "read" or not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=_BUSY_S):
            raise DatabaseUnavailable("The database cannot be used: it stayed locked for too long.")
        try:
            yield
        finally:
            self._turn.release()


@contextmanager
def outages_told() -> Iterator[None]:
    """Raises DatabaseUnavailable for what is the database's trouble; what is our mistake (a broken
    constraint, a wrong statement) passes as it is."""
    try:
        yield
    except (IntegrityError, ProgrammingError, DataError):
        raise
    except (DatabaseError, InterfaceError) as error:
        raise DatabaseUnavailable(f"The database cannot be used: {_first_line(error.orig)}.") from error
    except sqlite3.OperationalError as error:
        raise DatabaseUnavailable(f"The database cannot be used: {_first_line(error)}.") from error
    except PoolExhausted as error:
        raise DatabaseUnavailable("The database cannot be used: all connections are busy.") from error


def now_in(session: Session) -> datetime:
    """The moment of this transaction, by the one clock leases are measured with: the server's where there
    is one."""
    if "now" not in session.info:
        db: Database = session.info["database"]
        session.info["now"] = (
            db.clock.now() if db.is_sqlite else session.execute(select(func.clock_timestamp())).scalar_one()
        )
    moment: datetime = session.info["now"]
    return moment


def take_turns(session: Session, name: str) -> None:
    """Lets one transaction at a time past this point, until it ends. SQLite's writers take turns as it is."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(name))))


def insert_into(session: Session) -> Any:
    """The dialect's own INSERT, the only one that knows ON CONFLICT."""
    return sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert


def owe_doorbell(session: Session) -> None:
    """Wakes a relay in this process once this transaction has committed."""
    session.info["afterwards"].add(session.info["database"].dispatched)


def tell_run_ended(session: Session) -> None:
    """Wakes whoever waits for a run in this process once this transaction has committed."""
    session.info["afterwards"].add(session.info["database"].run_ended)


def _create_engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        dialect = parsed.get_dialect().name
    except (ArgumentError, ValueError, ImportError):
        dialect = ""
    if dialect not in ("sqlite", "postgresql"):
        raise SettingsInvalid(
            "CREWDESK_DATABASE_URL is not usable: it must look like postgresql+psycopg://user:pass@host/crewdesk."
        )
    if dialect == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(parsed, connect_args={"options": _POSTGRES_OPTIONS}, pool_pre_ping=True)
    event.listen(engine, "begin", _begin_postgres)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not open transactions of its own: `_begin_sqlite` decides which kind.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(_BUSY_S * 1000)}")
    _switch_to_wal(cursor)
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _switch_to_wal(cursor: sqlite3.Cursor) -> None:
    # SQLite does not wait for this lock, whatever the busy timeout: of several processes that open a new
    # database together, all but one would be told that it is locked.
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    # Past SQLAlchemy, whose way to the driver costs more than these words do.
    driver: Any = connection.connection.driver_connection
    mode = connection.get_execution_options().get("ledger_mode", "write")
    if mode == "read":
        driver.execute("BEGIN")
        return
    # Of the connection, and it stays: most of its transactions follow one of the same mode.
    synchronous = "FULL" if mode == "write" else "NORMAL"
    if connection.info.get("synchronous") != synchronous:
        driver.execute(f"PRAGMA synchronous = {synchronous}")
        connection.info["synchronous"] = synchronous
    # A plain BEGIN that reads and then writes fails at once under contention, whatever the busy timeout.
    driver.execute("BEGIN IMMEDIATE")


def _begin_postgres(connection: Connection) -> None:
    mode = connection.get_execution_options().get("ledger_mode", "write")
    if mode == "read":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    elif mode == "record":
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


def _first_line(error: BaseException | None) -> str:
    # psycopg tells one line per address it tried, and SQLite none at all for some errors.
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
