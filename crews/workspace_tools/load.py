"""Reads `tools/*.yaml` of a workspace into tools for the gate, and puts them beside those that ship and those
that are installed."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from crews.output_schema import OutputSchema, answer_model, output_model
from crews.step_context import StepContext
from crews.tools.gate import ToolOutcome, ToolSpec
from crews.tools.shipped import shipped_tools
from crews.tools.trust import Trust
from crews.workspace_crews import is_workspace
from crews.workspace_tools.http_call import send
from crews.workspace_tools.http_request import outgoing
from crews.workspace_tools.installed import installed_tools
from crews.workspace_tools.secrets import Secrets
from crews.workspace_tools.spec import Governed, HttpTool, McpServer, OfferedTool, ToolFile
from ledger.errors import WorkspaceInvalid
from ledger.people import load_people
from ledger.workflow import content_hash
from ledger.yaml_file import line_of, load_yaml

TOOLS = "tools"


def tool_files(workspace: Path) -> list[Path]:
    return sorted((workspace / TOOLS).glob("*.yaml")) if is_workspace(workspace) else []


def all_tools(workspace: Path, secrets: Secrets) -> dict[str, ToolSpec]:
    """Raises WorkspaceInvalid naming file and key, or package."""
    tools = shipped_tools()
    for name, tool in installed_tools().items():
        if name in tools:
            raise WorkspaceInvalid(f"The installed tool '{name}' has the name of one of Crewdesk's own.")
        tools[name] = tool
    for path in tool_files(workspace):
        for tool in tools_of(path, load_tool_file(path, workspace, taken=tools), secrets):
            tools[tool.name] = tool
    return tools


def load_tool_file(path: Path, workspace: Path, *, taken: Collection[str]) -> HttpTool | McpServer:
    """Raises WorkspaceInvalid naming file and key."""
    kind = load_yaml(path, ToolFile).kind
    declared = load_yaml(path, HttpTool) if kind == "http" else load_yaml(path, McpServer)
    if declared.name != path.stem:
        raise WorkspaceInvalid(f"{path}: name: it must be '{path.stem}', like the file.")
    known = load_people(workspace / "people.yaml").groups
    names: set[str] = set()
    for at, tool in enumerate(offers_of(declared)):
        inside = () if isinstance(declared, HttpTool) else ("tools", at)
        if tool.name in taken or tool.name in names:
            line = line_of(path, *inside, "name")
            raise WorkspaceInvalid(
                f"{path}:{line}: name: there is another tool called '{tool.name}'; choose another name."
            )
        names.add(tool.name)
        deciding = (tool.decided_by or "").partition("group:")[2]
        for key, named in (("groups", tool.groups), ("decided_by", (deciding,) if deciding else ())):
            strange = next((group for group in named if group not in known), None)
            if strange is not None:
                line = line_of(path, *inside, key)
                raise WorkspaceInvalid(f"{path}:{line}: {key}: people.yaml declares no group '{strange}'.")
    return declared


def offers_of(declared: HttpTool | McpServer) -> tuple[Governed, ...]:
    return (declared,) if isinstance(declared, HttpTool) else declared.tools


def tools_of(path: Path, declared: HttpTool | McpServer, secrets: Secrets) -> list[ToolSpec]:
    """Raises WorkspaceInvalid where what a server offers was never accepted."""
    if isinstance(declared, HttpTool):
        return [_http_tool(declared, secrets)]
    return [_mcp_tool(path, declared, tool, secrets) for tool in declared.tools]


def _http_tool(declared: HttpTool, secrets: Secrets) -> ToolSpec:
    arguments = declared.arguments or OutputSchema.model_construct(type="object", properties={})
    shape = answer_model(declared.answer.shape) if declared.answer.shape else None

    def run(context: StepContext, given: BaseModel) -> ToolOutcome:
        request = outgoing(declared, given.model_dump(mode="json"), secrets, context.effect_key)
        seconds = min(declared.timeout_s, max(0.0, context.budget.remaining_s()))
        now = context.db.clock.now()
        return send(declared, request, secrets, shape, now, seconds, context.budget.cancelled)

    return ToolSpec(
        description=declared.description,
        arguments=output_model(f"{declared.name}_arguments", arguments),
        run=run,
        **_governed(declared, content_hash(declared)),
    )


def _mcp_tool(path: Path, server: McpServer, tool: OfferedTool, secrets: Secrets) -> ToolSpec:
    # The protocol's library takes a while to load, and most workspaces have no such server.
    from crews.workspace_tools.mcp_tools import arguments_model, call_mcp, check_accepted

    definition = check_accepted(str(path), tool)

    def run(context: StepContext, given: BaseModel) -> ToolOutcome:
        seconds = min(server.timeout_s, max(0.0, context.budget.remaining_s()))
        now = context.db.clock.now()
        stop, key = context.budget.cancelled, context.effect_key
        return call_mcp(server, tool, given, secrets, now, seconds, stop, key)

    return ToolSpec(
        description=definition.description,
        arguments=arguments_model(f"{tool.name}_arguments", definition.arguments),
        run=run,
        **_governed(tool, content_hash(server)),
    )


def _governed(tool: Governed, declaration: str) -> Mapping[str, Any]:
    return {
        "name": tool.name,
        "effect": tool.effect,
        "right": tool.right,
        "groups": tool.groups,
        "foreign": tool.trust is not Trust.INTERNAL,
        "declaration": declaration,
        "decided_by": tool.decided_by,
    }
