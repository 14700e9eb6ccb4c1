"""What can go wrong on the way to a number."""

from typing import ClassVar

from ledger.errors import CrewdeskError, ErrorKind


class UnknownData(CrewdeskError):
    """There is no such product, metric, dimension or column, or not for this principal: nobody can tell
    which."""

    code = "unknown_data"
    kind: ClassVar[ErrorKind] = ErrorKind.MISSING


class QueryRefused(CrewdeskError):
    """A query that may not be run; the sentence names the part that is refused."""

    code = "query_refused"
    kind: ClassVar[ErrorKind] = ErrorKind.USAGE


class QueryTooLarge(CrewdeskError):
    """A query that went over its time, memory, rows or bytes."""

    code = "query_too_large"
    kind: ClassVar[ErrorKind] = ErrorKind.USAGE


class NotLoaded(CrewdeskError):
    """The product has no published version yet."""

    code = "not_loaded"
    kind: ClassVar[ErrorKind] = ErrorKind.UNAVAILABLE


class SourceUnreadable(CrewdeskError):
    """A product's source is missing, or is not what its format says."""

    code = "source_unreadable"
    kind: ClassVar[ErrorKind] = ErrorKind.FAILED


class LoadRunning(CrewdeskError):
    """Another process loads into the same warehouse."""

    code = "load_running"
    kind: ClassVar[ErrorKind] = ErrorKind.CONFLICT
    worth_retrying: ClassVar[bool] = True
