"""The reference's tables of commands, exit statuses and HTTP endpoints, read off the programs themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from api.app import create_app
from cli.exits import ExitStatus, status_of_error, status_of_outcome
from cli.main import build_app
from docs.markdown import PageIncomplete, table
from ledger.db import Database
from ledger.errors import CrewdeskError, ErrorKind
from ledger.schema import OPEN_RUN_STATES, RunState

_EXIT_MEANINGS = {
    ExitStatus.DONE: "The command did what it says.",
    ExitStatus.CHECK_FAILED: (
        "It looked, and found a data product that may give no numbers, or a replay that came out otherwise."
    ),
    ExitStatus.USAGE: (
        "The command does not fit: an argument, a setting, a file of the workspace, or an id nobody has."
    ),
    ExitStatus.ABSTAINED: "The crew answered that it has no answer.",
    ExitStatus.DENIED: "The person named by `--as` is not known or may not do this.",
    ExitStatus.FAILED: "It failed, or something it needs is away or in use.",
    ExitStatus.WAITING: "The run waits for a person's decision or for a date, and was left waiting.",
    ExitStatus.INTERRUPTED: "Somebody pressed Ctrl-C.",
}


def commands_table() -> str:
    rows = [
        [f"`{usage}`", help_line]
        for usage, help_line in _commands(typer.main.get_command(build_app()), "crewdesk")
    ]
    return table(["command", "what it does"], rows)


def exits_table() -> str:
    """Raises PageIncomplete."""
    rows = []
    for status in ExitStatus:
        if status not in _EXIT_MEANINGS:
            raise PageIncomplete(f"the exit status {status.name} has no meaning in docs/code_tables.py.")
        kinds = [f"`{kind}`" for kind in ErrorKind if status_of_error(_error_of(kind)) is status]
        ended = [state for state in RunState if state not in OPEN_RUN_STATES]
        outcomes = [f"`{state}`" for state in ended if status_of_outcome(state) is status]
        rows.append(
            [str(status.value), _EXIT_MEANINGS[status], ", ".join(outcomes) or "-", ", ".join(kinds) or "-"]
        )
    return table(["status", "meaning", "after `ask`: outcomes", "kinds of error"], rows)


def endpoints_table() -> str:
    db = Database("sqlite://")
    try:
        schema = create_app(db, b"only described, never served", Path()).openapi()
    finally:
        db.close()
    rows = [
        [f"`{method.upper()} {path}`", operation["summary"], _key_needed(operation), _statuses(operation)]
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    ]
    return table(["endpoint", "what it does", "API key", "answers"], rows)


def _commands(command: Any, path: str) -> Iterator[tuple[str, str]]:
    # Typer brings its own copy of click, whose classes it does not export; a group is what has commands.
    below = getattr(command, "commands", None)
    if below is None:
        needed = [_needed(parameter) for parameter in command.params if parameter.required]
        yield " ".join([path, *needed]), command.get_short_help_str(limit=300)
        return
    for name, child in below.items():
        yield from _commands(child, f"{path} {name}")


def _needed(parameter: Any) -> str:
    """What a call cannot do without, as a person types it."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar)
    return f"{parameter.opts[0]} {parameter.metavar}"


def _error_of(kind: ErrorKind) -> CrewdeskError:
    class Sample(CrewdeskError):
        pass

    Sample.kind = kind
    return Sample()


def _key_needed(operation: dict[str, Any]) -> str:
    return "yes" if operation.get("security") else "no"


def _statuses(operation: dict[str, Any]) -> str:
    return ", ".join(sorted(operation["responses"]))
