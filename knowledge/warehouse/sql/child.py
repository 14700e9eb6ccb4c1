"""The program of the child process: runs one SELECT over what its asker may see.

It stands alone, with the standard library and DuckDB, so that it starts within a moment. What it is sent is
first copied into memory; then every way to a file, a setting or an extension is closed, and only then is the
statement run. Within limits of memory, processor time and files, it can take down nothing but itself.

It reads one job, as JSON, on its standard input, and answers in lines of JSON on its standard output.
"""

import json
import os
import resource
import sys
from typing import Any

_CPU_GRACE_S = 2
_BATCH = 500
_CLOSED = (
    "SET enable_external_access = false",
    "SET allow_community_extensions = false",
    "SET lock_configuration = true",
)


def main() -> int:
    job = json.loads(sys.stdin.buffer.read())
    channel = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    with os.fdopen(channel, "wb") as answer:
        _limit_process(job)
        sys.path.append(job["library"])
        try:
            _answer(job, answer)
        except MemoryError:
            _say(answer, {"failed": "memory", "message": ""})
        except Exception as error:  # noqa: BLE001  whatever DuckDB raises is an answer, and nobody else hears it
            _say(answer, {"failed": _cause(error), "message": str(error)[:2000]})
    return 0


def _limit_process(job: dict[str, Any]) -> None:
    cpu_s = int(job["wall_s"] * job["threads"]) + _CPU_GRACE_S
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))


def _answer(job: dict[str, Any], answer: Any) -> None:
    import duckdb

    config = {
        "threads": job["threads"],
        "memory_limit": f"{job['memory_bytes'] * 3 // 4}B",
        "temp_directory": "",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=config)
    _limit_memory(job["memory_bytes"])
    if not _load(connection, job["tables"]):
        _say(answer, {"failed": "loading", "message": ""})
        return
    for setting in _CLOSED:
        connection.execute(setting)
    cursor = connection.execute(job["sql"])
    _say(answer, {"columns": [[column[0], str(column[1])] for column in cursor.description or ()]})
    truncated = _say_rows(cursor, job["rows"], job["answer_bytes"], answer)
    _say(answer, {"end": True, "truncated": truncated})


def _load(connection: Any, tables: dict[str, str]) -> bool:
    """Of an error nothing is told: it may hold a rule of the policy, or a value that is nobody's business."""
    import duckdb

    try:
        for name, sql in tables.items():
            connection.execute(f'CREATE TABLE main."{name}" AS {sql}')
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        return False
    return True


def _limit_memory(more_bytes: int) -> None:
    """Beyond what is reserved already: an idle DuckDB reserves several hundred MB that it never touches."""
    if sys.platform == "darwin":  # which refuses or ignores it
        return
    with open("/proc/self/statm") as statm:  # noqa: PTH123  pathlib is not imported here: it takes its time
        reserved = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (reserved + more_bytes, reserved + more_bytes))


def _say_rows(cursor: Any, most_rows: int, most_bytes: int, answer: Any) -> bool:
    """Whether there were more."""
    said_rows = said_bytes = 0
    while batch := cursor.fetchmany(_BATCH):
        for row in batch:
            line = json.dumps([_plain(value) for value in row], separators=(",", ":")).encode()
            if said_rows == most_rows or said_bytes + len(line) > most_bytes:
                return True
            answer.write(line + b"\n")
            said_rows, said_bytes = said_rows + 1, said_bytes + len(line) + 1
    return False


def _plain(value: Any) -> Any:
    """Decimals, dates and moments as texts; their column says what they are."""
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _say(answer: Any, message: dict[str, Any]) -> None:
    answer.write(json.dumps(message).encode() + b"\n")
    answer.flush()


def _cause(error: Exception) -> str:
    name = type(error).__name__
    causes = {
        "OutOfMemoryException": "memory",
        "ConversionException": "value",
        "OutOfRangeException": "value",
    }
    causes |= {"InvalidInputException": "value", "BinderException": "binding", "CatalogException": "binding"}
    causes |= {"ParserException": "binding", "NotImplementedException": "binding"}
    return causes.get(name, "other")


if __name__ == "__main__":
    sys.exit(main())
