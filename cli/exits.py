"""Exit statuses: what a shell script learns from a command without reading a word of it."""

from enum import IntEnum

from ledger.errors import CrewdeskError, ErrorKind


class ExitStatus(IntEnum):
    """`FAILED` is also for what is merely unavailable or in use. `USAGE` covers a run or key that does not
    exist: the fix is to type another one. `CHECK_FAILED` is of a command that looked and found something
    wrong with what it looked at."""

    DONE = 0
    CHECK_FAILED = 1
    USAGE = 2
    ABSTAINED = 3
    DENIED = 4
    FAILED = 5
    WAITING = 6
    INTERRUPTED = 130


_ERRORS = {
    ErrorKind.USAGE: ExitStatus.USAGE,
    ErrorKind.MISSING: ExitStatus.USAGE,
    ErrorKind.DENIED: ExitStatus.DENIED,
}
_OUTCOMES = {
    "answered": ExitStatus.DONE,
    "escalated": ExitStatus.DONE,
    "abstained": ExitStatus.ABSTAINED,
}


def status_of_error(error: CrewdeskError) -> ExitStatus:
    return _ERRORS.get(error.kind, ExitStatus.FAILED)


def status_of_outcome(outcome: str | None) -> ExitStatus:
    return _OUTCOMES.get(outcome or "", ExitStatus.FAILED)
