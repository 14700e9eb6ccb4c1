"""Masks secrets before a prompt, a span or a log line leaves the process.

`mask_secrets` is total: whatever it is given, it returns something and never raises by itself, because a
failure here would either leak or lose the record.
"""

import math
import re
from collections.abc import Callable
from typing import Any

_SECRET = re.compile(
    r"""
    # A secret may follow an escaped line break inside JSON that is itself a string: there is no \b then.
    (?:\b|(?<=\\[bfnrt]))(?:
        sk-[A-Za-z0-9_-]{16,}                   # OpenAI-style keys
        | (?:sk|pk)-lf-[A-Za-z0-9-]{8,}         # Langfuse keys
        | xox[abeoprs]-[A-Za-z0-9-]{10,}        # Slack tokens
        | xapp-[A-Za-z0-9-]{10,}                # Slack app-level tokens
        | cd_[0-9a-f]{12}_[A-Za-z0-9_-]{20,}    # our own API keys
        | gh[pousr]_[A-Za-z0-9]{20,}            # GitHub tokens
        | AKIA[0-9A-Z]{16}\b                    # AWS access key ids
        | AIza[A-Za-z0-9_-]{30,}                # Google API keys
        # JSON web tokens; bounded, or text made of nothing but "eyJ-" would take quadratic time
        | eyJ[\w-]{8,2000}\.[\w-]{8,8000}\.[\w-]{8,2000}
    )
    | -----BEGIN[A-Z ]*PRIVATE\ KEY-----[\s\S]*?(?:-----END[A-Z ]*PRIVATE\ KEY-----|\Z)
    | (?<=://)[^\s/:@"'<>]*:[^\s/"'<>\\]+(?=@)   # user:password in a URL; the user may be missing
    | (?i:(?<=bearer\ )[A-Za-z0-9._~+/=-]{16,})
    """,
    re.VERBOSE,
)
# Each kind of secret has one of these in small letters. Most texts have none, and to look for them takes a
# fiftieth of what the pattern does.
_TRACES = (
    *("sk-", "pk-lf-", "xox", "xapp-", "cd_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "akia", "aiza"),
    *("eyj", "-----begin", "://", "bearer "),
)
MASK = "[masked secret]"
# Far past what a prompt or an answer nests, and far from Python's own limit.
_MAX_DEPTH = 64
_TOO_DEEP = "[nested too deeply]"


def mask_text(text: str) -> str:
    small = text.lower()
    return _SECRET.sub(MASK, text) if any(trace in small for trace in _TRACES) else text


def mask_secrets(value: Any, further: Callable[[str], str] | None = None) -> Any:
    """The same value as plain JSON with every secret inside any string replaced, and then what `further`
    changes in it; containers are copied, never changed in place. Raises what `further` raises."""
    change = mask_text if further is None else lambda text: further(mask_text(text))
    return _masked(value, change, _MAX_DEPTH)


def _masked(value: Any, change: Callable[[str], str], depth: int) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        # JSON has no NaN and no infinity, and PostgreSQL refuses a record that holds one.
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict | list | tuple) and depth == 0:
        return _TOO_DEEP
    if isinstance(value, dict):
        # A copy, because another thread may still be adding to what is recorded.
        return {change(_as_text(key)): _masked(item, change, depth - 1) for key, item in dict(value).items()}
    if isinstance(value, list | tuple):
        return [_masked(item, change, depth - 1) for item in value]
    return change(_as_text(value))


def _as_text(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - whatever a stranger's __str__ does, the rest of the record is kept
        return f"[unprintable {type(value).__name__}]"
