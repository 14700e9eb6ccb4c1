"""What a tool of kind `http` sends: its fixed address with the arguments in their places, each encoded, so
that no argument can lead to another host, path or parameter."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from crews.workspace_tools.secrets import Secrets, headers_with
from crews.workspace_tools.spec import PLACE, HttpTool
from ledger.errors import InvalidInput

_DOTS = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`body` is None where nothing is sent."""

    method: str
    url: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any] | None


def outgoing(
    tool: HttpTool, arguments: Mapping[str, Any], secrets: Secrets, effect_key: str | None
) -> Outgoing:
    """Raises InvalidInput, SecretMissing."""
    given = {name: value for name, value in arguments.items() if value is not None}
    request = tool.request
    # Whole bodies as they come: compressed ones could be any size.
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    headers |= headers_with(request.headers, secrets)
    if effect_key is not None:
        headers[tool.idempotency_header] = effect_key
    return Outgoing(
        request.method,
        _address(request.url, given),
        {key: _plain(given[name]) for key, name in request.query.items() if name in given},
        headers,
        {key: given[name] for key, name in request.body.items() if name in given} if request.body else None,
    )


def _address(template: str, given: Mapping[str, Any]) -> str:
    start = template.index("/", template.index("//") + 2) if template.count("/") > 2 else len(template)
    host, path = template[:start], template[start:]
    filled = []
    for segment in path.split("/"):
        told = PLACE.sub(lambda match: quote(_plain(given[match[1]]), safe=""), segment)
        # A segment of dots would lead up the path, and an empty one to whatever lies above.
        if PLACE.search(segment) and told in _DOTS:
            raise InvalidInput(f"'{told}' is no value for the address; give the name or number itself.")
        filled.append(told)
    return host + "/".join(filled)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
