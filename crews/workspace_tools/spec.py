"""The shape of `tools/*.yaml`: what a tool may do, who may have it done, and where it asks.

The file decides all of that. Arguments fill places in the path, the query or the body of a fixed address, and
nothing a server says of itself changes an effect or a right.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)

from crews.output_schema import FieldName, OutputSchema
from crews.tools.gate import Effect
from crews.tools.trust import Trust
from ledger.data_class import DataClass
from ledger.people import Right
from ledger.workflow import DECIDER

TOOL_NAME = r"^[a-z][a-z0-9_]{0,39}$"
PLACE = re.compile(r"\{([^{}]*)\}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

ToolName = Annotated[str, StringConstraints(pattern=TOOL_NAME)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=2_000, strip_whitespace=True)]
Wire = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,79}$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,79}$")]
GroupName = Annotated[str, StringConstraints(min_length=1, max_length=80)]
# What HTTP itself, and the tool, decide.
_NOT_OURS = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"}
)


def _declared_effect(given: Any) -> Any:
    """Looking outside is for our own tools alone, whose crews are checked for it."""
    if given not in (Effect.READ, Effect.WRITE, Effect.EXTERNAL):
        raise ValueError("input should be 'read', 'write' or 'external'")
    return given


class ToolFile(BaseModel):
    """What every file of `tools/` says first."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["http", "mcp"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SecretHeader(_Part):
    """A header whose value is `prefix` and the secret of this name from CREWDESK_TOOL_SECRETS."""

    secret: ToolName
    prefix: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=80)] = ""


# Visible ASCII: a header ends with its line.
Plain = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=500)]
# Told apart beforehand, so that what is wrong with one is not said of the other.
Header = Annotated[
    Annotated[Plain, Tag("text")] | Annotated[SecretHeader, Tag("secret")],
    Discriminator(lambda given: "secret" if isinstance(given, dict | SecretHeader) else "text"),
]


class Governed(_Part):
    """`effect` says what a call does to the world: `external` also where it only hands something to somebody
    outside. `groups` may use it, and all who would read its answer need one of them. With `trust: internal`
    it is one of the company's own systems: it gets the values behind tokens where it only reads, and short
    values it answers do not make a run untrusted; text that people wrote still does. `classification` is
    that of its answers. Where a person has to decide about a call, that is the asker, or whoever `decided_by`
    names."""

    name: ToolName
    effect: Annotated[Effect, BeforeValidator(_declared_effect)]
    groups: Annotated[tuple[GroupName, ...], Field(min_length=1)]
    right: Right = Right.ASK
    trust: Literal[Trust.INTERNAL, Trust.UNTRUSTED] = Trust.UNTRUSTED
    classification: DataClass = DataClass.INTERNAL
    decided_by: Annotated[str, StringConstraints(pattern=rf"^{DECIDER}$")] | None = None

    @model_validator(mode="after")
    def _check_decider(self) -> Self:
        if self.decided_by is not None and self.effect is Effect.READ:
            raise ValueError("decided_by: nobody decides about a tool that only reads")
        return self


class Request(_Part):
    """`query` and `body` say which argument each of their keys gets; places in the path are arguments."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    url: str
    query: dict[Wire, FieldName] = Field(default_factory=dict)
    body: dict[Wire, FieldName] = Field(default_factory=dict)
    headers: dict[HeaderName, Header] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.body and self.method == "GET":
            raise ValueError("a GET has no body; use `query`, or another method")
        check_address(self.url, self.headers, places=True)
        return self

    @property
    def in_path(self) -> list[str]:
        return PLACE.findall(urlsplit(self.url).path)


class Answer(_Part):
    """Where in the JSON that comes back the answer is, key by key, and which shape it has. Keys of an object
    that the shape does not name are left out."""

    at: tuple[str, ...] = ()
    shape: OutputSchema | None = None


class HttpTool(Governed):
    """`idempotency_header` names the header that tells a repetition of the same request."""

    kind: Literal["http"]
    description: Words
    arguments: OutputSchema | None = None
    request: Request
    answer: Answer = Answer()
    timeout_s: float = Field(default=10.0, gt=0, le=60)
    max_bytes: int = Field(default=50_000, ge=1, le=1_000_000)
    idempotency_header: HeaderName = "Idempotency-Key"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.arguments is not None and self.arguments.type != "object":
            raise ValueError("arguments: they are an object with properties")
        if self.effect is Effect.READ and self.request.method not in ("GET", "POST"):
            raise ValueError(f"request: {self.request.method} changes something, so its effect is no `read`")
        if self.effect is not Effect.READ and self.request.method == "GET":
            raise ValueError("request: a GET changes nothing; its effect is `read`, or its method another")
        self._check_places()
        return self

    def _check_places(self) -> None:
        known = set(self.arguments.properties) if self.arguments else set()
        optional = set(self.arguments.optional) if self.arguments else set()
        places = [*self.request.in_path, *self.request.query.values(), *self.request.body.values()]
        for place in places:
            if place not in known:
                raise ValueError(f"request: there is no argument '{place}'")
            if places.count(place) > 1:
                raise ValueError(f"request: the argument '{place}' has two places")
        for name in sorted(known - set(places)):
            raise ValueError(f"request: the argument '{name}' has no place in path, query or body")
        flat = [*self.request.in_path, *self.request.query.values()]
        for name in flat:
            assert self.arguments is not None
            if self.arguments.properties[name].type in ("object", "array"):
                raise ValueError(f"request: '{name}' is no single value; it can only stand in the body")
        for name in self.request.in_path:
            if name in optional:
                raise ValueError(f"request: '{name}' stands in the path, so it cannot be optional")


class OfferedTool(Governed):
    """One tool of a server. `description` and `arguments` are the server's own words for it as somebody here
    has read and accepted them; where the server says anything else, the tool is refused."""

    tool: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    description: str | None = None
    arguments: dict[str, Any] | None = None

    @field_validator("arguments")
    @classmethod
    def _is_object(cls, schema: dict[str, Any] | None) -> dict[str, Any] | None:
        from jsonschema import Draft202012Validator, SchemaError

        if schema is None:
            return None
        if schema.get("type") != "object":
            raise ValueError("the schema of a tool's arguments is of `type: object`")
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise ValueError(f"this is no JSON schema: {error.message}") from error
        outside = next((ref for ref in _references(schema) if not ref.startswith("#")), None)
        if outside is not None:
            raise ValueError(f"'{outside}' leads out of the schema, and nothing is fetched")
        return schema


class McpServer(_Part):
    """A server that is reached at `url` (streamable HTTP), or is started by `command` and spoken to through
    its standard input and output. Of its tools those that are listed are offered."""

    kind: Literal["mcp"]
    name: ToolName
    url: str | None = None
    headers: dict[HeaderName, Header] = Field(default_factory=dict)
    command: tuple[str, ...] = ()
    environment: dict[Wire, SecretHeader] = Field(default_factory=dict)
    timeout_s: float = Field(default=20.0, gt=0, le=120)
    max_bytes: int = Field(default=50_000, ge=1, le=1_000_000)
    tools: Annotated[tuple[OfferedTool, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.url is None) == (not self.command):
            raise ValueError("give `url`, or `command`")
        if self.url is not None:
            check_address(self.url, self.headers, places=False)
        if self.url is None and self.headers:
            raise ValueError("headers: a server that is started by `command` has none; use `environment`")
        if self.url is not None and self.environment:
            raise ValueError("environment: only a server that is started by `command` has one")
        return self


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, inner in schema.items():
            if key in ("$ref", "$dynamicRef") and isinstance(inner, str):
                yield inner
            yield from _references(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)


def check_address(url: str, headers: dict[str, Header], *, places: bool) -> None:
    """Raises ValueError unless scheme, host and port are fixed and no secret crosses a network in clear."""
    parts = urlsplit(url)
    outside = f"{parts.scheme}{parts.netloc}{parts.query}"
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("url: it is a whole address that begins with https:// or http://")
    if "{" in outside or "}" in outside or (not places and PLACE.search(parts.path)):
        raise ValueError("url: only the path may have places for arguments; host and query are fixed")
    if PLACE.sub("", parts.path).count("{") or PLACE.sub("", parts.path).count("}"):
        raise ValueError("url: a place is written {argument}")
    if "@" in parts.netloc or parts.fragment or parts.port == 0:
        raise ValueError("url: it has no user, password or fragment; secrets go by `headers`")
    taken = next((name for name in headers if name.lower() in _NOT_OURS), None)
    if taken is not None:
        raise ValueError(f"headers: {taken} is set by Crewdesk")
    secret = any(isinstance(value, SecretHeader) for value in headers.values())
    if secret and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError("url: a secret is only sent over https")


def secret_names(tool: HttpTool | McpServer) -> list[str]:
    """Of all secrets it needs."""
    headers = tool.request.headers if isinstance(tool, HttpTool) else tool.headers
    values = [*headers.values(), *(tool.environment.values() if isinstance(tool, McpServer) else ())]
    return list(dict.fromkeys(value.secret for value in values if isinstance(value, SecretHeader)))
