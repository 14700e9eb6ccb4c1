"""All that is declared in YAML, with every fault of it: for people who look at it or change it. Loads no
CrewAI."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from crews.bootstrap import FUNCTIONS, shipped_crew_files
from crews.specs import CrewSpec, check_tools, load_crew_spec
from crews.workflow_loader import SHIPPED, load_workflow, with_own_output, workflow_files
from crews.workspace_crews import crew_files, load_workspace_crew
from ledger.errors import WorkspaceInvalid
from ledger.workflow import WorkflowSpec

if TYPE_CHECKING:
    from crews.tools.gate import ToolSpec
    from crews.workspace_tools.spec import HttpTool, McpServer

T = TypeVar("T")


@dataclass(slots=True)
class Declared:
    """By file, those that ship first. A file with a fault is among the `faults` alone."""

    workspace: Path
    crews: dict[Path, CrewSpec] = field(default_factory=dict)
    workflows: dict[Path, WorkflowSpec] = field(default_factory=dict)
    tools: "dict[str, ToolSpec]" = field(default_factory=dict)
    tool_files: "dict[Path, HttpTool | McpServer]" = field(default_factory=dict)
    faults: list[WorkspaceInvalid] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        crews = {spec.name for spec in self.crews.values()}
        return crews | {spec.name for spec in self.workflows.values()}

    def origin(self, path: Path) -> str:
        return "workspace" if path.is_relative_to(self.workspace) else "shipped"

    def tool_origin(self, name: str) -> str:
        from crews.tools.shipped import shipped_tools
        from crews.workspace_tools.load import offers_of

        own = {tool.name for file in self.tool_files.values() for tool in offers_of(file)}
        if name in own:
            return "workspace"
        return "shipped" if name in shipped_tools() else "installed"

    def note(self, load: Callable[..., T], *arguments: Any, **named: Any) -> T | None:
        """What `load` gives, or None after its fault was noted."""
        try:
            return load(*arguments, **named)
        except WorkspaceInvalid as fault:
            self.faults.append(fault)
            return None


def read_declared(workspace: Path, *, with_tools: bool) -> Declared:
    """Whether a crew's tools exist is looked at only if asked for: it loads them all."""
    declared = Declared(workspace)
    _read_crews(declared)
    if with_tools:
        names = read_tools(declared)
        for path, spec in declared.crews.items():
            declared.note(check_tools, path, spec, names)
    # A workflow is held against all crews' names, also of those that have a fault of their own.
    names = {path.parent.name for path in (*shipped_crew_files(), *crew_files(workspace))}
    shipped = sorted(SHIPPED.glob("*.yaml"))
    taken = {path.stem for path in shipped}
    for path in shipped:
        _read_workflow(declared, path, names, set())
    for path in workflow_files(workspace):
        _read_workflow(declared, path, names, taken)
    return declared


def _read_crews(declared: Declared) -> None:
    for path in shipped_crew_files():
        declared.crews[path] = load_crew_spec(path.parent)
    taken = {spec.name for spec in declared.crews.values()}
    for path in crew_files(declared.workspace):
        spec = declared.note(load_workspace_crew, path, taken=taken)
        if spec is not None:
            declared.crews[path] = spec


def read_tools(declared: Declared) -> set[str]:
    """The names of all tools, also of those that have a fault of their own."""
    from crews.tools.shipped import shipped_tools
    from crews.workspace_tools.installed import installed_tools
    from crews.workspace_tools.load import load_tool_file, offers_of, tool_files, tools_of

    declared.tools |= {**(declared.note(installed_tools) or {}), **shipped_tools()}
    names = set(declared.tools)
    for path in tool_files(declared.workspace):
        file = declared.note(load_tool_file, path, declared.workspace, taken=names)
        if file is None:
            continue
        declared.tool_files[path] = file
        names |= {tool.name for tool in offers_of(file)}
        declared.tools |= {tool.name: tool for tool in declared.note(tools_of, path, file, {}) or ()}
    return names


def _read_workflow(declared: Declared, path: Path, crews: set[str], taken: set[str]) -> None:
    other = with_own_output(declared.crews.values())
    spec = declared.note(load_workflow, path, crews=crews, functions=FUNCTIONS, taken=taken, own_output=other)
    if spec is not None:
        declared.workflows[path] = spec
