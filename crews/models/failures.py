"""What a provider's failure means for the next try: one class per cause, one rule per class."""

from dataclasses import dataclass
from enum import StrEnum


class FailureClass(StrEnum):
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate limited"
    KEY_REFUSED = "key refused"
    UNREACHABLE = "unreachable"
    MODEL_ERROR = "model error"


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How often this candidate is tried in all, and how long to wait before each further try, in seconds."""

    tries: int
    wait_s: float


RULES = {
    FailureClass.TIMEOUT: RetryRule(tries=2, wait_s=0.5),
    FailureClass.RATE_LIMITED: RetryRule(tries=3, wait_s=1.0),
    FailureClass.KEY_REFUSED: RetryRule(tries=1, wait_s=0.0),
    FailureClass.UNREACHABLE: RetryRule(tries=2, wait_s=0.2),
    FailureClass.MODEL_ERROR: RetryRule(tries=2, wait_s=0.2),
}


def classify_failure(error: BaseException) -> FailureClass:
    """Looks at the whole chain of causes: CrewAI's clients wrap some of their SDK's errors and not others."""
    chain = _chain(error)
    status = next((code for link in chain if (code := _status(link)) is not None), None)
    if status == 429:
        return FailureClass.RATE_LIMITED
    if status in (401, 403):
        return FailureClass.KEY_REFUSED
    if status == 408 or any("timeout" in type(link).__name__.lower() for link in chain):
        return FailureClass.TIMEOUT
    if any(isinstance(link, ConnectionError | OSError) for link in chain):
        return FailureClass.UNREACHABLE
    return FailureClass.MODEL_ERROR


def retry_after_s(error: BaseException) -> float | None:
    """The provider's own wish for when to come back, in seconds, where it said so."""
    for link in _chain(error):
        headers = getattr(getattr(link, "response", None), "headers", None)
        value = headers.get("retry-after") if headers is not None else None
        if value is not None and value.replace(".", "", 1).isdigit():
            return float(value)
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
