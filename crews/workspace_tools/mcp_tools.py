"""Tools of MCP servers: each as it was accepted in the workspace's file, and refused as soon as its server
describes it in any other way."""

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jsonschema import Draft202012Validator
from mcp import ClientSession, types
from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, create_model, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from referencing import Registry
from referencing.exceptions import Unresolvable

from crews.tools.gate import Effect, Status, ToolOutcome
from crews.workspace_tools.answer import finding_of, outcome_of
from crews.workspace_tools.mcp_session import ServerAway, converse, list_tools
from crews.workspace_tools.secrets import Secrets, without_secrets
from crews.workspace_tools.spec import McpServer, OfferedTool
from ledger.effects import EffectUnknown
from ledger.errors import WorkspaceInvalid
from ledger.workflow import content_hash

# Under which the server is told the key of an effect, so that it can see a repetition.
EFFECT_META = "crewdesk/idempotency-key"
_SAID_WRONG = "The server says that this went wrong."


class Definition(BaseModel):
    """What a server says of a tool, as far as it concerns a model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    arguments: dict[str, Any]

    @property
    def pin(self) -> str:
        return content_hash(self)


@dataclass(slots=True)
class _Call:
    """`sent` as soon as the server may have begun to act."""

    refused: str | None = None
    sent: bool = False
    result: types.CallToolResult | None = None


def defined(tool: types.Tool) -> Definition:
    return Definition(description=tool.description or "", arguments=tool.inputSchema)


def accepted(tool: OfferedTool) -> Definition | None:
    """None where nobody has accepted anything yet."""
    if tool.description is None or tool.arguments is None:
        return None
    return Definition(description=tool.description, arguments=tool.arguments)


def arguments_model(name: str, schema: dict[str, Any]) -> type[BaseModel]:
    """Takes what fits this JSON schema, and shows a model just that."""
    validator = Draft202012Validator(schema, registry=Registry())

    class Arguments(BaseModel):
        model_config = ConfigDict(frozen=True, extra="allow")

        @model_validator(mode="before")
        @classmethod
        def _fits(cls, given: Any) -> Any:
            try:
                error = next(validator.iter_errors(given), None)
            except Unresolvable as unresolvable:
                raise ValueError("the accepted schema leads to nothing") from unresolvable
            if error is not None:
                where = ".".join(str(part) for part in error.absolute_path) or "arguments"
                raise ValueError(f"{where}: {error.message[:300]}")
            return given

        @classmethod
        def __get_pydantic_json_schema__(
            cls, _core: CoreSchema, _handler: GetJsonSchemaHandler
        ) -> JsonSchemaValue:
            return schema

    return create_model(name, __base__=Arguments)


def call_mcp(
    server: McpServer,
    tool: OfferedTool,
    arguments: BaseModel,
    secrets: Secrets,
    now: datetime,
    seconds: float,
    cancelled: threading.Event,
    effect_key: str | None,
) -> ToolOutcome:
    """Raises EffectUnknown where something may or may not have been done, SecretMissing."""
    call = _Call()
    given = without_nothing(arguments.model_dump(mode="json"))

    async def work(session: ClientSession) -> None:
        there = (await list_tools(session)).get(tool.tool)
        if there is None:
            call.refused = f"The server no longer has the tool '{tool.tool}'."
        elif defined(there) != accepted(tool):
            call.refused = (
                f"The server describes '{tool.tool}' otherwise than tools/{server.name}.yaml accepts, "
                "so it is not used; `crewdesk crews check` shows what has changed."
            )
        else:
            call.sent = True
            meta = None if effect_key is None else {EFFECT_META: effect_key}
            call.result = await session.call_tool(tool.tool, given, meta=meta)

    try:
        converse(server, secrets, seconds, cancelled, work)
    except ServerAway as error:
        # A connection that closes badly takes nothing away from what has come.
        if call.result is None:
            return _away(tool, call, str(error))
    if call.result is None:
        return ToolOutcome(Status.DENIED, note=call.refused)
    return _outcome(server, tool, call.result, secrets, now)


def without_nothing(value: dict[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if item is not None}


def offered_by(server: McpServer, secrets: Secrets, seconds: float) -> dict[str, Definition]:
    """What it offers now. Raises ServerAway, SecretMissing."""

    async def work(session: ClientSession) -> dict[str, Definition]:
        return {name: defined(tool) for name, tool in (await list_tools(session)).items()}

    return converse(server, secrets, seconds, threading.Event(), work)


def check_accepted(path: str, tool: OfferedTool) -> Definition:
    """Raises WorkspaceInvalid."""
    definition = accepted(tool)
    if definition is None:
        raise WorkspaceInvalid(
            f"{path}: tools: '{tool.name}' has no `description` and `arguments` yet; `crewdesk crews check` "
            "shows what its server says, to be read and put there."
        )
    return definition


def _away(tool: OfferedTool, call: _Call, sentence: str) -> ToolOutcome:
    """Raises EffectUnknown."""
    if call.sent and tool.effect is not Effect.READ:
        raise EffectUnknown(sentence)
    return ToolOutcome(Status.UNAVAILABLE, note=sentence)


def _outcome(
    server: McpServer, tool: OfferedTool, result: types.CallToolResult, secrets: Secrets, now: datetime
) -> ToolOutcome:
    value = without_secrets(_told(result), secrets)
    if result.isError:
        if tool.effect is not Effect.READ:
            raise EffectUnknown(_SAID_WRONG)
        # In its own words, between marks.
        lines = [str(value)] if value else []
        findings = [finding_of(tool, server.name, lines, now)] if lines else []
        return ToolOutcome(Status.UNAVAILABLE, findings=findings, note=_SAID_WRONG)
    outcome = outcome_of(tool, server.name, value, now)
    size = sum(len(finding.text.encode()) for finding in outcome.findings)
    if size > server.max_bytes:
        sentence = f"What {server.name} answers is larger than {server.max_bytes:,} bytes."
        read = tool.effect is Effect.READ
        return ToolOutcome(
            Status.UNAVAILABLE if read else Status.FOUND,
            note=sentence if read else f"It was done. {sentence}",
        )
    if tool.effect is not Effect.READ and outcome.status is Status.NOTHING_FOUND:
        return ToolOutcome(Status.FOUND, note="It was done.")
    return outcome


def _told(result: types.CallToolResult) -> Any:
    """Its data, or else its text; pictures and files are left out."""
    if result.structuredContent is not None:
        return result.structuredContent
    return "\n".join(part.text for part in result.content if isinstance(part, types.TextContent))
