"""The secrets of a workspace's tools: named in YAML, kept in the environment, and never told on."""

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from crews.workspace_tools.spec import Header, SecretHeader
from ledger.errors import CrewdeskError, ErrorKind
from ledger.masking import MASK

# Of a shorter one every other word would be masked.
_FEWEST_CHARS = 6

Secrets = Mapping[str, SecretStr]


class SecretMissing(CrewdeskError):
    code = "secret_missing"
    kind = ErrorKind.UNAVAILABLE


def headers_with(headers: Mapping[str, Header], secrets: Secrets) -> dict[str, str]:
    """Raises SecretMissing."""
    return {
        name: _spelled(value, secrets) if isinstance(value, SecretHeader) else value
        for name, value in headers.items()
    }


def without_secrets(value: Any, secrets: Secrets) -> Any:
    """JSON data in which no secret of ours is told back to us."""
    if isinstance(value, str):
        for secret in secrets.values():
            told = secret.get_secret_value()
            if len(told) >= _FEWEST_CHARS:
                value = value.replace(told, MASK)
        return value
    if isinstance(value, dict):
        return {without_secrets(key, secrets): without_secrets(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item, secrets) for item in value]
    return value


def _spelled(header: SecretHeader, secrets: Secrets) -> str:
    secret = secrets.get(header.secret)
    if secret is None:
        raise SecretMissing(
            f"CREWDESK_TOOL_SECRETS has no secret '{header.secret}'; an administrator can set it."
        )
    told = f"{header.prefix}{secret.get_secret_value()}"
    if not (told.isascii() and told.isprintable()):
        raise SecretMissing(
            f"The secret '{header.secret}' of CREWDESK_TOOL_SECRETS is no header's value: it has a line "
            "break, or letters beyond ASCII."
        )
    return told
