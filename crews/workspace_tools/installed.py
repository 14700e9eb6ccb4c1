"""Tools out of Python packages that are installed beside Crewdesk: entry points of the group
`crewdesk.tools`, each a function that returns a ToolSpec.

Such a package is code with our rights, as any dependency; its tools pass the same gate.
"""

import re
from importlib.metadata import EntryPoint, entry_points

from crews.tools.gate import ToolSpec
from crews.workspace_tools.spec import TOOL_NAME
from ledger.errors import WorkspaceInvalid

GROUP = "crewdesk.tools"


def installed_tools() -> dict[str, ToolSpec]:
    """By name, with the package each comes from. Raises WorkspaceInvalid naming the package."""
    found: dict[str, ToolSpec] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda one: (one.name, one.value)):
        tool = _load(point)
        if tool.name in found:
            raise WorkspaceInvalid(f"{_origin(point)}: there is another installed tool called '{tool.name}'.")
        found[tool.name] = tool
    return found


def _load(point: EntryPoint) -> ToolSpec:
    try:
        tool = point.load()()
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise WorkspaceInvalid(
            f"{_origin(point)}: its tool cannot be loaded: {type(error).__name__}: {error}."
        ) from error
    if not isinstance(tool, ToolSpec):
        raise WorkspaceInvalid(f"{_origin(point)}: it gives no ToolSpec.")
    if tool.name != point.name or re.match(TOOL_NAME, tool.name) is None:
        raise WorkspaceInvalid(
            f"{_origin(point)}: its tool is called '{tool.name}'; its name is that of the entry point, in "
            "small letters, digits and underscores."
        )
    return tool


def _origin(point: EntryPoint) -> str:
    package = point.dist.name if point.dist else "a package"
    return f"{package}: entry point {GROUP}.{point.name}"
