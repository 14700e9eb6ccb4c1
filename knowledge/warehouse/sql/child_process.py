"""The child as its parent holds it: started bare, given one job, ended in any case when its time is over."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from knowledge.warehouse.errors import QueryRefused, QueryTooLarge
from knowledge.warehouse.result import Value
from knowledge.warehouse.sql import child
from knowledge.warehouse.sql.limits import SqlLimits
from ledger.errors import CrewdeskError, ErrorKind

_CHUNK = 1 << 16
_SLACK_BYTES = 1 << 20
_SPENT = frozenset({-signal.SIGKILL, -signal.SIGXCPU, -signal.SIGABRT, -signal.SIGSEGV})
_TYPES = {
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "DOUBLE": "float",
    "FLOAT": "float",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}
_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UBIGINT", "UINTEGER", "UHUGEINT"}
)


class SqlUnavailable(CrewdeskError):
    """No child process could be started, or it gave no answer that can be read."""

    code = "sql_unavailable"
    kind = ErrorKind.UNAVAILABLE
    worth_retrying = True


@dataclass(frozen=True, slots=True)
class Answer:
    """`columns` are name and type, the types those of the catalog where it has them."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Value, ...], ...]
    truncated: bool


def run_in_child(tables: Mapping[str, str], sql: str, rows: int, limits: SqlLimits) -> Answer:
    """Runs `sql` over tables that are made by the SELECTs of `tables`, by name. Raises QueryTooLarge,
    QueryRefused for what only the database can tell to be wrong, and SqlUnavailable."""
    job = {
        "tables": dict(tables),
        "sql": sql,
        "rows": rows,
        "answer_bytes": limits.answer_bytes,
        "memory_bytes": limits.memory_bytes,
        "threads": limits.threads,
        "wall_s": limits.wall_s,
        "library": _library(),
    }
    deadline = time.monotonic() + limits.wall_s
    process = _start()
    try:
        said, is_late = _converse(process, json.dumps(job).encode(), deadline, limits)
    finally:
        status = _end(process)
    if is_late:
        raise QueryTooLarge(
            f"The statement was stopped after {limits.wall_s:g} seconds; narrow it down, or total up less."
        )
    return _read(said, status, limits)


def _start() -> "subprocess.Popen[bytes]":
    # -I and -S: neither the environment nor the packages beside DuckDB have a say in what it loads.
    command = [sys.executable, "-I", "-S", "-B", str(Path(child.__file__))]
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Nothing of the parent's, whose secrets a statement must not find.
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise SqlUnavailable(f"The process that runs SQL does not start ({error}).") from error


def _converse(
    process: "subprocess.Popen[bytes]", job: bytes, deadline: float, limits: SqlLimits
) -> tuple[bytes, bool]:
    """What it said until it fell silent, and whether that was for want of time."""
    assert process.stdin is not None
    assert process.stdout is not None
    if not _tell(process.stdin, job, deadline):
        return b"", True
    return _listen(process.stdout, deadline, limits.answer_bytes + _SLACK_BYTES)


def _tell(stream: IO[bytes], job: bytes, deadline: float) -> bool:
    """Whether there was time for it. A child that is gone already says so by its silence."""
    rest = memoryview(job)
    os.set_blocking(stream.fileno(), False)
    with suppress(BrokenPipeError), stream, selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_WRITE)
        while rest:
            if not selector.select(max(deadline - time.monotonic(), 0)):
                return False
            rest = rest[os.write(stream.fileno(), rest) :]
    return True


def _listen(stream: IO[bytes], deadline: float, most_bytes: int) -> tuple[bytes, bool]:
    said = bytearray()
    with stream, selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while len(said) <= most_bytes:
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not selector.select(remaining):
                return bytes(said), True
            chunk = os.read(stream.fileno(), _CHUNK)
            if not chunk:
                break
            said += chunk
    return bytes(said), False


def _end(process: "subprocess.Popen[bytes]") -> int:
    with suppress(ProcessLookupError, PermissionError):
        # It may be about to leave by itself, and its status tells why.
        with suppress(subprocess.TimeoutExpired):
            return process.wait(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def _read(said: bytes, status: int, limits: SqlLimits) -> Answer:
    try:
        lines = [json.loads(line) for line in said.splitlines()]
        last = lines[-1] if lines else None
        if isinstance(last, dict) and "failed" in last:
            _raise(str(last["failed"]), str(last["message"]), limits)
        if not (isinstance(last, dict) and last.get("end") is True):
            raise ValueError("no end")
        columns = [(str(name), str(kind)) for name, kind in lines[0]["columns"]]
        rows = tuple(
            tuple(_value(value, kind) for value, (_, kind) in zip(row, columns, strict=True))
            for row in lines[1:-1]
        )
    except (ValueError, KeyError, TypeError) as error:
        if status in _SPENT:
            raise _too_much_memory(limits) from error
        raise SqlUnavailable("The process that runs SQL gave no answer; see `crewdesk doctor`.") from error
    if last["truncated"] and not rows:
        raise QueryTooLarge(f"One row is larger than the {limits.answer_bytes:,} bytes an answer may have.")
    named = tuple((name, _type_of(kind)) for name, kind in columns)
    return Answer(named, rows, bool(last["truncated"]))


def _raise(cause: str, message: str, limits: SqlLimits) -> None:
    # What a database says of a value may hold the value; what it says of a statement holds the statement.
    if cause == "memory":
        raise _too_much_memory(limits)
    if cause == "loading":
        raise SqlUnavailable("The published rows cannot be read; run `crewdesk catalog load` again.")
    if cause == "binding":
        told = message.strip().partition("\n")[0][:300]
        raise QueryRefused(f"The database does not take the statement: {told.rstrip('.')}.")
    if cause == "value":
        raise QueryRefused(
            "A value could not be converted, or was out of range, for what the statement does with it; "
            "TRY_CAST gives nothing in its place."
        )
    raise QueryRefused("The database could not run the statement; write it more simply.")


def _too_much_memory(limits: SqlLimits) -> QueryTooLarge:
    return QueryTooLarge(
        f"The statement needs more than the {limits.memory_bytes // 1024**2:,} MB of memory it may use; "
        "narrow it down, or total up less."
    )


def _value(value: Value, kind: str) -> Value:
    if value is None:
        return None
    try:
        if kind.startswith("DECIMAL"):
            return Decimal(str(value))
        if kind == "DATE":
            return date.fromisoformat(str(value))
        if kind.startswith("TIMESTAMP"):
            return datetime.fromisoformat(str(value))
    except (ValueError, InvalidOperation):
        # Before the year 1 or after 9999, which DuckDB has and Python has not.
        return str(value)
    return value


def _type_of(kind: str) -> str:
    if kind.startswith("DECIMAL"):
        return "decimal"
    return "integer" if kind in _INTEGERS else _TYPES.get(kind, "string")


def _library() -> str:
    spec = find_spec("duckdb")
    if spec is None or spec.origin is None:
        raise SqlUnavailable("DuckDB is not installed; run `make setup`.")
    return str(Path(spec.origin).parent.parent)
