"""What a provider's failure means for the next try: one class per cause, one rule per class."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from crewai.utilities.exceptions.context_window_exceeding_exception import LLMContextLengthExceededError
from pydantic import ValidationError


class EmptyReply(Exception):
    """The provider answered, and the model said nothing."""


class MalformedReply(Exception):
    """The model's reply has a shape that CrewAI's agent loop would break on."""


class FailureClass(StrEnum):
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate limited"
    KEY_REFUSED = "key refused"
    UNREACHABLE = "unreachable"
    CONNECTION_CUT = "connection cut"
    CONTEXT_OVERFLOW = "question and evidence too long for it"
    EMPTY = "empty reply"
    MALFORMED = "malformed reply"
    MODEL_ERROR = "model error"


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How often a candidate is tried in all, and how long to wait before its nth further try, in seconds.
    `outage`: the candidate itself is in trouble, whatever it was asked."""

    tries: int
    wait_s: Callable[[int], float]
    outage: bool = True


def _at_once(_retry: int) -> float:
    return 0.0


def _shortly(_retry: int) -> float:
    return 0.2


RULES = {
    FailureClass.TIMEOUT: RetryRule(tries=3, wait_s=lambda retry: 0.5 * 2 ** (retry - 1)),
    FailureClass.RATE_LIMITED: RetryRule(tries=5, wait_s=lambda retry: 1.0 * retry),
    FailureClass.KEY_REFUSED: RetryRule(tries=1, wait_s=_at_once),
    FailureClass.UNREACHABLE: RetryRule(tries=2, wait_s=_shortly),
    FailureClass.CONNECTION_CUT: RetryRule(tries=2, wait_s=_shortly),
    # Each further try has less to say; the gateway gives up when there is nothing left to leave out.
    FailureClass.CONTEXT_OVERFLOW: RetryRule(tries=4, wait_s=_at_once, outage=False),
    FailureClass.EMPTY: RetryRule(tries=2, wait_s=_shortly, outage=False),
    FailureClass.MALFORMED: RetryRule(tries=2, wait_s=_shortly, outage=False),
    FailureClass.MODEL_ERROR: RetryRule(tries=2, wait_s=_shortly),
}

_BY_STATUS = {
    401: FailureClass.KEY_REFUSED,
    403: FailureClass.KEY_REFUSED,
    408: FailureClass.TIMEOUT,
    413: FailureClass.CONTEXT_OVERFLOW,
    429: FailureClass.RATE_LIMITED,
    504: FailureClass.TIMEOUT,
}


def classify_failure(error: BaseException) -> FailureClass:
    """Looks at the whole chain of causes: CrewAI's clients wrap some of their SDK's errors and not others."""
    chain = _chain(error)
    for kind, failure in ((EmptyReply, FailureClass.EMPTY), (MalformedReply, FailureClass.MALFORMED)):
        if isinstance(error, kind):
            return failure
    if any(_is_overflow(link) for link in chain):
        return FailureClass.CONTEXT_OVERFLOW
    status = next((code for link in chain if (code := _status(link)) is not None), None)
    if status is not None:
        return _BY_STATUS.get(status, FailureClass.MODEL_ERROR)
    names = " ".join(type(link).__name__.lower() for link in chain)
    if "timeout" in names or "timedout" in names:
        return FailureClass.TIMEOUT
    # The connection stood and broke, where a ConnectError never had one.
    if any(word in names for word in ("remoteprotocol", "readerror", "incompleteread", "responsestream")):
        return FailureClass.CONNECTION_CUT
    if any(isinstance(link, ConnectionError | OSError) for link in chain):
        return FailureClass.UNREACHABLE
    if any(isinstance(link, json.JSONDecodeError | ValidationError) for link in chain):
        return FailureClass.MALFORMED
    return FailureClass.MODEL_ERROR


def retry_after_s(error: BaseException, now: datetime) -> float | None:
    """The provider's own wish for when to come back, in seconds from now, where it said so (RFC 9110: a
    number of seconds or a date)."""
    for link in _chain(error):
        headers = getattr(getattr(link, "response", None), "headers", None)
        value = headers.get("retry-after") if headers is not None else None
        if value is None:
            continue
        if value.replace(".", "", 1).isdigit():
            return float(value)
        try:
            return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
        except (ValueError, TypeError):
            return None
    return None


def _chain(error: BaseException) -> list[BaseException]:
    links: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in links:
        links.append(current)
        current = current.__cause__ or current.__context__
    return links


def _status(error: BaseException) -> int | None:
    code = getattr(error, "status_code", None)
    return code if isinstance(code, int) else None


def _is_overflow(error: BaseException) -> bool:
    return isinstance(error, LLMContextLengthExceededError) or (
        getattr(error, "code", None) == "context_length_exceeded"
    )
